// The camera page in a real browser, before the real broadcaster.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { assertAccessible } from '../harness/axe.js';
import { BUILD, Broadcaster, GONE_LIMIT_MS } from '../harness/broadcaster.js';
import { canvasPixel, makePictures, startChromium } from '../harness/chromium.js';
import { Worker, metadataOf } from '../harness/worker.js';

const RED = '#c02020';
const BLUE = '#2020c0';
const GREEN = '#20a020';
const LIMIT = { timeout: 30_000 };
// A server that was killed, and another camera chosen before the connection to the first one was open.
const EXPECTED = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET|before the connection is established/;
const BACK_LIMIT = { timeout: 30_000 }; // a server that was slow to come back is asked every 10 s at most

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Broadcaster} */
let broadcaster;
/** @type {string[]} */
let redBlue;
/** @type {Worker[]} */
let workers;
/** What the page complained about. @type {string[]} */
let complaints;

before(async () => {
  browser = await startChromium();
  redBlue = await makePictures(browser, [RED, BLUE]);
});

after(() => browser?.close());

beforeEach(async () => {
  workers = [];
  complaints = [];
  broadcaster = await Broadcaster.start({
    LOT: { name: 'North lot', source: 'push' },
    GATE: { name: 'Gate', source: 'push' },
  });
});

afterEach(async (context) => {
  workers.forEach((worker) => worker.end());
  for (const one of browser.contexts()) {
    await one.close();
  }
  await broadcaster.end();
  assert.deepEqual(complaints, [], `the console of the browser in "${context.name}"`);
});

/** @param {string} cameraId @param {Record<string, number>} counts */
function work(cameraId, counts = { car: 2 }, pictures = redBlue) {
  workers.push(new Worker(broadcaster.url, cameraId, pictures, metadataOf(counts)));
}

/** One frame. @param {string} cameraId @param {object} metadata */
async function postOnce(cameraId, metadata) {
  const answer = await fetch(`${broadcaster.url}/api/broadcast-detection`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ camera_id: cameraId, frame_base64: redBlue[0], metadata }),
  });
  assert.equal(answer.status, 200);
}

/** So many seconds ago. @param {number} seconds */
function ago(seconds) {
  return new Date(Date.now() - 1000 * seconds).toISOString();
}

/** Spaces A1, A2, … that have been what they are for 14 minutes. @param {...string} states */
function spacesOf(...states) {
  const list = states.map((state, i) => ({
    space_id: `a${i + 1}`, space_name: `A${i + 1}`, state, is_occupied: state === 'occupied', since: ago(14 * 60 + 5),
  }));
  const occupied = states.filter((state) => state === 'occupied').length;
  return { occupied_spaces: occupied, total_spaces: states.length, space_occupancy: list };
}

/** @param {number} seconds ago @param {string} name */
function eventAt(seconds, name) {
  return { space_id: name, space_name: name, from: 'free', to: 'occupied', at: ago(seconds), held_s: 30.5 };
}

/** @param {string} path @param {import('playwright-core').BrowserContextOptions} options */
async function openPage(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !EXPECTED.test(message.text())) {
      complaints.push(message.text());
    }
  });
  await page.goto(path === 'about:blank' ? path : broadcaster.url + path);
  return page;
}

/** @param {import('playwright-core').Page} page @param {'none' | 'live' | 'stale'} picture */
function waitForPicture(page, picture) {
  return page.waitForSelector(`#main[data-picture="${picture}"]`, LIMIT);
}

/** @param {number[]} pixel @param {string} colour */
function assertColour(pixel, colour) {
  const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  wanted.forEach((value, i) => assert.ok(Math.abs(value - (pixel[i] ?? -1)) < 30, `${pixel} instead of ${colour}`));
  assert.equal(pixel[3], 255);
}

