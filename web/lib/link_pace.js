// Whether frames come late because they queue somewhere on the way, and how many a second the link carries. Pure.
//
// A proxy, a phone or a throttled browser takes all that the server sends and passes it on as slowly as it can: the
// server sees a fast link, and the picture ages. That is seen in the transit of frames, from sent to arrived. As in
// CoDel (RFC 8289) only a queue that stands counts: one frame that comes soon says that there is none, so neither a
// burst nor a page that was busy is taken for a slow link.

/** @typedef {import('./frame_container.js').StreamKind} StreamKind */

/**
 * What a frame says about the link.
 * @typedef {object} Arrival
 * @property {string} cameraId
 * @property {StreamKind} kind
 * @property {number} sentMs by the server's clock
 * @property {number} transitMs
 * @property {number} roundTripMs the shortest that was seen
 */

/**
 * What is to be asked of the server.
 * @typedef {object} Rate
 * @property {string} cameraId
 * @property {StreamKind} kind
 * @property {number} fps
 */

/**
 * @typedef {object} Stream
 * @property {string} cameraId
 * @property {StreamKind} kind
 * @property {boolean} fresh none has come since there was nothing on the way
 * @property {number} came since frames are late
 * @property {number} cameAt when the last one did
 * @property {number | null} limit frames a second; null: as it is wanted
 * @property {number} changedAt when the limit was
 */

const LATE_MS = 400; // beyond what the link takes when it is empty
const STANDING_MS = 200; // as long as that every frame is late
const DELAY_LIMIT_MS = 1000; // of a frame that is sent now
const NEEDED_MOST_MS = 5000; // by the first frames on an empty link
const CARRIED_PART = 0.7; // of what came: what has gathered must go, and pictures differ in size
const FPS_LEAST = 0.1;
const RAISE_FACTOR = 1.25;
const RAISE_WAIT_MS = 5000;
const RAISE_WAIT_MOST_MS = 60_000;
const QUIET_MS = 10_000; // a stream that brings nothing for so long may be no more

export class LinkPace {
  #now;
  #wishOf;
  /** By kind and camera. @type {Map<string, Stream>} */
  #streams = new Map();
  #draining = false;
  /** The first of the late frames: none came soon since. @type {{at: number, sentMs: number} | null} */
  #late = null;
  #lastAt = 0;
  /** Frames that were sent before count for nothing. */
  #sinceMs = -Infinity;
  /** What the first frames took on an empty link; less, as soon as one takes less. */
  #neededMs = 0;
  #raiseWaitMs = RAISE_WAIT_MS;
  #raised = false;

  /**
   * @param {() => number} now ms of a clock that never jumps
   * @param {(cameraId: string, kind: StreamKind) => number} wishOf frames a second that the user wants at most
   */
  constructor(now, wishOf) {
    this.#now = now;
    this.#wishOf = wishOf;
  }

  /** Another connection, perhaps on another link: it starts with what is wanted. */
  reset() {
    this.#streams.clear();
    this.#draining = this.#raised = false;
    this.#late = null;
    this.#sinceMs = -Infinity;
    this.#neededMs = 0;
    this.#raiseWaitMs = RAISE_WAIT_MS;
  }

