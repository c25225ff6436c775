// The page that makes this device a camera, with Chromium's simulated one and the real broadcaster.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { WebSocket } from 'ws';

import { assertAccessible } from '../harness/axe.js';
import { Broadcaster, assertGoneAtOnce } from '../harness/broadcaster.js';
import { startChromium } from '../harness/chromium.js';
import { atEnd } from '../harness/ends.js';

const LIMIT = { timeout: 60_000 };
const CAMERAS = {
  LOT: { name: 'North lot', path: '/nowhere.mjpeg' },
  PHONE: { name: 'Guard’s phone', source: 'push' },
};

/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  browser = await startChromium({
    args: ['--use-fake-device-for-media-stream', '--host-resolver-rules=MAP camera.example 127.0.0.1'],
  });
});

after(() => browser?.close());

/** @param {object} settings */
async function start(settings = {}) {
  const broadcaster = await Broadcaster.start(CAMERAS, settings);
  atEnd(() => broadcaster.end());
  return broadcaster;
}

/** A device of its own: what it remembers is its own. @param {string[]} permissions */
async function newDevice(permissions = ['camera']) {
  const context = await browser.newContext({ permissions });
  atEnd(() => context.close());
  return context;
}

/**
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} url
 * @param {string} camera
 */
async function openPage(context, url, camera) {
  const page = await context.newPage();
  await page.goto(`${url}/publish`);
  await page.locator('#toggle:enabled').waitFor();
  await page.fill('#camera-id', camera);
  return page;
}

/** @param {import('playwright-core').Page} page */
async function stream(page) {
  await page.click('#toggle');
  await page.locator('#badge-text', { hasText: /^Live$/ }).waitFor();
}

/** The next frames of a camera. @param {string} url @param {string} camera */
async function watch(url, camera, count = 3) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/stream/raw?camera_id=${camera}`);
  /** @type {any[]} */
  const frames = [];
  await new Promise((done, failed) => {
    socket.on('error', failed);
    socket.on('message', (text) => {
      const message = JSON.parse(String(text));
      if (message.type === 'frame' && frames.push(message) === count) {
        done(undefined);
      }
    });
  });
  socket.close();
  return frames;
}

/** @param {string} base64 of a JPEG, perhaps as a data URL @returns {{ width: number, height: number }} */
function sizeOf(base64) {
  const bytes = Buffer.from(base64.replace(/^data:image\/jpeg;base64,/, ''), 'base64');
  for (let at = 2; at < bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (marker >= 0xc0 && marker <= 0xc2) {
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  throw new Error('no frame header');
}

test('what the camera sees comes out at a viewer, and the page says what goes out', LIMIT, async () => {
  const { url } = await start();
  const page = await openPage(await newDevice(), url, 'PHONE');
  await page.selectOption('#resolution', '360');
  await stream(page);
  const frames = await watch(url, 'PHONE');
  const size = sizeOf(frames[0].data);
  assert.equal(Math.min(size.width, size.height), 360);
  assert.notEqual(frames[0].data, frames[2].data);
  await page.locator('#viewers-row:visible').waitFor();
  const sent = Number(await page.textContent('#sent'));
  assert.ok(sent >= 3, `${sent} frames`);
  assert.equal(await page.textContent('#size'), `${size.width} × ${size.height}`);
  assert.match((await page.getAttribute('#watch', 'href')) ?? '', /\/camera\/PHONE$/);

  await assertAccessible(page);

  // Another resolution, without leaving.
  await page.selectOption('#resolution', '480');
  await page.locator('#size', { hasText: '480' }).waitFor();
  assert.equal(await page.textContent('#badge-text'), 'Live');

  // Several at once, each before the camera is open for the one before.
  await page.evaluate(() => {
    for (const [id, value] of [['resolution', '720'], ['frame-rate', '15'], ['resolution', '360']]) {
      const choice = /** @type {HTMLSelectElement} */ (document.getElementById(id ?? ''));
      choice.value = value ?? '';
      choice.dispatchEvent(new Event('change', { bubbles: true }));
    }
  });
  await page.locator('#size', { hasText: / 360$/ }).waitFor();
  assert.equal(await page.textContent('#badge-text'), 'Live');

  await page.click('#toggle');
  await page.locator('#badge-text', { hasText: 'Not streaming' }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('video')?.srcObject), null);
});

test('who leaves the page has stopped at once', LIMIT, async () => {
  const broadcaster = await start();
  const device = await newDevice();
  const times = [];
  for (const leave of ['close', 'away', 'close']) {
    const page = await openPage(device, broadcaster.url, `CAR-${times.length}`);
    await stream(page);
    const left = leave === 'close' ? page.close({ runBeforeUnload: false }) : page.goto('about:blank');
    const at = performance.now();
    await broadcaster.waitForLog(new RegExp(`\\[CAR-${times.length}\\] streamer gone`));
    times.push(performance.now() - at);
    await left;
    await page.close();
  }
  assertGoneAtOnce(times);
});

test('it comes back with the server', LIMIT, async () => {
  const broadcaster = await start();
  const page = await openPage(await newDevice(), broadcaster.url, 'PHONE');
  await stream(page);
  await broadcaster.kill('SIGKILL');
  await page.locator('#badge-text', { hasText: 'trying again' }).waitFor();
  await broadcaster.restart();
  await page.locator('#badge-text', { hasText: /^Live$/ }).waitFor();
  await watch(broadcaster.url, 'PHONE', 1);
});

test('what is in the way is said in words', LIMIT, async () => {
  const { url } = await start();
  const problem = '#problem-title';

  // Nobody allowed the camera.
  const forbidden = await openPage(await newDevice([]), url, 'PHONE');
  await forbidden.click('#toggle');
  await forbidden.locator(problem, { hasText: 'not allowed' }).waitFor();
  assert.equal(await forbidden.textContent('#toggle'), 'Start streaming');
  await assertAccessible(forbidden);

  // The same device elsewhere takes over; another one may not.
  const device = await newDevice();
  const first = await openPage(device, url, 'PHONE');
  await stream(first);
  const second = await openPage(device, url, 'PHONE');
  await stream(second);
  await first.locator(problem, { hasText: 'goes on elsewhere' }).waitFor();
  const other = await openPage(await newDevice(), url, 'PHONE');
  await other.click('#toggle');
  await other.locator(problem, { hasText: 'Somebody else' }).waitFor();

  // The server has this camera; the id is none.
  await other.fill('#camera-id', 'LOT');
  await other.click('#toggle');
  await other.locator(problem, { hasText: 'belongs to a camera of the server' }).waitFor();
  await other.fill('#camera-id', 'ä b');
  await other.click('#toggle');
  await other.locator('#camera-id-error', { hasText: 'Letters' }).waitFor();
});

test('over a line that anybody reads there is no camera, and the page says why', LIMIT, async () => {
  const { port } = await start({ hosts: ['camera.example'] });
  const page = await (await newDevice([])).newPage();
  await page.goto(`http://camera.example:${port}/publish`);
  await page.locator('#problem-title', { hasText: 'needs https' }).waitFor();
  assert.equal(await page.isDisabled('#toggle'), true);
});
