// The camera's own picture in place of one with boxes that does not come: nobody detects, or the detector is away.

import { api } from '../api.js';

/**
 * @typedef {object} SubstituteHandlers
 * @property {() => Promise<boolean>} probe whether the server answers at once: else it is the link that is slow
 * @property {(active: boolean) => void} changed
 * @property {() => number} [now] ms of a clock that never jumps
 */

const LATE_MS = 3000; // as a picture that is not live any more
const LATE_INTERVALS = 3;
const INTERVAL_MAX_MS = 5000;
const UNMADE_MS = 500; // nobody here makes them; somebody else's would be there at once
const PROBE_MS = 1000;

/** Whether what does not come is not made, and not on a link that is slow. */
export async function answersAtOnce() {
  try {
    await api.get('api/session', { timeoutMs: PROBE_MS });
    return true;
  } catch {
    return false;
  }
}

export class Substitute {
  #probe;
  #changed;
  #now;
  #active = false;
  #probing = false;
  /** Since when none has come that was awaited. @type {number | null} */
  #since = null;
  /** When the last one came. @type {number | null} */
  #cameAt = null;
  #intervalMs = 0;

  /** @param {SubstituteHandlers} handlers */
  constructor({ probe, changed, now = () => performance.now() }) {
    this.#probe = probe;
    this.#changed = changed;
    this.#now = now;
  }

  /** Whether it is shown. */
  get active() {
    return this.#active;
  }

  /** A picture with boxes has come. */
  came() {
    const now = this.#now();
    this.#intervalMs = this.#cameAt === null ? 0 : Math.min(now - this.#cameAt, INTERVAL_MAX_MS);
    this.#cameAt = this.#since = now;
    this.#set(false);
  }

  /** Another stream: nothing is known of it. */
  reset() {
    this.#since = this.#cameAt = null;
    this.#intervalMs = 0;
    this.#active = false;
  }

  /**
   * Looks whether it is time.
   * @param {boolean} awaited whether pictures with boxes could come now
   * @param {boolean} made whether a detector is here for them
   * @param {number} [intervalMs] between those that are asked for
   */
  look(awaited, made, intervalMs = 0) {
    if (!awaited) {
      this.#since = null;
      return;
    }
    this.#since ??= this.#now();
    // The rate of a camera that has just begun is not known yet, and may seem very slow.
    const expectedMs = Math.max(this.#intervalMs, Math.min(intervalMs, INTERVAL_MAX_MS));
    const limitMs = made || this.#cameAt !== null ? Math.max(LATE_MS, LATE_INTERVALS * expectedMs) : UNMADE_MS;
    if (!this.#active && !this.#probing && this.#now() - this.#since > limitMs) {
      void this.#begin();
    }
  }

  async #begin() {
    const since = this.#since;
    this.#probing = true;
    const answers = await this.#probe();
    this.#probing = false;
    if (since !== this.#since) {
      return; // one has come, or another stream is meant
    }
    if (answers) {
      this.#set(true);
    } else {
      this.#since = this.#now();
    }
  }

  /** @param {boolean} active */
  #set(active) {
    if (active !== this.#active) {
      this.#active = active;
      this.#changed(active);
    }
  }
}
