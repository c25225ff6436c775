import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { WebSocketStreamManager } from '../../../web/lib/index.js';
import { FakePlatform } from './fake_platform.js';

const URL = 'ws://server:8069/ws/viewer/detection';

/** @type {FakePlatform} */
let platform;
let manager;
let states;

beforeEach(() => {
  platform = new FakePlatform();
  manager = new WebSocketStreamManager({ cameraId: 'CAM 1', url: URL, platform });
  states = [];
  manager.onState((status) => states.push(status));
});

/** Connects and is accepted. */
function open() {
  manager.connect();
  platform.socket.open();
}

function pings() {
  return platform.socket.sent.map((text) => JSON.parse(text)).filter(({ type }) => type === 'ping');
}

/** What was sent beside pings. */
function words() {
  return platform.socket.sent.map((text) => JSON.parse(text)).filter(({ type }) => type !== 'ping');
}

/** The smallest container with a picture. */
function frameMessage(flags = 0) {
  const bytes = new Uint8Array(72 + 2 + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x52434631);
  view.setUint8(4, 1);
  view.setUint8(5, flags);
  view.setUint16(6, 72);
  view.setUint32(8, 2);
  view.setUint32(12, 4);
  view.setUint16(60, 4);
  bytes.set(new TextEncoder().encode('CAM1'), 64);
  bytes.set(new TextEncoder().encode('{}'), 72);
  return bytes.buffer;
}

test('asks for the camera and for the binary form', () => {
  manager.connect();
  assert.equal(platform.socket.url, `${URL}?camera_id=CAM+1`);
  assert.deepEqual(platform.socket.protocols, ['ringcast.binary.v1']);
  assert.equal(platform.socket.binaryType, 'arraybuffer');
  assert.deepEqual(states, ['connecting']);
  platform.socket.open();
  assert.deepEqual(states, ['connecting', 'open']);
});

test('says in its address how the stream is wanted', () => {
  const wanted = { userId: 'desk 1', conf: 0.4, fps: 10, skipFrames: 2, showLabels: false, metadata: true };
  const cases = [
    [{ url: 'ws://h/ws/stream/raw', cameraId: 'A', ...wanted },
      'ws://h/ws/stream/raw?user_id=desk+1&camera_id=A&conf=0.4&fps=10&skip_frames=2&show_labels=false&metadata=true'],
    [{ url: 'https://h/north/ws/stream/detect', userId: undefined }, 'wss://h/north/ws/stream/detect'],
    [{ url: 'http://h/ws/viewer/detection?camera_id=B', userId: null }, 'ws://h/ws/viewer/detection?camera_id=B'],
  ];
  for (const [options, address] of cases) {
    new WebSocketStreamManager({ ...options, platform }).connect();
    assert.equal(platform.socket.url, address);
  }
});

test('brings its token behind the subprotocol, a new one for every connection', () => {
  const tokens = ['one', 'two'];
  manager = new WebSocketStreamManager({ url: URL, platform, binary: false, token: () => tokens.shift() });
  manager.connect();
  assert.deepEqual(platform.socket.protocols, ['ringcast.json.v1', 'one']);
  platform.socket.end();
  platform.pass(500);
  assert.deepEqual(platform.socket.protocols, ['ringcast.json.v1', 'two']);
});

test('an address that no socket can have is an error, and the end', () => {
  const errors = [];
  platform.openSocket = () => {
    throw new SyntaxError('no subprotocol');
  };
  manager.onError((error) => errors.push(error.message));
  manager.connect();
  assert.deepEqual(errors, ['no subprotocol']);
  assert.equal(manager.connectionStatus, 'idle');
  assert.equal(platform.listeners.size, 0);
});

