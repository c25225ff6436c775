// Vehicles, all together and by class, from a frame's metadata.

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
