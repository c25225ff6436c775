import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { FrameMatcher } from '../../../web/lib/frame_matcher.js';

/** @type {FrameMatcher} */
let matcher;

beforeEach(() => {
  matcher = new FrameMatcher();
});

function frame(number, generation = 1n) {
  return { cameraId: 'CAM1', generation, number: BigInt(number), metadata: null };
}

test('a picture waits for what was found on it', () => {
  const picture = frame(7);
  assert.equal(matcher.addFrame(picture), false);
  assert.equal(matcher.addFindings({ vehicle_count: 1 }, frame(6)), null);
  assert.equal(matcher.addFindings({ vehicle_count: 2 }, frame(7, 2n)), null, 'another start of the camera');
  assert.equal(matcher.addFindings({ vehicle_count: 3 }, frame(7)), picture);
  assert.equal(matcher.findings(picture)?.vehicle_count, 3);
  assert.equal(matcher.waiting, 0);
});

test('what was found first waits for its picture', () => {
  matcher.addFrame(frame(6));
  matcher.addFindings({ vehicle_count: 3 }, frame(7));
  assert.equal(matcher.addFrame(frame(7)), true);
  assert.equal(matcher.waiting, 0, 'an older one is not shown any more');
  assert.equal(matcher.findings(frame(6)), null);
});

test('older ones go with the one that is found, newer ones wait on', () => {
  for (const number of [1, 2, 3]) {
    matcher.addFrame(frame(number));
  }
  matcher.addFindings({}, frame(2));
  assert.equal(matcher.waiting, 1);
  assert.equal(matcher.takeNewest()?.number, 3n);
  assert.equal(matcher.takeNewest(), null);
});

test('holds the newest 32 of either', () => {
  for (let number = 1; number <= 100; number++) {
    matcher.addFrame(frame(number));
  }
  assert.equal(matcher.waiting, 32);
  assert.equal(matcher.addFindings({}, frame(68)), null);
  assert.equal(matcher.addFindings({}, frame(69))?.number, 69n);
  for (let number = 101; number <= 200; number++) {
    matcher.addFindings({ vehicle_count: number }, frame(number));
  }
  assert.equal(matcher.findings(frame(168)), null);
  assert.equal(matcher.findings(frame(169))?.vehicle_count, 169);
  assert.equal(matcher.latest?.vehicle_count, 200);
  matcher.clear();
  assert.equal(matcher.latest, null);
  assert.equal(matcher.waiting, 0);
});