  /** After a pause. @param {number} serverMs now, by the server's clock: what was sent before says nothing */
  resume(serverMs) {
    this.#sinceMs = serverMs;
    this.#late = null;
    this.#streams.forEach((stream) => {
      stream.fresh = true;
      stream.changedAt = this.#now();
    });
  }

  /** Until dry(). */
  get draining() {
    return this.#draining;
  }

  /**
   * A frame has come.
   * @param {Arrival} arrival
   * @returns {boolean} whether a queue stands: the link must run dry, then dry() be called
   */
  add({ cameraId, kind, sentMs, transitMs, roundTripMs }) {
    const now = this.#now();
    const stream = this.#streamOf(cameraId, kind);
    stream.cameAt = now;
    if (this.#draining) {
      this.#count(stream, now);
      return false;
    }
    if (sentMs < this.#sinceMs) {
      return false;
    }
    this.#neededMs = stream.fresh ? Math.min(Math.max(transitMs, this.#neededMs), NEEDED_MOST_MS)
      : Math.min(transitMs, this.#neededMs);
    stream.fresh = false;
    const delayMs = transitMs - Math.max(roundTripMs, this.#neededMs);
    if (delayMs <= LATE_MS) {
      this.#late = null;
      return false;
    }
    if (this.#late === null) {
      this.#late = { at: now, sentMs };
      this.#streams.forEach((each) => {
        each.came = 0;
      });
    }
    this.#count(stream, now);
    const came = now - this.#late.at;
    /* What is sent in a second comes in so many: as much longer takes what stands behind this frame. */
    const stretch = Math.max(1, came / Math.max(1, sentMs - this.#late.sentMs));
    this.#draining = came >= STANDING_MS && stream.came > 1 && stretch * delayMs > DELAY_LIMIT_MS;
    return this.#draining;
  }

  /** The link has run dry: what it carries, in the proportions in which it came. @returns {Rate[]} */
  dry() {
    const streams = [...this.#streams.values()];
    const seconds = (this.#lastAt - (this.#late?.at ?? 0)) / 1000;
    const total = streams.reduce((sum, { came }) => sum + came, 0);
    const perFrame = CARRIED_PART * (total - 1) / total / seconds; // the first one began the time
    if (this.#raised) {
      this.#raiseWaitMs = Math.min(2 * this.#raiseWaitMs, RAISE_WAIT_MOST_MS);
    }
    this.#draining = this.#raised = false;
    this.#late = null;
    return streams.filter(({ came }) => came > 0).flatMap((stream) => {
      const wish = this.#wishOf(stream.cameraId, stream.kind);
      const carried = Math.max(FPS_LEAST, perFrame * stream.came);
      const fps = Math.min(carried, stream.limit ?? Infinity, wish);
      stream.changedAt = this.#now();
      stream.limit = fps < wish ? fps : null;
      return stream.limit === null ? [] : [this.#rateOf(stream, fps)];
    });
  }

  /**
   * After a frame that came in time: whether its stream may have more again.
   * @param {string} cameraId
   * @param {StreamKind} kind
   * @returns {Rate | null}
   */
  raise(cameraId, kind) {
    const stream = this.#streamOf(cameraId, kind);
    const now = this.#now();
    if (stream.limit === null || this.#draining || this.#late !== null || now - stream.changedAt < this.#raiseWaitMs) {
      return null;
    }
    const wish = this.#wishOf(cameraId, kind);
    const fps = Math.min(RAISE_FACTOR * stream.limit, wish);
    stream.limit = fps < wish ? fps : null;
    stream.changedAt = now;
    this.#raised = true;
    return this.#rateOf(stream, fps);
  }

  /** The user has asked for something: what the link does not carry of it. @returns {Rate[]} */
  again() {
    const since = this.#now() - QUIET_MS;
    return [...this.#streams.values()].flatMap((stream) => {
      if (stream.limit === null) {
        return [];
      }
      if (this.#wishOf(stream.cameraId, stream.kind) <= stream.limit) {
        stream.limit = null;
        return [];
      }
      return stream.cameAt >= since ? [this.#rateOf(stream, stream.limit)] : [];
    });
  }

  /**
   * A stream is no more wanted.
   * @param {string} cameraId
   * @param {StreamKind | undefined} kind undefined: both
   */
  forget(cameraId, kind) {
    for (const [key, stream] of this.#streams) {
      if (stream.cameraId === cameraId && (kind === undefined || stream.kind === kind)) {
        this.#streams.delete(key);
      }
    }
  }

  /**
   * @param {string} cameraId
   * @param {StreamKind} kind
   * @returns {Stream}
   */
  #streamOf(cameraId, kind) {
    const key = `${kind} ${cameraId}`;
    const known = this.#streams.get(key);
    if (known !== undefined) {
      return known;
    }
    const stream = { cameraId, kind, fresh: true, came: 0, cameAt: 0, limit: null, changedAt: 0 };
    this.#streams.set(key, stream);
    return stream;
  }

  /**
   * @param {Stream} stream
   * @param {number} now
   */
  #count(stream, now) {
    stream.came++;
    this.#lastAt = now;
  }

  /**
   * @param {Stream} stream
   * @param {number} fps
   * @returns {Rate}
   */
  #rateOf({ cameraId, kind }, fps) {
    return { cameraId, kind, fps: Math.max(FPS_LEAST, Math.round(100 * fps) / 100) };
  }
}
