// Who is being followed: the identities of a frame's tracks.

/** @typedef {import('../../lib/frame_container.js').FrameMetadata} FrameMetadata */

/**
 * @typedef {object} Track
 * @property {number} id
 * @property {string | null} name its class; null: its detection is not in the list
 */

/**
 * @param {FrameMetadata | null} metadata any worker may have written it
 * @returns {Track[] | null} null: nobody follows anything here
 */
export function readTracks(metadata) {
  const said = /** @type {any} */ (metadata);
  const ids = Array.isArray(said?.track_ids) ? said.track_ids : null;
  const detections = Array.isArray(said?.detections) ? said.detections : [];
  /** @type {Map<number, string | null>} */
  const tracks = new Map();
  for (const id of ids ?? []) {
    if (Number.isInteger(id)) {
      tracks.set(id, null);
    }
  }
  for (const detection of detections) {
    if (Number.isInteger(detection?.track_id)) {
      tracks.set(detection.track_id, typeof detection.class === 'string' ? detection.class : null);
    }
  }
  if (ids === null && tracks.size === 0 && said?.tracking_enabled !== true) {
    return null;
  }
  return [...tracks].map(([id, name]) => ({ id, name })).sort((a, b) => a.id - b.id);
}
