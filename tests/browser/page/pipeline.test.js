// From a simulated camera through every process to the page.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { BUILD } from '../harness/broadcaster.js';
import { startChromium } from '../harness/chromium.js';
import { Pipeline, pipelineMissing } from '../harness/pipeline.js';

const LIMIT = { timeout: 30_000 };

test('a car park with boxes on its cars, and a camera that goes', { skip: pipelineMissing() }, async () => {
  const pipeline = await Pipeline.start();
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    await page.goto(`${pipeline.url}/camera.html?camera=LOT`);
    await page.waitForSelector('#live[data-picture="live"]', LIMIT);
    await page.waitForFunction(() => Number(document.querySelector('#vehicles')?.textContent) >= 10, undefined, LIMIT);
    await page.waitForFunction(() => Number(document.querySelector('#rate')?.textContent) >= 1, undefined, LIMIT);
    assert.match((await page.textContent('#classes')) ?? '', /car/);
    assert.match((await page.textContent('#age')) ?? '', /^(\d+ ms|1\.\d s)$/);

    const folder = join(BUILD, 'screenshots');
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, 'pipeline-wide.png') });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: join(folder, 'pipeline-phone.png') });

    await pipeline.endCamera();
    await page.waitForSelector('#live[data-picture="stale"]', LIMIT);
    assert.notEqual(await page.textContent('#badge'), 'Live');
    assert.equal(await page.textContent('#connection'), 'Connected');
  } finally {
    await browser.close();
    await pipeline.end();
  }
});
