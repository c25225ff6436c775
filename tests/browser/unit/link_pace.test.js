import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { WebSocketStreamManager } from '../../../web/lib/index.js';
import { FakeLink } from './fake_link.js';
import { FakePlatform } from './fake_platform.js';

const URL = 'ws://server:8069/ws/viewer/detection';
const SLOW = 300_000; // bytes a second: 6 pictures
const LOT = { cameraId: 'LOT', fps: 15 };

/** @type {FakePlatform} */
let platform;
/** @type {FakeLink} */
let link;
let manager;
/** How long each frame was on its way, by arrival. */
let arrivals;

beforeEach(() => {
  platform = new FakePlatform();
});

/** @param {any} options */
function start(cameras = [LOT], { form = 'binary', ...options } = {}) {
  link = new FakeLink(platform, cameras, form);
  manager = new WebSocketStreamManager({ url: URL, platform, binary: form === 'binary', ...options });
  arrivals = [];
  manager.onFrame((picture, { cameraId, kind, sentMs }) => {
    arrivals.push({ at: platform.time, cameraId, kind, transitMs: link.serverMs - sentMs });
  });
  manager.connect();
}

/** What was said in this time. @param {number} ms */
function pass(ms) {
  const before = link.words.length;
  platform.pass(ms);
  return link.words.slice(before);
}

/** @param {number} ms the last of them */
function arrived(ms) {
  return arrivals.filter(({ at }) => at > platform.time - ms);
}

function oldest(ms) {
  assert.ok(arrived(ms).length > 0, 'nothing has come');
  return Math.max(...arrived(ms).map(({ transitMs }) => transitMs));
}

function types(words) {
  return words.map(({ type }) => type);
}

/** Passes until it is said. @param {string} word */
function passUntil(word) {
  const before = link.words.length;
  const limit = platform.time + 20_000;
  while (!types(link.words.slice(before)).includes(word)) {
    platform.pass(10);
    assert.ok(platform.time < limit, `${word} is not said`);
  }
  return link.words.slice(before);
}

/** Until the link has run dry, and frames come again. */
function slowDown() {
  platform.pass(5000);
  link.bytesPerSecond = SLOW;
  const words = passUntil('resume');
  assert.deepEqual(pass(2000), []);
  assert.deepEqual(types(words), ['pause', ...[...link.streams].map(() => 'set'), 'resume']);
  return words.filter(({ type }) => type === 'set');
}

for (const form of ['binary', 'json']) {
  test(`a link that becomes slow: the picture is fresh again, and stays so; ${form}`, () => {
    start([LOT], { form });
    const [{ fps, ...rest }] = slowDown();
    assert.deepEqual(rest, { type: 'set', camera_id: 'LOT', kind: 'detect' });
    assert.ok(fps > 4 && fps < 6, `${fps} frames a second`);
    assert.ok(oldest(2000) < 500, `${oldest(2000)} ms`);
    const words = pass(120_000);
    assert.ok(oldest(120_000) < 2000, `${oldest(120_000)} ms`);
    assert.ok(types(words).filter((type) => type === 'pause').length <= 5, 'it learns how much the link carries');
    assert.ok(arrived(120_000).length > 120 * 4, `${arrived(120_000).length} frames`);
  });
}

test('when the link is fast again, all that is wanted comes again', () => {
  for (const [fps, last] of [[undefined, 60], [12, 12]]) {
    platform = new FakePlatform();
    start([LOT], { cameraId: 'LOT', fps });
    link.streams.get('detect LOT').fps = fps ?? 60;
    slowDown();
    link.bytesPerSecond = Infinity;
    const words = pass(120_000);
    assert.ok(words.every(({ type }) => type === 'set'));
    assert.equal(words.at(-1).fps, last);
    assert.ok(words.every((word, i) => i === 0 || word.fps <= 1.26 * words[i - 1].fps), 'in small steps');
  }
});

test('a link that is slow from the beginning', () => {
  start();
  link.bytesPerSecond = SLOW;
  platform.pass(15_000);
  assert.ok(oldest(5000) < 1500, `${oldest(5000)} ms`);
});

test('a picture that takes long on an empty link is none that queued', () => {
  start([{ cameraId: 'LOT', fps: 2 }]);
  link.bytesPerSecond = 25_000; // 2 s each
  platform.pass(45_000);
  const words = pass(60_000);
  assert.ok(types(words).filter((type) => type === 'pause').length <= 3, types(words).join());
  assert.ok(oldest(60_000) < 5000, `${oldest(60_000)} ms`);
});

test('a fast link, an old picture, a camera that says nothing for long: nothing is asked', () => {
  start([LOT, { cameraId: 'SLOW', fps: 0.1 }]);
  assert.deepEqual(pass(60_000), []);
});

test('a short outage, a page that was busy: nothing is asked', () => {
  start();
  platform.pass(5000);
  platform.time += 4000; // all that came meanwhile is handed out at once
  assert.deepEqual(pass(10_000), []);
  const socket = platform.socket;
  const { onmessage } = socket;
  const held = [];
  socket.onmessage = (event) => held.push(event);
  platform.pass(3000);
  socket.onmessage = onmessage;
  held.forEach((event) => socket.onmessage(event));
  assert.deepEqual(pass(10_000), []);
});

