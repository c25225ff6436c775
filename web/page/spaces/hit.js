// What lies under a finger or a mouse, and where a corner would like to be. Points and reach are CSS pixels
// of the stage.

import { area, contains, cornerAt, distance, middle, nearestPoint } from './geometry.js';
import { toPicture, toStage } from './viewport.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./space_list.js').SpaceList} SpaceList */
/** @typedef {import('./viewport.js').View} View */

/**
 * @typedef {{ kind: 'corner', key: number, corner: number }
 *   | { kind: 'edge', key: number, edge: number }
 *   | { kind: 'space', key: number }} Hit
 */

const EDGE_MIN = 56; // shorter ones would have their middle under the handles of their corners

/**
 * The edges that are long enough for a handle in their middle.
 * @param {readonly Point[]} polygon on the stage
 * @returns {{ edge: number, point: Point }[]}
 */
export function edgeHandles(polygon) {
  return polygon.flatMap((point, edge) => {
    const next = cornerAt(polygon, edge + 1);
    return distance(point, next) < EDGE_MIN ? [] : [{ edge, point: middle(point, next) }];
  });
}

/**
 * Corners of the selected space go first, then the middles of its edges, then itself; of others the smallest.
 * @param {SpaceList} list
 * @param {number | null} selected
 * @param {View} view
 * @param {Point} point
 * @param {number} reach
 * @returns {Hit | null}
 */
export function findHit(list, selected, view, point, reach) {
  const chosen = list.find(({ key }) => key === selected);
  if (chosen !== undefined) {
    const { key } = chosen;
    const shown = chosen.polygon.map((one) => toStage(view, one));
    const corner = nearestPoint(shown, point, reach);
    if (corner >= 0) {
      return { kind: 'corner', key, corner };
    }
    const handles = edgeHandles(shown);
    const edge = handles[nearestPoint(handles.map((handle) => handle.point), point, reach)]?.edge;
    if (edge !== undefined) {
      return { kind: 'edge', key, edge };
    }
  }
  const place = toPicture(view, point);
  if (chosen !== undefined && contains(chosen.polygon, place)) {
    return { kind: 'space', key: chosen.key };
  }
  const smallest = list
    .filter(({ polygon }) => contains(polygon, place))
    .sort((one, other) => area(one.polygon) - area(other.polygon))[0];
  return smallest === undefined ? null : { kind: 'space', key: smallest.key };
}

/**
 * The corner of another space, when one is near enough: neighbours then share an edge without a gap.
 * @param {SpaceList} list
 * @param {number | null} except the space that is being moved
 * @param {View} view
 * @param {Point} point
 * @param {number} reach
 * @returns {Point} part of the picture
 */
export function snapPoint(list, except, view, point, reach) {
  const corners = list.filter(({ key }) => key !== except).flatMap(({ polygon }) => polygon);
  const found = corners[nearestPoint(corners.map((corner) => toStage(view, corner)), point, reach)];
  return found ?? toPicture(view, point);
}
