// The cameras that the server knows, looked at again from time to time.

import { api, errorText } from './api.js';
import { Poll } from './poll.js';

/**
 * @typedef {object} Camera
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {string} [source] mjpeg, snapshot, file, push or post
 * @property {'always' | 'on_demand'} [capture]
 * @property {'always' | 'on_demand' | 'off'} [detect] off: our detector makes no pictures of it
 * @property {number} [width] 0: unknown
 * @property {number} [height]
 * @property {number} [fps] 0: unknown
 * @property {object[]} [spaces]
 */

const REFRESH_MS = 10_000;
const SOON_MS = 2000; // while there is nothing to choose from
const ANSWER_LIMIT_MS = 8000;

/** @template {Camera} [T=Camera] */
export class CameraList {
  /** @type {T[] | null} null: not known yet */
  cameras = null;
  /** Why the last look failed, in words. */
  failure = '';
  #handler;
  #refreshMs;
  #poll = new Poll(() => this.#look(), REFRESH_MS);

  /**
   * @param {(list: CameraList<T>, failed: boolean) => void} handler called after every look
   * @param {number} [refreshMs]
   */
  constructor(handler, refreshMs = REFRESH_MS) {
    this.#handler = handler;
    this.#refreshMs = refreshMs;
  }

  /** @param {string} id */
  find(id) {
    return this.cameras?.find((camera) => camera.id === id);
  }

  /** Looks at once; the first time is the beginning. */
  refresh() {
    return this.#poll.now();
  }

  /** @returns {Promise<number>} how long to wait */
  async #look() {
    let failed = false;
    try {
      this.cameras = (await api.get('api/cameras', { timeoutMs: ANSWER_LIMIT_MS })).cameras;
    } catch (error) {
      failed = true;
      this.failure = errorText(error);
    }
    this.#handler(this, failed);
    return failed || this.cameras?.length === 0 ? Math.min(SOON_MS, this.#refreshMs) : this.#refreshMs;
  }
}
