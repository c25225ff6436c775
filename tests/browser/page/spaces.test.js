// The spaces editor with the real broadcaster: by mouse, finger and keyboard; what is refused; what is saved.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertAccessible } from '../harness/axe.js';
import { Broadcaster } from '../harness/broadcaster.js';
import { makePictures, startChromium } from '../harness/chromium.js';
import { Pipeline, pipelineMissing } from '../harness/pipeline.js';
import { token } from '../harness/tokens.js';
import { Worker } from '../harness/worker.js';

/** @typedef {import('playwright-core').Page} Page */

const LIMIT = { timeout: 30_000 }; // on a machine whose cores are busy
const LOADED = { timeout: 60_000 };

/** @param {string} id @param {string} name @param {number} x @param {number} y */
const boxSpace = (id, name, x, y) => {
  const [right, bottom] = [x, y].map((value) => Math.round(value * 10 + 2) / 10);
  return { id, name, polygon: [[x, y], [right, y], [right, bottom], [x, bottom]] };
};
const TWO = [boxSpace('s1', 'A1', 0.1, 0.1), boxSpace('s2', 'A2', 0.5, 0.1)];
/** A camera for each test. */
const CAMERAS = Object.fromEntries(['EMPTY', 'MOUSE', 'KEYS', 'TOUCH', 'BOTH', 'LIVE', 'LOGIN', 'ROW', 'SEEN'].map((id) =>
  [id, { name: `Lot ${id}`, source: 'push', ...(id === 'EMPTY' || id === 'ROW' ? {} : { spaces: TWO }) }]));

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Broadcaster} */
let broadcaster;
const ADMIN = 'secret-of-admin';
const BEARER = { Authorization: `Bearer ${ADMIN}` };

before(async () => {
  browser = await startChromium();
  broadcaster = await Broadcaster.start(CAMERAS, { tokens: [token('admin'), token('viewer'), token('publisher')] });
});

after(async () => {
  await browser?.close();
  await broadcaster?.end();
});

/** @param {string} cameraId @param {import('playwright-core').BrowserContextOptions & { as?: string }} [options] */
async function open(cameraId, { as = ADMIN, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`${broadcaster.url}/camera/${cameraId}/spaces#token=${as}`);
  await page.waitForSelector('#drawing[data-mode="select"]', LOADED);
  return page;
}

/**
 * Where a part of the picture is on the screen; all pictures here are 16 to 9.
 * @param {Page} page
 * @param {number} x
 * @param {number} y
 */
async function placeOf(page, x, y) {
  const box = await page.locator('#stage').boundingBox();
  assert.ok(box !== null);
  const scale = Math.min(box.width / 16, box.height / 9);
  return { x: box.x + box.width / 2 + (x - 0.5) * 16 * scale, y: box.y + box.height / 2 + (y - 0.5) * 9 * scale };
}

/** @param {Page} page @param {number[][]} points */
async function clickAll(page, points) {
  for (const [x = 0, y = 0] of points) {
    const place = await placeOf(page, x, y);
    await page.mouse.click(place.x, place.y);
  }
}

/** @param {Page} page @param {number[]} from @param {number[]} to */
async function drag(page, [fromX = 0, fromY = 0], [toX = 0, toY = 0]) {
  const from = await placeOf(page, fromX, fromY);
  const to = await placeOf(page, toX, toY);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await page.mouse.move(to.x, to.y);
  await page.mouse.up();
}

/**
 * What the server has.
 * @param {string} cameraId
 * @returns {Promise<{ id: string, name: string, polygon: number[][] }[]>}
 */
async function stored(cameraId) {
  const answer = await fetch(`${broadcaster.url}/api/cameras/${cameraId}`, { headers: BEARER });
  return (await answer.json()).spaces;
}

