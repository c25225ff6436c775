// Yardsticks for bounds of time: what the same browser takes meanwhile, on the same machine, for the like of
// it without ringcast. A busy machine is slow at both.

import assert from 'node:assert/strict';
import { once } from 'node:events';

import { WebSocketServer } from 'ws';

const HOPS = 4; // to the socket, to the script, to the picture, to the test

/**
 * Waits until a page shows something, and asserts that it did not take longer than the limit and some turns of
 * the page itself.
 * @param {import('playwright-core').Page} page
 * @param {Promise<unknown>} shown
 * @param {number} limitMs from now on
 * @returns {Promise<number>} ms that it took
 */
export async function assertShownWithin(page, shown, limitMs) {
  const began = performance.now();
  let over = false;
  const took = shown.then(() => performance.now() - began).finally(() => {
    over = true;
  });
  took.catch(() => {}); // told below
  let slowestMs = 0;
  while (!over) {
    const asked = performance.now();
    await page.evaluate(() => new Promise((done) => {
      setTimeout(done);
    }));
    slowestMs = Math.max(slowestMs, performance.now() - asked);
    await Promise.race([took, page.waitForTimeout(50)]);
  }
  const ms = await took;
  assert.ok(ms < limitMs + HOPS * slowestMs, `after ${Math.round(ms)} ms; a turn took up to ${Math.round(slowestMs)}`);
  return ms;
}

/** A server of nothing, which only knows when the sockets of a page have closed. */
export class EmptyServer {
  #server;

  /** @param {WebSocketServer} server */
  constructor(server) {
    this.#server = server;
  }

  static async start() {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new EmptyServer(server);
  }

  /**
   * Has a page open a socket.
   * @param {import('playwright-core').Page} page
   * @returns {Promise<{ closed: Promise<number> }>} when it has closed, in ms of performance.now()
   */
  async join(page) {
    const came = once(this.#server, 'connection');
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    await page.evaluate((url) => {
      Object.assign(window, { beside: new WebSocket(url) });
    }, `ws://127.0.0.1:${port}`);
    const [socket] = await came;
    return { closed: once(socket, 'close').then(() => performance.now()) };
  }

  end() {
    this.#server.close();
  }
}
