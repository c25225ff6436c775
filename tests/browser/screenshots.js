// `make screenshots`: every page of the demo in Chromium. Into build/screenshots, to be looked at: 390, 820 and
// 1600 pixels wide, light and dark. Into docs/pages, for docs/pages.md: one wide and light, one narrow and dark.
// docs/demo.jpg is the picture in the README. `make screenshots PAGES="wall health"` makes those of some.

import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { BUILD, ROOT } from './harness/broadcaster.js';
import { startChromium } from './harness/chromium.js';
import { Demo } from './harness/demo.js';

/**
 * A page, and what shows that it is as it is to be seen.
 * @typedef {object} Shot
 * @property {string} name of its files, of docs/pages.md
 * @property {string} path
 * @property {string} ready a selector
 */

/** One line for each page. @type {Shot[]} */
const shots = [
  { name: 'wall', path: '/', ready: '.tile[data-camera="LOT2"][data-picture="live"]' },
  { name: 'camera', path: '/camera/LOT1', ready: '#main[data-picture="live"]' },
  { name: 'spaces', path: '/camera/LOT1/spaces', ready: '.space[data-state="free"]' },
  { name: 'cameras', path: '/cameras', ready: '.camera-row:nth-child(2)' },
  { name: 'publish', path: '/publish', ready: '#toggle:enabled' },
  { name: 'health', path: '/health', ready: 'section[aria-label="Processes"] table' },
];

const looks = [390, 820, 1600].flatMap((width) =>
  /** @type {const} */ (['light', 'dark']).map((colorScheme) => ({
    colorScheme, viewport: { width, height: width < 600 ? 844 : width < 1000 ? 1180 : 900 },
  })));

/** Those of the documents. */
const WIDE = /** @type {const} */ ({ viewport: { width: 1280, height: 720 }, colorScheme: 'light' });
const NARROW = /** @type {const} */ ({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
const README = /** @type {const} */ ({ viewport: { width: 1280, height: 624 }, colorScheme: 'light' });

const JPEG = /** @type {const} */ ({ type: 'jpeg', quality: 72 });
const SETTLED_MS = 5000; // the rate of the first second is that of the start
const READY_LIMIT_MS = 60_000;

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {Shot} shot
 * @param {import('playwright-core').BrowserContextOptions} look
 * @param {import('playwright-core').PageScreenshotOptions} file
 */
async function shoot(browser, url, { path, ready }, look, file) {
  const page = await browser.newPage(look);
  try {
    await page.goto(url + path);
    await page.waitForSelector(ready, { timeout: READY_LIMIT_MS });
    await page.waitForTimeout(SETTLED_MS);
    await page.screenshot(file);
    console.log(relative(ROOT, file.path ?? ''));
  } catch (error) {
    console.error(`${relative(ROOT, file.path ?? '')}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    await page.close();
  }
}

const asked = (process.env.PAGES ?? '').split(' ').filter((name) => name !== '');
const wanted = shots.filter(({ name }) => asked.length === 0 || asked.includes(name));
const folders = { build: join(BUILD, 'screenshots'), docs: join(ROOT, 'docs/pages') };
const demo = await Demo.start();
const browser = await startChromium();
try {
  await mkdir(folders.build, { recursive: true });
  await mkdir(folders.docs, { recursive: true });
  for (const shot of wanted) {
    await shoot(browser, demo.url, shot, WIDE, { ...JPEG, path: join(folders.docs, `${shot.name}.jpg`) });
    await shoot(browser, demo.url, shot, NARROW, { ...JPEG, path: join(folders.docs, `${shot.name}-phone.jpg`) });
    for (const look of process.env.DOCS_ONLY === undefined ? looks : []) {
      const name = `${shot.name}-${look.viewport.width}-${look.colorScheme}.png`;
      await shoot(browser, demo.url, shot, look, { path: join(folders.build, name) });
    }
  }
  const camera = wanted.find(({ name }) => name === 'camera');
  if (camera !== undefined) {
    await shoot(browser, demo.url, camera, README, { ...JPEG, quality: 80, path: join(ROOT, 'docs/demo.jpg') });
  }
} finally {
  await browser.close();
  await demo.end();
}