/** How long it took, in ms. @param {string} cameraId @param {number} viewers */
async function waitForViewers(cameraId, viewers, limitMs = 5000) {
  const began = performance.now();
  for (;;) {
    const now = await broadcaster.viewers(cameraId);
    const passed = performance.now() - began;
    if (now === viewers) {
      return passed;
    }
    assert.ok(passed < limitMs, `${now} viewers instead of ${viewers} after ${Math.round(passed)} ms`);
  }
}

test('a picture appears with its counts, its age and its rate', async () => {
  const page = await openPage('/camera/LOT');
  await page.waitForSelector('text=Waiting for frames', LIMIT);
  assert.equal(await page.getAttribute('#main', 'data-picture'), 'none');
  work('LOT', { car: 7, truck: 2, bus: 1 });
  await waitForPicture(page, 'live');
  assertColour(await canvasPixel(page, 0.25, 0.2), RED);
  assertColour(await canvasPixel(page, 0.75, 0.8), BLUE);
  await page.waitForFunction(() => document.querySelector('#vehicles')?.textContent === '10', undefined, LIMIT);
  assert.deepEqual(await page.locator('#classes li').allInnerTexts(), ['Car\n7', 'Truck\n2', 'Bus\n1']);
  await page.waitForFunction(() => Number(document.querySelector('#rate')?.textContent) >= 5, undefined, LIMIT);
  assert.match((await page.textContent('#age')) ?? '', /^(\d+ ms|\d\.\d s)$/); // or so, on a busy machine
  assert.equal(await page.textContent('#size'), '640 × 360');
  assert.equal(await page.textContent('#connection'), 'Connected');
  assert.equal(await page.textContent('#badge'), 'Live');
  await page.waitForFunction(() => document.title === 'North lot · ringcast', undefined, LIMIT);
});

test('the canvas has as many pixels as the screen has under it', async () => {
  work('LOT');
  const page = await openPage('/camera/LOT', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3 });
  await waitForPicture(page, 'live');
  const width = await page.$eval('canvas', (canvas) => canvas.width);
  assert.equal(width, 3 * 390);
  await page.setViewportSize({ width: 844, height: 390 });
  await page.waitForFunction((before) => document.querySelector('canvas')?.width !== before, width, LIMIT);
  assertColour(await canvasPixel(page, 0.25, 0.2), RED);
});

test('a killed server: greyed at once, and back by itself', async () => {
  work('LOT');
  const page = await openPage('/camera/LOT');
  await waitForPicture(page, 'live');
  const said = await page.evaluateHandle(() => {
    /** @type {(string | null)[]} */
    const texts = [];
    const pill = /** @type {HTMLElement} */ (document.querySelector('#connection'));
    new MutationObserver(() => texts.push(pill.textContent)).observe(pill, { subtree: true, childList: true });
    return texts;
  });
  let tries = 0;
  const triedTwice = new Promise((done) => page.on('console', (message) => {
    tries += /WebSocket connection .* failed/.test(message.text()) ? 1 : 0;
    if (tries === 2) {
      done(undefined);
    }
  }));
  await broadcaster.kill('SIGKILL');
  await waitForPicture(page, 'stale');
  assert.match((await page.textContent('#notice')) ?? '', /^This picture is .* old$/);
  assert.match(await page.$eval('canvas', (canvas) => getComputedStyle(canvas).filter), /grayscale/);
  assert.notEqual(await page.textContent('#badge'), 'Live');
  await triedTwice;
  await broadcaster.restart();
  await page.waitForSelector('#main[data-picture="live"]', BACK_LIMIT);
  assert.equal(await page.isVisible('#notice'), false);
  assert.deepEqual(await said.jsonValue(), ['Reconnecting', 'Connected'], 'a try is nothing to be read out');
});

test('a closed tab is gone from the status at once, ten times of ten', async () => {
  work('LOT');
  for (let i = 0; i < 10; i++) {
    const page = await openPage('/camera/LOT');
    await waitForPicture(page, 'live');
    await waitForViewers('LOT', 1);
    await page.close();
    await waitForViewers('LOT', 0, GONE_LIMIT_MS);
  }
});

