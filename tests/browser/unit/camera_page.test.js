// What the camera page makes of the server's words, without a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventLog } from '../../../web/page/camera/event_log.js';
import { SPANS, columnsOf, isOfLast, summarize, tableOf } from '../../../web/page/camera/history_series.js';
import { LatencyMeter, readLatency } from '../../../web/page/camera/latency.js';
import { readEvent, readEvents, spacesChanged } from '../../../web/page/camera/space_events.js';
import { explainMissing } from '../../../web/page/camera/stage_view.js';
import { Substitute } from '../../../web/page/camera/substitute.js';
import { readTracks } from '../../../web/page/camera/found.js';
import { NO_WISHES, PRESETS, Settled, overlayOf, parametersOf, presetOf, wishesAny } from '../../../web/page/camera/wishes.js';
import { readSpaces } from '../../../web/page/occupancy.js';
import { Timers } from '../harness/timers.js';

const SINCE = '2026-01-07T12:29:15.123456Z';
const SINCE_MS = Date.UTC(2026, 0, 7, 12, 29, 15, 123);

/** @param {string} id @param {string} state */
function space(id, state) {
  return { space_id: id, space_name: `Space ${id}`, state, is_occupied: state === 'occupied', since: SINCE };
}

test('a space that became another one', () => {
  const before = readSpaces({ space_occupancy: [space('a', 'free'), space('b', 'free')] }).list;
  const now = readSpaces({ space_occupancy: [space('a', 'free'), space('b', 'occupied')] }).list;
  assert.equal(spacesChanged(before, now), true);
  assert.equal(spacesChanged(now, now), false);
  assert.equal(spacesChanged([], now), false, 'the first frame is no change');
});

const event = { space_id: 'a', space_name: 'A1', from: 'free', to: 'occupied', at: SINCE, held_s: 12.5 };

test('events: read, or left out', () => {
  assert.deepEqual(readEvent(event), {
    spaceId: 'a', spaceName: 'A1', from: 'free', to: 'occupied', atMs: SINCE_MS, heldMs: 12_500,
  });
  assert.equal(readEvent({ ...event, held_s: null }).heldMs, null);
  assert.equal(readEvent({ ...event, space_name: '' }).spaceName, 'a');
  assert.deepEqual(readEvents({ space_events: [null, {}, { ...event, at: 'noon' }, event] }).length, 1);
  assert.deepEqual(readEvents({ space_events: 'x' }), []);
  assert.deepEqual(readEvents(null), []);
});

test('the log of events: the newest first, each once, and no more than it may have', () => {
  const log = new EventLog(3);
  const at = (/** @type {number} */ ms) => ({ ...readEvent(event), atMs: ms });
  assert.equal(log.add([at(10), at(20)]), true);
  assert.equal(log.add([at(20.2)]), false, 'the same, from the record');
  log.add([at(40), at(30)]);
  assert.deepEqual(log.newestFirst.map(({ atMs }) => atMs), [40, 30, 20.2]);
  log.clear();
  assert.deepEqual(log.newestFirst, []);
});

test('latency: what the worker says, and what follows from the clocks', () => {
  const stages = { received: 2000, published: 1000, taken: 3000, inferred: 40_000, encoded: 4000 };
  const latency = readLatency({ capturedMs: 1000, sentMs: 1060, metadata: { stages } }, 1085);
  assert.equal(latency.totalMs, 85);
  assert.deepEqual(latency.stages, [
    ['received', 2], ['published', 1], ['taken', 3], ['inferred', 40], ['encoded', 4], ['posted', 10], ['shown', 25],
  ]);
  assert.deepEqual(readLatency({ capturedMs: 1000, sentMs: 1060, metadata: null }, 1085).stages, [['posted', 60], ['shown', 25]]);
  assert.equal(readLatency({ capturedMs: 0, sentMs: 1060, metadata: null }, 1085), null);
  assert.equal(readLatency({ capturedMs: 1000, sentMs: 0, metadata: { stages: { taken: 'x' } } }, 900).totalMs, 0);
});

test('latency: means over the last frames', () => {
  const meter = new LatencyMeter();
  assert.equal(meter.mean, null);
  meter.add({ totalMs: 100, stages: [['posted', 60], ['shown', 40]] });
  meter.add({ totalMs: 200, stages: [['posted', 120], ['shown', 80]] });
  assert.deepEqual(meter.mean, { totalMs: 150, stages: [['posted', 90], ['shown', 60]] });
  for (let i = 0; i < 20; i++) {
    meter.add({ totalMs: 10, stages: [] });
  }
  assert.deepEqual(meter.mean, { totalMs: 10, stages: [] });
  meter.reset();
  assert.equal(meter.mean, null);
});

