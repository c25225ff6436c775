// What is wanted of the server, kept so that it can be said again on the next connection. Pure.

/** @typedef {import('./frame_container.js').StreamKind} StreamKind */

/**
 * How a stream is wanted; the server has defaults for what is left out.
 * @typedef {object} StreamParameters
 * @property {number} [conf] boxes from this confidence on, 0.05 to 0.95
 * @property {number} [fps] frames a second at most, 0.1 to 60
 * @property {number} [skipFrames] of so many of the camera's frames one at most, 1 to 100
 * @property {number} [quality] of the JPEG at most, 10 to 100, where boxes are drawn into it
 * @property {boolean} [showLabels] class and confidence beside each box
 * @property {boolean} [metadata] of raw pictures: the detections as well
 */

/** @typedef {Record<string, string | number | boolean>} Message */

/**
 * @typedef {object} Entry
 * @property {'subscribe' | 'set' | 'unsubscribe'} verb
 * @property {string} cameraId
 * @property {StreamKind | undefined} kind undefined: both
 * @property {StreamParameters} parameters
 */

/** @type {[keyof StreamParameters, string][]} */
const NAMES = [
  ['conf', 'conf'], ['fps', 'fps'], ['skipFrames', 'skip_frames'], ['quality', 'quality'],
  ['showLabels', 'show_labels'], ['metadata', 'metadata'],
];

/**
 * With the server's names, without what is not given.
 * @param {StreamParameters} parameters
 * @returns {Message}
 */
export function toServer(parameters) {
  return Object.fromEntries(NAMES.flatMap(([ours, theirs]) => {
    const value = parameters[ours];
    return value === undefined ? [] : [[theirs, value]];
  }));
}

/**
 * @param {Entry} entry
 * @returns {Message}
 */
function messageOf({ verb, cameraId, kind, parameters }) {
  return {
    type: verb,
    ...(cameraId === '' ? {} : { camera_id: cameraId }),
    ...(kind === undefined ? {} : { kind }),
    ...toServer(parameters),
  };
}

export class Subscriptions {
  #first;
  #defaultKind;
  /** Whether the stream of the address is still wanted. */
  #firstWanted = true;
  /** By kind and camera. @type {Map<string, Entry>} */
  #entries = new Map();

  /**
   * @param {string} cameraId of the address; "": it names none
   * @param {StreamKind} kind the path's own
   * @param {StreamParameters} parameters of the address
   */
  constructor(cameraId, kind, parameters) {
    this.#first = { cameraId, kind, parameters: { ...parameters } };
    this.#defaultKind = kind;
  }

  /** What the address says of its stream. */
  get query() {
    return toServer(this.#first.parameters);
  }

  /**
   * @param {string} cameraId
   * @param {StreamKind | undefined} kind
   */
  #isFirst(cameraId, kind) {
    return cameraId === this.#first.cameraId && (kind ?? this.#defaultKind) === this.#first.kind;
  }

  /** @param {Entry} entry */
  #put(entry) {
    const key = `${entry.kind} ${entry.cameraId}`;
    this.#entries.delete(key); // the newest comes last
    this.#entries.set(key, entry);
  }

  /**
   * Entries of this camera and kind; without either, of all.
   * @param {string} cameraId
   * @param {StreamKind | undefined} kind
   */
  #matching(cameraId, kind) {
    return [...this.#entries].filter(([, entry]) => (cameraId === '' || entry.cameraId === cameraId) &&
      (kind === undefined || entry.kind === undefined || entry.kind === kind));
  }

  /**
   * @param {string} cameraId
   * @param {StreamKind | undefined} kind
   * @param {StreamParameters} parameters
   * @returns {Message}
   */
  subscribe(cameraId, kind, parameters) {
    /** @type {Entry} */
    const entry = { verb: 'subscribe', cameraId, kind: kind ?? this.#defaultKind, parameters: { ...parameters } };
    if (this.#isFirst(cameraId, kind)) {
      this.#firstWanted = true;
      this.#first.parameters = entry.parameters;
    } else {
      this.#put(entry);
    }
    return messageOf(entry);
  }

  /**
   * @param {string} cameraId
   * @param {StreamKind | undefined} kind
   * @returns {Message}
   */
  unsubscribe(cameraId, kind) {
    /** @type {Entry} */
    const entry = { verb: 'unsubscribe', cameraId, kind, parameters: {} };
    for (const [key] of this.#matching(cameraId, kind)) {
      this.#entries.delete(key);
    }
    if (this.#first.cameraId === '') {
      this.#put(entry);
    } else if (cameraId === this.#first.cameraId && (kind === undefined || kind === this.#first.kind)) {
      this.#firstWanted = false;
    }
    return messageOf(entry);
  }

  /**
   * @param {StreamParameters} parameters
   * @param {string} cameraId "": all
   * @param {StreamKind | undefined} kind
   * @returns {Message}
   */
  set(parameters, cameraId, kind) {
    const first = this.#first;
    const matching = this.#matching(cameraId, kind).filter(([, { verb }]) => verb !== 'unsubscribe');
    for (const [, entry] of matching) {
      Object.assign(entry.parameters, parameters);
    }
    const kept = matching.some(([, entry]) => entry.cameraId === cameraId);
    if (first.cameraId === '') {
      if (!kept) {
        this.#put({ verb: 'set', cameraId, kind, parameters: { ...parameters } });
      }
    } else if ((cameraId === '' || cameraId === first.cameraId) && (kind === undefined || kind === first.kind)) {
      Object.assign(first.parameters, parameters);
    }
    return messageOf({ verb: 'set', cameraId, kind, parameters });
  }

  /**
   * Whether a stream that came was not unsubscribed from since.
   * @param {string} cameraId
   * @param {StreamKind} kind
   */
  wants(cameraId, kind) {
    if (this.#first.cameraId !== '' && this.#isFirst(cameraId, kind)) {
      return this.#firstWanted;
    }
    const entry = this.#entries.get(`${kind} ${cameraId}`) ?? this.#entries.get(`undefined ${cameraId}`);
    return entry === undefined ? this.#first.cameraId === '' : entry.verb !== 'unsubscribe';
  }

  /**
   * How many frames a second at most are wanted of a stream; undefined: what the server has as default.
   * @param {string} cameraId
   * @param {StreamKind} kind
   * @returns {number | undefined}
   */
  rateOf(cameraId, kind) {
    const first = this.#first;
    if (first.cameraId !== '' && this.#isFirst(cameraId, kind)) {
      return first.parameters.fps;
    }
    const keys = [`${kind} ${cameraId}`, `undefined ${cameraId}`, `${kind} `, 'undefined '];
    for (const entry of keys.map((key) => this.#entries.get(key))) {
      if (entry?.verb === 'subscribe' || entry?.parameters.fps !== undefined) {
        return entry.parameters.fps;
      }
    }
    return first.cameraId === '' ? first.parameters.fps : undefined;
  }

  /** What a new connection is told beyond its address. @returns {Message[]} */
  replay() {
    const entries = [...this.#entries.values()];
    if (!this.#firstWanted) {
      const { cameraId, kind } = this.#first;
      entries.push({ verb: 'unsubscribe', cameraId, kind, parameters: {} });
    }
    /* What is set for all comes first: each stream's own parameters know of it. */
    return [...entries.filter((entry) => entry.cameraId === ''), ...entries.filter((entry) => entry.cameraId !== '')]
      .map(messageOf);
  }
}
