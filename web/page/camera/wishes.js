// What this viewer wishes of its stream, and the ready-made wishes.

/**
 * A member that is null means: as the server has it for everybody.
 * @typedef {object} Wishes
 * @property {import('../../lib/frame_container.js').StreamKind} kind
 * @property {number | null} conf boxes from this confidence on, 0 to 1
 * @property {boolean | null} showLabels
 * @property {number | null} fps frames a second at most
 * @property {number | null} skipFrames of so many of the camera's frames one at most
 */

/** @type {Readonly<Wishes>} */
export const NO_WISHES = Object.freeze({ kind: 'detect', conf: null, showLabels: null, fps: null, skipFrames: null });

export const PRESETS = Object.freeze({
  security: { skipFrames: 1, fps: 15 },
  parking: { skipFrames: 2, fps: 10 },
  background: { skipFrames: 5, fps: 5 },
  snapshot: { skipFrames: 10, fps: 1 },
});

/** @typedef {keyof typeof PRESETS} Preset */

export const PRESET_NAMES = /** @type {Preset[]} */ (Object.keys(PRESETS));

/**
 * The preset that the wishes are, or null.
 * @param {Pick<Wishes, 'fps' | 'skipFrames'>} wishes
 */
export function presetOf({ fps, skipFrames }) {
  return PRESET_NAMES.find((name) => PRESETS[name].fps === fps && PRESETS[name].skipFrames === skipFrames) ?? null;
}

/**
 * What the stream manager takes: members that are null are left to the server.
 * @param {Wishes} wishes
 * @returns {{conf?: number, fps?: number, skipFrames?: number, showLabels?: boolean}}
 */
export function parametersOf({ kind: _kind, ...wishes }) {
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== null));
}

/** @param {Wishes} wishes */
export function wishesAny(wishes) {
  return wishes.kind !== NO_WISHES.kind || Object.keys(parametersOf(wishes)).length > 0;
}

/**
 * The last of what is asked for in quick succession, once nothing more comes. A slider that is drawn
 * passes dozens of values, and every confidence would be a drawing of its own at the server.
 * @template T
 */
export class Settled {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {T | undefined} */
  #value;
  #delayMs;
  #handler;

  /**
   * @param {number} delayMs
   * @param {(value: T) => void} handler
   */
  constructor(delayMs, handler) {
    this.#delayMs = delayMs;
    this.#handler = handler;
  }

  /** @param {T} value */
  set(value) {
    this.#value = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), this.#delayMs);
  }

  /** What waits, now. */
  flush() {
    const value = this.#value;
    this.cancel();
    if (value !== undefined) {
      this.#handler(value);
    }
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#value = undefined;
  }
}
