// What is wrong with spaces: everything that the server would refuse, and what cannot be meant.

import { isId } from '../ids.js';
import { area, crossesItself } from './geometry.js';

/** @typedef {import('./space_list.js').Space} Space */
/** @typedef {import('./space_list.js').SpaceList} SpaceList */
/** @typedef {import('./viewport.js').Size} Size */

/**
 * @typedef {'crossing' | 'tiny' | 'few' | 'many' | 'outside' | 'unnamed' | 'long' | 'name' | 'id' | 'form'} ProblemKind
 */

/**
 * @typedef {object} Problem
 * @property {number} key of the space
 * @property {ProblemKind} kind
 */

export const CORNERS_MIN = 3;
export const CORNERS_MAX = 64;
export const SPACES_MAX = 1000;
const NAME_BYTES = 128;
const LEAST_PIXELS = 64; // 8 by 8: the smallest vehicle that is found is larger

/**
 * @param {readonly string[]} texts
 * @returns {Set<string>} those that are there more than once
 */
function repeated(texts) {
  return new Set(texts.filter((text, i) => texts.indexOf(text) !== i));
}

/**
 * @param {Space} space
 * @param {Size} picture
 * @returns {ProblemKind[]}
 */
function shapeProblems({ polygon }, picture) {
  if (polygon.length < CORNERS_MIN) {
    return ['few'];
  }
  /** @type {ProblemKind[]} */
  const kinds = polygon.length > CORNERS_MAX ? ['many'] : [];
  if (polygon.flat().some((value) => !(value >= 0 && value <= 1))) {
    kinds.push('outside');
  }
  if (crossesItself(polygon, true)) {
    kinds.push('crossing');
  } else if (area(polygon) * picture.width * picture.height < LEAST_PIXELS) {
    kinds.push('tiny');
  }
  return kinds;
}

/**
 * All problems, in the order of the list.
 * @param {SpaceList} list
 * @param {Size} picture
 * @returns {Problem[]}
 */
export function findProblems(list, picture) {
  const names = repeated(list.map(({ name }) => name.trim()));
  const ids = repeated(list.map(({ id }) => id));
  const encoder = new TextEncoder();
  return list.flatMap((space) => {
    const name = space.name.trim();
    const kinds = shapeProblems(space, picture);
    if (name === '') {
      kinds.push('unnamed');
    } else if (names.has(name)) {
      kinds.push('name');
    }
    if (encoder.encode(name).length > NAME_BYTES) {
      kinds.push('long');
    }
    if (!isId(space.id)) {
      kinds.push('form');
    } else if (ids.has(space.id)) {
      kinds.push('id');
    }
    return kinds.map((kind) => ({ key: space.key, kind }));
  });
}
