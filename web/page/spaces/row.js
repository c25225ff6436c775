// A row of spaces: one quadrilateral, divided as the camera sees a row of equal spaces on the ground.

import { cornerAt, crossesItself, distance } from './geometry.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Polygon} Polygon */

/**
 * The map that takes the corners of the unit square to those of a quadrilateral, as a camera does with a
 * rectangle on the ground (Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3).
 * @param {Polygon} quadrilateral convex, in the order (0,0), (1,0), (1,1), (0,1)
 * @returns {(u: number, v: number) => Point}
 */
function perspective(quadrilateral) {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = /** @type {[Point, Point, Point, Point]} */ (quadrilateral);
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const whole = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / whole;
  const h = (dx1 * sy - sx * dy1) / whole;
  const [a, b] = [x1 - x0 + g * x1, x3 - x0 + h * x3];
  const [d, e] = [y1 - y0 + g * y1, y3 - y0 + h * y3];
  return (u, v) => {
    const w = g * u + h * v + 1;
    return [(a * u + b * v + x0) / w, (d * u + e * v + y0) / w];
  };
}

/**
 * Whether it can be divided: four corners, none of them pointing inwards.
 * @param {Polygon} polygon
 */
export function isRow(polygon) {
  if (polygon.length !== 4 || crossesItself(polygon, true)) {
    return false;
  }
  const turns = polygon.map(([ax, ay], i) => {
    const [bx, by] = cornerAt(polygon, i + 1);
    const [cx, cy] = cornerAt(polygon, i + 2);
    return Math.sign((bx - ax) * (cy - by) - (by - ay) * (cx - bx));
  });
  return turns.every((one) => one !== 0 && one === turns[0]);
}

/**
 * The spaces from left to right (or from top to bottom), side by side along the longer sides, or across.
 * @param {Polygon} quadrilateral isRow()
 * @param {number} count
 * @param {boolean} across
 * @param {number} aspect width of the picture by its height, where the corners are parts of it
 * @returns {Polygon[]}
 */
export function splitRow(quadrilateral, count, across, aspect) {
  const shown = quadrilateral.map(([x, y]) => /** @type {Point} */ ([x * aspect, y]));
  const side = (/** @type {number} */ i) => distance(cornerAt(shown, i), cornerAt(shown, i + 1));
  const alongFirst = side(0) + side(2) >= side(1) + side(3) !== across;
  const first = alongFirst ? 0 : 1;
  const turned = [0, 1, 2, 3].map((i) => cornerAt(quadrilateral, first + i));
  const place = perspective(turned);
  const spaces = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i / count, (i + 1) / count];
    return [place(from, 0), place(to, 0), place(to, 1), place(from, 1)];
  });
  const [startX, startY] = place(0, 0.5);
  const [endX, endY] = place(1, 0.5);
  const wide = Math.abs(endX - startX) * aspect >= Math.abs(endY - startY);
  return (wide ? endX < startX : endY < startY) ? spaces.reverse() : spaces;
}
