// The renderer in a real browser: what it draws, with and without its worker, and what it leaves behind.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { canvasPixel, makePictures, startChromium } from '../harness/chromium.js';
import { Portal } from '../harness/dashboard.js';

const LIMIT = { timeout: 30_000 };
const HOUR_FRAMES = 36_000; // at ten a second
const GROWTH_LIMIT_BYTES = 1_000_000;

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Portal} */
let portal;
/** Red and blue. @type {string} */
let picture;

before(async () => {
  browser = await startChromium();
  portal = await Portal.start();
  [picture = ''] = await makePictures(browser, ['#c02020', '#2020c0'], 1);
});

after(async () => {
  portal?.end();
  await browser?.close();
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

/**
 * @param {string} script what it has: the library, `canvas`, and `picture`, a JPEG as base64
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
async function open(script, options = {}) {
  const page = await browser.newPage(options);
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(portal.add(`
    import { CanvasStreamRenderer, WebSocketStreamManager } from '/lib/index.js';
    const canvas = document.querySelector('canvas');
    const picture = '${picture}';
    const jpeg = Uint8Array.from(atob(picture), (c) => c.charCodeAt(0));
    const frame = (number) => ({ cameraId: 'CAM1', generation: 1n, number: BigInt(number), metadata: null, jpeg });
    ${script}`));
  await page.waitForFunction(() => 'done' in window, undefined, LIMIT);
  const done = await page.evaluate(() => /** @type {any} */ (window).done);
  assert.deepEqual(errors, []);
  return { page, done };
}

/** For a script: makes `renderer`, and waits until its worker has loaded, behind a first picture that is decoded without. */
const MAKE_WITH_WORKER = `
  const { Worker: RealWorker } = window;
  const loaded = new Promise((done) => {
    window.Worker = class extends RealWorker {
      constructor(...given) {
        super(...given);
        this.addEventListener('message', () => setTimeout(done), { once: true });
      }
    };
  });
  const renderer = new CanvasStreamRenderer(canvas);
  renderer.renderFrame(picture);
  await new Promise((drawn) => renderer.onDrawn(drawn));
  await loaded;`;
const MAKE = 'const renderer = new CanvasStreamRenderer(canvas);';

/** @param {number[]} pixel */
function assertRed([red = 0, , blue = 0, alpha]) {
  assert.ok(red > 150 && blue < 80 && alpha === 255, `${[red, blue, alpha]} instead of red`);
}

for (const [how, prepare] of [
  ['in a worker', MAKE_WITH_WORKER],
  ['before its worker has loaded', MAKE],
  ['without one',
    `window.Worker = class { constructor() { throw new DOMException("not from there", "SecurityError"); } }; ${MAKE}`],
  ['whose file is not there',
    `const Real = Worker; window.Worker = class extends Real { constructor(url, options) { super("/gone.js", options); } }; ${MAKE}`],
]) {
  test(`decodes ${how}: a frame, base64, a data URL, and what is no picture`, async () => {
    const { page, done } = await open(`
      ${prepare}
      const errors = [];
      const sizes = [];
      renderer.onError((error) => errors.push(error.name));
      for (const one of [frame(1), picture, 'data:image/jpeg;base64,' + picture]) {
        renderer.renderFrame(one);
        await new Promise((drawn) => renderer.onDrawn((_, size) => drawn(sizes.push(size))));
      }
      renderer.renderFrame('AAAA');
      await new Promise((failed) => renderer.onError((error) => failed(errors.push(error.message))));
      window.done = { sizes, errors: errors.length, snapshot: renderer.snapshot().size === jpeg.length };
    `);
    const size = { width: 640, height: 360 };
    assert.deepEqual(done, { sizes: [size, size, size], errors: 1, snapshot: true });
    assertRed(await canvasPixel(page, 0.25, 0.2));
  });
}

test('made smaller in the worker, and whole again on a larger canvas', async () => {
  const { page, done } = await open(`
    canvas.style.width = '160px';
    canvas.style.height = '90px';
    ${MAKE_WITH_WORKER}
    renderer.renderFrame(frame(1));
    const size = await new Promise((done) => renderer.onDrawn((_, size) => done(size)));
    const small = canvas.width;
    const closed = new Promise((done) => {
      ImageBitmap.prototype.close = function () { done(this.width); };
    });
    canvas.style.width = '640px';
    canvas.style.height = '360px';
    window.done = { size, small, replaced: await closed, large: canvas.width, drawn: renderer.framesDrawn };
  `);
  const size = { width: 640, height: 360 };
  assert.deepEqual(done, { size, small: 160, replaced: 160, large: 640, drawn: 2 });
  assertRed(await canvasPixel(page, 0.25, 0.2));
});

test('a canvas to which nobody has given a size keeps its own, also where the screen has more pixels', async () => {
  const { done } = await open(`
    canvas.removeAttribute('style');
    ${MAKE}
    renderer.renderFrame(frame(1));
    await new Promise((drawn) => renderer.onDrawn(drawn));
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(requestAnimationFrame);
    }
    window.done = [canvas.clientWidth, canvas.clientHeight, canvas.width, canvas.height];
  `, { deviceScaleFactor: 2 });
  assert.deepEqual(done, [300, 150, 600, 300]);
});

