// The health page with the real broadcaster: who watches, who is disconnected, what was warned of.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

import { assertAccessible } from '../harness/axe.js';
import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { atEnd } from '../harness/ends.js';
import { token } from '../harness/tokens.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LIMIT = { timeout: 60_000 };
const CAMERAS = { LOT: { name: 'North lot', source: 'push' }, FAR: { name: 'Far lot', path: '/nowhere.mjpeg' } };

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {string[]} */
let pictures;

before(async () => {
  browser = await startChromium();
  pictures = await makePictures(browser, ['#c02020', '#2020c0']);
});

after(() => browser?.close());

/** @param {object} settings */
async function start(settings = {}) {
  const broadcaster = await Broadcaster.start(CAMERAS, settings);
  atEnd(() => broadcaster.end());
  return broadcaster;
}

/** @param {string} address */
async function open(address) {
  const context = await browser.newContext();
  atEnd(() => context.close());
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

/** @param {string} url @param {string} user @param {string} query of the camera; '': of all */
async function watch(url, user, query = 'camera_id=LOT&') {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/viewer/detection?${query}user_id=${user}`);
  atEnd(() => socket.terminate());
  await new Promise((opened, failed) => socket.once('open', opened).once('error', failed));
  return socket;
}

/** @param {import('playwright-core').Page} page @param {string} section @param {string} text */
function row(page, section, text) {
  return page.locator(`section[aria-label="${section}"] tbody tr`, { hasText: text });
}

test('what goes on is there, and follows', LIMIT, async () => {
  const broadcaster = await start({ max_viewers: 4 });
  const worker = new Worker(broadcaster.url, 'LOT', pictures, metadataOf({ car: 1 }), 10);
  atEnd(() => worker.end());
  const socket = await watch(broadcaster.url, 'guard');
  const page = await open(`${broadcaster.url}/health`);
  await row(page, 'Processes', 'broadcaster').locator('.pill', { hasText: 'Running' }).waitFor();
  await row(page, 'Processes', 'capture.FAR').locator('.pill', { hasText: 'Does not answer' }).waitFor();
  await row(page, 'Cameras', 'North lot').waitFor();
  await page.locator('section[aria-label="Detectors"]', { hasText: 'No model is configured' }).waitFor();
  const guard = row(page, 'Viewers', 'guard');
  await guard.waitFor();
  assert.match((await guard.textContent()) ?? '', /LOT/);
  await page.locator('section[aria-label="Limits"] .card', { hasText: '1 of 4' }).waitFor();
  assert.match((await page.getAttribute('#links a[href$="/metrics"]', 'href')) ?? '', /^http/);
  await assertAccessible(page);

  // The viewer goes, and the page says so by itself.
  socket.close();
  await page.locator('section[aria-label="Viewers"]', { hasText: 'Nobody is watching.' }).waitFor();
  await guard.waitFor({ state: 'detached' });
});

test('a viewer is disconnected, after a question', LIMIT, async () => {
  const broadcaster = await start();
  const socket = await watch(broadcaster.url, 'stranger');
  const closed = new Promise((code) => socket.once('close', code));
  await watch(broadcaster.url, 'wall', '');
  const page = await open(`${broadcaster.url}/health`);
  await row(page, 'Viewers', 'all cameras').waitFor();
  const button = row(page, 'Viewers', 'stranger').locator('button');
  await button.click();
  await page.locator('dialog button', { hasText: 'Cancel' }).click();
  assert.equal(socket.readyState, WebSocket.OPEN);
  await button.click();
  await page.locator('dialog button', { hasText: 'Disconnect' }).click();
  assert.equal(await closed, 1008);
  await page.locator('.toast', { hasText: 'stranger was disconnected' }).waitFor();
  await row(page, 'Viewers', 'stranger').waitFor({ state: 'detached' });
});

test('warnings, and a server that is gone', LIMIT, async () => {
  const broadcaster = await start();
  const page = await open(`${broadcaster.url}/health`);
  await row(page, 'Processes', 'broadcaster').waitFor();
  await broadcaster.kill('SIGKILL');
  await page.locator('#ready', { hasText: 'cannot be reached' }).waitFor();
  assert.equal(await page.locator('section[aria-label="Processes"] table').isVisible(), false);
  await broadcaster.restart();
  await row(page, 'Processes', 'broadcaster').waitFor();
  await page.locator('#ready', { hasText: 'cannot be reached' }).waitFor({ state: 'detached' });
  assert.equal(await page.locator('section[aria-label="Processes"] [role="alert"]').isVisible(), false);
  // A streamer that sends no pictures is warned of.
  const socket = new WebSocket(`${broadcaster.url.replace('http', 'ws')}/ws/streamer?camera_id=LOT`);
  atEnd(() => socket.terminate());
  await new Promise((opened) => socket.once('open', opened));
  for (let i = 0; i < 10; i++) {
    socket.send('no picture');
  }
  await row(page, 'Last warnings', 'streamer closed').waitFor();
});

test('it is for admins', LIMIT, async () => {
  const { url } = await start({ tokens: [token('guard', 'viewer')] });
  const page = await open(`${url}/health#token=secret-of-guard`);
  await page.locator('main h1', { hasText: 'This page is not for you' }).waitFor();
});