test('frames as JSON: base64 first, whatever path they come from', () => {
  const got = [];
  manager = new WebSocketStreamManager({ cameraId: 'CAM1', url: URL, platform, binary: false });
  manager.onFrame((picture, frame) => got.push([picture, frame]));
  const states = [];
  manager.onCamera(({ camera_id: id, state }) => states.push([id, state]));
  const metadata = [];
  manager.onMetadata((one, { number }) => metadata.push([one.vehicle_count ?? null, number]));
  open();
  platform.socket.say({ type: 'frame', data: 'AQID' });
  platform.socket.say({
    type: 'frame', camera_state: 'online', camera_id: 'CAM2', frame: 'data:image/jpeg;base64,BAUG',
    metadata: { vehicle_count: 3, timestamp: '2026-01-07T12:30:45.123Z', frame: { generation: '1767789045123456789', number: 99 } },
    frame_count: 7, timestamp: 1767789046.5,
  });
  platform.socket.say({ type: 'frame', camera_id: 'CAM3', kind: 'raw', frame: 'data:image/jpeg;base64,Bw==', metadata: {} });
  platform.socket.say({ type: 'detections', camera_id: 'CAM2', generation: '5', frame_number: 6, metadata: {} });
  assert.deepEqual(got.map(([picture]) => picture), ['AQID', 'BAUG', 'Bw==']);
  assert.deepEqual(got.map(([, { kind }]) => kind), ['detect', 'detect', 'raw']);
  assert.deepEqual([...got[0][1].jpeg], [1, 2, 3]);
  assert.equal(got[0][1].cameraId, 'CAM1');
  const { cameraId, number, generation, capturedMs, sentMs, frameCount } = got[1][1];
  assert.deepEqual([cameraId, number, generation, frameCount], ['CAM2', 99n, 1767789045123456789n, 7]);
  assert.deepEqual([capturedMs, sentMs], [Date.parse('2026-01-07T12:30:45.123Z'), 1767789046500]);
  assert.deepEqual(states, [['CAM2', 'online']]);
  assert.deepEqual(metadata, [[3, 99n], [null, 6n]]);
  assert.equal(manager.framesReceived, 3);
});

test('tells raw pictures from drawn ones', () => {
  const kinds = [];
  manager.onFrame(({ kind }) => kinds.push(kind));
  open();
  platform.socket.say(frameMessage(1));
  platform.socket.say(frameMessage(0));
  assert.deepEqual(kinds, ['raw', 'detect']);
});

test('hands on what the server counts, and measures the rate itself', () => {
  const seen = [];
  manager.onStats((stats) => seen.push(stats.processed));
  open();
  assert.equal(manager.stats.processed, null);
  assert.equal(manager.stats.fps, null);
  for (let i = 0; i <= 20; i++) {
    platform.socket.say(frameMessage());
    platform.pass(i < 20 ? 100 : 0);
  }
  platform.socket.say({ type: 'stats', processed: 50, skipped: 25, total: 75, fps: 10, skipped_fps: 20 });
  assert.deepEqual(seen, [50]);
  const { processed, skipped, total, fps } = manager.stats;
  assert.deepEqual([processed, skipped, total, Math.round(fps)], [50, 25, 75, 10]);
});

test('all cameras on one connection: told what there is, streams more and less', () => {
  manager = new WebSocketStreamManager({ url: URL, platform });
  const streams = [];
  manager.onStreams((list) => streams.push(...list.map(({ camera_id: id }) => id)));
  manager.subscribe('LATE', { fps: 2 });
  open();
  assert.equal(platform.socket.url, URL);
  platform.socket.say({ type: 'viewer_connected', active_streams: [{ camera_id: 'A' }, { camera_id: 'B' }] });
  assert.deepEqual(streams, ['A', 'B']);
  manager.subscribe('A', { kind: 'raw', skipFrames: 3, metadata: true });
  manager.set({ fps: 5 });
  manager.set({ conf: 0.5, cameraId: 'B' });
  manager.unsubscribe('C');
  manager.unsubscribe('LATE');
  assert.deepEqual(words(), [
    { type: 'subscribe', camera_id: 'LATE', kind: 'detect', fps: 2 },
    { type: 'subscribe', camera_id: 'A', kind: 'raw', skip_frames: 3, metadata: true },
    { type: 'set', fps: 5 },
    { type: 'set', camera_id: 'B', conf: 0.5 },
    { type: 'unsubscribe', camera_id: 'C' },
    { type: 'unsubscribe', camera_id: 'LATE' },
  ]);
  platform.socket.end();
  platform.pass(500);
  platform.socket.open();
  assert.deepEqual(words(), [
    { type: 'set', fps: 5 },
    { type: 'subscribe', camera_id: 'A', kind: 'raw', fps: 5, skip_frames: 3, metadata: true },
    { type: 'set', camera_id: 'B', conf: 0.5 },
    { type: 'unsubscribe', camera_id: 'C' },
    { type: 'unsubscribe', camera_id: 'LATE' },
  ]);
});

