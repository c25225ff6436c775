// A page of somebody's own that shows streams with the client library, on a server of its own.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { ROOT } from './broadcaster.js';

const LIMIT = { timeout: 30_000 };

/** Serves pages with a script each, and the library in `/lib/`. */
export class Portal {
  #server = createServer((request, answer) => void this.#answer(request.url ?? '', answer));
  /** By name. @type {Map<string, string>} */
  #scripts = new Map();
  url = '';

  static async start() {
    const portal = new Portal();
    portal.#server.listen(0, '127.0.0.1');
    await once(portal.#server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (portal.#server.address());
    portal.url = `http://127.0.0.1:${port}`;
    return portal;
  }

  /** The address of a page with this module in it. @param {string} script */
  add(script) {
    const name = String(this.#scripts.size);
    this.#scripts.set(name, script);
    return `${this.url}/pages/${name}`;
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @param {string} path @param {import('node:http').ServerResponse} answer */
  async #answer(path, answer) {
    const library = /^\/lib\/([a-z_]+\.js)$/.exec(path)?.[1];
    const script = this.#scripts.get(/^\/pages\/(\d+)$/.exec(path)?.[1] ?? '');
    if (library !== undefined) {
      answer.setHeader('Content-Type', 'text/javascript');
      answer.end(await readFile(join(ROOT, 'web/lib', library)));
    } else if (path === '/utils/websocketStream') {
      answer.setHeader('Content-Type', 'text/javascript');
      answer.end("export * from '/lib/index.js';");
    } else {
      answer.setHeader('Content-Type', 'text/html');
      answer.end(`<!doctype html><title>dashboard</title><link rel="icon" href="data:,">
        <canvas id="stream-canvas" style="width: 640px; height: 360px"></canvas>
        <script type="module">${script ?? ''}</script>`);
    }
  }
}

export class Dashboard {
  page;

  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {Portal} portal
   * @param {object} options of the manager
   * @param {(page: import('playwright-core').Page) => unknown} [prepare]
   */
  static async open(context, portal, options, prepare) {
    const page = await context.newPage();
    await prepare?.(page);
    await page.goto(portal.add(`
      import { CanvasStreamRenderer, WebSocketStreamManager } from '/lib/index.js';
      const manager = new WebSocketStreamManager(${JSON.stringify(options)});
      const renderer = new CanvasStreamRenderer(document.querySelector('canvas'));
      const seen = { counts: {}, numbers: {}, ages: [], cameras: [], errors: [], returned: 0 };
      manager.onFrame((picture, frame) => {
        seen.counts[frame.cameraId] = (seen.counts[frame.cameraId] ?? 0) + 1;
        (seen.numbers[frame.cameraId] ??= []).push(frame.frameCount);
        renderer.renderFrame(picture, frame);
      });
      manager.onCamera(({ type, camera_id: id }) => seen.cameras.push(type + ' ' + id));
      manager.onError((error) => seen.errors.push(error.message));
      renderer.onDrawn((frame) => seen.ages.push(manager.serverTimeMs() - (frame.capturedMs || frame.sentMs)));
      addEventListener('pageshow', (event) => { seen.returned += event.persisted ? 1 : 0; });
      manager.connect();
      Object.assign(window, { manager, renderer, seen });
    `));
    return new Dashboard(page);
  }

  /** What has come. @returns {Promise<any>} */
  async seen() {
    return this.page.evaluate(() => {
      const { manager, renderer, seen } = /** @type {any} */ (window);
      return {
        ...seen, status: manager.connectionStatus, stats: manager.stats, drawn: renderer.framesDrawn,
      };
    });
  }

  /** @param {(manager: any) => void} action is run in the page */
  tell(action) {
    return this.page.evaluate(`(${action})(window.manager)`);
  }

  /** Until so many further frames of the camera have come. @param {string} cameraId */
  async waitForFrames(cameraId, count = 3) {
    await this.page.waitForFunction(({ cameraId, count }) => {
      const state = /** @type {any} */ (window);
      state.waits ??= {};
      const now = state.seen?.counts[cameraId] ?? 0;
      state.waits[cameraId] ??= now;
      const so = now >= state.waits[cameraId] + count;
      if (so) {
        delete state.waits[cameraId];
      }
      return so;
    }, { cameraId, count }, LIMIT);
  }

  /** Until a picture has been drawn since. */
  async waitForPicture() {
    await this.page.waitForFunction(() => {
      const { renderer } = /** @type {any} */ (window);
      const state = /** @type {any} */ (window);
      state.drawnBefore ??= renderer?.framesDrawn ?? 0;
      const so = (renderer?.framesDrawn ?? 0) > state.drawnBefore;
      if (so) {
        delete state.drawnBefore;
      }
      return so;
    }, undefined, LIMIT);
  }
}
