// What the health page makes of the server's figures.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatBytes } from '../../../web/page/format.js';
import { Rates, detectorSummary, limitTone, lossOf, lossTone, processTone } from '../../../web/page/health/figures.js';

test('rates out of counters', () => {
  const rates = new Rates();
  assert.equal(rates.take('a', 100, 1000), null);
  assert.equal(rates.take('a', 120, 3000), 10);
  assert.equal(rates.take('a', 120, 3000), 10); // twice in one answer
  assert.equal(rates.take('a', 5, 4000), null); // began anew
  assert.equal(rates.take('a', 6, 5000), 1);
  assert.equal(rates.take('a', null, 6000), null);
  assert.equal(rates.take('a', 7, 7000), null);
  rates.take('b', 1, 1000);
  rates.sweep(7000);
  assert.equal(rates.take('b', 2, 8000), null);
  assert.equal(rates.take('a', 8, 8000), 1);
});

test('loss, limits and states', () => {
  assert.equal(lossOf({ sent: 0, dropped: 0 }), null);
  assert.equal(lossOf({ sent: 3, dropped: 1 }), 0.25);
  assert.deepEqual([null, 0, 0.05, 0.3].map(lossTone), ['muted', 'muted', 'warn', 'bad']);
  assert.deepEqual(
    [{ used: 9, most: null }, { used: 7, most: 10 }, { used: 8, most: 10 }, { used: 10, most: 10 }].map(limitTone),
    ['good', 'good', 'warn', 'bad']);
  assert.deepEqual(['running', 'starting', 'failed', 'new'].map(processTone), ['good', 'warn', 'bad', 'muted']);
});

test('a detector in a line', () => {
  assert.deepEqual(detectorSummary(null), {
    model: null, input: null, cameras: 0, fps: 0, stagesMs: [], dropped: 0,
  });
  assert.deepEqual(detectorSummary({
    model: '/models/a.onnx', input: [640, 384], cameras_left_out: 1,
    cameras: {
      A: { fps: 5, dropped: 2, stage_us: { taken: 0, inferred: 40000 } },
      B: { fps: 2.5, dropped: 0, stage_us: { taken: 1500, inferred: 60000 } },
    },
  }), {
    model: 'a.onnx', input: [640, 384], cameras: 3, fps: 7.5, dropped: 2,
    stagesMs: [{ stage: 'inferred', ms: 50 }, { stage: 'taken', ms: 1.5 }],
  });
});

test('bytes as people read them', () => {
  assert.deepEqual([0, 999, 1000, 1234, 9949, 9960, 999_499, 999_500, 64 << 20, 5e12].map(formatBytes),
    ['0 B', '999 B', '1.0 kB', '1.2 kB', '9.9 kB', '10 kB', '999 kB', '1.0 MB', '67 MB', '5.0 TB']);
});
