// Brings pictures and what was found on them together, by the number of their frame. Pure.

/** @typedef {import('./frame_container.js').Frame} Frame */
/** @typedef {import('./frame_container.js').FrameMetadata} FrameMetadata */

const HELD_MOST = 32; // of pictures, and of findings

/** @param {Frame} frame */
function keyOf({ cameraId, generation, number }) {
  return `${cameraId} ${generation} ${number}`;
}

/**
 * @template T
 * @param {Map<string, T>} held oldest first
 * @param {string} key
 * @param {T} value
 */
function hold(held, key, value) {
  held.delete(key);
  held.set(key, value);
  for (const oldest of held.keys()) {
    if (held.size <= HELD_MOST) {
      break;
    }
    held.delete(oldest);
  }
}

export class FrameMatcher {
  /** That wait for their findings. @type {Map<string, Frame>} */
  #frames = new Map();
  /** @type {Map<string, FrameMetadata>} */
  #findings = new Map();
  /** What was found last, on whatever frame. @type {FrameMetadata | null} */
  #latest = null;

  get latest() {
    return this.#latest;
  }

  get waiting() {
    return this.#frames.size;
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} its findings are known: it need not wait, and none that is older
   */
  addFrame(frame) {
    if (this.#findings.has(keyOf(frame))) {
      this.#frames.clear();
      return true;
    }
    hold(this.#frames, keyOf(frame), frame);
    return false;
  }

  /**
   * @param {FrameMetadata} metadata
   * @param {Frame} frame that it was found on; its own picture does not count
   * @returns {Frame | null} the picture that has waited for it; older ones wait no longer
   */
  addFindings(metadata, frame) {
    const key = keyOf(frame);
    hold(this.#findings, key, metadata);
    this.#latest = metadata;
    const found = this.#frames.get(key);
    if (found === undefined) {
      return null;
    }
    for (const one of this.#frames.keys()) {
      this.#frames.delete(one);
      if (one === key) {
        break;
      }
    }
    return found;
  }

  /** Of exactly this frame, or null. @param {Frame} frame */
  findings(frame) {
    return this.#findings.get(keyOf(frame)) ?? frame.metadata;
  }

  /** The newest that waits, for it has waited long enough. None waits behind it. */
  takeNewest() {
    const newest = [...this.#frames.values()].at(-1) ?? null;
    this.#frames.clear();
    return newest;
  }

  clear() {
    this.#frames.clear();
    this.#findings.clear();
    this.#latest = null;
  }
}