test('a refusal of what was replayed is nobody\'s error, any other is', () => {
  manager = new WebSocketStreamManager({ url: URL, platform });
  const errors = [];
  manager.onError((error) => errors.push(error.message));
  const refuse = (message = 'there is no such subscription') => platform.socket.say({ type: 'error', message });
  const pong = () => platform.socket.say({ type: 'pong', t: platform.time, server_time: 0 });
  open();
  refuse();
  assert.equal(errors.splice(0).length, 1, 'nothing was replayed');
  manager.unsubscribe('C');
  const reconnect = () => {
    platform.socket.end();
    platform.pass(10_000);
    platform.socket.open();
  };
  reconnect();
  pong(); // it may overtake
  refuse();
  refuse('there is no such camera');
  assert.deepEqual(errors.splice(0), ['there is no such camera']);
  pong();
  refuse();
  assert.equal(errors.splice(0).length, 1, 'later');
  reconnect();
  manager.set({ cameraId: 'D', fps: 5 });
  refuse();
  assert.equal(errors.splice(0).length, 1, 'the user has asked for something');
});

test('one camera: what was set since is in the next address', () => {
  manager = new WebSocketStreamManager({ url: URL, platform, cameraId: 'A', conf: 0.3, fps: 4 });
  open();
  manager.set({ conf: 0.6 });
  manager.set({ fps: 9, cameraId: 'B' }); // another one's
  manager.subscribe('B', { fps: 1 });
  manager.set({ showLabels: false });
  platform.socket.end();
  platform.pass(500);
  platform.socket.open();
  assert.equal(platform.socket.url, `${URL}?camera_id=A&conf=0.6&fps=4&show_labels=false`);
  assert.deepEqual(words(), [{ type: 'subscribe', camera_id: 'B', kind: 'detect', fps: 1, show_labels: false }]);
  manager.unsubscribe('B', 'detect');
  manager.unsubscribe('A');
  platform.socket.end();
  platform.pass(1000);
  platform.socket.open();
  assert.deepEqual(words(), [{ type: 'unsubscribe', camera_id: 'A', kind: 'detect' }]);
  manager.subscribe('A');
  platform.socket.end();
  platform.pass(2000);
  platform.socket.open();
  assert.equal(platform.socket.url, `${URL}?camera_id=A`);
  assert.deepEqual(words(), []);
});

test('paused by hand, also on the next connection', () => {
  open();
  manager.pause();
  manager.pause();
  assert.deepEqual(words(), [{ type: 'pause' }]);
  platform.emit('visible');
  assert.equal(words().length, 1);
  platform.socket.end();
  platform.pass(500);
  platform.socket.open();
  assert.deepEqual(words(), [{ type: 'pause' }]);
  manager.resume();
  assert.deepEqual(words(), [{ type: 'pause' }, { type: 'resume' }]);
});

/** @param {boolean} hidden */
function hide(hidden) {
  platform.isHidden = hidden;
  platform.emit(hidden ? 'hidden' : 'visible');
}

test('a hidden tab is paused', () => {
  open();
  hide(true);
  assert.equal(manager.paused, true);
  assert.deepEqual(words(), [{ type: 'pause' }]);
  manager.resume();
  assert.equal(words().length, 1);
  hide(false);
  assert.deepEqual(words(), [{ type: 'pause' }, { type: 'resume' }]);
  manager.pause();
  hide(true);
  hide(false);
  assert.deepEqual(words().at(-1), { type: 'pause' });
  assert.equal(words().length, 3);
});

test('a hidden tab makes no connection, and makes one when somebody looks', () => {
  platform.isHidden = true;
  manager.connect();
  assert.equal(platform.sockets.length, 0);
  assert.equal(manager.connectionStatus, 'waiting');
  hide(false);
  assert.equal(platform.sockets.length, 1);
  hide(true);
  platform.socket.open(); // it was on its way
  assert.deepEqual(words(), [{ type: 'pause' }]);
  platform.socket.end();
  platform.pass(60_000);
  assert.equal(platform.sockets.length, 1);
  hide(false);
  assert.equal(platform.sockets.length, 2);
});

test('without pauseHidden a hidden tab goes on', () => {
  manager = new WebSocketStreamManager({ cameraId: 'CAM1', url: URL, platform, pauseHidden: false });
  platform.isHidden = true;
  open();
  hide(true);
  assert.deepEqual(words(), []);
  assert.equal(manager.paused, false);
});

test('an operator who closes a viewer is left alone for longer', () => {
  platform.randomValue = 0.9999;
  open();
  platform.pass(6000);
  platform.socket.end(1008);
  platform.pass(9000);
  assert.equal(platform.sockets.length, 1);
  platform.pass(1000);
  assert.equal(platform.sockets.length, 2);
});

test('a hidden tab whose timers are late keeps its connection', () => {
  open();
  platform.socket.say('pong');
  hide(true);
  for (let minute = 0; minute < 5; minute++) {
    platform.time += 59_000; // no timer ran
    platform.pass(1000);
    platform.socket.say('pong');
  }
  platform.time += 40_000;
  hide(false);
  assert.equal(platform.sockets.length, 1);
  assert.equal(manager.connectionStatus, 'open');
  platform.pass(2999);
  assert.equal(platform.sockets.length, 1);
  platform.pass(1); // nothing came: somebody is waiting
  assert.equal(platform.sockets.length, 2);
});