test('the first pictures of many cameras at once are no slow link', () => {
  start(Array.from({ length: 9 }, (_, i) => ({ cameraId: `C${i}`, fps: 0.2 })));
  link.bytesPerSecond = 150_000; // 3 s for all of them, every 5 s
  assert.deepEqual(pass(60_000), []);
  assert.ok(oldest(60_000) > 2000);
});

test('without the server\'s clock, and without the time in a frame, nothing is asked', () => {
  start();
  link.answersPings = false;
  link.bytesPerSecond = SLOW;
  assert.deepEqual(pass(20_000), []);
  assert.ok(oldest(1000) > 5000);

  platform = new FakePlatform();
  start();
  link.send = () => platform.socket.say({ type: 'frame', data: 'AQID' });
  assert.deepEqual(pass(20_000), []);
});

test('whoever does not want it', () => {
  start([LOT], { adaptive: false });
  platform.pass(5000);
  link.bytesPerSecond = SLOW;
  assert.deepEqual(pass(10_000), []);
});

function hide(hidden) {
  platform.isHidden = hidden;
  platform.emit(hidden ? 'hidden' : 'visible');
}

test('what still comes in a hidden tab, and after it, says nothing', () => {
  start();
  platform.pass(5000);
  link.bytesPerSecond = 100_000;
  platform.pass(1000);
  hide(true); // 8 s are on their way
  assert.deepEqual(types(pass(2000)), []);
  hide(false);
  link.bytesPerSecond = Infinity;
  assert.deepEqual(types(link.words), ['pause', 'resume']);
  assert.deepEqual(pass(10_000), []);
});

test('hidden while the link runs dry', () => {
  start();
  platform.pass(5000);
  link.bytesPerSecond = SLOW;
  passUntil('pause');
  hide(true);
  assert.deepEqual(types(pass(20_000)), ['set']);
  hide(false);
  assert.equal(types(link.words).at(-1), 'resume');
  assert.deepEqual(pass(1000), []);
  assert.ok(oldest(1000) < 500);
});

test("a user's pause stays a pause", () => {
  start();
  platform.pass(5000);
  link.bytesPerSecond = SLOW;
  passUntil('pause');
  assert.equal(manager.paused, false);
  manager.pause();
  assert.equal(manager.paused, true);
  manager.resume();
  manager.pause();
  assert.deepEqual(types(pass(20_000)), ['set']);
  manager.resume();
  assert.deepEqual(types(pass(0)), []);
  assert.equal(types(link.words).at(-1), 'resume');
});

test('what the user sets meanwhile, the link does not carry either; less is less', () => {
  start([LOT, { cameraId: 'GATE', fps: 15 }], { fps: 20 });
  const [{ fps: first }] = slowDown();
  const before = link.words.length;
  manager.set({ fps: 30, cameraId: 'LOT' });
  manager.set({ conf: 0.5 });
  assert.ok(link.words.slice(before).filter(({ camera_id: camera, fps }) => camera === 'LOT' && fps === first).length >= 1);
  assert.equal(link.streams.get('detect LOT').fps, first);
  manager.set({ fps: 1 });
  assert.deepEqual(link.words.at(-1), { type: 'set', fps: 1 });
  link.bytesPerSecond = Infinity;
  assert.deepEqual(pass(60_000), []);
  manager.set({ fps: 20 });
  platform.pass(2000);
  assert.equal(link.streams.get('detect LOT').fps, 20);
});

test('nothing is asked for a stream that is no more wanted, though its frames still come', () => {
  for (const options of [{}, { cameraId: 'A' }]) {
    platform = new FakePlatform();
    start([{ cameraId: 'A', fps: 15 }, { cameraId: 'B', fps: 15 }], options);
    manager.subscribe('B', { fps: 15 });
    platform.pass(5000);
    link.bytesPerSecond = SLOW;
    passUntil('pause');
    manager.unsubscribe('A');
    const words = passUntil('resume');
    assert.deepEqual(words.filter(({ type }) => type === 'set').map((word) => word.camera_id), ['B']);
  }
});

test('the next connection begins with what is wanted', () => {
  start([LOT], { cameraId: 'LOT', fps: 12 });
  platform.pass(5000);
  link.bytesPerSecond = SLOW;
  passUntil('pause');
  link.cut(); // while it runs dry
  link.bytesPerSecond = Infinity;
  assert.deepEqual(pass(20_000), []);
  assert.equal(platform.socket.url, `${URL}?camera_id=LOT&fps=12`);
  assert.ok(arrived(10_000).length > 50);
});

test('several streams share the link as they did before', () => {
  start([{ cameraId: 'A', fps: 15 }, { cameraId: 'A', kind: 'raw', fps: 5 }, { cameraId: 'B', fps: 5 }]);
  const fps = Object.fromEntries(slowDown().map((word) => [`${word.kind} ${word.camera_id}`, word.fps]));
  const sum = fps['detect A'] + fps['raw A'] + fps['detect B'];
  assert.ok(sum > 4 && sum < 6, `${sum} frames a second`);
  assert.ok(Math.abs(fps['detect A'] / sum - 0.6) < 0.1, JSON.stringify(fps));
  manager.unsubscribe('A', 'raw');
  manager.set({ conf: 0.5 });
  assert.deepEqual(link.words.slice(-2).map(({ kind, camera_id: camera }) => `${kind} ${camera}`), ['detect A', 'detect B']);
  assert.ok(oldest(2000) < 1000);
});
