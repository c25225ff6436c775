// The parts of /publish that need no browser: the connection, the pace, what errors mean.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readChoices } from '../../../web/page/publish/choices.js';
import { cameraProblem, placeProblem, refusalProblem } from '../../../web/page/publish/mistakes.js';
import { Pace } from '../../../web/page/publish/pace.js';
import { Uplink } from '../../../web/page/publish/uplink.js';
import { FakePlatform } from './fake_platform.js';

const CONNECTED = { type: 'streamer_connected', camera_id: 'A', streamer_id: 'x', max_frame_bytes: 1000 };

/** @param {object} [options] */
function makeUplink(options = {}) {
  const platform = new FakePlatform();
  const states = [];
  const said = [];
  const uplink = new Uplink({
    url: 'ws://x/ws/streamer?camera_id=A', token: () => 'secret', platform,
    onState: (state, problem) => states.push(problem === null ? state : `${state}: ${problem.title}`),
    onSaid: (text) => said.push(text),
    whyRefused: async () => null,
    ...options,
  });
  uplink.open();
  return { uplink, platform, states, said };
}

/** @param {FakePlatform} platform */
function accept(platform) {
  platform.socket.bufferedAmount = 0;
  platform.socket.open();
  platform.socket.say(CONNECTED);
}

test('a picture goes out only when the one before has left', () => {
  const { uplink, platform, states } = makeUplink();
  assert.deepEqual(platform.socket.protocols, ['ringcast.binary.v1', 'secret']);
  assert.equal(uplink.isFree, false);
  accept(platform);
  assert.deepEqual(states, ['connecting', 'open']);
  assert.equal(uplink.maxFrameBytes, 1000);
  assert.equal(uplink.isFree, true);
  uplink.send(new Blob(['x']));
  assert.equal(platform.socket.sent.length, 1);
  platform.socket.bufferedAmount = 1;
  assert.equal(uplink.isFree, false);
  platform.socket.bufferedAmount = 0;
  assert.equal(uplink.isFree, true);
});

test('a line on which nothing leaves for ten seconds is given up', () => {
  const { uplink, platform, states } = makeUplink();
  accept(platform);
  platform.socket.bufferedAmount = 1;
  assert.equal(uplink.isFree, false);
  platform.pass(9000);
  assert.equal(uplink.isFree, false);
  assert.equal(uplink.state, 'open');
  platform.pass(1000);
  assert.equal(uplink.isFree, false);
  assert.deepEqual(states, ['connecting', 'open', 'waiting']);
  assert.equal(platform.sockets[0].closed, true);
  platform.pass(1000);
  assert.equal(platform.sockets.length, 2);
});

test('it comes back with a back-off, at once with the network, and not after its end', async () => {
  const { uplink, platform, states } = makeUplink();
  platform.socket.end();
  await null;
  assert.equal(uplink.state, 'waiting');
  platform.pass(499);
  assert.equal(platform.sockets.length, 1);
  platform.pass(1);
  assert.equal(platform.sockets.length, 2);
  platform.socket.end();
  platform.emit('online');
  assert.equal(platform.sockets.length, 3);
  accept(platform);
  uplink.close();
  assert.equal(platform.socket.closed, true);
  assert.equal(platform.timers, 0);
  assert.equal(platform.listeners.size, 0);
  assert.equal(states.at(-1), 'closed');
});

test('it ends with the page, and where somebody else sends this camera', async () => {
  const leaving = makeUplink();
  accept(leaving.platform);
  leaving.platform.emit('leave');
  assert.equal(leaving.platform.socket.closed, true);
  assert.equal(leaving.states.at(-1), 'closed');

  const over = makeUplink();
  accept(over.platform);
  over.platform.socket.end(4001);
  assert.equal(over.states.at(-1), 'closed: Streaming goes on elsewhere');
  assert.equal(over.platform.timers, 0);

  const problem = { title: 'no', detail: '' };
  const refused = makeUplink({ whyRefused: async () => problem });
  refused.platform.socket.end();
  await new Promise((done) => setImmediate(done));
  assert.equal(refused.states.at(-1), 'closed: no');
  assert.equal(refused.platform.timers, 0);
});

test('what the server says of the pictures is passed on', () => {
  const { platform, said } = makeUplink();
  accept(platform);
  platform.socket.say({ type: 'error', message: 'PNG' });
  platform.socket.say({ type: 'warning', message: 'silent' });
  platform.socket.say('keepalive');
  assert.deepEqual(said, ['PNG', 'silent']);
});

test('the pace does not make up for a pause', () => {
  const pace = new Pace(10);
  assert.equal(pace.isDue(1000), true);
  assert.equal(pace.isDue(1050), false);
  assert.equal(pace.wait(1050), 50);
  assert.equal(pace.isDue(1130), true); // 30 ms late: the next is due 70 ms later
  assert.equal(pace.isDue(1199), false);
  assert.equal(pace.isDue(1200), true);
  assert.equal(pace.isDue(9000), true);
  assert.equal(pace.isDue(9050), false);
});

test('errors in words', () => {
  assert.match(cameraProblem(new DOMException('x', 'NotAllowedError')).title, /not allowed/);
  assert.match(cameraProblem(new DOMException('x', 'NotFoundError')).title, /No camera/);
  assert.match(cameraProblem(new DOMException('x', 'NotReadableError')).title, /cannot be opened/);
  assert.equal(cameraProblem(new Error('odd')).detail, 'odd');
  assert.match(placeProblem(false, false)?.title ?? '', /https/);
  assert.match(placeProblem(true, false)?.title ?? '', /browser/);
  assert.equal(placeProblem(true, true), null);
  const refusal = (status, code) => refusalProblem({ status, code, message: 'why' });
  assert.match(refusal(409, 'camera_in_use')?.title ?? '', /Somebody else/);
  assert.equal(refusal(403, 'wrong_role')?.detail, 'why');
  for (const status of [0, 408, 426, 429, 500, 503]) {
    assert.equal(refusal(status, ''), null, String(status));
  }
});

test('choices that are kept are checked', () => {
  const random = () => 'abcdef01';
  const fresh = { cameraId: 'device-abcd', userId: 'device-abcdef01', device: 'facing:environment', height: 720, rate: 10 };
  for (const kept of [null, '', '{', 'null', '7', '{"height": 5, "rate": "x", "cameraId": 7}']) {
    assert.deepEqual(readChoices(kept, random), fresh, String(kept));
  }
  const chosen = { cameraId: 'CAR', userId: 'me', device: 'facing:user', height: 480, rate: 5 };
  assert.deepEqual(readChoices(JSON.stringify(chosen), random), chosen);
});
