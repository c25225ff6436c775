// Who may look: tokens and a base path before the live page, and pages of other origins.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';

import { assertAccessible } from '../harness/axe.js';
import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { atEnd } from '../harness/ends.js';
import { token } from '../harness/tokens.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LIMIT = { timeout: 30_000 };
const CAMERAS = { LOT: { name: 'North lot', source: 'push' } };

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
async function start(settings) {
  const broadcaster = await Broadcaster.start(CAMERAS, settings);
  atEnd(() => broadcaster.end());
  return broadcaster;
}

async function newPage() {
  const context = await browser.newContext();
  atEnd(() => context.close());
  return context.newPage();
}

test('the page shows pictures below a base path, with a token that its address keeps to itself', async () => {
  const { url } = await start({
    base_path: '/north/lot', tokens: [token('wall', 'viewer'), token('worker', 'publisher')],
  });
  const worker = new Worker(`${url}/north/lot`, 'LOT', pictures, metadataOf({ car: 1 }), 10, 'secret-of-worker');
  atEnd(() => worker.end());
  const page = await newPage();
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${url}/north/lot#token=secret-of-wall`);
  await page.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]', LIMIT);
  assert.equal(new URL(page.url()).pathname, '/north/lot/');
  assert.ok(!page.url().includes('secret'), page.url());
  assert.ok(asked.every((one) => one.startsWith(`${url}/north/lot`)), asked.join(' '));
  await page.reload();
  await page.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]', LIMIT);

  const stranger = await newPage();
  await stranger.goto(`${url}/north/lot/`);
  await stranger.waitForSelector('#login', LIMIT);
  assert.equal(await stranger.locator('.tile').count(), 0);
  await stranger.keyboard.press('Escape');
  await stranger.keyboard.press('Escape'); // which browsers do not ask a page about
  await stranger.fill('#login-token', 'secret-of-wall', LIMIT);
  await stranger.keyboard.press('Enter');
  await stranger.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]', LIMIT);
});

/**
 * A proxy that shows a server below a path of which that server knows nothing.
 * @param {string} below
 * @param {string} url of the server
 */
