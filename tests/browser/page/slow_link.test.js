// A phone on a link of 1.5 Mbit/s: how much the wall loads, and how long its first picture takes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LINK = { offline: false, downloadThroughput: 1_500_000 / 8, uploadThroughput: 750_000 / 8, latency: 60 };
const MOST_BYTES = 150_000; // 0.8 s of the link
const MOST_MS = 2000;

/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  browser = await startChromium();
});

after(() => browser?.close());

/**
 * Opens the wall with an empty cache. @param {string} url
 * @param {typeof LINK | null} link null: as fast as it gets
 * @returns {Promise<{ ms: number, bytes: number, requests: number }>} to the first picture
 */
async function load(url, link) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 3 });
  const page = await context.newPage();
  const debug = await context.newCDPSession(page);
  let bytes = 0;
  let requests = 0;
  await debug.send('Network.enable');
  debug.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests++;
  });
  if (link !== null) {
    await debug.send('Network.emulateNetworkConditions', link);
  }
  const began = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await page.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]');
  const ms = performance.now() - began;
  await context.close();
  return { ms, bytes, requests };
}

test('the first picture on a phone comes soon', { timeout: 60_000 }, async (t) => {
  const broadcaster = await Broadcaster.start({ LOT: { name: 'North lot', source: 'push' } });
  const worker = new Worker(broadcaster.url, 'LOT', await makePictures(browser, ['#c02020', '#2020c0']),
    metadataOf({ car: 1 }), 10);
  try {
    await load(broadcaster.url, null); // the browser and the server have warmed up
    const fast = await load(broadcaster.url, null);
    const slow = await load(broadcaster.url, LINK);
    t.diagnostic(`first picture: ${Math.round(slow.ms)} ms at 1.5 Mbit/s and 60 ms, ${Math.round(fast.ms)} ms without a limit; `
      + `${slow.requests} requests, ${Math.round(slow.bytes / 1000)} kB`);
    assert.ok(slow.bytes < MOST_BYTES, `${slow.bytes} bytes`);
    // What the machine itself takes is not the link's.
    assert.ok(slow.ms - fast.ms < MOST_MS, `${slow.ms} ms, ${fast.ms} ms of it without a limit`);
  } finally {
    await worker.end();
    await broadcaster.end();
  }
});
