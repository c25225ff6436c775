// What the camera sees, without anything drawn into it, and what the detector says of it.

import { WebSocketStreamManager } from '../../lib/index.js';
import { ROOT } from '../api.js';
import { readSpaces } from '../occupancy.js';
import { pageToken } from '../token.js';

/** @typedef {import('./picture_layer.js').Picture} Picture */
/** @typedef {import('./geometry.js').Box} Box */

/** @typedef {Box} Vehicle parts of the picture */

/**
 * @typedef {object} Judgement of one frame
 * @property {Map<string, import('../occupancy.js').SpaceState>} states by the id of the space
 * @property {Vehicle[]} vehicles
 */

const RATE = 8; // pictures a second: to draw upon, not to watch
const RAW_LIMIT_MS = 1500;

/**
 * Any worker may have written it: nothing in it is sure.
 * @param {any} metadata
 * @returns {Judgement | null} null: nobody judges spaces
 */
export function readJudgement(metadata) {
  const spaces = readSpaces(metadata)?.list ?? [];
  const { width, height } = metadata?.frame ?? {};
  const detections = Array.isArray(metadata?.detections) && width > 0 && height > 0 ? metadata.detections : [];
  const vehicles = detections.flatMap((/** @type {any} */ { bbox }) => {
    const [x = NaN, y = NaN, wide = NaN, high = NaN] = Array.isArray(bbox) ? bbox.map(Number) : [];
    const box = { left: x / width, top: y / height, right: (x + wide) / width, bottom: (y + high) / height };
    return Object.values(box).every(Number.isFinite) ? [box] : [];
  });
  if (!Array.isArray(metadata?.space_occupancy) && vehicles.length === 0) {
    return null;
  }
  return { states: new Map(spaces.map(({ id, state }) => [id, state])), vehicles };
}

export class LiveSource {
  #cameraId;
  /** @type {WebSocketStreamManager | null} */
  #manager = null;
  #seen = false;
  #drawn = false;
  /** @type {string | null} */
  cameraState = null;
  /** @type {(picture: Picture) => void} */
  #pictureHandler = () => {};
  /** @type {(judgement: Judgement) => void} */
  #judgementHandler = () => {};
  #changeHandler = () => {};

  /** @param {string} cameraId */
  constructor(cameraId) {
    this.#cameraId = cameraId;
  }

  /** @param {(picture: Picture) => void} handler */
  onPicture(handler) {
    this.#pictureHandler = handler;
  }

  /** @param {(judgement: Judgement) => void} handler */
  onJudgement(handler) {
    this.#judgementHandler = handler;
  }

  /** The connection, or the camera's state. @param {() => void} handler */
  onChange(handler) {
    this.#changeHandler = handler;
  }

  get connectionStatus() {
    return this.#manager?.connectionStatus ?? 'idle';
  }

  serverTimeMs() {
    return this.#manager?.serverTimeMs() ?? Date.now();
  }

  /** With another token, without waiting for the next try. */
  reconnect() {
    this.#manager?.disconnect();
    this.#manager?.connect();
  }

  start() {
    const manager = new WebSocketStreamManager({
      url: new URL('ws/stream/raw', ROOT), cameraId: this.#cameraId, fps: RATE, metadata: true, token: pageToken,
    });
    manager.onFrame((frame) => {
      this.#seen = true;
      if (frame.kind === 'raw' && this.#drawn) { // they come after all
        this.#drawn = false;
        manager.unsubscribe(this.#cameraId, 'detect');
      }
      this.#pictureHandler({
        jpeg: new Blob([frame.jpeg], { type: 'image/jpeg' }),
        capturedMs: frame.capturedMs || frame.sentMs,
      });
    });
    manager.onMetadata((metadata) => {
      const judgement = readJudgement(metadata);
      if (judgement !== null) {
        this.#judgementHandler(judgement);
      }
    });
    manager.onCamera((event) => {
      this.cameraState = event.type === 'camera_state' ? event.state ?? null : this.cameraState;
      this.#changeHandler();
    });
    manager.onState(() => this.#changeHandler());
    manager.onError((error) => console.warn(error));
    this.#manager = manager;
    manager.connect();
    setTimeout(() => this.#takeDrawn(), RAW_LIMIT_MS);
  }

  /** Of a camera whose pictures somebody else posts there are none without a drawing: those are taken then. */
  #takeDrawn() {
    if (!this.#seen) {
      this.#drawn = true;
      this.#manager?.subscribe(this.#cameraId, { kind: 'detect', fps: RATE });
    }
  }
}
