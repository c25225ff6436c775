import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawOverlay } from '../../../web/lib/overlay.js';

const PLACE = { x: 10, y: 0, width: 640, height: 360 };
const PICTURE = { width: 1280, height: 720 };
const METADATA = {
  detections: [
    { class: 'car', confidence: 0.871, bbox: [100, 200, 150, 100], track_id: 4 },
    { class: 'bus', confidence: 0.3, bbox: [0, 0, 100, 50] },
    { class: 'odd', confidence: 0.9, bbox: [1, 2] },
    null,
  ],
  space_occupancy: [
    { space_id: 'a', is_occupied: true, state: 'unknown', polygon: [[0, 0], [0.5, 0], [0.5, 1]] },
    { space_id: 'b', is_occupied: true },
  ],
};

/** Notes what is drawn. */
function recorder() {
  const drawn = { boxes: [], texts: [], points: [], strokes: [] };
  const context = {
    save() {},
    restore() {},
    beginPath() {},
    closePath() {},
    fill() {},
    fillRect() {},
    stroke: () => drawn.strokes.push(context.strokeStyle),
    lineTo: (x, y) => drawn.points.push([x, y]),
    strokeRect: (...box) => drawn.boxes.push(box),
    fillText: (text, x, y) => drawn.texts.push([text, x, y]),
    measureText: () => ({ width: 50 }),
  };
  return { context, drawn };
}

/** @param {object} options @param {object} metadata */
function draw(options, metadata = METADATA) {
  const { context, drawn } = recorder();
  drawOverlay(context, metadata, PLACE, PICTURE, options, 1);
  return drawn;
}

test('boxes and spaces lie where they are in the picture', () => {
  const { boxes, texts, points, strokes } = draw({});
  assert.deepEqual(boxes, [[60, 100, 75, 50], [10, 0, 50, 25]]);
  assert.deepEqual(texts, [['car 87 % #4', 63, 85], ['bus 30 %', 13, 3]]);
  assert.deepEqual(points, [[10, 0], [330, 0], [330, 360]]);
  assert.deepEqual(strokes, ['#b8bec6', '#ff5a4f']);
});

test('as it is wanted', () => {
  assert.equal(draw({ conf: 0.5 }).boxes.length, 1);
  assert.equal(draw({ labels: false }).texts.length, 0);
  assert.equal(draw({ spaces: false }).strokes.length, 0);
  assert.equal(draw({ boxes: false }).boxes.length, 0);
});

test("boxes are measured in the camera's pixels where the metadata say so", () => {
  const metadata = { frame: { width: 640, height: 360 }, detections: [{ class: 'car', confidence: 1, bbox: [1, 2, 3, 4] }] };
  assert.deepEqual(draw({}, metadata).boxes, [[11, 2, 3, 4]]);
});

test('no label lies over another, nor beyond the picture; the surest are there', () => {
  const at = (/** @type {number} */ x, /** @type {number} */ confidence) =>
    ({ class: `c${x}`, confidence, bbox: [x, 300, 40, 40] });
  const { boxes, texts } = draw({}, { detections: [at(100, 0.5), at(140, 0.9), at(400, 0.4), at(1270, 0.3)] });
  assert.equal(boxes.length, 4);
  assert.deepEqual(texts.map(([text]) => text), ['c140 90 %', 'c400 40 %', 'c1270 30 %']);
  assert.equal(texts[2][1], 650 - 56 + 3, 'it ends where the picture does');
});
