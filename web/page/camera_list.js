// The cameras that the server knows, looked at again from time to time.

import { api, errorText } from './api.js';

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

export class CameraList {
  /** @type {Camera[] | null} null: not known yet */
  cameras = null;
  /** Why the last look failed, in words. */
  failure = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #handler;

  /** @param {(list: CameraList, failed: boolean) => void} handler called after every look */
  constructor(handler) {
    this.#handler = handler;
    document.addEventListener('visibilitychange', () => document.hidden || this.refresh());
  }

  /** @param {string} id */
  find(id) {
    return this.cameras?.find((camera) => camera.id === id);
  }

  async refresh() {
    clearTimeout(this.#timer);
    let failed = false;
    try {
      this.cameras = (await api.get('api/cameras', { timeoutMs: ANSWER_LIMIT_MS })).cameras;
    } catch (error) {
      failed = true;
      this.failure = errorText(error);
    }
    this.#handler(this, failed);
    clearTimeout(this.#timer);
    if (!document.hidden) {
      const soon = failed || this.cameras?.length === 0;
      this.#timer = setTimeout(() => this.refresh(), soon ? SOON_MS : REFRESH_MS);
    }
  }
}
