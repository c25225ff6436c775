// Geometry of the spaces editor: polygons, rows, the view, what is under a finger.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  area, bounds, clampPoint, contains, crossesItself, labelPoint, moveWithin, nearestOnSegment, nearestPoint,
  segmentsMeet,
} from '../../../web/page/spaces/geometry.js';
import { edgeHandles, findHit, snapPoint } from '../../../web/page/spaces/hit.js';
import { isRow, splitRow } from '../../../web/page/spaces/row.js';
import {
  MAX_ZOOM, fitView, panView, resizeView, revealPoint, shownSize, toPicture, toStage, zoomView,
} from '../../../web/page/spaces/viewport.js';

/** @typedef {import('../../../web/page/spaces/geometry.js').Point} Point */

/** @param {readonly (readonly number[])[]} actual @param {number[][]} expected */
function assertNear(actual, expected, within = 1e-9) {
  assert.equal(actual.length, expected.length);
  actual.forEach((point, i) => {
    point.forEach((value, k) => {
      const wanted = expected[i]?.[k] ?? NaN;
      assert.ok(Math.abs(value - wanted) <= within, `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
    });
  });
}

/** @type {Point[]} */
const SQUARE = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];
/** @type {Point[]} */
const HOOK = [[0, 0], [1, 0], [1, 1], [0.8, 1], [0.8, 0.2], [0, 0.2]];

test('area, bounds and what lies inside', () => {
  assert.ok(Math.abs(area(SQUARE) - 0.16) < 1e-12);
  assert.ok(Math.abs(area([...SQUARE].reverse()) - 0.16) < 1e-12);
  assert.deepEqual(bounds(SQUARE), { left: 0.2, top: 0.2, right: 0.6, bottom: 0.6 });
  assert.ok(contains(SQUARE, [0.4, 0.4]));
  assert.ok(!contains(SQUARE, [0.4, 0.7]));
  assert.ok(contains(HOOK, [0.9, 0.9]));
  assert.ok(!contains(HOOK, [0.5, 0.5]));
});

for (const [what, a, b, c, d, meet] of /** @type {[string, Point, Point, Point, Point, boolean][]} */ ([
  ['cross', [0, 0], [1, 1], [0, 1], [1, 0], true],
  ['apart', [0, 0], [1, 0], [0, 1], [1, 1], false],
  ['would cross farther on', [0, 0], [0.4, 0.4], [0, 1], [1, 0], false],
  ['touch with an end', [0, 0], [1, 0], [0.5, 0], [0.5, 1], true],
  ['share an end', [0, 0], [1, 0], [1, 0], [1, 1], true],
  ['on one line, apart', [0, 0], [0.4, 0], [0.6, 0], [1, 0], false],
  ['on one line, over each other', [0, 0], [0.6, 0], [0.4, 0], [1, 0], true],
])) {
  test(`two lines: ${what}`, () => {
    assert.equal(segmentsMeet(a, b, c, d), meet);
    assert.equal(segmentsMeet(c, d, a, b), meet);
    assert.equal(segmentsMeet(b, a, d, c), meet);
  });
}

for (const [what, polygon, crosses] of /** @type {[string, Point[], boolean][]} */ ([
  ['a square', SQUARE, false],
  ['a hook', HOOK, false],
  ['a triangle', [[0, 0], [1, 0], [0, 1]], false],
  ['a bow', [[0, 0], [1, 1], [1, 0], [0, 1]], true],
  ['an edge that goes back over the one before', [[0, 0], [1, 0], [0.5, 0], [0.5, 1]], true],
  ['the last edge back over the first', [[0, 0], [1, 0], [1, 1], [0.5, 0]], true],
  ['a corner twice', [[0, 0], [1, 0], [1, 0], [0, 1]], true],
  ['a corner on another edge', [[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]], true],
  ['a corner in the middle of a straight edge', [[0, 0], [0.5, 0], [1, 0], [0, 1]], false],
])) {
  test(`crosses itself: ${what}`, () => {
    for (let turned = 0; turned < polygon.length; turned++) {
      const same = [...polygon.slice(turned), ...polygon.slice(0, turned)];
      assert.equal(crossesItself(same, true), crosses);
      assert.equal(crossesItself([...same].reverse(), true), crosses);
    }
  });
}

test('a line that is not closed yet crosses only itself', () => {
  assert.ok(!crossesItself([[0, 0], [1, 1], [1, 0]], false));
  assert.ok(crossesItself([[0, 0], [1, 1], [1, 0], [0, 1]], false));
  assert.ok(!crossesItself([[0, 0], [1, 0]], false));
  assert.ok(crossesItself([[0, 0], [1, 0], [0.5, 0]], false));
});

test('near points and lines', () => {
  assertNear([nearestOnSegment([0, 0], [1, 0], [0.3, 5])], [[0.3, 0]]);
  assertNear([nearestOnSegment([0, 0], [1, 0], [3, 5])], [[1, 0]]);
  assertNear([nearestOnSegment([1, 1], [1, 1], [3, 5])], [[1, 1]]);
  assert.equal(nearestPoint([[0, 0], [3, 0], [2, 0]], [2.4, 0], 1), 2);
  assert.equal(nearestPoint([[0, 0]], [2, 0], 1), -1);
});

test('a label lies inside, also in a hook', () => {
  assertNear([labelPoint(SQUARE)], [[0.4, 0.4]]);
  assert.ok(contains(HOOK, labelPoint(HOOK)));
});

test('what is moved stays within the picture and keeps its form', () => {
  assertNear(moveWithin(SQUARE, 0.1, -0.1), [[0.3, 0.1], [0.7, 0.1], [0.7, 0.5], [0.3, 0.5]]);
  assertNear(moveWithin(SQUARE, 9, -9), [[0.6, 0], [1, 0], [1, 0.4], [0.6, 0.4]]);
  assert.deepEqual(clampPoint([-0.5, 1.5]), [0, 1]);
});

test('a row that is seen from above has spaces of the same size, from left to right', () => {
  const row = splitRow([[0.1, 0.4], [0.9, 0.4], [0.9, 0.6], [0.1, 0.6]], 4, false, 16 / 9);
  assert.equal(row.length, 4);
  assertNear(row[0] ?? [], [[0.1, 0.4], [0.3, 0.4], [0.3, 0.6], [0.1, 0.6]]);
  assertNear(row[3] ?? [], [[0.7, 0.4], [0.9, 0.4], [0.9, 0.6], [0.7, 0.6]]);
  // Drawn from the other end, or the other way around: the same spaces in the same order.
  for (const drawn of /** @type {Point[][]} */ ([
    [[0.9, 0.6], [0.1, 0.6], [0.1, 0.4], [0.9, 0.4]],
    [[0.1, 0.6], [0.9, 0.6], [0.9, 0.4], [0.1, 0.4]],
  ])) {
    const other = splitRow(drawn, 4, false, 16 / 9);
    const edges = (/** @type {Point[]} */ space) => Object.values(bounds(space)).map((n) => n.toFixed(6));
    other.forEach((space, i) => assert.deepEqual(edges([...space]), edges([...row[i] ?? []])));
  }
});

test('a row that goes away from the camera has smaller spaces farther away, and they cover it', () => {
  /** @type {Point[]} */
  const drawn = [[0, 1], [0, 0], [1, 0.3], [1, 0.7]];
  const row = splitRow(drawn, 5, false, 1);
  const widths = row.map((space) => bounds(space).right - bounds(space).left);
  widths.slice(1).forEach((width, i) => assert.ok(width < (widths[i] ?? 0), String(widths)));
  assert.ok(Math.abs(row.reduce((sum, space) => sum + area(space), 0) - area(drawn)) < 1e-9);
  // As the cross ratio of perspective has it: the middle of the ground is where the diagonals meet.
  const half = splitRow(drawn, 2, false, 1);
  const meets = 1 / (1 + 0.4);
  assert.ok(half[0]?.some(([x]) => Math.abs(x - (1 - 0.4 * meets)) < 1e-9) ?? false, JSON.stringify(half));
});

test('a row is divided along its longer sides as they are seen, or across', () => {
  /** @type {Point[]} */
  const nearlySquare = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.85], [0.2, 0.85]];
  assert.equal(bounds(splitRow(nearlySquare, 2, false, 16 / 9)[0] ?? []).right, 0.5);
  assert.equal(bounds(splitRow(nearlySquare, 2, false, 0.5)[0] ?? []).right, 0.8);
  assert.equal(bounds(splitRow(nearlySquare, 2, true, 16 / 9)[0] ?? []).right, 0.8);
});

test('only a quadrilateral without a dent can be a row', () => {
  assert.ok(isRow(SQUARE));
  assert.ok(!isRow(SQUARE.slice(1)));
  assert.ok(!isRow([[0, 0], [1, 1], [1, 0], [0, 1]]));
  assert.ok(!isRow([[0, 0], [1, 0], [0.2, 0.2], [0, 1]]));
  assert.ok(!isRow([[0, 0], [0.5, 0], [1, 0], [0, 1]]));
});

// --- the view ---

const STAGE = { width: 800, height: 600 };
const PICTURE = { width: 1600, height: 900 };

test('the whole picture lies in the middle of the stage', () => {
  const view = fitView(STAGE, PICTURE);
  assert.deepEqual(shownSize(view), { width: 800, height: 450 });
  assertNear([toStage(view, [0, 0]), toStage(view, [1, 1])], [[0, 75], [800, 525]]);
  assertNear([toPicture(view, [400, 300]), toPicture(view, [0, 0])], [[0.5, 0.5], [0, -1 / 6]]);
});

test('zooming keeps what is under the finger, and never leaves a gap', () => {
  const view = zoomView(fitView(STAGE, PICTURE), [200, 300], 4);
  assertNear([toPicture(view, [200, 300])], [[0.25, 0.5]]);
  assert.equal(zoomView(view, [0, 0], 1000).zoom, MAX_ZOOM);
  assert.deepEqual(zoomView(view, [123, 45], 0.001), fitView(STAGE, PICTURE));
  const far = panView(view, 99_999, -99_999);
  assertNear([toPicture(far, [0, 600])], [[0, 1]]);
});

test('there and back again, wherever the view is', () => {
  const view = panView(zoomView(fitView(STAGE, PICTURE), [700, 200], 7.3), 31, -17);
  for (const point of /** @type {Point[]} */ ([[0, 0], [0.123, 0.456], [1, 1]])) {
    assertNear([toPicture(view, toStage(view, point))], [[...point]]);
  }
});

test('another stage keeps the middle', () => {
  const view = zoomView(fitView(STAGE, PICTURE), [200, 300], 4);
  const turned = resizeView(view, { width: 390, height: 300 }, PICTURE);
  assertNear([toPicture(turned, [195, 150])], [[...toPicture(view, [400, 300])]]);
  assert.equal(turned.zoom, view.zoom);
});

test('a point that is not seen comes into sight', () => {
  const view = zoomView(fitView(STAGE, PICTURE), [0, 300], 6);
  assert.equal(revealPoint(view, toPicture(view, [400, 300])), view);
  const [x, y] = toStage(revealPoint(view, [0.99, 0.4]), [0.99, 0.4]);
  assert.ok(x >= 0 && x <= 800 && y >= 0 && y <= 600, `${x} ${y}`);
});

// --- what is under a finger ---

/** @type {Point[]} */
const LARGE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]];
const LIST = [
  { key: 0, id: 'large', name: 'Large', polygon: LARGE },
  { key: 1, id: 'small', name: 'Small', polygon: SQUARE },
];
const VIEW = fitView({ width: 1000, height: 1000 }, { width: 500, height: 500 });

for (const [what, selected, point, hit] of /** @type {[string, number | null, Point, object | null][]} */ ([
  ['nothing', null, [50, 50], null],
  ['the smaller one of two', null, [400, 400], { kind: 'space', key: 1 }],
  ['the selected one, though it is larger', 0, [400, 300], { kind: 'space', key: 0 }],
  ['another than the selected one', 1, [800, 800], { kind: 'space', key: 0 }],
  ['a corner of the selected one', 1, [610, 590], { kind: 'corner', key: 1, corner: 2 }],
  ['no corner of one that is not selected', null, [605, 605], { kind: 'space', key: 0 }],
  ['the middle of an edge', 1, [605, 405], { kind: 'edge', key: 1, edge: 1 }],
])) {
  test(`under a finger: ${what}`, () => {
    assert.deepEqual(findHit(LIST, selected, VIEW, point, 20), hit);
  });
}

test('short edges have no handle', () => {
  assert.deepEqual(edgeHandles([[0, 0], [100, 0], [100, 20], [0, 20]]).map(({ edge }) => edge), [0, 2]);
});

test('a corner snaps to one of another space, not to its own', () => {
  assert.deepEqual(snapPoint(LIST, 1, VIEW, [108, 96], 12), [0.1, 0.1]);
  assert.deepEqual(snapPoint(LIST, 1, VIEW, [208, 196], 12), [0.208, 0.196]);
});
