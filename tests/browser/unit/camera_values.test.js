// The form of a camera: what is sent, and where the server's complaints belong.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  changesOf, errorsByField, fieldsOfSource, judgeAddress, newValues, overtaken, proposeId, valuesOf,
} from '../../../web/page/cameras/camera_values.js';
import { testErrorText } from '../../../web/page/cameras/error_words.js';
import { readJudgement } from '../../../web/page/spaces/live_source.js';

const CAMERA = {
  id: 'LOT', name: 'North lot', state: 'online', source: 'mjpeg', width: 1280, height: 720, fps: 24.9, spaces: [],
  origin: 'file',
  settings: {
    url: 'http://10.0.0.7:81/stream?key=***', user: 'admin', has_password: true, tls_verify: true, capture: 'always',
    linger_s: 10, source_fps: 5, fps: 10, max_fps: 10, skip_frames: 2, detect: 'always',
  },
};

test('a new camera is sent with what was given, and nothing else', () => {
  const values = { ...newValues(), name: ' North lot ', url: ' http://10.0.0.7/stream ', fps: '2.5', password: ' x ' };
  assert.deepEqual(changesOf(values, null), {
    name: 'North lot', source: 'mjpeg', url: 'http://10.0.0.7/stream', fps: 2.5, tls_verify: true, password: ' x ',
  });
  assert.deepEqual(changesOf({ ...values, source: 'push' }, null), { name: 'North lot', source: 'push', fps: 2.5 });
});

test('what two have changed at once is told from what one of them has', () => {
  const before = valuesOf(CAMERA);
  const now = { ...before, name: 'South lot', fps: '5' };
  assert.deepEqual(overtaken({ name: 'North', detect: 'off', password: 'x' }, before, now), ['name']);
  assert.deepEqual(overtaken({ detect: 'off' }, before, now), []);
});

test('of a camera only what differs is sent', () => {
  const before = valuesOf(CAMERA);
  assert.equal(before.fps, '10');
  assert.equal(before.password, '');
  assert.deepEqual(changesOf(before, before), {});
  const changed = { ...before, name: 'South lot', skip_frames: '' };
  assert.deepEqual(changesOf(changed, before), { name: 'South lot', skip_frames: null });
  assert.deepEqual(changesOf({ ...before, tls_verify: false }, before), { tls_verify: false });
  assert.deepEqual(changesOf({ ...before, url: 'http://b/' }, before), { url: 'http://b/', user: 'admin' });
  assert.deepEqual(changesOf({ ...before, password: 'new' }, before), { password: 'new' });
  assert.deepEqual(changesOf({ ...before, password: 'new', noPassword: true }, before), { password: null });
});

test('another source takes back what means nothing for it', () => {
  const before = valuesOf(CAMERA);
  const changes = changesOf({ ...before, source: 'push' }, before);
  assert.equal(changes.source, 'push');
  assert.equal(changes.url, null);
  assert.equal(changes.user, null);
  assert.equal(changes.password, null);
  assert.ok(!('fps' in changes) && !('name' in changes));
});

test('what is no number goes to the server as it is, to be refused there', () => {
  const before = valuesOf(CAMERA);
  assert.deepEqual(changesOf({ ...before, fps: '100' }, before), { fps: 100 });
  assert.deepEqual(changesOf({ ...before, fps: 'many' }, before), { fps: 'many' });
});

test('a file is not for the form', () => {
  const before = valuesOf({ ...CAMERA, source: 'file', settings: { ...CAMERA.settings, url: null } });
  assert.ok(!fieldsOfSource('file').has('url'));
  assert.deepEqual(changesOf({ ...before, name: 'Clip' }, before), { name: 'Clip' });
});

test('an id is proposed from the name', () => {
  assert.equal(proposeId('Einfahrt Süd', []), 'einfahrt-sud');
  assert.equal(proposeId('North', ['north']), 'north-2');
  assert.equal(proposeId('  ', []), '');
});

test('complaints go to their fields', () => {
  const errors = errorsByField([
    { path: 'cameras.LOT.fps', field: 'fps', message: '100 is above 60' },
    { path: 'cameras.LOT.url', field: 'url', message: 'a' },
    { path: 'cameras.LOT.url', message: 'b' },
    { path: 'cameras.OTHER.spaces[0].polygon', field: 'spaces[0].polygon', message: 'c' },
    { path: '', field: '', message: 'd' },
  ]);
  assert.equal(errors.get('fps'), '100 is above 60');
  assert.equal(errors.get('url'), 'a. b');
  assert.equal(errors.get(''), 'cameras.OTHER.spaces[0].polygon: c. d');
});

for (const [url, judged] of /** @type {const} */ ([
  ['rtsp://10.0.0.7/live', 'rtsp'], ['RTSPS://x', 'rtsp'], ['ftp://x/y', 'scheme'], ['http://10.0.0.7', 'page'],
  ['http://10.0.0.7/', 'page'], ['http://10.0.0.7/stream', null], ['10.0.0.7:81/stream', null], ['', null],
])) {
  test(`an address: ${url}`, () => assert.equal(judgeAddress(url), judged));
}

for (const [reason, said] of /** @type {const} */ ([
  ['camera is offline', 'camera is offline'],
  ['connection refused', 'connection refused: nothing answers at this port. Check it, and that the camera is on.'],
  ['404: there is nothing at this path', 'there is nothing at this path (its answer was 404)'],
  ['500', 'the camera has a problem of its own (its answer was 500)'],
  ['a stream, not a single JPEG: set source to mjpeg', 'it sends a stream. Choose “A stream of pictures”.'],
])) {
  test(`why a camera gave no picture: ${reason}`, () => assert.equal(testErrorText(reason), said));
}

test('what a detector says of spaces and vehicles; what others say', () => {
  const judgement = readJudgement({
    space_occupancy: [{ space_id: 'a', state: 'free' }, { space_id: 7 }, null],
    frame: { width: 100, height: 50 },
    detections: [{ bbox: [10, 10, 20, 20] }, { bbox: 'none' }, {}],
  });
  assert.deepEqual([...judgement?.states ?? []], [['a', 'free'], ['7', 'unknown']]);
  assert.deepEqual(judgement?.vehicles, [{ left: 0.1, top: 0.2, right: 0.3, bottom: 0.6 }]);
  for (const nothing of [null, {}, { detections: [{ bbox: [1, 2, 3, 4] }] }, { space_occupancy: 'x' }]) {
    assert.equal(readJudgement(nothing), null);
  }
});
