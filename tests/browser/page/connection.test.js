// The client library in a real browser, before the real broadcaster: who comes, who goes, and what others notice.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import ts from 'typescript';
import WebSocket from 'ws';

import { EmptyServer } from '../harness/beside.js';
import { Broadcaster, ROOT } from '../harness/broadcaster.js';
import { canvasPixel, makePictures, startChromium } from '../harness/chromium.js';
import { Dashboard, Portal } from '../harness/dashboard.js';
import { atEnd } from '../harness/ends.js';
import { SlowLink } from '../harness/slow_link.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LIMIT = { timeout: 30_000 };
const RATE_FPS = 20;
const GONE_MS = 100;
const SLOW_LINK_BYTES = 187_500; // a second: 1.5 Mbit/s
const SLOW_LINK_AGE_LIMIT_MS = 5000; // a queue would be older
const CAMERAS = { LOT: { source: 'push' }, GATE: { source: 'push' }, PHONE: { source: 'push' } };

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Broadcaster} */
let broadcaster;
/** @type {Portal} */
let portal;
/** Of LOT and GATE. @type {Worker[]} */
let workers;
let users = 0;

before(async () => {
  // Playwright's Chromium has no cache of pages to go back to.
  browser = await startChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  const pictures = await makePictures(browser, ['#c02020', '#2020c0']);
  portal = await Portal.start();
  broadcaster = await Broadcaster.start(CAMERAS, { cors_origins: [portal.url] });
  workers = ['LOT', 'GATE'].map(
    (camera) => new Worker(broadcaster.url, camera, pictures, metadataOf({ car: 2 }), RATE_FPS));
});

