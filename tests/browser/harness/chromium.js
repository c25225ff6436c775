// Debian's Chromium, driven by playwright-core.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** @param {import('playwright-core').LaunchOptions} [options] `args`: further switches */
export function startChromium({ args = [], ...options } = {}) {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error('no Chromium found: install the package chromium, or set CHROMIUM');
  }
  return chromium.launch({
    executablePath,
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', ...args,
    ],
    ...options,
  });
}

/**
 * JPEGs made by the browser: the left half in one colour, the right half in another, and a white bar
 * that wanders from picture to picture.
 * @param {import('playwright-core').Browser} browser
 * @param {[string, string]} colours
 * @returns {Promise<string[]>} base64
 */
export async function makePictures(browser, [left, right], count = 5) {
  const page = await browser.newPage();
  const pictures = await page.evaluate(
    ({ left, right, count }) => {
      const canvas = document.createElement('canvas');
      canvas.width = 640;
      canvas.height = 360;
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      return Array.from({ length: count }, (_, i) => {
        context.fillStyle = left;
        context.fillRect(0, 0, 320, 360);
        context.fillStyle = right;
        context.fillRect(320, 0, 320, 360);
        context.fillStyle = 'white';
        context.fillRect((i * 640) / count, 150, 40, 60);
        return canvas.toDataURL('image/jpeg', 0.9).split(',')[1] ?? '';
      });
    },
    { left, right, count },
  );
  await page.close();
  return pictures;
}

/**
 * The colour of the canvas at a place given in parts of its size.
 * @param {import('playwright-core').Page} page
 * @param {number} x
 * @param {number} y
 * @returns {Promise<number[]>} red, green, blue, alpha
 */
export function canvasPixel(page, x, y) {
  return page.evaluate(
    ({ x, y }) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('canvas'));
      const copy = document.createElement('canvas'); // reading the page's own would slow it down
      copy.width = copy.height = 1;
      const context = /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d'));
      context.drawImage(canvas, -Math.floor(x * canvas.width), -Math.floor(y * canvas.height));
      return [...context.getImageData(0, 0, 1, 1).data];
    },
    { x, y },
  );
}