test('tracks: all of them, with the class of those that are listed', () => {
  assert.deepEqual(readTracks({ track_ids: [43, 42], detections: [{ class: 'car', track_id: 42 }, { class: 'bus' }] }), [
    { id: 42, name: 'car' }, { id: 43, name: null },
  ]);
  assert.deepEqual(readTracks({ tracking_enabled: true, detections: [] }), []);
  for (const odd of [null, {}, { detections: [{ class: 'car' }] }, { track_ids: 'x' }]) {
    assert.equal(readTracks(odd), null);
  }
});

test('presets: what they are, and what no longer is one', () => {
  assert.deepEqual(PRESETS, {
    security: { skipFrames: 1, fps: 15 },
    parking: { skipFrames: 2, fps: 10 },
    background: { skipFrames: 5, fps: 5 },
    snapshot: { skipFrames: 10, fps: 1 },
  });
  assert.equal(presetOf({ ...NO_WISHES }), null);
  assert.equal(presetOf({ ...NO_WISHES, ...PRESETS.parking, conf: 0.4 }), 'parking');
  assert.equal(presetOf({ ...PRESETS.parking, fps: 9 }), null);
  assert.equal(wishesAny(NO_WISHES), false);
  assert.equal(wishesAny({ ...NO_WISHES, showLabels: false }), true);
  assert.equal(wishesAny({ ...NO_WISHES, kind: 'raw' }), true);
});

test('who draws is told what to draw', () => {
  const wishes = { ...NO_WISHES, conf: 0.4, showLabels: false, fps: 5 };
  assert.deepEqual(parametersOf(wishes), { conf: 0.4, showLabels: false, fps: 5 });
  assert.equal(overlayOf(wishes), false);
  assert.deepEqual(parametersOf({ ...wishes, kind: 'overlay' }), { fps: 5 });
  assert.deepEqual(overlayOf({ ...wishes, kind: 'overlay' }), { conf: 0.4, labels: false });
  assert.deepEqual(overlayOf({ ...NO_WISHES, kind: 'overlay' }), { labels: true });
  assert.equal(overlayOf({ ...wishes, kind: 'raw' }), false);
});

test('of many values in quick succession the last one', () => {
  const timers = new Timers();
  const seen = /** @type {number[]} */ ([]);
  const settled = new Settled(300, (value) => seen.push(value));
  for (let value = 0; value < 50; value++) {
    settled.set(value);
    timers.pass(20);
  }
  assert.deepEqual(seen, []);
  timers.pass(300);
  assert.deepEqual(seen, [49]);
  settled.set(1);
  settled.flush();
  settled.flush();
  settled.set(2);
  settled.cancel();
  timers.pass(1000);
  assert.deepEqual(seen, [49, 1]);
  timers.restore();
});

/** @param {number} time @param {object} [known] */
function point(time, known) {
  return known === undefined
    ? { time, known_s: 0, vehicle_count: null, vehicle_count_max: null, occupied_spaces: null, occupied_spaces_max: null, total_spaces: null }
    : { time, known_s: 60, vehicle_count: 3, vehicle_count_max: 4, occupied_spaces: 2, occupied_spaces_max: 2, total_spaces: 12, ...known };
}

test('the record: gaps stay gaps', () => {
  const history = { from: 0, to: 180, step: 60, points: [point(0, { vehicle_count: 3.26 }), point(60), point(120, {})] };
  assert.deepEqual(columnsOf(history), [[30, 90, 150], [3.3, null, 3], [2, null, 2], [12, null, 12]]);
  const bare = { ...history, points: [point(0, { total_spaces: null, occupied_spaces: null })] };
  assert.deepEqual(columnsOf(bare), [[30], [3]], 'a camera without spaces');
});

test('the record in a sentence: means weigh by what was known', () => {
  const summary = summarize([
    point(0, { occupied_spaces: 10, known_s: 30, occupied_spaces_max: 11 }),
    point(60),
    point(120, { occupied_spaces: 4, known_s: 60, vehicle_count_max: 9, total_spaces: 14 }),
  ]);
  assert.equal(summary.meanOccupied, 6);
  assert.deepEqual(summary.mostOccupied, { most: 11, at: 0 });
  assert.deepEqual(summary.mostVehicles, { most: 9, at: 120 });
  assert.equal(summary.totalSpaces, 14);
  assert.equal(summary.knownS, 90);
  assert.deepEqual(summarize([point(0)]), {
    knownS: 0, meanOccupied: null, mostOccupied: null, totalSpaces: null, meanVehicles: null, mostVehicles: null,
  });
});

test('the record as a table: few rows, the newest first', () => {
  const points = Array.from({ length: 240 }, (_, i) => point(3600 + 15 * i, {}));
  const rows = tableOf({ from: 3600, to: 7200, step: 15, points }, SPANS['1h'].tableStep);
  assert.equal(rows.length, 12);
  assert.equal(rows[0].time, 6900);
  assert.equal(rows[0].summary.meanVehicles, 3);
});

