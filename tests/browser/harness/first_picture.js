// What a page loads until it has drawn its first picture, with an empty cache.

/**
 * @typedef {object} FirstPicture
 * @property {number} ms from the address to the picture
 * @property {number} requests that were answered until then
 * @property {number} bytes of their answers, with 300 for each head as browsers have it
 * @property {number} pictures that had come by then, drawn or not
 * @property {number} pictureBytes of them
 */

export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true };

/** Runs in the page before its own scripts. */
function watchCanvas() {
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  const state = /** @type {any} */ (window);
  const came = { pictures: 0, pictureBytes: 0 };
  state.firstPicture = new Promise((drawn) => {
    CanvasRenderingContext2D.prototype.drawImage = function (/** @type {any[]} */ ...args) {
      if (this.canvas.isConnected) {
        const entries = /** @type {PerformanceResourceTiming[]} */ ([
          ...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]);
        const bytes = entries.reduce((sum, { transferSize }) => sum + transferSize, 0);
        drawn({ ms: performance.now(), requests: entries.length, bytes, ...came });
      }
      return draw.apply(this, /** @type {any} */ (args));
    };
  });
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string') {
          came.pictures++;
          came.pictureBytes += data.byteLength;
        }
      });
    }
  };
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url of the page
 * @param {import('playwright-core').BrowserContextOptions} screen
 * @param {(page: import('playwright-core').Page) => unknown} [prepare]
 * @returns {Promise<FirstPicture>}
 */
export async function loadFirstPicture(browser, url, screen, prepare) {
  const context = await browser.newContext(screen);
  const page = await context.newPage();
  await page.addInitScript(watchCanvas);
  await prepare?.(page);
  await page.goto(url, { waitUntil: 'commit' });
  const first = await page.evaluate(() => /** @type {any} */ (window).firstPicture);
  await context.close();
  return first;
}
