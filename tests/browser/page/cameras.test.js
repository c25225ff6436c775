// The cameras page with the real processes: cameras are added, tested, changed and removed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertAccessible } from '../harness/axe.js';
import { Broadcaster } from '../harness/broadcaster.js';
import { startChromium } from '../harness/chromium.js';
import { Pipeline, pipelineMissing } from '../harness/pipeline.js';
import { token } from '../harness/tokens.js';

/** @typedef {import('playwright-core').Page} Page */

const LIMIT = { timeout: 30_000 }; // on a machine whose cores are busy
const LOADED = { timeout: 60_000 };

/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  browser = await startChromium();
});

after(() => browser?.close());

/** @param {string} url @param {string} [as] */
async function open(url, as = 'secret-of-admin') {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`${url}/cameras#token=${as}`);
  return page;
}

/** @param {Page} page @param {string} id */
const row = (page, id) => page.locator(`li[data-camera="${id}"]`);

/** @param {Page} page @param {string} id @param {string} name */
async function remove(page, id, name) {
  await row(page, id).locator('[data-command="remove"]').click();
  assert.ok(await page.isDisabled('#remove-confirm'));
  await page.fill('#remove-name', `${name}x`);
  assert.ok(await page.isDisabled('#remove-confirm'));
  await page.fill('#remove-name', name);
  await page.click('#remove-confirm');
  await row(page, id).waitFor({ state: 'detached', ...LIMIT });
}

/** Somebody else changes a camera. @param {string} url @param {string} id @param {object} changes */
async function put(url, id, changes) {
  const headers = { Authorization: 'Bearer secret-of-admin', 'Content-Type': 'application/json' };
  const answer = await fetch(`${url}/api/cameras/${id}`, { method: 'PUT', headers, body: JSON.stringify(changes) });
  assert.equal(answer.status, 200);
}

test('without a supervisor: what can be added, what cannot, and what is wrong, at its field', async () => {
  const broadcaster = await Broadcaster.start({}, { tokens: [token('admin'), token('viewer')] });
  try {
    const page = await open(broadcaster.url);
    await page.click('#add-first', LOADED);
    await page.click('#camera-save');
    assert.equal(await page.textContent('#camera-name-error'), 'This is needed.');
    assert.equal(await page.textContent('#camera-url-error'), 'This is needed.');

    await page.fill('#camera-name', 'Einfahrt Süd');
    assert.equal(await page.inputValue('#camera-id'), 'einfahrt-sud');
    await page.fill('#camera-url', 'rtsp://10.0.0.7/live');
    assert.match((await page.textContent('#address-hint')) ?? '', /RTSP is not spoken/);
    await page.click('#camera-save');
    await page.waitForSelector('#camera-url[aria-invalid="true"]', LIMIT);
    assert.notEqual(await page.textContent('#camera-url-error'), '');
    await page.fill('#camera-url', 'http://127.0.0.1:1/stream');
    await page.click('#camera-test');
    await page.waitForSelector('.test-panel >> text=connection refused', LIMIT);
    await page.click('#camera-save');
    await page.waitForSelector('#camera-dialog .callout >> text=without its supervisor', LIMIT);

    await page.selectOption('#camera-source', 'push');
    assert.ok(!(await page.isVisible('#camera-url')));
    await page.fill('#camera-fps', '100');
    await page.click('#camera-save');
    await page.waitForSelector('#camera-fps[aria-invalid="true"]', LIMIT);
    assert.match((await page.textContent('#camera-fps-error')) ?? '', /60/);
    await page.fill('#camera-fps', '5');
    await page.click('#camera-save');
    await row(page, 'einfahrt-sud').waitFor(LIMIT);
    assert.match((await row(page, 'einfahrt-sud').textContent()) ?? '', /Einfahrt Süd.*Phone or browser.*0\sspaces/);

    await page.click('#add');
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page);
    }
    await page.fill('#camera-name', 'Other');
    await page.fill('#camera-id', 'einfahrt-sud');
    await page.selectOption('#camera-source', 'push');
    await page.click('#camera-save');
    await page.waitForSelector('#camera-id[aria-invalid="true"]', LIMIT);
    await page.keyboard.press('Escape');

    await row(page, 'einfahrt-sud').locator('[data-command="edit"]').click();
    assert.equal(await page.inputValue('#camera-fps'), '5');
    assert.ok(await page.isDisabled('#camera-id'));
    await page.fill('#camera-name', 'Einfahrt');
    await put(broadcaster.url, 'einfahrt-sud', { name: 'Ausfahrt', skip_frames: 3 }); // by somebody else
    await page.click('#camera-save');
    await page.waitForSelector('#camera-name-error >> text=“Ausfahrt”', LIMIT);
    await page.click('#camera-save');
    const link = row(page, 'einfahrt-sud').getByRole('link', { name: 'Spaces: Einfahrt', exact: true });
    await link.waitFor(LIMIT);
    assert.ok((await link.getAttribute('href'))?.endsWith('/camera/einfahrt-sud/spaces'));
    await remove(page, 'einfahrt-sud', 'Einfahrt');
    await page.waitForSelector('text=No cameras yet', LIMIT);
    await page.close();

    const viewer = await open(broadcaster.url, 'secret-of-viewer');
    await viewer.waitForSelector('text=This page is not for you', LIMIT);
    await viewer.close();
  } finally {
    await broadcaster.end();
  }
});

test('with a supervisor: a camera is tested, added, changed and removed', { skip: pipelineMissing() }, async () => {
  const pipeline = await Pipeline.start({ detects: false });
  try {
    const page = await open(pipeline.url);
    await row(page, 'LOT').locator('.pill >> text=Online').waitFor(LOADED); // it draws its first pictures slowly
    await page.click('#add');
    await page.fill('#camera-name', 'Second');
    await page.fill('#camera-url', pipeline.cameraUrl().replace('://', '://guard:secret@'));
    await page.click('#camera-test');
    await page.waitForSelector('.test-picture img', LIMIT);
    await page.waitForFunction(() => {
      const picture = document.querySelector('.test-picture img');
      return picture instanceof HTMLImageElement && picture.naturalWidth > 0;
    }, undefined, LIMIT);
    assert.match((await page.textContent('.test-picture figcaption')) ?? '', /It works · \d+ × \d+/);
    await page.click('#camera-save');
    await row(page, 'second').locator('.pill >> text=Online').waitFor(LOADED);
    assert.ok(!((await page.content()).includes('secret')), 'a password is never shown');

    await row(page, 'second').locator('[data-command="test"]').click();
    await page.waitForSelector('#test-dialog img', LIMIT);
    await page.keyboard.press('Escape');
    await row(page, 'second').locator('[data-command="edit"]').click();
    assert.equal(await page.getAttribute('#camera-password', 'placeholder'), 'unchanged');
    await page.fill('#camera-url', 'http://127.0.0.1:1/stream');
    await page.click('#camera-save');
    await page.waitForSelector('#camera-password[aria-invalid="true"]', LIMIT);
    await page.check('#camera-no-password');
    await page.click('#camera-save');
    await page.waitForSelector('#camera-dialog', { state: 'detached', ...LIMIT });
    await row(page, 'second').locator('.camera-source >> text=127.0.0.1:1/').waitFor(LIMIT);
    await remove(page, 'second', 'Second');
    await page.close();
  } finally {
    await pipeline.end();
  }
});
