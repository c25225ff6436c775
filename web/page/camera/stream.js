// The stream of one camera as its viewer wishes it.

import { WebSocketStreamManager } from '../../lib/stream_manager.js';
import { isId } from '../ids.js';
import { qualityFor } from '../picture_quality.js';
import { pageToken } from '../token.js';
import { NO_WISHES, parametersOf, streamOf } from './wishes.js';

/** @typedef {import('../../lib/frame_container.js').Frame} Frame */
/** @typedef {import('../../lib/stream_manager.js').CameraEvent} CameraEvent */
/** @typedef {import('./wishes.js').Wishes} Wishes */

/** The camera that the address names, or null. */
export function cameraOfAddress() {
  const [, id] = /\/camera\/([^/]+)\/?$/.exec(location.pathname) ?? [];
  return id !== undefined && isId(id) ? id : null;
}

/**
 * What is asked of the server: of pictures without a drawing there is one quality.
 * @param {Wishes} wishes
 * @param {HTMLElement} canvas that the pictures are for
 */
export function askedFor(wishes, canvas) {
  const quality = streamOf(wishes.kind) === 'detect' ? { quality: qualityFor(canvas.clientWidth) } : {};
  return { ...quality, ...parametersOf(wishes) };
}

/**
 * @param {string} cameraId
 * @param {Wishes} wishes
 * @param {HTMLElement} canvas
 */
export function makeStream(cameraId, wishes, canvas) {
  const raw = { url: new URL('../../ws/stream/raw', import.meta.url), metadata: true };
  return new WebSocketStreamManager({
    cameraId, token: pageToken, ...(streamOf(wishes.kind) === 'raw' ? raw : {}), ...askedFor(wishes, canvas),
  });
}

/**
 * One that begins while the rest of the page is on its way. It keeps the newest of what comes until somebody takes
 * over, and one picture is enough: more of them would delay the rest.
 */
export class FirstStream {
  /** @type {Frame | null} */
  frame = null;
  /** The newest of each type. @type {Map<string, CameraEvent>} */
  events = new Map();
  cameraId;
  manager;

  /** @param {string} cameraId @param {HTMLElement} canvas */
  constructor(cameraId, canvas) {
    this.cameraId = cameraId;
    this.manager = makeStream(cameraId, NO_WISHES, canvas);
    this.manager.onFrame((frame) => {
      this.frame = frame;
      this.manager.pause();
    });
    this.manager.onCamera((event) => this.events.set(event.type, event));
    this.manager.connect();
  }
}
