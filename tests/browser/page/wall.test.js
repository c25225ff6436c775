// The live wall in a real browser, before the real broadcaster.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertAccessible } from '../harness/axe.js';
import { assertShownWithin } from '../harness/beside.js';
import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { atEnd } from '../harness/ends.js';
import { mainThreadShare } from '../harness/main_thread.js';
import { token } from '../harness/tokens.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LIMIT = { timeout: 15_000 };
const STATE_LIMIT_MS = 2000;
const WATCHED_MS = 5000;
const MAIN_THREAD_MAX = 0.3;

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {string[]} */
let pictures;

before(async () => {
  browser = await startChromium();
  pictures = await makePictures(browser, ['#c02020', '#2020c0']);
});

after(() => browser?.close());

/** @param {string[]} ids @param {object} settings */
async function start(ids, settings = {}) {
  const cameras = Object.fromEntries(ids.map((id) => [id, { name: `Lot ${id}`, source: 'push' }]));
  const broadcaster = await Broadcaster.start(cameras, settings);
  atEnd(() => broadcaster.end());
  return broadcaster;
}

/** @param {string} url @param {string} id @param {object} more metadata */
function work(url, id, more = {}, fps = 10, token = undefined) {
  const worker = new Worker(url, id, pictures, { ...metadataOf({ car: 2 }), ...more }, fps, token);
  atEnd(() => worker.end());
  return worker;
}

/** @param {import('playwright-core').BrowserContextOptions} options */
async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  atEnd(() => context.close());
  return context.newPage();
}

/** @param {import('playwright-core').Page} page @param {string} id @param {string} picture */
function waitForTile(page, id, picture) {
  return page.waitForSelector(`.tile[data-camera="${id}"][data-picture="${picture}"]`, LIMIT);
}

/** @param {import('playwright-core').Page} page */
function tileIds(page) {
  return page.$$eval('.tile', (tiles) => tiles.map((tile) => /** @type {HTMLElement} */ (tile).dataset.camera));
}

/** @param {import('playwright-core').Page} page */
function focusedTile(page) {
  return page.evaluate(() => /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest('.tile'))?.dataset.camera);
}

