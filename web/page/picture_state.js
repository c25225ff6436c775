// Is what one sees alive? One rule for the whole page.

/** @typedef {import('../lib/stream_manager.js').ConnectionStatus} ConnectionStatus */

/**
 * @typedef {object} PictureFacts
 * @property {ConnectionStatus} connection
 * @property {string | null} cameraState as the server said last; null: not yet
 * @property {boolean} hasPicture
 * @property {number} ageMs of the picture, by the server's clock
 * @property {number | null} intervalMs between frames, as measured or as the camera has it
 */

/**
 * `none`: there is no picture; `live`; `stale`: there is one, and it is not what the camera sees now.
 * @typedef {object} PictureState
 * @property {'none' | 'live' | 'stale'} picture
 * @property {'connection' | 'camera' | 'age' | null} cause of stale
 */

const AGE_LIMIT_MS = 3000;
const FIRST_FRAME_LIMIT_MS = 15_000; // while nobody knows yet how often frames come

/** @param {number | null} intervalMs */
function ageLimitMs(intervalMs) {
  return intervalMs === null ? FIRST_FRAME_LIMIT_MS : Math.max(AGE_LIMIT_MS, 3 * intervalMs);
}

/**
 * Whether a frame that comes after a camera's end is one from before it: a detector has drawn the last picture anew.
 * @param {{ capturedMs: number, sentMs: number }} frame
 * @param {string | null} cameraState
 * @param {number} serverTimeMs
 */
export function isFromBefore({ capturedMs, sentMs }, cameraState, serverTimeMs) {
  return cameraState === 'offline' && serverTimeMs - (capturedMs || sentMs) > AGE_LIMIT_MS;
}

/**
 * By the server's clock; and never younger than it has been on the screen, for it may be of a machine whose clock is ahead.
 * @param {number} capturedMs
 * @param {number} serverTimeMs
 * @param {number} drawnAt by performance.now()
 */
export function pictureAgeMs(capturedMs, serverTimeMs, drawnAt) {
  return Math.max(serverTimeMs - capturedMs, performance.now() - drawnAt);
}

/**
 * @param {PictureFacts} facts
 * @returns {PictureState}
 */
export function judgePicture({ connection, cameraState, hasPicture, ageMs, intervalMs }) {
  if (!hasPicture) {
    return { picture: 'none', cause: null };
  }
  if (connection !== 'open') {
    return { picture: 'stale', cause: 'connection' };
  }
  if (cameraState === 'stale' || cameraState === 'offline' || cameraState === 'frozen') {
    return { picture: 'stale', cause: 'camera' };
  }
  if (ageMs > ageLimitMs(intervalMs)) {
    return { picture: 'stale', cause: 'age' };
  }
  return { picture: 'live', cause: null };
}
