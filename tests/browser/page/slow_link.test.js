// A phone on a link of 1.5 Mbit/s: what lies between a page's address and its first picture. What is judged are
// bytes and requests, which are the same on every machine; `make bench-first-picture` has the time.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { PHONE, loadFirstPicture } from '../harness/first_picture.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LINK = { bytesPerSecond: 1_500_000 / 8, roundTripMs: 60 };
const CONNECTIONS = 6; // of a browser to one server
const PICTURE_BYTES = 95_000; // 1280x720 of a street at the quality that a phone asks for, and what was found on it
const MOST = { ms: 2000, requests: 60, bytes: 105_000 };
const LIMIT = { timeout: 60_000 };

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Broadcaster} */
let broadcaster;
/** @type {Worker} */
let worker;

before(async () => {
  browser = await startChromium();
  broadcaster = await Broadcaster.start({ LOT: { name: 'North lot', source: 'push' } });
  worker = new Worker(broadcaster.url, 'LOT', await makePictures(browser, ['#c02020', '#2020c0']), metadataOf({ car: 1 }), 10);
});

after(async () => {
  await worker?.end();
  await broadcaster?.end();
  await browser?.close();
});

/**
 * What the link takes at most: as if nothing that waits for an answer and nothing that comes ever overlapped.
 * @param {{ requests: number, bytes: number }} loaded
 */
function linkMs({ requests, bytes }) {
  // The connection, the page, what the page names, six at a time; a WebSocket in two, and its first picture.
  const trips = 2 + Math.ceil((requests - 1) / CONNECTIONS) + 3;
  return trips * LINK.roundTripMs + ((bytes + PICTURE_BYTES) * 1000) / LINK.bytesPerSecond;
}

/** On a busy machine a picture may be so late that what is to come behind it does not wait any longer. */
function neverImpatient() {
  const set = window.setTimeout;
  window.setTimeout = /** @type {any} */ ((/** @type {any} */ task, ms = 0, /** @type {any[]} */ ...args) =>
    ms >= 1000 ? 0 : set(task, ms, ...args));
}

/**
 * Calls back with what a page asks of the server over WebSockets.
 * @param {import('playwright-core').Page} page
 * @param {(text: string) => void} said
 */
function listen(page, said) {
  page.on('websocket', (socket) => {
    said(socket.url());
    socket.on('framesent', ({ payload }) => said(String(payload)));
  });
}

for (const [name, path] of [['wall', '/'], ['camera', '/camera/LOT']]) {
  test(`${name}: little comes before the first picture, and that suits a phone`, LIMIT, async (t) => {
    let asked = '';
    const loaded = await loadFirstPicture(browser, broadcaster.url + path, PHONE, async (page) => {
      listen(page, (text) => (asked += `${text}\n`));
      await page.addInitScript(neverImpatient);
    });
    const { requests, bytes } = loaded;
    const ms = Math.round(linkMs(loaded));
    t.diagnostic(`${requests} requests, ${bytes} bytes: ${ms} ms of the link at most`);
    assert.ok(requests <= MOST.requests && bytes <= MOST.bytes && ms <= MOST.ms, `${requests} requests, ${bytes} bytes, ${ms} ms`);
    assert.match(asked, /quality\W+60\b/);
  });

  test(`${name}: the first picture waits for nothing that it does not need`, LIMIT, async () => {
    const context = await browser.newContext({ viewport: { width: 1600, height: 900 } });
    const page = await context.newPage();
    let asked = '';
    listen(page, (text) => (asked += `${text}\n`));
    const opened = page.waitForEvent('websocket', LIMIT);
    for (const late of ['**/api/cameras', `**/page/${name}/${name}_page.js`, '**/page/texts.js']) {
      await context.route(late, async (route) => {
        await opened;
        await route.continue();
      });
    }
    const worker = new Promise((wanted) => void context.route('**/lib/decode_worker.js', wanted)); // it never comes
    await page.goto(broadcaster.url + path, { waitUntil: 'commit' });
    await page.waitForSelector('[data-picture="live"]', LIMIT);
    await worker;
    assert.match(asked, /quality\W+100\b/, 'a large screen gets the best there is');
    await context.close();
  });
}