test('another camera: nothing of the first is left', async () => {
  workers.push(new Worker(broadcaster.url, 'LOT', redBlue, { ...metadataOf({ car: 3 }), ...spacesOf('occupied', 'free') }));
  await postOnce('LOT', { ...spacesOf('occupied'), space_events: [eventAt(60, 'A1')] });
  const page = await openPage('/camera/LOT');
  await waitForPicture(page, 'live');
  await page.waitForSelector('#events li:has-text("A1")', LIMIT);
  await page.selectOption('#camera', 'GATE');
  await waitForPicture(page, 'none');
  assert.equal((await canvasPixel(page, 0.25, 0.2))[3], 0);
  for (const figure of ['vehicles', 'occupied', 'rate', 'age', 'size', 'frames', 'updated', 'latency']) {
    assert.equal(await page.textContent(`#${figure}`), '–', figure);
  }
  for (const list of ['classes', 'spaces', 'tracks', 'stages', 'events']) {
    assert.equal(await page.locator(`#${list} li`).count(), 0, list);
  }
  assert.equal(await page.isVisible('#snapshot'), false);
  assert.equal(new URL(page.url()).pathname, '/camera/GATE');
  await waitForViewers('LOT', 0);
  work('GATE', { bus: 1 }, await makePictures(browser, [GREEN, GREEN]));
  await waitForPicture(page, 'live');
  assertColour(await canvasPixel(page, 0.25, 0.2), GREEN);
  await page.waitForSelector('text=No spaces are drawn for this camera.', LIMIT);
  await page.goBack();
  await page.waitForFunction(() => document.title.includes('North lot'), undefined, LIMIT);
  await waitForPicture(page, 'live');
  assertColour(await canvasPixel(page, 0.25, 0.2), RED);
});

test('a camera that nobody knows; the link that skips to the picture', async () => {
  const page = await openPage('/camera/NOBODY');
  await page.waitForSelector('text=There is no camera NOBODY', LIMIT);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.id === 'main', undefined, LIMIT);
  work('NOBODY');
  await waitForPicture(page, 'live');
});

/** Sends a picture of LOT's own over and over, from a page. @param {import('playwright-core').Page} page */
function pushFrom(page) {
  return page.evaluate(async ({ url, picture }) => {
    const socket = new WebSocket(url);
    await new Promise((open) => socket.addEventListener('open', open));
    const jpeg = Uint8Array.from(atob(picture), (c) => c.charCodeAt(0));
    setInterval(() => socket.send(jpeg), 100);
  }, { url: `${broadcaster.url.replace('http', 'ws')}/ws/streamer?camera_id=LOT`, picture: redBlue[0] ?? '' });
}

test('where nobody detects the picture is the camera’s own, and it is said', async () => {
  const page = await openPage('/camera/LOT');
  await page.waitForSelector('text=Nobody sends its pictures now.', LIMIT);
  await pushFrom(page);
  await waitForPicture(page, 'live');
  await page.waitForSelector('text=Nobody sends pictures with boxes now', LIMIT);
  await page.waitForSelector('text=Nobody counts on this stream.', LIMIT);

  work('LOT', { car: 4 }, await makePictures(browser, [GREEN, GREEN]));
  await page.waitForFunction(() => document.querySelector('#vehicles')?.textContent === '4', undefined, LIMIT);
  await page.waitForFunction(() => document.querySelector('#boxless')?.textContent === '', undefined, LIMIT);
  assertColour(await canvasPixel(page, 0.25, 0.2), GREEN);
  await waitForViewers('LOT', 1); // of one stream
  await workers.pop()?.end();
  await page.waitForFunction(() => document.querySelector('#vehicles')?.textContent === '–', undefined, LIMIT);
  await waitForPicture(page, 'live');

  await page.click('label[for="kind-raw"]');
  await page.waitForFunction(() => document.querySelector('#boxless')?.textContent === '', undefined, LIMIT);
  await waitForPicture(page, 'live');
  assert.equal(await page.isDisabled('#conf'), true);
});