test('connecting twice is connecting once', () => {
  manager.connect();
  manager.connect();
  assert.equal(platform.sockets.length, 1);
  assert.equal(platform.listeners.size, 1);
});

test('hands out frames and metadata, and counts', () => {
  const frames = [];
  const metadata = [];
  manager.onFrame((frame) => frames.push(frame));
  manager.onMetadata((one) => metadata.push(one));
  open();
  platform.socket.say(frameMessage());
  platform.socket.say(frameMessage());
  assert.equal(frames.length, 2);
  assert.equal(frames[0].cameraId, 'CAM1');
  assert.deepEqual(metadata, [{}, {}]);
  assert.equal(manager.framesReceived, 2);
  assert.equal(manager.stats.bytesReceived, 2 * 78);
});

test('a message that cannot be read is an error and nothing more', () => {
  const errors = [];
  manager.onError((error) => errors.push(error.message));
  open();
  platform.socket.say(new ArrayBuffer(3));
  platform.socket.say('not JSON');
  platform.socket.say({ type: 'error', message: 'no such camera' });
  platform.socket.say({ type: 'something new' });
  platform.socket.say('pong');
  platform.socket.say('keepalive');
  assert.equal(errors.length, 3);
  assert.equal(errors[2], 'no such camera');
  assert.equal(manager.connectionStatus, 'open');
});

test('tells what the server says of the camera', () => {
  const events = [];
  manager.onCamera((event) => events.push(event.type));
  open();
  platform.socket.say({ type: 'camera_state', camera_id: 'CAM1', state: 'online' });
  platform.socket.say({ type: 'stream_ended', camera_id: 'CAM1', reason: 'idle' });
  platform.socket.say({ type: 'stream_started', camera_id: 'CAM1' });
  assert.deepEqual(events, ['camera_state', 'stream_ended', 'stream_started']);
});

test('comes back after 0.5 to 10 s, later after every failure', () => {
  platform.randomValue = 0.9999;
  manager.connect();
  for (const ceiling of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
    const count = platform.sockets.length;
    platform.socket.end();
    platform.pass(ceiling * 0.95);
    assert.equal(platform.sockets.length, count, `too early for ${ceiling}`);
    platform.pass(ceiling * 0.05);
    assert.equal(platform.sockets.length, count + 1, `too late for ${ceiling}`);
  }
});

test('two viewers do not come back in the same moment', () => {
  manager.connect();
  platform.socket.end();
  platform.pass(499);
  assert.equal(platform.sockets.length, 1);
  platform.pass(1); // random 0: the earliest
  assert.equal(platform.sockets.length, 2);
  platform.randomValue = 0.5;
  platform.socket.end();
  platform.pass(1249);
  assert.equal(platform.sockets.length, 2);
  platform.pass(1);
  assert.equal(platform.sockets.length, 3);
});

test('a connection that lasted starts the back-off anew, one that did not does not', () => {
  platform.randomValue = 0.9999;
  const reasons = [];
  manager.onDisconnect((reason) => reasons.push(reason));
  open();
  platform.pass(100);
  platform.socket.end();
  platform.pass(1000);
  platform.socket.open();
  platform.pass(100);
  platform.socket.end();
  platform.pass(1500);
  assert.equal(platform.sockets.length, 2); // the second wait is up to 2 s
  platform.pass(500);
  assert.equal(platform.sockets.length, 3);
  platform.socket.open();
  platform.pass(6000);
  platform.socket.end(1001);
  platform.pass(1000);
  assert.equal(platform.sockets.length, 4);
  assert.equal(reasons.length, 3);
  assert.match(reasons[2], /1001/);
});

test('a server that does not answer is given up after 10 s', () => {
  manager.connect();
  platform.pass(9999);
  assert.equal(platform.socket.closed, false);
  platform.pass(1);
  assert.equal(platform.sockets[0].closed, true);
  assert.equal(manager.connectionStatus, 'waiting');
});

test('at once when the network or the tab is back', () => {
  for (const event of ['online', 'visible']) {
    manager.connect();
    platform.socket.end();
    const count = platform.sockets.length;
    platform.emit(event);
    assert.equal(platform.sockets.length, count + 1, event);
    platform.pass(60_000); // the wait that was cut short does not connect a second time
    manager.disconnect();
  }
});

