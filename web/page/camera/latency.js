// Where the time between the camera's first byte and the screen goes.

/** @typedef {import('../../lib/frame_container.js').Frame} Frame */

/**
 * The ways of a frame, in their order. What the worker says of itself comes in microseconds in the
 * metadata's `stages`; the rest follows from the three clocks that a frame carries.
 */
export const STAGES = /** @type {const} */ (['received', 'published', 'taken', 'inferred', 'encoded', 'posted', 'shown']);

/** @typedef {typeof STAGES[number]} Stage */

/**
 * @typedef {object} Latency
 * @property {number} totalMs
 * @property {[Stage, number][]} stages in ms, those that are known; together about the total
 */

/**
 * @param {Pick<Frame, 'capturedMs' | 'sentMs' | 'metadata'>} frame
 * @param {number} shownMs when it was on the screen, ms by the server's clock
 * @returns {Latency | null} null: the frame does not say when it was taken
 */
export function readLatency({ capturedMs, sentMs, metadata }, shownMs) {
  if (!(capturedMs > 0)) {
    return null;
  }
  const said = /** @type {any} */ (metadata)?.stages;
  /** @type {[Stage, number][]} */
  const stages = [];
  let known = 0;
  for (const stage of STAGES) {
    const us = said?.[stage];
    if (typeof us === 'number' && us >= 0) {
      stages.push([stage, us / 1000]);
      known += us / 1000;
    }
  }
  if (sentMs > 0) {
    const posted = stages.find(([stage]) => stage === 'posted');
    if (posted === undefined) {
      stages.push(['posted', Math.max(0, sentMs - capturedMs - known)]);
    }
    stages.push(['shown', Math.max(0, shownMs - sentMs)]);
  }
  return { totalMs: Math.max(0, shownMs - capturedMs), stages };
}

const WINDOW = 20;

/** Means over the last frames: single ones jump, and nobody can read that. */
export class LatencyMeter {
  /** @type {Latency[]} */
  #last = [];

  /** @param {Latency} latency */
  add(latency) {
    this.#last.push(latency);
    if (this.#last.length > WINDOW) {
      this.#last.shift();
    }
  }

  reset() {
    this.#last = [];
  }

  /** @returns {Latency | null} */
  get mean() {
    const count = this.#last.length;
    if (count === 0) {
      return null;
    }
    /** @type {Map<Stage, number>} */
    const sums = new Map();
    for (const { stages } of this.#last) {
      for (const [stage, ms] of stages) {
        sums.set(stage, (sums.get(stage) ?? 0) + ms);
      }
    }
    const mean = this.#last.reduce((sum, { totalMs }) => sum + totalMs, 0) / count;
    return {
      totalMs: mean,
      stages: STAGES.flatMap((stage) => {
        const sum = sums.get(stage);
        return sum === undefined ? [] : [/** @type {[Stage, number]} */ ([stage, sum / count])];
      }),
    };
  }
}
