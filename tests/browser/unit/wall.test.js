// What the wall decides without a page: where tiles stand, what is remembered, what is asked of the server, and
// what a tile says.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fitGrid, neighbour, packTiles } from '../../../web/page/wall/grid.js';
import { emptyLayout, orderCameras, readLayout, shownCameras, withFlag, withMoved } from '../../../web/page/wall/layout.js';
import { isBySnapshot, kindsFor, planChanges, planStreams, rateFor } from '../../../web/page/wall/plan.js';
import { tileState } from '../../../web/page/wall/tile_state.js';

const desk = { width: 1584, height: 780, gap: 8, ratio: 16 / 9, minWidth: 240 };
const phone = { ...desk, width: 374, height: 680 };
const tablet = { ...desk, width: 804, height: 1050 };
const ones = (/** @type {number} */ count) => Array(count).fill(1);

const grids = [
  ['desk', desk, 1, 1], ['desk', desk, 2, 2], ['desk', desk, 4, 2], ['desk', desk, 9, 3], ['desk', desk, 16, 4],
  ['phone', phone, 1, 1], ['phone', phone, 4, 1], ['phone', phone, 9, 1],
  ['tablet', tablet, 2, 1], ['tablet', tablet, 4, 2], ['tablet', tablet, 9, 2],
];

for (const [name, room, count, columns] of grids) {
  test(`grid: ${count} on a ${name}`, () => {
    const grid = fitGrid(ones(count), room);
    assert.equal(grid.columns, columns);
    assert.ok(grid.columns * grid.cellWidth + (grid.columns - 1) * room.gap <= room.width);
    assert.ok(Math.abs(grid.cellWidth / grid.cellHeight - room.ratio) < 0.02);
    if (room !== phone || count === 1) {
      assert.ok(grid.rows * grid.cellHeight + (grid.rows - 1) * room.gap <= room.height, 'it does not fit');
    }
  });
}

test('grid: sixty cameras are scrolled rather than too small', () => {
  const grid = fitGrid(ones(60), desk);
  assert.ok(grid.cellWidth >= desk.minWidth);
  assert.deepEqual(fitGrid([], desk).places, []);
});

test('grid: a large tile has four cells, and the others stand around it', () => {
  assert.deepEqual(packTiles([1, 2, 1, 1], 3), {
    places: [
      { column: 0, row: 0, span: 1 }, { column: 1, row: 0, span: 2 }, { column: 0, row: 1, span: 1 },
      { column: 0, row: 2, span: 1 },
    ],
    rows: 3,
  });
  assert.deepEqual(packTiles([2], 1).places, [{ column: 0, row: 0, span: 1 }]);
  assert.equal(fitGrid([2, 1, 1, 1, 1, 1], desk, 3).columns, 3);
});

test('grid: arrows', () => {
  const { places } = packTiles(ones(5), 2); // 0 1 / 2 3 / 4
  const steps = [
    [0, 'right', 1], [1, 'right', 2], [0, 'left', 0], [1, 'down', 3], [3, 'down', 4], [4, 'down', 4], [4, 'up', 2],
    [1, 'up', 1], [3, 'first', 0], [0, 'last', 4], [9, 'down', 0],
  ];
  for (const [from, direction, to] of steps) {
    assert.equal(neighbour(places, from, direction), to, `${from} ${direction}`);
  }
});

test('layout: whatever the storage has', () => {
  for (const text of [null, '', 'x', '1', 'null', '[]', '{"order":{},"columns":"2"}', '{"columns":99}']) {
    assert.deepEqual(readLayout(text), emptyLayout(), String(text));
  }
  const layout = { order: ['B'], hidden: ['A'], large: ['B'], columns: 2 };
  assert.deepEqual(readLayout(JSON.stringify({ ...layout, order: ['B', 7], future: true })), layout);
});

test('layout: order, what is hidden, what is new', () => {
  const cameras = ['A', 'B', 'C', 'D'].map((id) => ({ id }));
  const ids = (/** @type {{ id: string }[]} */ list) => list.map(({ id }) => id).join('');
  const layout = { ...emptyLayout(), order: ['C', 'gone', 'A'] };
  assert.equal(ids(orderCameras(cameras, layout)), 'CABD');
  assert.equal(ids(shownCameras(cameras, withFlag(layout, 'hidden', 'A', true))), 'CBD');
  assert.deepEqual(withFlag(withFlag(layout, 'large', 'A', true), 'large', 'A', false), layout);
  const moved = withMoved(layout, ['C', 'A', 'B', 'D'], 'B', -1);
  assert.equal(ids(orderCameras(cameras, moved)), 'CBAD');
  assert.equal(withMoved(layout, ['C', 'A'], 'C', -1), layout);
  assert.equal(withMoved(layout, ['C', 'A'], 'A', 1), layout);
});

