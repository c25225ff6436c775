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

/** The smallest container with a picture. */
function frameMessage() {
  const bytes = new Uint8Array(72 + 2 + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x52434631);
  view.setUint8(4, 1);
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
