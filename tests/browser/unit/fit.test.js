import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fitPlace } from '../../../web/lib/fit.js';

test('a picture is as large as it fits, in the middle', () => {
  const picture = { width: 1280, height: 720 };
  const cases = [
    [{ width: 640, height: 360 }, { x: 0, y: 0, width: 640, height: 360 }],
    [{ width: 640, height: 460 }, { x: 0, y: 50, width: 640, height: 360 }],
    [{ width: 2000, height: 720 }, { x: 360, y: 0, width: 1280, height: 720 }],
    [{ width: 2560, height: 1440 }, { x: 0, y: 0, width: 2560, height: 1440 }],
    [{ width: 390, height: 220 }, { x: 0, y: 0, width: 390, height: 220 }], // 219.4: no border for a rounding
  ];
  for (const [room, place] of cases) {
    assert.deepEqual(fitPlace(picture, room), place);
  }
});
