// Decodes off the page's own thread, in one worker for all renderers of a page. Where a page may have no worker
// (its library comes from another host, or its policy forbids one) the browser's own decoder is used from here.

import { decodePicture } from './decode.js';

/** @typedef {import('./decode.js').Decoded} Decoded */
/** @typedef {import('./fit.js').Size} Size */

/**
 * @typedef {object} DecodeJob
 * @property {number} id
 * @property {string | Uint8Array<ArrayBuffer>} source
 * @property {Size} room
 */

/**
 * @typedef {object} Waiting
 * @property {DecodeJob} job
 * @property {(decoded: Decoded | Promise<Decoded>) => void} resolve
 * @property {(error: Error) => void} reject
 */

class WorkerDecoder {
  #worker;
  /** Its files have come. On a slow link pictures are there before them, and do not wait. */
  #ready = false;
  #nextId = 1;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  users = 0;

  /** @throws where a worker of this address is not allowed */
  constructor() {
    this.#worker = new Worker(new URL('./decode_worker.js', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }) => this.#onAnswer(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#giveUp();
    };
  }

  /**
   * @param {DecodeJob['source']} source
   * @param {Size} room
   * @returns {Promise<Decoded>}
   */
  decode(source, room) {
    if (!this.#ready) {
      return decodePicture(source);
    }
    const job = { id: this.#nextId++, source, room };
    return new Promise((resolve, reject) => {
      this.#waiting.set(job.id, { job, resolve, reject });
      this.#worker.postMessage(job);
    });
  }

  end() {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) {
      reject(new Error('the renderer was destroyed'));
    }
    this.#waiting.clear();
  }

  /** @param {'ready' | {id: number, decoded?: Decoded, error?: string}} answer */
  #onAnswer(answer) {
    if (answer === 'ready') {
      this.#ready = true;
      return;
    }
    const { id, decoded, error } = answer;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (decoded !== undefined) {
      waiting?.resolve(decoded);
    } else {
      waiting?.reject(new Error(error));
    }
  }

  /** The worker's file could not be loaded, or it broke: what waits for it is done here, like all that follows. */
  #giveUp() {
    this.#ready = false;
    this.#worker.terminate();
    for (const { job, resolve } of this.#waiting.values()) {
      resolve(decodePicture(job.source));
    }
    this.#waiting.clear();
  }
}

/** Of all renderers of the page. @type {WorkerDecoder | null} */
let shared = null;

export class Decoder {
  /** @type {WorkerDecoder | null} */
  #worker = null;
  /** Whether a worker was tried, or is not needed any more. */
  #settled = false;

  /**
   * The worker begins behind the first picture: its files are not what a slow link is to bring before that.
   * @param {string | Uint8Array<ArrayBuffer>} source a JPEG, or its base64
   * @param {Size} room what of it can be seen; it may come smaller than it was
   */
  async decode(source, room) {
    if (shared !== null) {
      this.#begin();
    }
    if (this.#worker !== null) {
      return this.#worker.decode(source, room);
    }
    const decoded = await decodePicture(source);
    this.#begin();
    return decoded;
  }

  #begin() {
    if (this.#settled) {
      return;
    }
    this.#settled = true;
    try {
      shared ??= new WorkerDecoder();
      shared.users++;
      this.#worker = shared;
    } catch {
      // no worker for this page: the browser decodes without one
    }
  }

  release() {
    const worker = this.#worker;
    this.#worker = null;
    this.#settled = true;
    if (worker !== null && --worker.users === 0) {
      worker.end();
      shared = null;
    }
  }
}
