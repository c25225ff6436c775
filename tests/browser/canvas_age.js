// How old pictures are when Chromium draws them: `node canvas_age.js URL SECONDS PATH…` shows each path of a
// broadcaster in a window of its own and prints, every so many seconds, a line of JSON: {path: {ages,
// connections}}, ages in ms from the picture's arrival at its capture. Ends with its standard input.

import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { startChromium } from './harness/chromium.js';

const [url = '', seconds = '', ...paths] = process.argv.slice(2);

/** @param {import('playwright-core').Browser} browser @param {string} path */
async function show(browser, path) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 720 } })).newPage();
  await page.goto(`${url}/healthz`); // of this origin, and without a viewer of its own
  await page.evaluate(async (address) => {
    const library = '/lib/index.js';
    const { CanvasStreamRenderer, WebSocketStreamManager } = await import(library);
    const canvas = document.createElement('canvas');
    canvas.style.cssText = 'position: fixed; inset: 0; width: 100vw; height: 100vh';
    document.body.replaceChildren(canvas);
    const renderer = new CanvasStreamRenderer(canvas);
    const manager = new WebSocketStreamManager({ cameraId: 'CAM1', url: address });
    /** @type {number[]} */
    let ages = [];
    manager.onFrame((/** @type {any} */ frame) => renderer.renderFrame(frame));
    renderer.onDrawn((/** @type {any} */ frame) => ages.push(Date.now() - frame.capturedMs));
    manager.connect();
    Object.assign(window, {
      takeAges: () => {
        const taken = ages;
        ages = [];
        return { ages: taken, connections: manager.stats.connections };
      },
    });
  }, url.replace('http', 'ws') + path);
  return page;
}

/** @param {import('playwright-core').Page} page */
function takeAges(page) {
  return page.evaluate(() => /** @type {any} */ (window).takeAges());
}

const browser = await startChromium();
try {
  const pages = await Promise.all(paths.map((path) => show(browser, path)));
  for (const page of pages) {
    // A picture that lay ready, and the first drawing, are of another kind.
    await page.waitForFunction(() => /** @type {any} */ (window).takeAges().ages.length > 0);
  }
  const ended = once(process.stdin.resume(), 'end');
  let over = false;
  void ended.then(() => (over = true));
  await Promise.race([pause(1000), ended]);
  await Promise.all(pages.map(takeAges));
  while (!over) {
    await Promise.race([pause(1000 * Number(seconds)), ended]);
    if (!over) {
      const found = await Promise.all(pages.map(takeAges));
      console.log(JSON.stringify(Object.fromEntries(paths.map((path, i) => [path, found[i]]))));
    }
  }
} finally {
  await browser.close();
}
