import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RateMeter } from '../../../web/lib/index.js';
import { countVehicles } from '../../../web/page/camera/found.js';
import { formatAge, formatRate } from '../../../web/page/format.js';
import { judgePicture } from '../../../web/page/picture_state.js';

const live = { connection: 'open', cameraState: 'online', hasPicture: true, ageMs: 80, intervalMs: 100 };

const verdicts = [
  ['everything well', {}, 'live', null],
  ['no picture yet', { hasPicture: false }, 'none', null],
  ['no picture and no connection', { hasPicture: false, connection: 'waiting' }, 'none', null],
  ['the connection is gone', { connection: 'waiting' }, 'stale', 'connection'],
  ['no network', { connection: 'offline', cameraState: 'stale' }, 'stale', 'connection'],
  ['a camera that hangs', { cameraState: 'stale' }, 'stale', 'camera'],
  ['a camera that is gone', { cameraState: 'offline' }, 'stale', 'camera'],
  ['a frozen camera sends fresh frames', { cameraState: 'frozen' }, 'stale', 'camera'],
  ['a capture that starts anew', { cameraState: 'connecting' }, 'live', null],
  ['no frames, though the camera is well', { ageMs: 3100 }, 'stale', 'age'],
  ['slow frames may be older', { ageMs: 14_000, intervalMs: 5000 }, 'live', null],
  ['slow frames that do not come', { ageMs: 15_100, intervalMs: 5000 }, 'stale', 'age'],
  ['the first frame of a stream', { ageMs: 14_000, intervalMs: null }, 'live', null],
  ['a first frame without a second', { ageMs: 15_100, intervalMs: null }, 'stale', 'age'],
];

for (const [name, facts, picture, cause] of verdicts) {
  test(`picture: ${name}`, () => {
    assert.deepEqual(judgePicture({ ...live, ...facts }), { picture, cause });
  });
}

test('counts by class, whatever a worker wrote', () => {
  const car = { class: 'car' };
  assert.deepEqual(countVehicles({ vehicle_count: 3, detections: [{ class: 'bus' }, car, car] }), {
    total: 3,
    classes: [['car', 2], ['bus', 1]],
  });
  assert.deepEqual(countVehicles({ detections: [car] }), { total: 1, classes: [['car', 1]] });
  assert.deepEqual(countVehicles({ vehicle_count: 5 }), { total: 5, classes: [] });
  for (const odd of [null, {}, { detections: 'x' }, { vehicle_count: '3', detections: null }]) {
    assert.deepEqual(countVehicles(odd), { total: null, classes: [] });
  }
  assert.deepEqual(countVehicles({ detections: [null, 1, {}, { class: 7 }] }), { total: 4, classes: [] });
});

test('ages as people read them', () => {
  const ages = [
    [-5, '0 ms'], [85.4, '85 ms'], [999.4, '999 ms'], [1000, '1.0 s'], [9999, '9.9 s'], [12_300, '12 s'],
    [59_999, '59 s'], [200_000, '3 min 20 s'], [7_500_000, '2 h 5 min'], [356_400_000, '4 d 3 h'],
  ];
  for (const [ms, text] of ages) {
    assert.equal(formatAge(ms), text);
  }
  assert.equal(formatRate(9.94), '9.9');
  assert.equal(formatRate(9.96), '10');
});

test('rate of a steady stream, of one that stops, of a slow one', () => {
  let now = 0;
  const meter = new RateMeter(() => now);
  assert.equal(meter.perSecond, null);
  for (let i = 0; i < 100; i++) {
    meter.add();
    now += 40;
  }
  assert.ok(Math.abs(meter.perSecond - 25) < 0.01);
  assert.equal(meter.intervalMs, 40);
  now += 4000;
  assert.ok(meter.perSecond < 1);
  meter.reset();
  for (let i = 0; i < 3; i++) {
    meter.add();
    now += 15_000;
  }
  now -= 15_000;
  assert.ok(Math.abs(meter.perSecond - 1 / 15) < 0.001);
});