test('a server that lets nobody else in: it is said, and the picture comes when there is room', async () => {
  await broadcaster.end();
  broadcaster = await Broadcaster.start({ LOT: { name: 'North lot', source: 'push' } }, { max_viewers: 1 });
  work('LOT');
  const first = await openPage('/camera/LOT');
  await waitForPicture(first, 'live');
  const page = await openPage('/camera/LOT');
  const wall = await openPage('/');
  await page.waitForSelector('text=Too many are watching already.', LIMIT);
  await wall.waitForSelector('text=Too many are watching already.', LIMIT);
  assert.equal(await page.getAttribute('#main', 'data-picture'), 'none');
  await wall.close();
  await first.close();
  await waitForPicture(page, 'live');
  assert.equal(await page.isVisible('text=Too many are watching already.'), false);
  complaints = complaints.filter((text) => !/503|426/.test(text));
});

test('spaces in three states, and since when', async () => {
  workers.push(new Worker(broadcaster.url, 'LOT', redBlue, {
    ...metadataOf({ car: 1 }), ...spacesOf('occupied', 'free', 'unknown', 'occupied'), track_ids: [7, 9],
  }));
  const page = await openPage('/camera/LOT');
  await waitForPicture(page, 'live');
  assert.equal(await page.textContent('#occupied'), '2');
  assert.equal(await page.textContent('#total'), 'of 4 occupied');
  assert.equal(await page.textContent('#occupancy-share'), '50 %');
  assert.equal(await page.getAttribute('#occupancy-meter', 'aria-valuenow'), '50');
  assert.equal(await page.textContent('#free'), '1 free');
  assert.equal(await page.textContent('#unknown-spaces'), '1 unknown');
  const rows = await page.locator('#spaces li').allInnerTexts();
  assert.deepEqual(rows.map((row) => row.split('\n').slice(0, 2)), [
    ['A1', 'Occupied'], ['A2', 'Free'], ['A3', 'Unknown'], ['A4', 'Occupied'],
  ]);
  assert.match(rows[0] ?? '', /since .*\d\d:\d\d, 1\d min$/);
  assert.deepEqual(await page.locator('#tracks li').allInnerTexts(), ['#7', '#9']);
});

test('events: the record page by page, and those that happen now', async () => {
  const minutes = Array.from({ length: 25 }, (_, i) => 50 - 2 * i);
  await postOnce('LOT', { ...spacesOf('free'), space_events: minutes.map((ago, i) => eventAt(60 * ago, `P${i}`)) });
  await postOnce('LOT', spacesOf('free')); // the newest frame, which a viewer gets at once, brings none
  const page = await openPage('/camera/LOT');
  const names = () => page.locator('#events .name').allInnerTexts();
  await page.waitForFunction(() => document.querySelectorAll('#events li').length === 10, undefined, LIMIT);
  assert.equal((await names())[0], 'P24');
  for (const shown of [20, 25]) {
    await page.click('#more');
    await page.waitForFunction((count) => document.querySelectorAll('#events li').length === count, shown, LIMIT);
  }
  assert.equal(await page.isVisible('#more'), false);
  assert.equal((await names()).at(-1), 'P0');
  await page.waitForSelector('text=Connected', LIMIT);
  await postOnce('LOT', { ...spacesOf('occupied'), space_events: [eventAt(1, 'NEW')] });
  await page.waitForSelector('#events li:first-child .name:text("NEW")', LIMIT);
  assert.match(await page.locator('#events li').first().innerText(), /NEW\s+Occupied\s+free for 30 s before/);
});

