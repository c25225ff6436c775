// `make screenshot`: docs/demo.jpg, the picture in the README; and build/screenshots/demo-*.png, the same
// page wide and narrow, light and dark, to be looked at.

import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { BUILD, ROOT } from './harness/broadcaster.js';
import { startChromium } from './harness/chromium.js';
import { Demo } from './harness/demo.js';

const WIDE = { width: 1280, height: 624 };
const SETTLED_MS = 5000;
const NARROW = { width: 390, height: 844 };

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {{ camera: string, viewport: { width: number, height: number }, colorScheme: 'light' | 'dark' }} look
 * @param {import('playwright-core').PageScreenshotOptions} file
 */
async function shoot(browser, url, { camera, ...look }, file) {
  const page = await browser.newPage(look);
  await page.goto(`${url}/camera.html?camera=${camera}`);
  await page.waitForSelector('#live[data-picture="live"]');
  await page.waitForTimeout(SETTLED_MS); // the rate of the first second is that of the start
  await page.waitForFunction(() => Number(document.querySelector('#rate')?.textContent) >= 1);
  await page.screenshot(file);
  await page.close();
  console.log(relative(ROOT, file.path ?? ''));
}

const demo = await Demo.start();
const browser = await startChromium();
try {
  const folder = join(BUILD, 'screenshots');
  await mkdir(folder, { recursive: true });
  for (const [shape, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    for (const [camera, colorScheme] of /** @type {const} */ ([['LOT1', 'light'], ['LOT2', 'dark']])) {
      const path = join(folder, `demo-${shape}-${colorScheme}.png`);
      await shoot(browser, demo.url, { camera, viewport, colorScheme }, { path });
    }
  }
  const picture = { path: join(ROOT, 'docs/demo.jpg'), type: /** @type {const} */ ('jpeg'), quality: 80 };
  await shoot(browser, demo.url, { camera: 'LOT1', viewport: WIDE, colorScheme: 'light' }, picture);
} finally {
  await browser.close();
  await demo.end();
}
