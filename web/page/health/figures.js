// What the answers of the server mean: rates out of two of them, loss, how good a state is. No DOM.

/** @typedef {import('../tones.js').Tone} Tone */

/** @type {Record<string, Tone>} */
const processTones = { running: 'good', starting: 'warn', waiting: 'bad', failed: 'bad', unknown: 'bad' };

/** @param {string} state of a process */
export function processTone(state) {
  return processTones[state] ?? 'muted';
}

/**
 * The part of what was due that did not go out, 0 to 1; null before anything was due.
 * @param {{ sent: number, dropped: number }} counts
 */
export function lossOf({ sent, dropped }) {
  return sent + dropped > 0 ? dropped / (sent + dropped) : null;
}

/** @param {number | null} loss @returns {Tone} */
export function lossTone(loss) {
  if (loss === null || loss < 0.01) {
    return 'muted';
  }
  return loss < 0.2 ? 'warn' : 'bad';
}

/** @param {{ used: number, most: number | null }} limit @returns {Tone} */
export function limitTone({ used, most }) {
  if (most === null || used < 0.8 * most) {
    return 'good';
  }
  return used < most ? 'warn' : 'bad';
}

/**
 * How fast counters grow: it remembers what each of them was the last time.
 */
export class Rates {
  /** @type {Map<string, { value: number, at: number, perSecond: number | null }>} */
  #known = new Map();

  /**
   * Per second since the last time; null the first time, and when the counter began anew.
   * @param {string} key
   * @param {number | null | undefined} value
   * @param {number} at ms
   */
  take(key, value, at) {
    if (typeof value !== 'number') {
      this.#known.delete(key);
      return null;
    }
    const before = this.#known.get(key);
    if (before !== undefined && at <= before.at) {
      return before.perSecond;
    }
    const perSecond = before === undefined || value < before.value
      ? null
      : ((value - before.value) * 1000) / (at - before.at);
    this.#known.set(key, { value, at, perSecond });
    return perSecond;
  }

  /** Forgets counters that have not been asked for since. @param {number} at ms */
  sweep(at) {
    for (const [key, { at: taken }] of this.#known) {
      if (taken < at) {
        this.#known.delete(key);
      }
    }
  }
}

/**
 * What a detector does, over all its cameras.
 * @param {any} stats of a detector
 */
export function detectorSummary(stats) {
  /** @type {any[]} */
  const cameras = Object.values(stats?.cameras ?? {});
  /** @type {Map<string, { sum: number, count: number }>} */
  const stages = new Map();
  for (const { stage_us: stageUs } of cameras) {
    for (const [stage, us] of Object.entries(stageUs ?? {})) {
      const known = stages.get(stage) ?? { sum: 0, count: 0 };
      if (typeof us === 'number' && us > 0) {
        stages.set(stage, { sum: known.sum + us, count: known.count + 1 });
      }
    }
  }
  return {
    model: typeof stats?.model === 'string' ? stats.model.replace(/^.*\//, '') : null,
    input: Array.isArray(stats?.input) ? /** @type {number[]} */ (stats.input) : null,
    cameras: cameras.length + (stats?.cameras_left_out ?? 0),
    fps: cameras.reduce((sum, { fps }) => sum + (fps ?? 0), 0),
    stagesMs: [...stages].map(([stage, { sum, count }]) => ({ stage, ms: sum / count / 1000 })),
    dropped: cameras.reduce((sum, { dropped }) => sum + (dropped ?? 0), 0),
  };
}