test('a server without a record says so', async () => {
  await broadcaster.end();
  broadcaster = await Broadcaster.start({ LOT: { source: 'push' } }, {}, { history: { enabled: false } });
  const page = await openPage('/camera/LOT');
  await page.waitForSelector('text=This server keeps no record (history is off)', LIMIT);
  await page.waitForSelector('text=only what happens from now on is listed', LIMIT);
  assert.equal(await page.isVisible('#chart'), false);
  complaints = complaints.filter((text) => !text.includes('404'));
});

test('a camera that falls silent does not look alive', async () => {
  work('LOT');
  const page = await openPage('/camera/LOT');
  await waitForPicture(page, 'live');
  workers[0]?.end();
  await waitForPicture(page, 'stale');
  assert.equal(await page.textContent('#rate'), '–');
  work('LOT');
  await waitForPicture(page, 'live');
});

test('a camera that is frozen, a stream that ends: as the server says it', async () => {
  work('LOT');
  const page = await openPage('about:blank');
  /** @type {import('playwright-core').WebSocketRoute | undefined} */
  let socket;
  await page.routeWebSocket(/\/ws\/viewer\/detection/, (route) => {
    socket = route;
    route.connectToServer();
  });
  const say = (/** @type {object} */ message) => socket?.send(JSON.stringify({ camera_id: 'LOT', ...message }));
  await page.goto(`${broadcaster.url}/camera/LOT`);
  await waitForPicture(page, 'live');

  say({ type: 'camera_state', state: 'frozen' }); // frames go on coming, all alike
  await waitForPicture(page, 'stale');
  assert.equal(await page.textContent('#badge'), 'Frozen');
  assert.equal(await page.textContent('#camera-state'), 'Frozen');
  say({ type: 'camera_state', state: 'online' });
  await waitForPicture(page, 'live');

  await workers[0]?.end();
  const last = String(workers[0]?.posted); // a frame behind the stream's end would begin it anew
  await page.waitForFunction((count) => document.querySelector('#frames')?.textContent === count, last, LIMIT);
  say({ type: 'stream_ended', reason: 'idle' });
  await waitForPicture(page, 'none');
  await page.waitForSelector('text=The stream has ended', LIMIT);
  assert.equal((await canvasPixel(page, 0.25, 0.2))[3], 0);
  assert.equal(await page.textContent('#vehicles'), '–');
});

test('the renderer draws the newest and never queues', async () => {
  const page = await openPage('/camera/LOT');
  await page.waitForSelector('text=Connected', LIMIT);
  const drawn = await page.evaluate(async ({ pictures, count }) => {
    const library = '/lib/index.js';
    const { CanvasStreamRenderer } = await import(library);
    const canvas = document.createElement('canvas');
    canvas.style.width = '640px';
    canvas.style.height = '360px';
    document.body.append(canvas);
    const renderer = new CanvasStreamRenderer(canvas);
    const jpegs = pictures.map((picture) => Uint8Array.from(atob(picture), (c) => c.charCodeAt(0)));
    const numbers = /** @type {number[]} */ ([]);
    await new Promise((done) => {
      renderer.onDrawn((/** @type {any} */ frame) => {
        numbers.push(frame.number);
        if (frame.number === count) {
          done(undefined);
        }
      });
      for (let number = 1; number <= count; number++) {
        renderer.renderFrame({ number, jpeg: jpegs[number % jpegs.length] });
      }
    });
    const { framesDrawn, framesDropped } = renderer;
    renderer.destroy();
    return { numbers, framesDrawn, framesDropped };
  }, { pictures: redBlue, count: 200 });
  assert.equal(drawn.numbers.at(-1), 200);
  assert.ok(drawn.framesDrawn <= 2, `${drawn.framesDrawn} were drawn`);
  assert.equal(drawn.framesDrawn + drawn.framesDropped, 200);
});

