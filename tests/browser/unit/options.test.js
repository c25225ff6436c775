import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CanvasStreamRenderer, WebSocketStreamManager } from '../../../web/lib/index.js';
import { FakePlatform } from './fake_platform.js';

/** Where a manager with such options connects to. */
function addressOf(options) {
  const platform = new FakePlatform();
  new WebSocketStreamManager({ ...options, platform }).connect();
  return platform.socket.url;
}

test('what is misspelt, or out of bounds, is said at once', () => {
  const url = 'ws://h:8069';
  const cases = [
    [{ camera_id: 'A' }, /no option camera_id: it is cameraId/],
    [{ skip_frames: 2 }, /it is skipFrames/],
    [{ cameraID: 'A' }, /it is cameraId/],
    [{ confidence: 0.4 }, /no option confidence: known are/],
    [{ conf: 25 }, /conf must be a number from 0.05 to 0.95, and is 25/],
    [{ fps: '10' }, /fps must be a number from 0.1 to 60, and is "10"/],
    [{ fps: NaN }, /fps must be/],
    [{ skipFrames: 1.5 }, /skipFrames must be a whole number/],
    [{ showLabels: 'no' }, /showLabels must be true or false/],
    [{ url: 'localhost:8069/ws/stream/raw' }, /needs a scheme: ws:\/\/localhost:8069\/ws\/stream\/raw/],
    [{ url: '192.168.1.20:8069' }, /needs a scheme: ws:\/\/192.168.1.20:8069/],
    [{ url: 'rtsp://camera/1' }, /must begin with ws:\/\//],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => new WebSocketStreamManager({ url, ...options }), message, JSON.stringify(options));
  }
  const manager = new WebSocketStreamManager({ url, platform: new FakePlatform() });
  assert.throws(() => manager.set({ conf: 0 }), /conf must be/);
  assert.throws(() => manager.set({ show_labels: true }), /it is showLabels/);
  assert.throws(() => manager.subscribe('A', { fps: 100 }), /fps must be/);
});

test('what is not given may be null, and a server without a path has the first one', () => {
  const nothing = { cameraId: null, userId: null, conf: null, fps: null, showLabels: null, token: null };
  assert.equal(addressOf({ url: 'ws://h:8069', ...nothing }), 'ws://h:8069/ws/viewer/detection');
  assert.equal(addressOf({ url: 'https://h/', cameraId: 'A', fps: 5 }), 'wss://h/ws/viewer/detection?camera_id=A&fps=5');
  assert.equal(addressOf({ url: 'http://h/north/ws/stream/raw' }), 'ws://h/north/ws/stream/raw');
});

test('a refusal that nobody listens to is in the console', (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const platform = new FakePlatform();
  const manager = new WebSocketStreamManager({ url: 'ws://h', platform });
  manager.connect();
  platform.socket.open();
  platform.socket.say({ type: 'error', message: 'no such camera' });
  assert.equal(warn.mock.calls[0]?.arguments[0]?.message, 'no such camera');
});

test('no canvas is said in words', () => {
  assert.throws(() => new CanvasStreamRenderer(null), /needs a canvas, and was given null/);
});
