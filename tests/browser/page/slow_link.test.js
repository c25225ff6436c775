// A phone on a link of 1.5 Mbit/s: what lies between the wall's address and its first picture. What is judged are
// bytes and round trips, which are the same on every machine; how long it took is printed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LINK = { offline: false, downloadThroughput: 1_500_000 / 8, uploadThroughput: 750_000 / 8, latency: 60 };
const CONNECTIONS = 6; // of a browser to one server
const PICTURE_BYTES = 50_000;
const MOST_MS = 2000;
const LIMIT = { timeout: 60_000 };

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

/**
 * What the link takes at most: as if nothing that waits for an answer and nothing that comes ever overlapped.
 * @param {{ requests: number, bytes: number }} loaded
 */
function linkMs({ requests, bytes }) {
  // The connection, the page, what the page names, six at a time; a WebSocket in two, and its first picture.
  const trips = 2 + Math.ceil((requests - 1) / CONNECTIONS) + 3;
  return trips * LINK.latency + ((bytes + PICTURE_BYTES) * 1000) / LINK.downloadThroughput;
}

/** A lot that somebody sends pictures of. @param {(url: string) => Promise<void>} look */
async function withPictures(look) {
  const broadcaster = await Broadcaster.start({ LOT: { name: 'North lot', source: 'push' } });
  const worker = new Worker(broadcaster.url, 'LOT', await makePictures(browser, ['#c02020', '#2020c0']),
    metadataOf({ car: 1 }), 10);
  try {
    await look(broadcaster.url);
  } finally {
    await worker.end();
    await broadcaster.end();
  }
}

test('the first picture on a phone comes soon', LIMIT, (t) => withPictures(async (url) => {
  const fast = await load(url, null);
  const slow = await load(url, LINK);
  t.diagnostic(`first picture: ${Math.round(slow.ms)} ms at 1.5 Mbit/s and 60 ms, ${Math.round(fast.ms)} ms without a limit; `
    + `${slow.requests} requests, ${Math.round(slow.bytes / 1000)} kB: ${Math.round(linkMs(slow))} ms of the link at most`);
  assert.ok(linkMs(slow) < MOST_MS, `${slow.requests} requests, ${slow.bytes} bytes`);
}));

test('the first picture waits for nothing that it does not need', LIMIT, () => withPictures(async (url) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const opened = page.waitForEvent('websocket', LIMIT);
  let held = 0;
  await context.route('**/lib/decode_worker.js', () => { // it never comes
    held++;
  });
  await context.route('**/api/cameras', async (route) => {
    await opened;
    await route.continue();
  });
  await page.goto(url, { waitUntil: 'commit' });
  await page.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]', LIMIT);
  assert.equal(held, 1);
  await context.close();
}));
