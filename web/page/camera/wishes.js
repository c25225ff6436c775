// What this viewer wishes of its stream, and the ready-made wishes.

/**
 * `detect`: boxes are in the picture as it comes; `overlay`: this page draws them; `raw`: there are none.
 * @typedef {'detect' | 'overlay' | 'raw'} PictureKind
 */

export const PICTURE_KINDS = /** @type {const} */ (['detect', 'overlay', 'raw']);

/**
 * A member that is null means: as the server has it for everybody.
 * @typedef {object} Wishes
 * @property {PictureKind} kind
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
 * The stream that has such pictures.
 * @param {PictureKind} kind
 * @returns {import('../../lib/frame_container.js').StreamKind}
 */
export function streamOf(kind) {
  return kind === 'detect' ? 'detect' : 'raw';
}

/**
 * What the stream manager takes: members that are null are left to the server, and what is drawn to who draws it.
 * @param {Wishes} wishes
 * @returns {{conf?: number, fps?: number, skipFrames?: number, showLabels?: boolean}}
 */
export function parametersOf({ kind, conf, showLabels, fps, skipFrames }) {
  const drawing = kind === 'detect' ? { conf, showLabels } : {};
  return Object.fromEntries(Object.entries({ ...drawing, fps, skipFrames }).filter(([, value]) => value !== null));
}

/**
 * What the renderer draws over the pictures.
 * @param {Wishes} wishes
 * @returns {import('../../lib/overlay.js').OverlayOptions | false}
 */
export function overlayOf({ kind, conf, showLabels }) {
  return kind === 'overlay' && { labels: showLabels ?? true, ...(conf !== null && { conf }) };
}

/** @param {Wishes} wishes */
export function wishesAny(wishes) {
  return Object.entries(NO_WISHES).some(([name, none]) => wishes[/** @type {keyof Wishes} */ (name)] !== none);
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
