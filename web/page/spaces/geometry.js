// Polygons in a plane. Nothing here knows in which unit: callers say whether points are parts of the
// picture (0 to 1) or pixels. Nothing changes what it is given.

/** @typedef {readonly [number, number]} Point */
/** @typedef {readonly Point[]} Polygon */

/**
 * @typedef {object} Box
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 */

/**
 * A corner by its number, around and around.
 * @param {Polygon} polygon not empty
 * @param {number} index
 * @returns {Point}
 */
export function cornerAt(polygon, index) {
  const count = polygon.length;
  return /** @type {Point} */ (polygon[((index % count) + count) % count]);
}

/**
 * @param {Point} a
 * @param {Point} b
 */
export function distance([ax, ay], [bx, by]) {
  return Math.hypot(bx - ax, by - ay);
}

/**
 * @param {Point} a
 * @param {Point} b
 * @returns {Point}
 */
export function middle([ax, ay], [bx, by]) {
  return [(ax + bx) / 2, (ay + by) / 2];
}

/**
 * Twice the area of the triangle: above 0 when c lies clockwise of a to b, as y grows downwards.
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 */
function turn([ax, ay], [bx, by], [cx, cy]) {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

/**
 * The shoelace formula.
 * @param {Polygon} polygon
 */
export function area(polygon) {
  const twice = polygon.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = cornerAt(polygon, i + 1);
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/**
 * @param {Polygon} polygon not empty
 * @returns {Box}
 */
export function bounds(polygon) {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

/**
 * Even and odd: how many edges a line from the point to the right crosses.
 * @param {Polygon} polygon
 * @param {Point} point
 */
export function contains(polygon, [x, y]) {
  let inside = false;
  polygon.forEach(([ax, ay], i) => {
    const [bx, by] = cornerAt(polygon, i + 1);
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) {
      inside = !inside;
    }
  });
  return inside;
}

/**
 * Whether c, on the line through a and b, lies between them.
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 */
function between([ax, ay], [bx, by], [cx, cy]) {
  return Math.min(ax, bx) <= cx && cx <= Math.max(ax, bx) && Math.min(ay, by) <= cy && cy <= Math.max(ay, by);
}

/**
 * Whether two lines from point to point have a point in common, their ends included.
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 * @param {Point} d
 */
export function segmentsMeet(a, b, c, d) {
  const ofC = Math.sign(turn(a, b, c));
  const ofD = Math.sign(turn(a, b, d));
  const ofA = Math.sign(turn(c, d, a));
  const ofB = Math.sign(turn(c, d, b));
  if (ofC !== ofD && ofA !== ofB) {
    return true;
  }
  return (
    (ofC === 0 && between(a, b, c)) ||
    (ofD === 0 && between(a, b, d)) ||
    (ofA === 0 && between(c, d, a)) ||
    (ofB === 0 && between(c, d, b))
  );
}

/**
 * Whether the line from b on goes back over the one that came from a.
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 */
function foldsBack(a, b, c) {
  return turn(a, b, c) === 0 && (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) >= 0;
}

/**
 * Whether a line of corners, closed or open, meets itself anywhere but where one edge ends and the next begins.
 * @param {Polygon} polygon
 * @param {boolean} closed
 */
export function crossesItself(polygon, closed) {
  const edges = polygon.length - (closed ? 0 : 1);
  for (let i = 0; i < edges; i++) {
    const [a, b] = [cornerAt(polygon, i), cornerAt(polygon, i + 1)];
    if ((closed || i + 1 < edges) && polygon.length > 2 && foldsBack(a, b, cornerAt(polygon, i + 2))) {
      return true;
    }
    for (let k = i + 2; k < edges; k++) {
      const neighbours = closed && i === 0 && k === edges - 1;
      if (!neighbours && segmentsMeet(a, b, cornerAt(polygon, k), cornerAt(polygon, k + 1))) {
        return true;
      }
    }
  }
  return false;
}

/**
 * The point of a line from a to b that is nearest to c.
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 * @returns {Point}
 */
export function nearestOnSegment(a, b, c) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : ((c[0] - a[0]) * dx + (c[1] - a[1]) * dy) / length;
  const kept = Math.max(0, Math.min(1, part));
  return [a[0] + kept * dx, a[1] + kept * dy];
}

/**
 * The nearest of some points, if it is within reach.
 * @param {readonly Point[]} points
 * @param {Point} point
 * @param {number} reach
 * @returns {number} its index; -1: none is
 */
export function nearestPoint(points, point, reach) {
  let found = -1;
  let least = reach;
  points.forEach((one, i) => {
    const away = distance(one, point);
    if (away <= least) {
      least = away;
      found = i;
    }
  });
  return found;
}

/**
 * A place for a label: the middle of the longest stretch inside, at half height.
 * @param {Polygon} polygon
 * @returns {Point}
 */
export function labelPoint(polygon) {
  const { left, top, right, bottom } = bounds(polygon);
  const y = (top + bottom) / 2;
  const cuts = polygon
    .flatMap(([ax, ay], i) => {
      const [bx, by] = cornerAt(polygon, i + 1);
      return ay > y === by > y ? [] : [ax + ((y - ay) / (by - ay)) * (bx - ax)];
    })
    .sort((one, other) => one - other);
  let [x, longest] = [(left + right) / 2, 0];
  for (let i = 0; i + 1 < cuts.length; i += 2) {
    const [from, to] = [cuts[i] ?? 0, cuts[i + 1] ?? 0];
    if (to - from > longest) {
      longest = to - from;
      x = (from + to) / 2;
    }
  }
  return [x, y];
}

/**
 * The polygon elsewhere, as far as it stays within 0 and 1.
 * @param {Polygon} polygon
 * @param {number} dx
 * @param {number} dy
 * @returns {Polygon}
 */
export function moveWithin(polygon, dx, dy) {
  const { left, top, right, bottom } = bounds(polygon);
  const keptX = Math.max(-left, Math.min(1 - right, dx));
  const keptY = Math.max(-top, Math.min(1 - bottom, dy));
  return polygon.map(([x, y]) => [x + keptX, y + keptY]);
}

/**
 * @param {Point} point
 * @returns {Point} the nearest one within 0 and 1
 */
export function clampPoint([x, y]) {
  return [Math.max(0, Math.min(1, x)), Math.max(0, Math.min(1, y))];
}