const camera = { id: 'A', name: 'A', state: 'online', source: 'mjpeg', capture: 'always', detect: 'on_demand' };

const kinds = [
  ['a tile makes no detector work', {}, false, false, ['raw']],
  ['who opens it does', {}, true, true, ['detect']],
  ['until the boxes come', {}, true, false, ['detect', 'raw']],
  ['boxes that are there anyway', { detect: 'always' }, false, true, ['detect']],
  ['a detector that is down', { detect: 'always' }, false, false, ['detect', 'raw']],
  ['a worker posts boxes', { detect: 'off' }, false, true, ['detect']],
  ['nobody does', { detect: 'off' }, false, false, ['raw', 'detect']],
  ['only posted', { source: 'post', detect: 'off' }, false, false, ['detect']],
];

for (const [name, change, opened, detected, expected] of kinds) {
  test(`plan: ${name}`, () => assert.deepEqual(kindsFor({ ...camera, ...change }, opened, detected), expected));
}

test('plan: only what can be seen, slower the more there are', () => {
  const visible = ['A', 'B', 'C'].map((id) => ({ ...camera, id, capture: id === 'C' ? 'on_demand' : 'always' }));
  const view = { visible, opened: null, qualityOf: () => 60, isDetected: () => false };
  const wall = planStreams(view);
  assert.deepEqual(wall, ['A', 'B'].map((cameraId) => ({ cameraId, kind: 'raw', fps: rateFor(3), quality: 60 })));
  const opened = planStreams({ ...view, opened: 'C', isDetected: () => true });
  assert.deepEqual(opened, [{ cameraId: 'C', kind: 'detect', fps: 15, quality: 60 }]);
  assert.ok(isBySnapshot(visible[2], null) && !isBySnapshot(visible[2], 'C') && !isBySnapshot(visible[0], null));
  assert.ok(rateFor(1) > rateFor(4) && rateFor(4) > rateFor(9) && rateFor(9) > rateFor(16));
  const faster = { ...wall[0], fps: 15 };
  assert.deepEqual(planChanges(wall, [faster, opened[0]]), { ended: [wall[1]], begun: opened, changed: [faster] });
  const better = planStreams({ ...view, qualityOf: () => 100 });
  assert.deepEqual(planChanges(wall, better), { ended: [], begun: [], changed: better });
});

const facts = {
  connection: 'open', cameraState: 'online', bySnapshot: false, ageMs: 80, intervalMs: 200, isFetched: true, ended: false, failure: '',
};

const says = [
  ['well', {}, 'live', 'Live', 'good'],
  ['frozen', { cameraState: 'frozen' }, 'stale', 'Frozen', 'bad'],
  ['offline', { cameraState: 'offline', ageMs: null, ended: true }, 'none', 'Offline', 'bad'],
  ['offline, its picture still there', { cameraState: 'offline' }, 'stale', 'Offline', 'bad'],
  ['stale', { cameraState: 'stale', ageMs: 4000 }, 'stale', 'Stale', 'warn'],
  ['no frames any more', { ageMs: 4000 }, 'stale', 'Delayed', 'bad'],
  ['no server', { connection: 'waiting', cameraState: null }, 'stale', 'Reconnecting', 'bad'],
  ['no server, no picture', { connection: 'waiting', ageMs: null }, 'none', 'Reconnecting', 'bad'],
  ['not known yet', { cameraState: null, ageMs: null }, 'none', 'Connecting', 'muted'],
  ['on demand', { bySnapshot: true, ageMs: 20_000 }, 'snapshot', 'On demand', 'muted'],
  ['on demand, old', { bySnapshot: true, ageMs: 200_000 }, 'stale', 'On demand', 'warn'],
  ['on demand, refused', { bySnapshot: true, ageMs: null, failure: 'No picture' }, 'none', 'On demand', 'warn'],
  ['on demand, the server gone', { bySnapshot: true, ageMs: 9000, connection: 'waiting' }, 'stale', 'On demand', 'warn'],
];

for (const [name, change, picture, word, tone] of says) {
  test(`tile: ${name}`, () => {
    const state = tileState({ ...facts, ...change });
    assert.deepEqual([state.picture, state.word, state.tone], [picture, word, tone]);
    assert.equal(state.notice !== '', picture === 'stale', 'a picture that is not live says so in words');
  });
}

test('tile: what stands in the place of a picture', () => {
  const message = (/** @type {object} */ change) => tileState({ ...facts, ageMs: null, ...change }).message;
  assert.match(message({}), /Waiting/);
  assert.match(message({ cameraState: 'offline', ended: true }), /The server gets no picture/);
  assert.match(message({ cameraState: 'offline', isFetched: false }), /Nobody sends/);
  assert.match(message({ cameraState: 'stale', ended: true }), /has ended/);
  assert.equal(message({ connection: 'waiting' }), '');
});