test('boxes on the frame they were found on, spaces meanwhile, and pictures without after a while', async () => {
  const { page, done } = await open(`
    const renderer = new CanvasStreamRenderer(canvas, { overlay: { labels: false } });
    const box = { class: 'car', confidence: 0.9, bbox: [64, 36, 64, 36] };
    const space = { space_id: 'a', space_name: 'A', is_occupied: false, state: 'free', polygon: [[0.5, 0.5], [0.9, 0.5], [0.9, 0.9], [0.5, 0.9]] };
    const drawn = [];
    let notify = () => {};
    renderer.onDrawn(({ number }) => { drawn.push(Number(number)); notify(); });
    const next = () => new Promise((done) => { notify = done; });
    renderer.renderFrame(frame(1)); // nothing was found before: it waits for nothing
    await next();
    renderer.renderDetections({}, frame(1));
    renderer.renderFrame(frame(2));
    renderer.renderFrame(frame(3));
    renderer.renderDetections({ detections: [box], space_occupancy: [space] }, frame(2));
    await next();
    const copy = new OffscreenCanvas(640, 360).getContext('2d');
    const pixel = (x, y) => { copy.drawImage(canvas, 0, 0, 640, 360); return [...copy.getImageData(x, y, 1, 1).data]; };
    const withBox = [pixel(64, 50), pixel(320, 300)];
    await next(); // 3 has waited for long enough
    const without = [pixel(64, 50), pixel(320, 300)];
    renderer.setOverlay(false);
    window.done = { drawn, withBox, without };
  `);
  assert.deepEqual(done.drawn, [1, 2, 3]);
  const isYellow = ([r, g, b] = [0, 0, 0]) => r > 180 && g > 150 && b < 120;
  const isGreen = ([r, g, b] = [0, 0, 0]) => g > r + 30 && g > b + 30;
  assert.ok(isYellow(done.withBox[0]) && isGreen(done.withBox[1]), JSON.stringify(done.withBox));
  assert.ok(!isYellow(done.without[0]) && isGreen(done.without[1]), JSON.stringify(done.without));
  assertRed(await canvasPixel(page, 0.25, 0.2));
});

test('an hour of watching in fast motion leaves nothing behind', async (context) => {
  const { page } = await open(`
    const head = new Uint8Array(72);
    const view = new DataView(head.buffer);
    const metadata = new TextEncoder().encode(JSON.stringify({ vehicle_count: 1, detections: [{ class: 'car', confidence: 0.9, bbox: [1, 2, 30, 40] }] }));
    view.setUint32(0, 0x52434631);
    view.setUint8(4, 1);
    view.setUint16(6, 72);
    view.setUint32(8, metadata.length);
    view.setUint32(12, jpeg.length);
    view.setUint16(60, 4);
    head.set(new TextEncoder().encode('CAM1'), 64);
    let number = 0;
    const message = () => {
      view.setBigUint64(16, BigInt(++number));
      const bytes = new Uint8Array(head.length + metadata.length + jpeg.length);
      bytes.set(head);
      bytes.set(metadata, head.length);
      bytes.set(jpeg, head.length + metadata.length);
      return bytes.buffer;
    };
    // A socket that has all of it at once.
    const socket = { send() {}, close() {} };
    window.WebSocket = function () { return socket; };
    let open = 0;
    const { close } = ImageBitmap.prototype;
    ImageBitmap.prototype.close = function () { open--; close.call(this); };
    const manager = new WebSocketStreamManager({ cameraId: 'CAM1' });
    const renderer = new CanvasStreamRenderer(canvas, { overlay: true });
    manager.onFrame((picture, frame) => renderer.renderFrame(picture, frame));
    manager.onMetadata((metadata, frame) => renderer.renderDetections(metadata, frame));
    renderer.onDrawn(() => { open++; });
    manager.connect();
    socket.onopen();
    window.watch = async (frames) => {
      for (let given = 0; given < frames;) {
        for (let i = 0; i < 200; i++, given++) {
          socket.onmessage({ data: message() });
        }
        await new Promise(requestAnimationFrame);
      }
      return { received: manager.framesReceived, drawn: renderer.framesDrawn, open };
    };
    window.done = true;
  `);
  const session = await page.context().newCDPSession(page);
  const watch = (/** @type {number} */ frames) =>
    page.evaluate((count) => /** @type {any} */ (window).watch(count), frames);
  const used = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  };
  await watch(3000);
  const before = await used();
  const { received, drawn, open: bitmaps } = await watch(HOUR_FRAMES);
  const growth = await used() - before;
  context.diagnostic(`${received} frames, ${drawn} drawn, heap ${Math.round(growth / 1024)} KiB larger than ${Math.round(before / 1024)}`);
  assert.equal(received, HOUR_FRAMES + 3000);
  assert.ok(drawn > 10, `${drawn} drawn`);
  assert.ok(bitmaps <= 1, `${bitmaps} pictures are kept`);
  assert.ok(growth < GROWTH_LIMIT_BYTES, `${growth} bytes more than ${before}`);
});