async function startProxy(below, url) {
  const { port } = new URL(url);
  const forward = (/** @type {import('node:http').IncomingMessage} */ { method, headers, url: path = '' }) =>
    request({ host: '127.0.0.1', port, method, headers, path: path.slice(below.length) });
  const server = createServer((asked, answer) => {
    if (!asked.url?.startsWith(`${below}/`)) {
      answer.writeHead(404).end();
      return;
    }
    const onward = forward(asked);
    onward.on('error', () => answer.destroy());
    onward.once('response', (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    asked.pipe(onward);
  });
  server.on('upgrade', (asked, client, head) => {
    const onward = forward(asked);
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
    onward.once('upgrade', (given, socket, first) => {
      const fields = Object.entries(given.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`);
      client.write(first);
      socket.write(head);
      socket.pipe(client).pipe(socket);
      client.on('close', () => socket.destroy());
      socket.on('error', () => client.destroy());
    });
    onward.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}${below}`;
}

test('all pages work below a path that a proxy takes away', async () => {
  const { url } = await start({});
  const worker = new Worker(url, 'LOT', pictures, metadataOf({ car: 1 }));
  atEnd(() => worker.end());
  const root = await startProxy('/cams', url);
  const page = await newPage();
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url().replace('ws:', 'http:')));
  await page.goto(`${root}/`);
  await page.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]', LIMIT);
  for (const [name, selector] of /** @type {const} */ ([
    ['cameras', '.camera-row'], ['publish', '#toggle:enabled'], ['health', 'section[aria-label="Viewers"]'],
  ])) {
    await page.click(`.nav a[href$="/${name}"]`);
    await page.waitForSelector(selector, LIMIT);
    assert.equal(page.url(), `${root}/${name}`);
  }
  await page.goto(`${root}/camera/LOT/`); // sent to the address without the slash
  await page.waitForSelector('#main[data-picture="live"]', LIMIT);
  await page.click('#edit-spaces');
  await page.waitForSelector('#drawing[data-mode="select"]', LIMIT);
  assert.equal(page.url(), `${root}/camera/LOT/spaces`);
  await page.click('.brand');
  await page.waitForSelector('.tile[data-camera="LOT"][data-picture="live"]', LIMIT);
  await page.goto(`${root}/nowhere/at/all`);
  await page.click('main a.button', LIMIT);
  await page.waitForSelector('.tile[data-camera="LOT"]', LIMIT);
  assert.deepEqual(asked.filter((one) => !one.startsWith(`${root}/`) && !one.startsWith('blob:')), []);
});

test('a server that says late who looks: what streams is live all the same', async () => {
  const { url } = await start({});
  const worker = new Worker(url, 'LOT', pictures, metadataOf({ car: 1 }));
  atEnd(() => worker.end());
  const page = await newPage();
  /** @type {(string | null)[]} what the page says of its connection when it asks */
  const said = [];
  await page.route('**/api/session', async (route) => {
    await page.waitForFunction(() => document.querySelector('#connection')?.textContent === 'Connected', undefined, LIMIT);
    said.push(await page.textContent('#connection'));
    await (said.length === 1 ? route.fulfill({ status: 503, json: {} }) : route.continue());
  });
  await page.goto(`${url}/camera/LOT`);
  await page.waitForSelector('.nav a[href$="/health"]', LIMIT);
  assert.equal(said.length, 2);
  await page.waitForSelector('#main[data-picture="live"]', LIMIT);
  assert.equal(await page.textContent('#connection'), 'Connected');

  await page.unroute('**/api/session');
  await page.route('**/api/session', (route) => route.fulfill({ status: 503, json: {} }), { times: 1 });
  await page.goto(`${url}/cameras`);
  await page.waitForSelector('#connection:has-text("Reconnecting")', LIMIT);
  await page.waitForSelector('.nav a[href$="/health"]', LIMIT);
  assert.equal(await page.isVisible('#connection'), false, 'nothing streams here');
});

test('an address where nothing is says so, and leads back', async () => {
  const { url } = await start({ base_path: '/north' });
  const page = await newPage();
  for (const path of ['/north/nowhere', '/north/camera/-/of/nobody', '/elsewhere']) {
    const answer = await page.goto(url + path);
    assert.equal(answer?.status(), 404);
    await page.locator('main h1', { hasText: 'There is nothing here' }).waitFor(LIMIT);
    assert.match((await page.textContent('main p')) ?? '', new RegExp(path));
    await page.locator('.nav a', { hasText: 'Cameras' }).waitFor(LIMIT);
    await assertAccessible(page);
    await page.click('main a.button');
    await page.waitForSelector('.tile[data-camera="LOT"]', LIMIT);
    assert.equal(new URL(page.url()).pathname, '/north/');
  }
});

/** A page of another origin: the same host, another port. */
async function foreignPage() {
  const server = createServer((_, answer) => answer.end('<!doctype html><title>portal</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => new Promise((done) => server.close(done)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const page = await newPage();
  const origin = `http://127.0.0.1:${port}`;
  return { origin, open: () => page.goto(origin), page };
}

/** What fetch() gives a page: the status, or that the browser keeps the answer from it. @param {import('playwright-core').Page} page @param {string} url @param {RequestInit} init */
function fetchIn(page, url, init = {}) {
  return page.evaluate(
    ({ url, init }) => fetch(url, init).then((answer) => answer.status, () => 'refused'),
    { url, init },
  );
}

for (const [what, listed] of /** @type {const} */ ([['listed', true], ['any', true], ['unknown', false]])) {
  test(`a page of another port: ${what}`, async () => {
    const { origin, open, page } = await foreignPage();
    const origins = { listed: [origin], any: ['*'], unknown: ['http://portal.example'] }[what];
    const { url } = await start({ cors_origins: origins, tokens: [token('portal', 'admin')] });
    const bearer = { Authorization: 'Bearer secret-of-portal' };
    await open();
    assert.equal(await fetchIn(page, `${url}/healthz`), listed ? 200 : 'refused');
    assert.equal(await fetchIn(page, `${url}/api/cameras`), listed ? 401 : 'refused');
    assert.equal(await fetchIn(page, `${url}/api/cameras`, { headers: bearer }), listed ? 200 : 'refused');
    const json = { method: 'POST', headers: { ...bearer, 'Content-Type': 'application/json' }, body: '{}' };
    assert.equal(await fetchIn(page, `${url}/api/tokens`, json), listed ? 201 : 'refused');
    // With the browser's own credentials only where the origin is named.
    const own = await fetchIn(page, `${url}/healthz`, { credentials: 'include' });
    assert.equal(own, what === 'listed' ? 200 : 'refused');
    const opened = await page.evaluate((address) => new Promise((done) => {
      const socket = new WebSocket(address, ['ringcast.binary.v1', 'secret-of-portal']);
      socket.onopen = () => done(socket.protocol);
      socket.onerror = () => done('refused');
    }), `${url.replace('http', 'ws')}/ws/viewer/detection?camera_id=LOT`);
    assert.equal(opened, listed ? 'ringcast.binary.v1' : 'refused');
  });
}