after(async () => {
  await Promise.all((workers ?? []).map((worker) => worker.end()));
  await broadcaster?.end();
  portal?.end();
  await browser?.close();
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

/**
 * @param {any} options of the manager, and the path of its url
 * @param {(page: import('playwright-core').Page) => unknown} [prepare]
 * @returns {Promise<Dashboard & {user: string}>}
 */
async function open(options = {}, prepare = undefined) {
  const user = `desk-${++users}`;
  const context = await browser.newContext();
  const { path = '/ws/viewer/detection', ...others } = options;
  const address = `${broadcaster.url}${path}`;
  const dashboard = await Dashboard.open(context, portal, { url: address, userId: user, ...others }, prepare);
  return Object.assign(dashboard, { user });
}

/** What the server counts of a viewer. @param {string} user @returns {Promise<any>} */
async function viewerOf(user) {
  const { viewers } = await (await fetch(`${broadcaster.url}/api/viewers`)).json();
  return viewers.find((/** @type {any} */ viewer) => viewer.user === user);
}

/** Until the server says so. @param {() => Promise<boolean>} so */
async function until(so) {
  const limit = performance.now() + LIMIT.timeout;
  while (!await so()) {
    assert.ok(performance.now() < limit, `not so: ${so}`);
  }
}

test('a closed tab is gone within 100 ms of its end', async (context) => {
  const empty = await EmptyServer.start();
  context.after(() => empty.end());
  const times = [];
  for (let i = 0; i < 5; i++) {
    const dashboard = await open({ cameraId: 'LOT' });
    await dashboard.waitForFrames('LOT', 1);
    const { closed } = await empty.join(dashboard.page);
    await broadcaster.endViewer(dashboard.user, () => dashboard.page.close());
    const known = performance.now();
    times.push(known - await closed);
  }
  const said = times.map((ms) => ms.toFixed(1)).join(', ');
  context.diagnostic(`gone ${said} ms after a socket of the same tab`);
  times.sort((one, other) => one - other);
  assert.ok((times[Math.floor(times.length / 2)] ?? NaN) < GONE_MS, said);
  await until(async () => await broadcaster.viewers('LOT') === 0);
});

test('one of three dashboards is closed: nothing changes for the others', async () => {
  const [one, ...others] = await Promise.all([0, 1, 2].map(() => open({ cameraId: 'LOT' })));
  await Promise.all([one, ...others].map((each) => each?.waitForFrames('LOT')));
  assert.equal(await broadcaster.viewers('LOT'), 3);
  await broadcaster.endViewer(one?.user ?? '', () => one?.page.close());
  assert.equal(await broadcaster.viewers('LOT'), 2);
  await Promise.all(others.map((each) => each.waitForFrames('LOT', 10)));
  for (const other of others) {
    const { numbers, stats, status, errors } = await other.seen();
    const gaps = numbers.LOT.slice(1).filter((/** @type {number} */ n, /** @type {number} */ i) => n !== numbers.LOT[i] + 1);
    assert.deepEqual(gaps, [], `frames: ${numbers.LOT}`);
    assert.deepEqual([stats.connections, status, errors], [1, 'open', []]);
  }
});

test('reloaded, and away and back', async (context) => {
  const dashboard = await open({ cameraId: 'LOT' });
  await dashboard.waitForFrames('LOT');
  await broadcaster.endViewer(dashboard.user, () => dashboard.page.reload());
  await dashboard.waitForFrames('LOT');
  assert.equal(await broadcaster.viewers('LOT'), 1);

  await dashboard.page.goto(portal.url);
  await until(async () => await broadcaster.viewers('LOT') === 0);
  await dashboard.page.goBack({ waitUntil: 'commit' }); // a page out of the cache is not loaded again
  await dashboard.waitForFrames('LOT');
  await dashboard.waitForPicture();
  const { returned, stats } = await dashboard.seen();
  context.diagnostic(`the page came ${returned ? 'out of the cache' : 'anew'}`);
  assert.equal(stats.connections, returned + 1);
  assert.equal(await broadcaster.viewers('LOT'), 1);
});

/** Sends a picture over and over, as PHONE. @returns {Promise<() => Promise<unknown>>} what ends it */
async function startPhone() {
  const picture = await readFile(join(ROOT, 'docs/demo.jpg'));
  const socket = new WebSocket(`${broadcaster.url.replace('http', 'ws')}/ws/streamer?camera_id=PHONE`);
  const closed = new Promise((done) => socket.once('close', done));
  await new Promise((done, failed) => socket.once('message', done).once('error', failed));
  const timer = setInterval(() => socket.bufferedAmount === 0 && socket.send(picture), 1000 / RATE_FPS);
  socket.once('close', () => clearInterval(timer)); // with the broadcaster, when a test has failed
  return () => {
    socket.close();
    return closed;
  };
}

test('a pushed stream is stopped, and started again at once', async () => {
  let endPhone = await startPhone();
  const dashboard = await open({ path: '/ws/stream/raw', cameraId: 'PHONE' });
  await dashboard.waitForFrames('PHONE');
  for (let i = 1; i <= 2; i++) {
    await endPhone();
    endPhone = await startPhone();
    await dashboard.page.waitForFunction(
      (wanted) => /** @type {any} */ (window).seen.cameras.filter((/** @type {string} */ one) => one === 'stream_started PHONE').length >= wanted,
      i, LIMIT);
    await dashboard.waitForFrames('PHONE');
  }
  const { cameras, stats, errors } = await dashboard.seen();
  assert.equal(cameras.filter((/** @type {string} */ one) => one === 'stream_ended PHONE').length, 2, cameras);
  assert.equal(stats.connections, 1);
  assert.deepEqual(errors, []);
  await endPhone();
});

test('A on, B on, A off, B off', async () => {
  const dashboard = await open({ cameraId: 'LOT' });
  const watched = async () => [await broadcaster.viewers('LOT'), await broadcaster.viewers('GATE')].join();
  await dashboard.waitForFrames('LOT');
  assert.equal(await watched(), '1,0');
  await dashboard.tell((manager) => manager.subscribe('GATE', { fps: 5 }));
  await dashboard.waitForFrames('GATE');
  assert.equal(await watched(), '1,1');
  await dashboard.tell((manager) => manager.unsubscribe('LOT'));
  await until(async () => await watched() === '0,1');
  const { counts } = await dashboard.seen();
  await dashboard.waitForFrames('GATE');
  assert.ok((await dashboard.seen()).counts.LOT <= counts.LOT + 1, 'LOT was left');
  await dashboard.tell((manager) => manager.unsubscribe('GATE'));
  await until(async () => await watched() === '0,0');
  await dashboard.tell((manager) => manager.subscribe('LOT'));
  await dashboard.waitForFrames('LOT');
  const { stats, errors } = await dashboard.seen();
  assert.equal(stats.connections, 1);
  assert.deepEqual(errors, []);
});

test('the broadcaster is killed and comes back: so does all that was watched', async (context) => {
  const all = await open();
  const one = await open({ cameraId: 'LOT', binary: false });
  await all.waitForFrames('GATE');
  await one.tell((manager) => manager.subscribe('GATE', { fps: 5 }));
  await one.waitForFrames('GATE');
  await broadcaster.kill('SIGKILL');
  await all.page.waitForFunction(() => /** @type {any} */ (window).manager.connectionStatus === 'waiting', undefined, LIMIT);
  await broadcaster.restart();
  const began = performance.now();
  for (const dashboard of [all, one]) {
    await dashboard.waitForFrames('LOT');
    await dashboard.waitForFrames('GATE');
    await dashboard.waitForPicture();
  }
  context.diagnostic(`pictures again ${Math.round(performance.now() - began)} ms after the broadcaster`);
  assert.equal((await one.seen()).stats.connections, 2);
});

test('a hidden tab costs nothing', async () => {
  const hidden = await open({ cameraId: 'LOT' });
  const other = await open({ cameraId: 'LOT' });
  await hidden.waitForFrames('LOT');
  const hide = (/** @type {boolean} */ so) => hidden.page.evaluate((value) => {
    // Headless Chromium shows every tab.
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, so);
  await hide(true);
  await until(async () => (await viewerOf(hidden.user)).paused);
  const { sent } = await viewerOf(hidden.user);
  await other.waitForFrames('LOT', 20); // a second of it
  assert.equal((await viewerOf(hidden.user)).sent, sent);
  const before = (await hidden.seen()).counts.LOT;
  await hide(false);
  await hidden.waitForFrames('LOT', 1);
  await hidden.waitForPicture();
  const { counts, stats } = await hidden.seen();
  assert.ok(counts.LOT > before);
  assert.equal(stats.connections, 1);
});

// What users of the replaced system have in their pages, as it is written there.
const EXAMPLE_IMPORT = `import { WebSocketStreamManager, CanvasStreamRenderer } from '../utils/websocketStream';`;
const EXAMPLE = `
// Create WebSocket manager
const manager = new WebSocketStreamManager({
  url: 'ws://localhost:8069/ws/stream/detect',
  userId: user?.uid,
  conf: 0.25,
  fps: 10,
  skipFrames: 2,
  autoReconnect: true
});

// Set up canvas renderer
const canvas = document.getElementById('stream-canvas') as HTMLCanvasElement;
const renderer = new CanvasStreamRenderer(canvas);

// Handle frames
manager.onFrame((base64Data) => {
  renderer.renderFrame(base64Data);
});

// Handle disconnects
manager.onDisconnect(() => {
  console.log('Stream disconnected, will auto-reconnect');
});

// Connect
manager.connect();
`;
const EXAMPLE_CLEANUP = `
// Cleanup (CRITICAL: Call this on unmount!)
manager.disconnect();
`;
const REACT_EXAMPLE = `
const wsManager = new WebSocketStreamManager({
  url: 'ws://localhost:8069/ws/stream/detect',
  conf: 0.25
});
const renderer = new CanvasStreamRenderer(canvasRef.current);

wsManager.onFrame((data) => renderer.renderFrame(data));
wsManager.connect();

// Cleanup on unmount!
useEffect(() => {
  return () => wsManager.disconnect();
}, []);
`;

/** What is around them in a component that is mounted, and unmounted by \`unmount()\`. */
const examples = {
  'plain, as it is': `${EXAMPLE_IMPORT}\nconst user = { uid: 'USER' };${EXAMPLE}
window.unmount = () => {${EXAMPLE_CLEANUP}};`,
  'React, as it is': `${EXAMPLE_IMPORT}
const useEffect = (effect) => { window.unmount = effect(); };
const canvasRef = { current: document.querySelector('canvas') };${REACT_EXAMPLE}`,
};

for (const [name, source] of Object.entries(examples)) {
  for (const form of ['', 'binary: false']) {
    test(`an example of old: ${name}${form && `, and ${form}`}`, async () => {
      const address = broadcaster.url.replace('http:', 'ws:');
      const user = `desk-${++users}`;
      const given = source.replace('ws://localhost:8069', address).replace("'USER'", `'${user}'`)
        .replace('conf: 0.25', form === '' ? 'conf: 0.25' : `${form},\n  conf: 0.25`);
      const { outputText } = ts.transpileModule(given, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 } });
      const page = await browser.newPage();
      await page.goto(portal.add(outputText));
      await page.waitForFunction(() => 'unmount' in window, undefined, LIMIT);
      await until(async () => (await canvasPixel(page, 0.25, 0.2))[3] === 255);
      const [red = 0, , blue = 0] = await canvasPixel(page, 0.75, 0.8);
      assert.ok(blue > red, 'the right half of the picture');
      assert.equal(await broadcaster.viewers('LOT'), 1); // the first of the file
      await page.evaluate(() => /** @type {any} */ (window).unmount());
      await until(async () => await broadcaster.viewers('LOT') === 0);
    });
  }
}

test('a slow link keeps the picture fresh', async (context) => {
  const endPhone = await startPhone();
  const dashboard = await open({ path: '/ws/stream/raw', cameraId: 'PHONE' }, async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', {
      offline: false, latency: 20, downloadThroughput: SLOW_LINK_BYTES, uploadThroughput: SLOW_LINK_BYTES,
    });
  });
  await dashboard.waitForFrames('PHONE', 12);
  const { ages, stats } = await dashboard.seen();
  const { sent, dropped } = await viewerOf(dashboard.user);
  const late = ages.map(Math.round);
  context.diagnostic(`ages on a link of ${SLOW_LINK_BYTES * 8 / 1e6} Mbit/s: ${late} ms; ${sent} sent, ${dropped} dropped`);
  assert.ok(dropped > 0, 'the link was not slow');
  assert.ok(Math.max(...late) < SLOW_LINK_AGE_LIMIT_MS, `ms: ${late}`);
  assert.equal(stats.connections, 1);
  await endPhone();
});