/** Somebody else saves. @param {string} cameraId @param {object[]} spaces */
async function putSpaces(cameraId, spaces) {
  const answer = await fetch(`${broadcaster.url}/api/cameras/${cameraId}/spaces`, {
    method: 'PUT', headers: { ...BEARER, 'Content-Type': 'application/json' }, body: JSON.stringify(spaces),
  });
  assert.equal(answer.status, 200);
}

/** @param {Page} page */
async function save(page) {
  await page.click('#save');
  await page.waitForFunction(() => document.querySelector('#save-state')?.textContent === 'Saved', undefined, LIMIT);
}

/** @param {number[][] | undefined} actual @param {number[][]} expected @param {number} within */
function assertNear(actual, expected, within) {
  assert.equal(actual?.length, expected.length, JSON.stringify(actual));
  const given = (actual ?? []).flat();
  expected.flat().forEach((value, i) => {
    const away = Math.abs((given[i] ?? NaN) - value);
    assert.ok(away <= within, `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
  });
}

/** What a screen reader says of what has the focus. @param {Page} page */
async function focused(page) {
  return (await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))) ?? '';
}

/** What has changed is shown once per turn of the screen. @param {Page} page */
function drawn(page) {
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** @param {Page} page @param {string} selector */
async function textOf(page, selector) {
  await drawn(page);
  return (await page.textContent(selector)) ?? '';
}

/** @param {Page} page @param {string} selector */
async function countOf(page, selector) {
  await drawn(page);
  return page.locator(selector).count();
}

/** @param {Page} page */
async function names(page) {
  await drawn(page);
  return page.locator('.space-item .space-name').allTextContents();
}

test('by mouse: a polygon, a box, a corner moved, one added, a name, a copy; all saved', async () => {
  const page = await open('EMPTY');
  assert.match(await textOf(page, '#tool-hint'), /first space/);
  await page.click('#tool-draw');
  const shape = [[0.1, 0.2], [0.3, 0.2], [0.35, 0.5], [0.08, 0.5]];
  await clickAll(page, shape);
  await page.waitForFunction(() => document.querySelectorAll('.draft circle').length === 4, undefined, LIMIT);
  assert.equal(await page.locator('.space-note').count(), 0, 'the pointer rests on the corner that it has set');
  await clickAll(page, [[0.1, 0.2]]);
  assert.deepEqual(await names(page), ['A1']);
  await page.click('#tool-draw');
  await drag(page, [0.5, 0.2], [0.7, 0.4]);
  assert.deepEqual(await names(page), ['A1', 'A2']);
  await drag(page, [0.7, 0.4], [0.8, 0.5]);
  await drag(page, [0.6, 0.2], [0.6, 0.15]);
  await page.fill('#space-name', 'North 7');
  await page.click('#tool-copy');
  assert.deepEqual(await names(page), ['A1', 'North 7', 'North 8']);
  await page.click('#tool-remove');
  await page.click('#tool-undo');
  assert.equal(await textOf(page, '#save-state'), 'Not saved yet');
  await save(page);
  const [first, second, third] = await stored('EMPTY');
  assertNear(first?.polygon, shape, 0.004);
  assertNear(second?.polygon, [[0.5, 0.2], [0.6, 0.15], [0.7, 0.2], [0.8, 0.5], [0.5, 0.4]], 0.004);
  assert.equal(second?.name, 'North 7');
  assert.equal(third?.name, 'North 8');
  await page.context().close();
});

test('edges that cross are refused in words, and undone', async () => {
  const page = await open('MOUSE');
  await clickAll(page, [[0.2, 0.2]]);
  await drag(page, [0.1, 0.1], [0.35, 0.25]);
  assert.equal(await textOf(page, '.space-note'), 'Edges cross or touch');
  assert.match((await page.getAttribute('.space[data-id="s1"]', 'aria-label')) ?? '', /Edges cross/);
  await page.click('#save');
  assert.match(await textOf(page, '#wrong'), /Not saved. A1: Edges cross or touch/);
  assert.deepEqual(await stored('MOUSE'), TWO);
  await page.keyboard.press('Control+z');
  await page.waitForSelector('#wrong', { state: 'hidden' });
  assert.equal(await countOf(page, '.space-note'), 0);
  await page.keyboard.press('Control+Shift+z');
  assert.equal(await countOf(page, '.space-note'), 1);
  await page.keyboard.press('Control+z');
  await page.fill('#space-name', 'A2');
  assert.equal(await textOf(page, '#space-name-error'), 'Another space has this name');
  await page.click('#save');
  assert.deepEqual(await stored('MOUSE'), TWO);

  // Nobody leaves with changes without being asked.
  const asked = new Promise((done) => page.once('dialog', (dialog) => {
    void dialog.accept();
    done(dialog.type());
  }));
  await page.close({ runBeforeUnload: true });
  assert.equal(await asked, 'beforeunload');
  await page.context().close();
});

test('by keyboard alone', async () => {
  const page = await open('KEYS');
  await page.focus('.space[data-id="s1"]');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Enter');
  assert.match(await focused(page), /^Corner 1 of 4 of A1/);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Enter');
  assert.match(await focused(page), /^Corner 3 of 5 of A1/);
  await page.keyboard.press('Delete');
  await page.keyboard.press('Escape');
  await page.keyboard.press('F2');
  await page.keyboard.type('Gate');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+d');
  assert.deepEqual(await names(page), ['Gate', 'A2', 'Gate 2']);
  await page.keyboard.press('Delete');
  await page.keyboard.press('n');
  const [right, down] = ['Shift+ArrowRight', 'Shift+ArrowDown'].map((key) => Array(10).fill(key));
  for (const key of ['Enter', ...right ?? [], 'Enter', ...down ?? [], 'Enter', 'Enter']) {
    await page.keyboard.press(key);
  }
  await page.keyboard.press('Control+s');
  await page.waitForFunction(() => document.querySelector('#save-state')?.textContent === 'Saved', undefined, LIMIT);
  const [first, , last] = await stored('KEYS');
  const [px, py] = [1 / 1280, 1 / 720];
  assertNear(first?.polygon, [
    [0.1 + px, 0.1 + 10 * py], [0.3 + 11 * px, 0.1 + 10 * py], [0.3 + px, 0.3 + 10 * py], [0.1 + px, 0.3 + 10 * py],
  ], 0.0001);
  assert.equal(first?.name, 'Gate');
  assertNear(last?.polygon, [[0.5, 0.5], [0.5 + 100 * px, 0.5], [0.5 + 100 * px, 0.5 + 100 * py]], 0.0001);
  await page.context().close();
});

test('by finger on a phone: corners, a drag with a magnifier, two fingers', async () => {
  const page = await open('TOUCH', {
    viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2,
  });
  const session = await page.context().newCDPSession(page);
  /** @param {'touchStart' | 'touchMove' | 'touchEnd'} type @param {{ x: number, y: number }[]} touchPoints */
  const touch = (type, ...touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints });
  const tap = async (/** @type {number} */ x, /** @type {number} */ y) => {
    const place = await placeOf(page, x, y);
    await page.touchscreen.tap(place.x, place.y);
  };
  await page.tap('#tool-draw');
  await tap(0.2, 0.5);
  await tap(0.5, 0.5);
  await tap(0.5, 0.8);
  await tap(0.2, 0.8);
  await page.tap('#tool-finish');
  assert.deepEqual(await names(page), ['A1', 'A2', 'A3']);

  const from = await placeOf(page, 0.5, 0.8);
  const to = await placeOf(page, 0.6, 0.9);
  await touch('touchStart', { x: from.x + 10, y: from.y + 8 }); // a finger is no point
  await touch('touchMove', { x: to.x, y: to.y });
  await touch('touchMove', { x: to.x + 10, y: to.y + 8 });
  assert.ok(await page.isVisible('.magnifier'));
  await touch('touchEnd');
  assert.ok(!(await page.isVisible('.magnifier')));

  const width = () => page.locator('.space[data-id="s1"] polygon').boundingBox().then((box) => box?.width ?? 0);
  const before = await width();
  const middle = await placeOf(page, 0.5, 0.5);
  await touch('touchStart', { x: middle.x - 30, y: middle.y }, { x: middle.x + 30, y: middle.y });
  await touch('touchMove', { x: middle.x - 60, y: middle.y }, { x: middle.x + 60, y: middle.y });
  await touch('touchEnd');
  const least = before * 1.8;
  await page.waitForFunction((least) => {
    const polygon = document.querySelector('.space[data-id="s1"] polygon');
    return (polygon?.getBoundingClientRect().width ?? 0) > least;
  }, least, LIMIT);
  await page.tap('#tool-fit');
  await page.tap('#save');
  await page.waitForFunction(() => document.querySelector('#save-state')?.textContent === 'Saved', undefined, LIMIT);
  const third = (await stored('TOUCH'))[2];
  assertNear(third?.polygon, [[0.2, 0.5], [0.5, 0.5], [0.6, 0.9], [0.2, 0.8]], 0.01);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the phone');
  await page.context().close();
});

test('a row is divided into spaces', async () => {
  const page = await open('ROW');
  await page.click('#tool-row');
  await clickAll(page, [[0.1, 0.4], [0.9, 0.4], [0.9, 0.6], [0.1, 0.6]]);
  await page.fill('#row-count', '8');
  await page.fill('#row-name', 'B1');
  assert.equal(await textOf(page, '#row-accept'), 'Make 8 spaces');
  await page.click('#row-accept');
  assert.deepEqual(await names(page), ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8']);
  await save(page);
  assertNear((await stored('ROW'))[7]?.polygon, [[0.8, 0.4], [0.9, 0.4], [0.9, 0.6], [0.8, 0.6]], 0.004);
  await page.context().close();
});

test('what others save meanwhile is not lost without a word', async () => {
  const page = await open('BOTH');
  await page.click('.space-item >> nth=1');
  await page.keyboard.press('Delete');
  await putSpaces('SEEN', TWO); // another camera: nobody needs to be asked
  await save(page);
  assert.equal((await stored('BOTH')).length, 1);

  await page.keyboard.press('Control+z');
  await putSpaces('BOTH', [boxSpace('x', 'Theirs', 0.3, 0.3)]);
  await page.click('#save');
  await page.waitForSelector('#conflict[open]', LIMIT);
  await page.keyboard.press('Escape');
  assert.deepEqual(await names(page), ['A1', 'A2']);
  assert.equal((await stored('BOTH'))[0]?.name, 'Theirs');
  await page.click('#save');
  await page.click('#conflict button[value="theirs"]');
  await page.waitForFunction(() => document.querySelector('.space-name')?.textContent === 'Theirs', undefined, LIMIT);
  await page.click('#tool-undo');
  assert.deepEqual(await names(page), ['A1', 'A2']);
  await page.click('#tool-redo');
  await page.click('.space-item');

  await page.fill('#space-name', 'Mine');
  await putSpaces('BOTH', []);
  await page.click('#save');
  await page.click('#conflict button[value="mine"]');
  await page.waitForFunction(() => document.querySelector('#save-state')?.textContent === 'Saved', undefined, LIMIT);
  assert.deepEqual((await stored('BOTH')).map(({ name }) => name), ['Mine']);
  await page.context().close();
});

test('a token that is over while something is not saved: it is still there after the login', async () => {
  const page = await open('LOGIN');
  await page.click('.space-item >> nth=0');
  await page.fill('#space-name', 'Gate');
  await page.evaluate(() => sessionStorage.setItem('ringcast.token', 'over'));
  await page.click('#save');
  await page.waitForSelector('#login[open]', LIMIT);
  await page.fill('#login-token', 'secret-of-viewer');
  await page.keyboard.press('Enter');
  await page.locator('#login-error', { hasText: 'allows less than the one before' }).waitFor(LIMIT);
  await page.fill('#login-token', ADMIN);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#login', { state: 'detached', ...LIMIT });
  assert.equal(await page.inputValue('#space-name'), 'Gate');
  await save(page);
  assert.deepEqual((await stored('LOGIN')).map(({ name }) => name), ['Gate', 'A2']);
  await page.context().close();
});

test('states show at once, and only for what is saved; the picture can be frozen', async () => {
  const pictures = await makePictures(browser, ['#405060', '#304a3a']);
  const metadata = {
    space_occupancy: [{ space_id: 's1', state: 'occupied' }, { space_id: 's2', state: 'free' }],
    frame: { width: 640, height: 360 }, detections: [{ class: 'car', confidence: 0.9, bbox: [64, 36, 128, 72] }],
  };
  const worker = new Worker(broadcaster.url, 'LIVE', pictures, metadata, 10, 'secret-of-publisher');
  try {
    const page = await open('LIVE');
    await page.waitForSelector('.space[data-id="s1"][data-state="occupied"]', LIMIT);
    await page.waitForSelector('.space[data-id="s2"][data-state="free"]', LIMIT);
    assert.match(await textOf(page, '#space-count'), /1 of 2 free/);
    await page.waitForFunction(() => document.querySelector('#badge')?.textContent === 'Live', undefined, LIMIT);
    await page.click('#tool-vehicles');
    assert.equal(await countOf(page, '.vehicle-boxes rect'), 1);
    await page.click('#tool-freeze');
    await page.waitForSelector('#badge >> text=Frozen', LIMIT);
    await page.click('.space-item >> nth=0');
    await page.focus('.space[data-id="s1"]');
    await page.keyboard.press('Shift+ArrowRight');
    await page.waitForSelector('.space[data-id="s1"][data-state="unsaved"]', LIMIT);
    await save(page);
    await page.waitForSelector('.space[data-id="s1"][data-state="occupied"]', LIMIT);
    await page.click('#tool-freeze');
    await page.waitForFunction(() => document.querySelector('#badge')?.textContent === 'Live', undefined, LIMIT);
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page);
    }
    await page.context().close();
  } finally {
    await worker.end();
  }
});

test('a viewer sees the spaces and cannot change them; a camera that is not there', async () => {
  const page = await open('SEEN', { as: 'secret-of-viewer' });
  assert.equal(await countOf(page, '.space'), 2);
  assert.equal(await textOf(page, '#tool-hint'), 'Only an administrator can change spaces.');
  assert.equal(await countOf(page, '#tool-draw'), 0);
  assert.ok(!(await page.isVisible('#save')));
  await page.focus('.space[data-id="s1"]');
  await page.keyboard.press('Delete');
  await drag(page, [0.2, 0.2], [0.4, 0.4]);
  assert.deepEqual(await names(page), ['A1', 'A2']);
  await page.goto(`${broadcaster.url}/camera/NOWHERE/spaces`);
  await page.waitForSelector('text=There is no camera NOWHERE', LIMIT);
  await page.context().close();
});

test('drawn in the browser, judged by the detector, without a restart', { skip: pipelineMissing() }, async () => {
  const pipeline = await Pipeline.start();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    await page.goto(`${pipeline.url}/camera/LOT/spaces`);
    // On a machine whose cores are busy it may be an old one.
    await page.waitForSelector('#badge >> text=/live/i', LOADED);
    await page.click('#tool-draw');
    await drag(page, [0.02, 0.02], [0.06, 0.06]);
    await save(page);
    await page.waitForSelector('.space[data-state="free"]', LOADED);
  } finally {
    await page.close();
    await pipeline.end();
  }
});
