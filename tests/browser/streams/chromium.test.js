// Chromium, with nothing of ours in its page: MJPEG in an <img> as dashboards have it, pictures by WebSocket
// as the pages of the replaced systems took them, and a canvas as a camera.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Broadcaster, assertGoneAtOnce } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LIMIT = { timeout: 10_000 };
const TABS = 5; // Chromium has six connections for each server
const IMAGES = [
  '/stream/detect?camera_id=LOT&skip_frames=1',
  '/stream?camera_id=PHONE',
  '/api/cameras/LOT/stream.mjpeg?annotated=1&skip_frames=1',
  '/?action=stream&camera_id=PHONE',
];

/** @type {import('playwright-core').Browser} */
let browser;
/** Red and blue, blue and red. @type {string[]} */
let pictures;
/** @type {Broadcaster} */
let broadcaster;
/** @type {Worker} */
let worker;
/** Its address. */
let dashboard = '';
const server = createServer((_, answer) => {
  answer.setHeader('Content-Type', 'text/html');
  answer.end('<!doctype html><title>dashboard</title><body>');
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  dashboard = `http://127.0.0.1:${port}`;
  browser = await startChromium();
  pictures = [
    ...await makePictures(browser, ['#c02020', '#2020c0'], 1), ...await makePictures(browser, ['#2020c0', '#c02020'], 1),
  ];
});

after(async () => {
  await browser?.close();
  server.close();
});

beforeEach(async () => {
  broadcaster = await Broadcaster.start({ LOT: { source: 'push' }, PHONE: { source: 'push' } },
    { cors_origins: [dashboard] });
  worker = new Worker(broadcaster.url, 'LOT', pictures, metadataOf({ car: 1 }));
});

afterEach(async () => {
  for (const one of browser.contexts()) {
    await one.close();
  }
  await worker.end();
  await broadcaster.end();
});

/** A page of another port, as a dashboard is. @param {string} [source] of an <img> in it */
async function openPage(source) {
  const page = await (await browser.newContext()).newPage();
  await page.goto(dashboard);
  if (source !== undefined) {
    await page.evaluate((address) => {
      const image = document.createElement('img');
      image.crossOrigin = 'anonymous'; // so that this test may look at its pixels
      image.src = address;
      document.body.append(image);
    }, broadcaster.url + source);
  }
  return page;
}

/** A canvas that is red and blue, then blue and red, is sent as pictures of PHONE. */
async function openPhone() {
  const page = await openPage();
  await page.evaluate((address) => {
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 360;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const socket = new WebSocket(address);
    let sent = 0;
    setInterval(() => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount === 0) {
        context.fillStyle = ++sent % 2 === 0 ? '#c02020' : '#2020c0';
        context.fillRect(0, 0, 640, 360);
        socket.send(JSON.stringify({ frame: canvas.toDataURL('image/jpeg') }));
      }
    }, 50);
  }, `${broadcaster.url.replace('http', 'ws')}/ws/streamer?camera_id=PHONE`);
  return page;
}

/** Until the <img> of the page has shown so many changes between red and blue. @param {import('playwright-core').Page} page @param {number} changes */
function waitForChanges(page, changes) {
  return page.waitForFunction((wanted) => {
    const image = /** @type {HTMLImageElement} */ (document.querySelector('img'));
    const state = /** @type {any} */ (image);
    state.pixel ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    state.pixel.drawImage(image, -image.naturalWidth / 4, -image.naturalHeight / 4);
    const [red = 0, , blue = 0] = state.pixel.getImageData(0, 0, 1, 1).data;
    const colour = red > 150 ? 'red' : blue > 150 ? 'blue' : state.colour;
    state.changes = (state.changes ?? 0) + Number(colour !== state.colour && state.colour !== undefined);
    state.colour = colour;
    return state.changes >= wanted;
  }, changes, LIMIT);
}

for (const path of IMAGES) {
  test(`<img src="${path}">`, async () => {
    await openPhone();
    const page = await openPage(`${path}&user_id=tab`);
    await waitForChanges(page, 3);
    assert.equal(await page.$eval('img', (image) => /** @type {HTMLImageElement} */ (image).naturalWidth), 640);
    const { reason } = await broadcaster.endViewer('tab', () => page.close());
    assert.match(reason, /^peer-/);
  });
}

test('of five closed tabs five are gone at once', async () => {
  const users = Array.from({ length: TABS }, (_, tab) => `tab-${tab}`);
  const pages = await Promise.all(users.map((user) => openPage(`/stream/detect?camera_id=LOT&user_id=${user}`)));
  const times = [];
  for (const [tab, page] of pages.entries()) {
    times.push((await broadcaster.endViewer(users[tab] ?? '', () => page.close())).ms);
  }
  assertGoneAtOnce(times);
  assert.equal(await broadcaster.viewers('LOT'), 0);
});

test('an <img> that is given another address leaves the first', async () => {
  await openPhone();
  const page = await openPage('/stream?camera_id=PHONE&user_id=first');
  await waitForChanges(page, 1);
  const { reason } = await broadcaster.endViewer('first', () => page.$eval('img', (image, address) => {
    /** @type {HTMLImageElement} */ (image).src = address;
  }, `${broadcaster.url}/stream/detect?camera_id=LOT&skip_frames=1`));
  assert.match(reason, /^peer-/);
  await waitForChanges(page, 3);
});

for (const path of ['/ws/stream/raw?camera_id=PHONE', '/ws/stream/detect?camera_id=LOT&skip_frames=1']) {
  test(`WebSocket('${path}') into an <img>`, async () => {
    await openPhone();
    const page = await openPage();
    await page.evaluate((address) => {
      const image = document.createElement('img');
      document.body.append(image);
      new WebSocket(address).onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'frame') {
          image.src = `data:image/jpeg;base64,${message.data}`;
        }
      };
    }, `${broadcaster.url.replace('http', 'ws')}${path}&user_id=page`);
    await waitForChanges(page, 3);
    assert.match((await broadcaster.endViewer('page', () => page.close())).reason, /^peer-/);
  });
}