/** Whether anything is drawn. @param {import('playwright-core').Page} page @param {string} id */
function hasPicture(page, id) {
  return page.$eval(`.tile[data-camera="${id}"] canvas`, (canvas) => {
    const copy = document.createElement('canvas');
    copy.width = copy.height = 1;
    const context = /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d'));
    context.drawImage(/** @type {HTMLCanvasElement} */ (canvas), 0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data[3] === 255;
  });
}

test('every camera on one connection, with its state, rate, age and free spaces', async () => {
  const { url } = await start(['A', 'B', 'C']);
  work(url, 'A', { total_spaces: 10, occupied_spaces: 4 });
  work(url, 'B');
  const page = await newPage();
  /** @type {string[]} */
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(url);
  await waitForTile(page, 'A', 'live');
  await waitForTile(page, 'B', 'live');
  await waitForTile(page, 'C', 'none');
  assert.equal(sockets.length, 1, sockets.join(' '));
  await page.waitForFunction(() => /Lot A.*6 of 10 free.*[0-9.]+ fps.*\d+ (ms|s)/s.test(
    /** @type {HTMLElement} */ (document.querySelector('.tile[data-camera="A"]')).innerText), undefined, LIMIT);
  assert.equal(await page.textContent('.tile[data-camera="A"] .tile-state'), 'Live');
  assert.equal(await page.textContent('#connection'), 'Connected');
  assert.match((await page.getAttribute('.tile[data-camera="A"] .tile-open', 'aria-label')) ?? '', /^Lot A, Live, 6 of 10 free$/);
  await page.waitForFunction(() => document.querySelector('#summary')?.textContent === '2 of 3 cameras online', undefined, LIMIT);
  await assertAccessible(page);
});

test('what a stream says no more of its spaces does not stay', async () => {
  const { url } = await start(['A']);
  const worker = work(url, 'A', { total_spaces: 10, occupied_spaces: 4 });
  const page = await newPage();
  await page.goto(url);
  await page.waitForSelector('.tile-free:text("6 of 10 free")', LIMIT);
  await worker.end();
  work(url, 'A');
  await page.waitForSelector('.tile-free', { ...LIMIT, state: 'hidden' });
  await waitForTile(page, 'A', 'live');
});

test('frozen and offline are shown within 2 s, and the end of a stream clears its picture', async () => {
  const { url } = await start(['A', 'B']);
  const workers = [work(url, 'A'), work(url, 'B')];
  const page = await newPage();
  /** @type {import('playwright-core').WebSocketRoute | undefined} */
  let socket;
  await page.routeWebSocket(/\/ws\/viewer\/detection/, (route) => {
    socket = route;
    route.connectToServer();
  });
  const say = (/** @type {object} */ message) => socket?.send(JSON.stringify({ camera_id: 'A', ...message }));
  await page.goto(url);
  await waitForTile(page, 'A', 'live');
  await waitForTile(page, 'B', 'live');
  say({ type: 'camera_state', state: 'frozen' }); // frames go on coming, all alike
  await assertShownWithin(page, waitForTile(page, 'A', 'stale'), STATE_LIMIT_MS);
  assert.equal(await page.textContent('.tile[data-camera="A"] .tile-state'), 'Frozen');
  assert.match(await page.$eval('.tile[data-camera="A"] canvas', (canvas) => getComputedStyle(canvas).filter), /grayscale/);
  await waitForTile(page, 'B', 'live');
  await workers[0]?.end();
  await page.waitForTimeout(500); // what was posted last has arrived
  say({ type: 'camera_state', state: 'offline' });
  say({ type: 'stream_ended', reason: 'offline' });
  await assertShownWithin(page, waitForTile(page, 'A', 'none'), STATE_LIMIT_MS);
  assert.equal(await page.textContent('.tile[data-camera="A"] .tile-state'), 'Offline');
  assert.equal(await hasPicture(page, 'A'), false);
  assert.equal(await hasPicture(page, 'B'), true);
});

test('the server killed: no tile looks alive, and all come back', async () => {
  const broadcaster = await start(['A', 'B']);
  work(broadcaster.url, 'A');
  work(broadcaster.url, 'B');
  const page = await newPage();
  await page.goto(broadcaster.url);
  await waitForTile(page, 'A', 'live');
  await waitForTile(page, 'B', 'live');
  await broadcaster.kill('SIGKILL');
  const noneLive = page.waitForFunction(() => document.querySelector('.tile[data-picture="live"]') === null, undefined, LIMIT);
  await assertShownWithin(page, noneLive, STATE_LIMIT_MS);
  await assertAccessible(page);
  await broadcaster.restart();
  await waitForTile(page, 'A', 'live');
  await waitForTile(page, 'B', 'live');
});

test('one camera large and back: by pointer, by keyboard, by the address', async () => {
  const { url } = await start(['A', 'B', 'C', 'D']);
  ['A', 'B', 'C', 'D'].forEach((id) => work(url, id));
  const page = await newPage();
  await page.goto(url);
  await waitForTile(page, 'D', 'live');
  await page.click('.tile[data-camera="B"] .tile-open');
  await page.waitForSelector('.tile[data-camera="B"][data-opened]', LIMIT);
  assert.equal(new URL(page.url()).search, '?camera=B');
  assert.equal(await page.isVisible('.tile[data-camera="A"]'), false);
  assert.equal(await page.textContent('h1'), 'Lot B');
  assert.match((await page.getAttribute('#camera-page', 'href')) ?? '', /\/camera\/B$/);
  const large = await page.locator('.tile[data-opened]').boundingBox();
  assert.ok(large !== null && large.width > 900 && large.y + large.height <= 720);
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('.tile[data-camera="C"][data-opened]', LIMIT);
  await waitForTile(page, 'C', 'live');
  await page.keyboard.press('Escape');
  await page.waitForSelector('main:not([data-opened])', LIMIT);
  assert.equal(new URL(page.url()).search, '');
  await page.waitForFunction(() => document.activeElement?.closest('.tile') !== null, undefined, LIMIT);
  assert.equal(await focusedTile(page), 'C');
  await page.keyboard.press('ArrowUp'); // A B / C D
  assert.equal(await focusedTile(page), 'A');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.tile[data-camera="B"][data-opened]', LIMIT);
  await page.reload();
  await page.waitForSelector('.tile[data-camera="B"][data-opened]', LIMIT);
  await waitForTile(page, 'B', 'live');
  await assertAccessible(page);
  await page.click('#back');
  await page.waitForSelector('main:not([data-opened])', LIMIT);
  assert.match((await page.getAttribute('.tile[data-camera="A"] .tile-link', 'href')) ?? '', /\/camera\/A$/);
});

test('the layout is remembered', async () => {
  const { url } = await start(['A', 'B', 'C']);
  const page = await newPage();
  await page.goto(url);
  await waitForTile(page, 'C', 'none');
  await page.click('#arrange');
  await page.getByLabel('Move Lot C forward').press('Enter');
  await page.getByLabel('Move Lot C forward').press('Enter');
  await page.getByLabel('Show Lot B', { exact: true }).uncheck();
  await page.getByLabel('Show Lot C large').check();
  await page.selectOption('#arrange-columns', '3');
  await assertAccessible(page);
  await page.keyboard.press('Escape');
  assert.deepEqual(await tileIds(page), ['C', 'A']);
  const arranged = await page.$$eval('.tile', (tiles) => tiles.map((tile) => tile.getBoundingClientRect().width));
  await page.reload();
  await waitForTile(page, 'A', 'none');
  assert.deepEqual(await tileIds(page), ['C', 'A']);
  assert.deepEqual(await page.$$eval('.tile', (tiles) => tiles.map((tile) => tile.getBoundingClientRect().width)), arranged);
  assert.ok((arranged[0] ?? 0) > 1.9 * (arranged[1] ?? Infinity), String(arranged));
});

test('a long name on a phone pushes nothing out of sight', async () => {
  const { url } = await start(['A', 'L'.repeat(60)]);
  const page = await newPage({ viewport: { width: 390, height: 844 } });
  await page.goto(url);
  await waitForTile(page, 'A', 'none');
  await page.click('#arrange');
  const beyond = await page.$$eval('dialog[open] button, dialog[open] select', (all) =>
    all.filter((one) => one.getBoundingClientRect().right > 390 - 16).length);
  assert.equal(beyond, 0);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
});

test('on demand: a snapshot with its age, live as soon as it is opened', async () => {
  const { url } = await start(['B']); // which nobody pushes
  work(url, 'A');
  const page = await newPage();
  await page.route('**/api/cameras', async (route) => {
    const answer = await route.fetch();
    const { cameras } = await answer.json();
    await route.fulfill({ response: answer, json: { cameras: cameras.map((/** @type {object} */ one) => ({ ...one, capture: 'on_demand' })) } });
  });
  await page.goto(url);
  await waitForTile(page, 'A', 'snapshot');
  assert.equal(await page.textContent('.tile[data-camera="A"] .tile-state'), 'On demand');
  await page.waitForSelector('.tile[data-camera="B"] .tile-message:has-text("No picture")', LIMIT);
  await page.click('.tile[data-camera="A"] .tile-open');
  await waitForTile(page, 'A', 'live');
  await page.keyboard.press('Escape');
  await page.waitForSelector('.tile[data-camera="A"]:not([data-picture="live"])', LIMIT);
});

test('no camera at all, and all of them hidden', async () => {
  const { url } = await start([]);
  const page = await newPage({ colorScheme: 'dark' });
  await page.goto(url);
  await page.waitForSelector('text=No cameras yet', LIMIT);
  await page.waitForSelector('a:has-text("Add a camera")', LIMIT);
  await assertAccessible(page);
  work(url, 'NEW'); // it appears by itself
  await waitForTile(page, 'NEW', 'live');
  await page.click('#arrange');
  await page.getByLabel('Show NEW', { exact: true }).uncheck();
  await page.keyboard.press('Escape');
  await page.waitForSelector('text=All cameras are hidden', LIMIT);
});

test('a form asks for the token, and the role decides what is shown', async () => {
  const { url } = await start(['A'], { tokens: ['viewer', 'publisher', 'admin'].map((name) => token(name)) });
  work(url, 'A', {}, 10, 'secret-of-publisher');
  const page = await newPage({ viewport: { width: 390, height: 844 } });
  await page.goto(url);
  await page.fill('#login-token', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=This token is not valid.', LIMIT);
  await assertAccessible(page);
  await page.fill('#login-token', 'secret-of-viewer');
  await page.keyboard.press('Enter');
  await waitForTile(page, 'A', 'live');
  assert.equal(await page.isVisible('nav'), false, 'a viewer has nowhere else to go');
  await page.click('button[aria-label="Sign out viewer"]');
  await page.fill('#login-token', 'secret-of-admin');
  await page.keyboard.press('Enter');
  await waitForTile(page, 'A', 'live');
  assert.deepEqual(await page.locator('nav a').allInnerTexts(), ['Wall', 'Cameras', 'Publish', 'Health']);
  await page.click('button[aria-label="Sign out admin"]');
  await page.fill('#login-token', 'secret-of-publisher');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=This page is not for you', LIMIT);
  assert.deepEqual(await page.locator('nav a').allInnerTexts(), ['Publish']);
});

const layouts = [
  ['phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }, false],
  ['tablet-dark', { viewport: { width: 820, height: 1180 }, colorScheme: 'dark' }, true],
  ['wide', { viewport: { width: 1600, height: 900 } }, true],
];

test('nine cameras: layouts, and a main thread that has time', async () => {
  const ids = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'];
  const { url } = await start(ids);
  ids.forEach((id) => work(url, id, {}, 8));
  for (const [name, options, fits] of layouts) {
    const page = await newPage(options);
    await page.goto(url);
    await waitForTile(page, 'A', 'live');
    const { width, height } = options.viewport;
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, `${name} scrolls sideways`);
    const bottom = await page.evaluate(() => document.documentElement.scrollHeight);
    assert.equal(bottom <= height, fits, `${name}: ${bottom} pixels high`);
    await page.context().close();
  }
  const page = await newPage({ viewport: { width: 1600, height: 900 } });
  await page.goto(url);
  for (const id of ids) {
    await waitForTile(page, id, 'live');
  }
  const share = await mainThreadShare(page, WATCHED_MS);
  console.log(`# nine cameras keep the main thread busy for ${(100 * share).toFixed(1)} % of the time`);
  assert.ok(share > 0 && share < MAIN_THREAD_MAX, `${share}`);
});