test('the count is that of the picture', async () => {
  work('LOT', { car: 1 }, await makePictures(browser, [RED, RED]));
  const blue = await makePictures(browser, [BLUE, BLUE]);
  workers.push(new Worker(broadcaster.url, 'LOT', blue, metadataOf({ car: 2 }), 7)); // out of step: neither hides the other
  const page = await openPage('/camera/LOT');
  await waitForPicture(page, 'live');
  const seen = await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('canvas'));
    const copy = document.createElement('canvas');
    copy.width = copy.height = 1;
    const context = /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d', { willReadFrequently: true }));
    const pairs = /** @type {[string, string | undefined][]} */ ([]);
    return new Promise((done) => {
      const look = () => {
        context.drawImage(canvas, -canvas.width / 4, -canvas.height / 5);
        const [red = 0, , blue = 0] = context.getImageData(0, 0, 1, 1).data;
        pairs.push([red > blue ? '1' : '2', document.querySelector('#vehicles')?.textContent ?? undefined]);
        requestAnimationFrame(pairs.length < 100 ? look : () => done(pairs));
      };
      requestAnimationFrame(look);
    });
  });
  assert.deepEqual(new Set(seen.map(([picture]) => picture)), new Set(['1', '2']));
  assert.deepEqual(seen.filter(([picture, count]) => picture !== count), []);
});

test('the picture reaches the edges where sizes are rounded', async () => {
  work('LOT');
  const page = await openPage('/camera/LOT', { viewport: { width: 390, height: 844 } });
  await waitForPicture(page, 'live');
  const { width, height } = await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('canvas'));
    return { width: canvas.width, height: canvas.height };
  });
  assert.notEqual(width * 9, height * 16, 'a size that does not fit the picture');
  for (const [x, y] of /** @type {const} */ ([[0, 0.5], [1 - 1 / width, 0.5], [0.5, 0], [0.5, 1 - 1 / height]])) {
    assert.equal((await canvasPixel(page, x, y))[3], 255, `at ${x}, ${y}`);
  }
});

test('by keyboard: choose a camera, a preset, a rate', async () => {
  work('LOT');
  const page = await openPage('/camera/GATE');
  await page.waitForSelector('#camera:enabled', LIMIT);
  await page.focus('#camera');
  await page.keyboard.type('North');
  await page.keyboard.press('Enter');
  await waitForPicture(page, 'live');
  await page.focus('#kind-detect');
  await page.keyboard.press('Tab'); // none of the presets is chosen: the first
  await page.keyboard.press('Space');
  assert.equal(await page.textContent('#fps-value'), 'at most 15');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.isChecked('#preset-parking'), true);
  assert.equal(await page.textContent('#skip-frames-value'), '1 in 2');
  await page.focus('#fps');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.textContent('#fps-value'), 'at most 9');
  assert.equal(await page.locator('#presets input:checked').count(), 0);
  await page.focus('#reset');
  await page.keyboard.press('Enter');
  assert.equal(await page.textContent('#fps-value'), 'as they come');
  assert.equal(await page.isVisible('#reset'), false);
});

const layouts = [
  ['phone', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
  ['phone-dark', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: 'dark' }],
  ['tablet', { viewport: { width: 820, height: 1180 } }],
  ['wide', { viewport: { width: 1600, height: 900 } }],
  ['wide-dark', { viewport: { width: 1600, height: 900 }, colorScheme: 'dark' }],
];

for (const [name, options] of layouts) {
  test(`layout: ${name}`, async () => {
    work('LOT', { car: 7, truck: 2, bus: 1 });
    const page = await openPage('/camera/LOT', options);
    await waitForPicture(page, 'live');
    const width = options.viewport.width;
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'it scrolls sideways');
    const canvas = await page.locator('#picture').boundingBox();
    assert.ok(canvas !== null && canvas.x >= 0 && canvas.x + canvas.width <= width);
    assert.ok(Math.abs(canvas.width / canvas.height - 16 / 9) < 0.02, 'the picture is not shown as it is');
    const folder = join(BUILD, 'screenshots');
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `camera-${name}.png`), fullPage: true });
    if (name.startsWith('wide')) {
      await assertAccessible(page);
    }
  });
}
