// One frame as it comes over the WebSocket: application/vnd.ringcast.frame (docs/protocol.md).

const MAGIC = 0x52434631; // "RCF1"
const VERSION = 1;
const FLAG_RAW = 1;
const FIXED_HEADER = 64;
const NS_PER_MS = 1e6;

/**
 * `raw`: as the camera made it; `detect`: with the detector's drawing.
 * @typedef {'raw' | 'detect'} StreamKind
 */

/**
 * @typedef {object} Detection
 * @property {string} class
 * @property {number} confidence 0 to 1
 * @property {number[]} bbox x, y, width, height in pixels of the camera's picture
 * @property {number[]} [center]
 * @property {number} [track_id] the same for the same object from frame to frame
 */

/**
 * @typedef {object} SpaceOccupancy
 * @property {string} space_id
 * @property {string} space_name
 * @property {boolean} is_occupied
 * @property {'occupied' | 'free' | 'unknown'} [state]
 * @property {string} [since] ISO 8601
 * @property {[number, number][]} [polygon] in parts of the picture's width and height
 * @property {{x: number, y: number, width: number, height: number}} [bbox] the rectangle around it
 */

/**
 * @typedef {object} SpaceEvent
 * @property {string} space_id
 * @property {string} space_name
 * @property {string} from
 * @property {string} to
 * @property {string} at ISO 8601
 * @property {number} [held_s] how long the old state lasted
 */

/**
 * What came with a picture. Every worker may add members of its own, and may leave any out.
 * @typedef {object} FrameMetadata
 * @property {number} [vehicle_count]
 * @property {string} [timestamp]
 * @property {Detection[]} [detections]
 * @property {number[]} [track_ids]
 * @property {boolean} [tracking_enabled]
 * @property {number} [occupied_spaces]
 * @property {number} [total_spaces]
 * @property {SpaceOccupancy[]} [space_occupancy]
 * @property {SpaceEvent[]} [space_events]
 * @property {{camera: string, generation: string, number: number, width: number, height: number}} [frame]
 * @property {Record<string, number>} [stages] durations in microseconds
 */

/**
 * @typedef {object} Frame
 * @property {string} cameraId
 * @property {StreamKind} kind
 * @property {bigint} number of the frame within its generation; 0: unknown
 * @property {bigint} generation changes when the camera's capture starts anew
 * @property {number} capturedMs ms since 1970 by the server's clock; 0: unknown
 * @property {number} sentMs ms since 1970 by the server's clock
 * @property {number} frameCount messages of this stream so far
 * @property {number} rendering
 * @property {FrameMetadata | null} metadata
 * @property {Uint8Array<ArrayBuffer>} jpeg a view into the message; empty: metadata alone
 */

/** A message that is not a frame, with the reason in words. */
export class FrameFormatError extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(`not a ringcast frame: ${reason}`);
    this.name = 'FrameFormatError';
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * @param {Uint8Array} bytes
 * @param {string} what
 */
function decodeText(bytes, what) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new FrameFormatError(`the ${what} is not UTF-8`);
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {FrameMetadata | null}
 */
function decodeMetadata(bytes) {
  if (bytes.length === 0) {
    return null;
  }
  let value;
  try {
    value = JSON.parse(decodeText(bytes, 'metadata'));
  } catch (error) {
    throw error instanceof FrameFormatError ? error : new FrameFormatError('the metadata is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FrameFormatError('the metadata is not an object');
  }
  return value;
}

/**
 * @param {ArrayBuffer} message one whole binary message
 * @returns {Frame}
 * @throws {FrameFormatError}
 */
export function decodeFrame(message) {
  if (message.byteLength < FIXED_HEADER) {
    throw new FrameFormatError(`${message.byteLength} bytes are too few`);
  }
  const view = new DataView(message);
  if (view.getUint32(0) !== MAGIC) {
    throw new FrameFormatError('it does not begin with RCF1');
  }
  if (view.getUint8(4) !== VERSION) {
    throw new FrameFormatError(`version ${view.getUint8(4)} is unknown`);
  }
  const headerSize = view.getUint16(6);
  const metadataSize = view.getUint32(8);
  const jpegSize = view.getUint32(12);
  const idSize = view.getUint16(60);
  if (FIXED_HEADER + idSize > headerSize || headerSize + metadataSize + jpegSize !== message.byteLength) {
    throw new FrameFormatError('its lengths do not add up');
  }
  return {
    cameraId: decodeText(new Uint8Array(message, FIXED_HEADER, idSize), 'camera id'),
    kind: (view.getUint8(5) & FLAG_RAW) === 0 ? 'detect' : 'raw',
    number: view.getBigUint64(16),
    generation: view.getBigUint64(24),
    capturedMs: Number(view.getBigUint64(32)) / NS_PER_MS,
    sentMs: Number(view.getBigUint64(40)) / NS_PER_MS,
    frameCount: Number(view.getBigUint64(48)),
    rendering: view.getUint32(56),
    metadata: decodeMetadata(new Uint8Array(message, headerSize, metadataSize)),
    jpeg: new Uint8Array(message, headerSize + metadataSize, jpegSize),
  };
}
