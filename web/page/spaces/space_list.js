// The spaces of a camera while they are edited: a list that never changes; each change makes another one.

import { freeId } from '../ids.js';
import { moveWithin } from './geometry.js';
import { freeName } from './naming.js';

/** @typedef {import('./geometry.js').Polygon} Polygon */

/**
 * @typedef {object} Space
 * @property {number} key which one it is for the editor, whatever its id becomes
 * @property {string} id
 * @property {string} name
 * @property {Polygon} polygon parts of the picture, 0 to 1
 */

/** @typedef {readonly Space[]} SpaceList */

/** @typedef {{ id: string, name: string, polygon: Polygon }} StoredSpace as the API has them */

const DECIMALS = 1e5; // a fiftieth of a pixel of a 1920 pixels wide picture
const COPY_AWAY = 0.02;

/** @param {number} value */
function rounded(value) {
  return Math.round(value * DECIMALS) / DECIMALS;
}

/**
 * @param {readonly StoredSpace[]} spaces
 * @returns {SpaceList}
 */
export function listFromApi(spaces) {
  return spaces.map(({ id, name, polygon }, key) => ({ key, id, name, polygon }));
}

/**
 * @param {SpaceList} list
 * @returns {StoredSpace[]}
 */
export function listToApi(list) {
  return list.map(({ id, name, polygon }) => ({
    id,
    name: name.trim(),
    polygon: polygon.map(([x, y]) => [rounded(x), rounded(y)]),
  }));
}

/**
 * Whether two spaces are the same to the server: what is rounded when it is saved makes no difference.
 * @param {StoredSpace} one
 * @param {StoredSpace} other
 */
export function sameSpace(one, other) {
  return (
    one.id === other.id &&
    one.name.trim() === other.name.trim() &&
    one.polygon.length === other.polygon.length &&
    one.polygon.every(([x, y], i) => {
      const [otherX, otherY] = other.polygon[i] ?? [NaN, NaN];
      return rounded(x) === rounded(otherX) && rounded(y) === rounded(otherY);
    })
  );
}

/**
 * @param {readonly StoredSpace[]} one
 * @param {readonly StoredSpace[]} other
 */
export function sameList(one, other) {
  return one.length === other.length && one.every((space, i) => {
    const counterpart = other[i];
    return counterpart !== undefined && sameSpace(space, counterpart);
  });
}

/**
 * @param {SpaceList} list
 * @param {number | null} key
 */
export function findSpace(list, key) {
  return list.find((space) => space.key === key);
}

/**
 * @param {SpaceList} list
 * @param {Polygon} polygon
 * @param {string} like the name that the new one follows
 * @returns {{ list: SpaceList, key: number }}
 */
export function addSpace(list, polygon, like) {
  const key = 1 + Math.max(-1, ...list.map((space) => space.key));
  const name = freeName(like, new Set(list.map((space) => space.name.trim())));
  const id = freeId(name, new Set(list.map((space) => space.id)), 'space');
  return { list: [...list, { key, id, name, polygon }], key };
}

/**
 * Beside the one that it is made of, as far as there is room.
 * @param {SpaceList} list
 * @param {{ name: string, polygon: Polygon }} model
 */
export function addCopy(list, { name, polygon }) {
  const right = moveWithin(polygon, COPY_AWAY, COPY_AWAY);
  const moved = right.some(([x], i) => x !== polygon[i]?.[0]) ? right : moveWithin(polygon, -COPY_AWAY, -COPY_AWAY);
  return addSpace(list, moved, name);
}

/**
 * @param {SpaceList} list
 * @param {number} key
 * @returns {SpaceList}
 */
export function removeSpace(list, key) {
  return list.filter((space) => space.key !== key);
}

/**
 * The list itself when nothing is changed by it.
 * @param {SpaceList} list
 * @param {number} key
 * @param {Partial<Pick<Space, 'id' | 'name' | 'polygon'>>} change
 * @returns {SpaceList}
 */
export function changeSpace(list, key, change) {
  const space = findSpace(list, key);
  const entries = /** @type {[keyof Space, unknown][]} */ (Object.entries(change));
  if (space === undefined || entries.every(([field, value]) => space[field] === value)) {
    return list;
  }
  return list.map((one) => (one === space ? { ...one, ...change } : one));
}