test('without a network it says so, and tries all the same', () => {
  open();
  platform.isOnline = false;
  platform.socket.end();
  assert.equal(manager.connectionStatus, 'offline');
  platform.pass(500);
  assert.equal(platform.sockets.length, 2);
});

test('the network goes: an open connection is asked at once whether it is still one', () => {
  open();
  platform.pass(3000);
  const before = pings().length;
  platform.isOnline = false;
  platform.emit('offline');
  assert.equal(pings().length, before + 1);
  platform.socket.say('pong');
  platform.pass(3000);
  assert.equal(manager.connectionStatus, 'open', 'a browser may be wrong about the network');
  platform.emit('offline');
  platform.pass(3000);
  assert.equal(manager.connectionStatus, 'connecting');
  platform.socket.end();
  assert.equal(manager.connectionStatus, 'offline');
});

test('pings every 10 s, more often at first', () => {
  open();
  platform.pass(2000);
  assert.equal(pings().length, 4);
  for (let i = 1; i <= 3; i++) {
    platform.pass(i === 1 ? 8000 : 10_000);
    platform.socket.say('pong');
    assert.equal(pings().length, 4 + i);
  }
});

test('a connection on which nothing is heard is given up', () => {
  const reasons = [];
  manager.onDisconnect((reason) => reasons.push(reason));
  open();
  platform.pass(29_999);
  assert.equal(manager.connectionStatus, 'open');
  platform.pass(1);
  assert.equal(platform.sockets[0].closed, true);
  assert.equal(reasons.length, 1);
  assert.equal(manager.connectionStatus, 'waiting');
});

test('a tab that slept looks whether its connection is still one', () => {
  open();
  platform.pass(5000);
  const before = pings().length;
  platform.emit('visible');
  assert.equal(pings().length, before + 1);
  platform.time += 3_600_000; // asleep: no timer ran
  platform.emit('visible');
  assert.equal(platform.sockets.length, 2);
  assert.equal(platform.sockets[0].closed, true);
});

test('closed when the page is left, back when it returns', () => {
  open();
  platform.emit('leave');
  assert.equal(platform.socket.closed, true);
  assert.equal(platform.timers, 0);
  platform.pass(60_000);
  assert.equal(platform.sockets.length, 1);
  platform.emit('return');
  assert.equal(platform.sockets.length, 2);
});

test('disconnect ends everything', () => {
  open();
  manager.disconnect();
  assert.equal(platform.socket.closed, true);
  assert.equal(platform.timers, 0);
  assert.equal(platform.listeners.size, 0);
  platform.socket.end();
  platform.pass(60_000);
  assert.equal(platform.sockets.length, 1);
  assert.equal(manager.connectionStatus, 'idle');
  manager.connect();
  assert.equal(platform.sockets.length, 2);
});

test('disconnect from inside a handler', () => {
  manager.onFrame(() => manager.disconnect());
  open();
  platform.socket.say(frameMessage());
  assert.equal(manager.connectionStatus, 'idle');
  assert.equal(platform.timers, 0);
});

test('without autoReconnect the end is the end', () => {
  manager = new WebSocketStreamManager({ cameraId: 'CAM1', url: URL, platform, autoReconnect: false });
  open();
  platform.socket.end();
  platform.pass(60_000);
  assert.equal(platform.sockets.length, 1);
  assert.equal(manager.connectionStatus, 'idle');
});

test('a socket that was let go is not heard', () => {
  const frames = [];
  manager.onFrame((frame) => frames.push(frame));
  open();
  const old = platform.socket;
  platform.socket.end();
  old.say(frameMessage());
  assert.equal(frames.length, 0);
});

test("measures the server's clock by the shortest of the last eight trips", () => {
  const ahead = 1_767_787_846_000; // the server's ms since 1970 at our 0
  open();
  const answer = (roundTripMs, error) => {
    const t = platform.time;
    platform.time += roundTripMs;
    platform.socket.say({ type: 'pong', t, server_time: (ahead + t + roundTripMs / 2 + error) / 1000 });
  };
  const offBy = () => Math.round(manager.serverTimeMs() - ahead - platform.time);
  answer(200, 40);
  assert.equal(offBy(), 40);
  answer(10, 2);
  assert.equal(offBy(), 2);
  assert.equal(manager.stats.roundTripMs, 10);
  for (let i = 0; i < 7; i++) {
    answer(100, 15);
    assert.equal(offBy(), 2);
  }
  answer(100, 15); // the ninth: the good one is forgotten
  assert.equal(offBy(), 15);
  platform.socket.say({ type: 'pong', t: 'x', server_time: null });
  assert.equal(offBy(), 15);
});