const BECOMES_SLOW_BYTES = 600_000; // a second: a quarter of what the camera makes
const DRY_LIMIT_MS = 15_000;
const FRESH_LIMIT_MS = 2500;
const STAYS_FRESH_MS = 3000;

test('a link that becomes slow: the picture is fresh again soon', LIMIT, async (context) => {
  const endPhone = await startPhone();
  const link = await SlowLink.start(broadcaster.port);
  atEnd(() => link.end());
  /** @type {Promise<boolean>} */
  let dry = Promise.resolve(false);
  const dashboard = await open({ url: `${link.url}/ws/stream/raw`, cameraId: 'PHONE' }, (page) => {
    dry = new Promise((done) => page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => {
      if (link.bytesPerSecond < Infinity && JSON.parse(String(payload)).type === 'resume') {
        done(true);
      }
    })));
  });
  await dashboard.waitForFrames('PHONE', 20);
  const { ages: { length: fast } } = await dashboard.seen();
  const began = performance.now();
  link.bytesPerSecond = BECOMES_SLOW_BYTES;
  /* A machine on which the camera makes no more than the link carries has nothing to let run dry. */
  const ran = await Promise.race([dry, dashboard.page.waitForTimeout(DRY_LIMIT_MS)]);
  const ms = Math.round(performance.now() - began);
  const { ages: { length: fresh } } = await dashboard.seen();
  await dashboard.page.waitForTimeout(STAYS_FRESH_MS);
  const { ages, stats, errors } = await dashboard.seen();
  const meanwhile = ages.slice(fast, fresh).map(Math.round);
  const after = ages.slice(fresh + 1).map(Math.round); // that one may have been on its way to the screen
  context.diagnostic(`${ran ? 'dry' : 'not dry'} after ${ms} ms; ages meanwhile: ${meanwhile} ms, then: ${after} ms`);
  assert.ok(after.length > 0 && Math.max(...after) < FRESH_LIMIT_MS, `ms: ${after}`);
  assert.equal(stats.connections, 1);
  assert.deepEqual(errors, []);
  await endPhone();
});
