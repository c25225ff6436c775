// One frame as it comes over the WebSocket without the binary subprotocol: JSON with base64 in it.

/** @typedef {import('./frame_container.js').Frame} Frame */
/** @typedef {import('./frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('./frame_container.js').StreamKind} StreamKind */

const MS_PER_SECOND = 1000;
const DATA_URL_PREFIX = /^data:[^,]*,/;

/**
 * @param {string} text with or without a data URL's prefix
 * @returns {Uint8Array<ArrayBuffer>}
 * @throws {Error} what is no base64
 */
export function decodeBase64(text) {
  const binary = atob(text.replace(DATA_URL_PREFIX, ''));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) {
    bytes[i] = binary.charCodeAt(i);
  }
  return bytes;
}

/** @param {unknown} value */
function toBigInt(value) {
  const text = String(value ?? '');
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

/**
 * A `Frame` whose picture is decoded when it is asked for.
 * @implements {Frame}
 */
export class TextFrame {
  /** @type {Uint8Array<ArrayBuffer> | null} */
  #jpeg = null;

  /**
   * @param {any} message `{"type":"frame",…}` or `{"type":"detections",…}`
   * @param {string} cameraId where the message names none
   * @param {StreamKind} kind where the message names none
   */
  constructor(message, cameraId, kind) {
    /** @type {any} */
    const place = message.metadata?.frame ?? { generation: message.generation, number: message.frame_number };
    const data = message.data ?? message.frame ?? '';
    /** The picture, without a data URL's prefix. */
    this.base64 = typeof data === 'string' ? data.replace(DATA_URL_PREFIX, '') : '';
    this.cameraId = typeof message.camera_id === 'string' ? message.camera_id : cameraId;
    /** @type {StreamKind} */
    this.kind = message.kind === 'raw' || message.type === 'detections' ? 'raw' : kind;
    this.number = toBigInt(place.number);
    this.generation = toBigInt(place.generation);
    /* A worker of somebody else's writes times in zones of its own. */
    this.capturedMs = (message.metadata?.frame && Date.parse(message.metadata.timestamp)) || 0;
    this.sentMs = MS_PER_SECOND * (Number(message.timestamp) || 0);
    this.frameCount = Number(message.frame_count) || 0;
    this.rendering = 0;
    /** Raw pictures say `{}`: nothing is known of them yet. @type {FrameMetadata | null} */
    this.metadata = message.type === 'frame' && this.kind === 'raw' ? null : message.metadata ?? null;
  }

  get jpeg() {
    this.#jpeg ??= decodeBase64(this.base64);
    return this.#jpeg;
  }
}