/** A substitute whose clock and server a test has in its hand. */
function makeSubstitute(answers = true) {
  const state = { now: 0, answers, probes: 0, changes: /** @type {boolean[]} */ ([]) };
  const substitute = new Substitute({
    now: () => state.now,
    probe: async () => {
      state.probes++;
      return state.answers;
    },
    changed: (active) => state.changes.push(active),
  });
  const look = async (/** @type {number} */ at, awaited = true, made = true, intervalMs = 0) => {
    state.now = at;
    substitute.look(awaited, made, intervalMs);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { state, substitute, look };
}

test('the camera’s own picture stands in when boxes do not come, and goes when they do', async () => {
  const { state, substitute, look } = makeSubstitute();
  await look(0);
  await look(2900);
  assert.deepEqual(state.changes, []);
  await look(3100);
  assert.deepEqual(state.changes, [true]);
  substitute.came();
  assert.deepEqual(state.changes, [true, false]);
  await look(5000);
  await look(7000);
  assert.deepEqual(state.changes, [true, false, true]);
});

test('where nobody makes boxes it stands in at once; while none can come it does not', async () => {
  const { state, look } = makeSubstitute();
  await look(0, true, false);
  await look(400, false, false);
  await look(600, true, false);
  assert.deepEqual(state.changes, []);
  await look(1200, true, false);
  assert.deepEqual(state.changes, [true]);
});

test('a detector that is slow is waited for, and a link that is slow gets no more to carry', async () => {
  const { state, substitute, look } = makeSubstitute(false);
  substitute.came();
  state.now = 4000;
  substitute.came();
  await look(15_000);
  assert.equal(state.probes, 0);
  await look(16_500);
  assert.deepEqual([state.probes, state.changes], [1, []]);
  await look(17_000);
  assert.equal(state.probes, 1, 'not again at once');
  state.answers = true;
  await look(29_000);
  assert.deepEqual([state.probes, state.changes], [2, [true]]);
});

test('who asks for a picture now and then waits for it as long', async () => {
  const { state, substitute, look } = makeSubstitute();
  substitute.came();
  await look(14_900, true, true, 5000);
  assert.equal(state.probes, 0);
  await look(15_100, true, true, 5000);
  assert.deepEqual(state.changes, [true]);
});

test('a camera that has just begun, and seems to be slow for ever, is not waited for so long', async () => {
  const { state, substitute, look } = makeSubstitute();
  substitute.came();
  await look(14_900, true, true, 100_000);
  assert.deepEqual(state.changes, []);
  await look(15_100, true, true, 100_000);
  assert.deepEqual(state.changes, [true]);
});

test('a frame that comes while the server is asked, and another stream, are no reason', async () => {
  const { state, substitute, look } = makeSubstitute();
  await look(0);
  state.now = 4000;
  substitute.look(true, true);
  substitute.came();
  await look(4100);
  assert.deepEqual([state.probes, state.changes], [1, []]);
  substitute.reset();
  assert.equal(substitute.active, false);
});

const missing = {
  name: 'Lot', camera: { id: 'LOT', name: 'Lot', state: 'online', source: 'mjpeg' }, isUnknown: false, forbiddenTo: null, isAdmin: false,
  connection: 'open', turnedAway: '', cameraState: 'online', ended: false,
};
for (const [name, facts, wanted] of [
  ['somebody else’s camera', { forbiddenTo: 'guest' }, /The token of guest is for other cameras/],
  ['a server that is full', { connection: 'waiting', turnedAway: 'Full.' }, /lets nobody else in now Full\./],
  ['a server that is gone', { connection: 'waiting' }, /No connection to the server/],
  ['a camera that is fetched and gone', { cameraState: 'offline', ended: true }, /Lot is offline The server gets no picture from it, and keeps trying\.$/],
  ['the same, to an admin', { cameraState: 'offline', isAdmin: true }, /Health says why/],
  ['a stream that has ended', { ended: true }, /The stream has ended/],
  ['nobody’s camera', { camera: undefined, isUnknown: true, cameraState: 'offline' }, /There is no camera Lot/],
  ['a phone that is away', { camera: { ...missing.camera, source: 'push' }, cameraState: 'offline' }, /Nobody sends its pictures now/],
  ['one that has just come', { cameraState: 'connecting' }, /Nothing has come from Lot yet/],
  ['a detector that is late', {}, /no detector has sent a picture of it yet/],
]) {
  test(`no picture: ${name}`, () => {
    assert.match(explainMissing({ ...missing, ...facts }).join(' '), wanted);
  });
}

test('a record that has just begun', () => {
  const point = (/** @type {number} */ time, known = 60) => ({ time, known_s: known });
  const history = (/** @type {object[]} */ ...points) => ({ from: 0, to: 21_600, step: 60, points });
  assert.equal(isOfLast(history(point(0, 0), point(18_000), point(20_000)), 3600), true);
  assert.equal(isOfLast(history(point(17_940), point(20_000)), 3600), false);
  assert.equal(isOfLast(history(point(20_000, 0)), 3600), false, 'nothing is known at all');
  assert.equal(isOfLast(history(), 3600), false);
});
