// What was found in a picture, from a frame's metadata: vehicles, all together and by class, and who is followed.

/** @typedef {import('../../lib/frame_container.js').FrameMetadata} FrameMetadata */

/**
 * @typedef {object} Counts
 * @property {number | null} total null: the metadata does not say
 * @property {[string, number][]} classes most frequent first
 */

/**
 * @param {FrameMetadata | null} metadata any worker may have written it: nothing in it is sure
 * @returns {Counts}
 */
export function countVehicles(metadata) {
  const detections = Array.isArray(metadata?.detections) ? metadata.detections : null;
  /** @type {Map<string, number>} */
  const byClass = new Map();
  for (const detection of detections ?? []) {
    if (typeof detection?.class === 'string') {
      byClass.set(detection.class, (byClass.get(detection.class) ?? 0) + 1);
    }
  }
  const said = metadata?.vehicle_count;
  return {
    total: typeof said === 'number' ? said : detections === null ? null : detections.length,
    classes: [...byClass].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)),
  };
}

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
