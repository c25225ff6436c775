// Parking spaces from a frame's metadata, whatever a worker wrote. Pure.

/** @typedef {import('../../lib/frame_container.js').FrameMetadata} FrameMetadata */

/**
 * @typedef {object} FreeSpaces
 * @property {number} free those that are known to be
 * @property {number} unknown those of which it is not decided
 * @property {number} total
 */

/** @param {unknown} value @returns {value is number} */
function isCount(value) {
  return Number.isInteger(value) && /** @type {number} */ (value) >= 0;
}

/**
 * @param {FrameMetadata | null} metadata
 * @returns {FreeSpaces | null} null: the metadata tells of none
 */
export function freeSpaces(metadata) {
  const total = metadata?.total_spaces;
  const occupied = metadata?.occupied_spaces;
  if (!isCount(total) || total === 0) {
    return null;
  }
  const spaces = Array.isArray(metadata?.space_occupancy) ? metadata.space_occupancy : [];
  const states = spaces.map((space) => space?.state).filter((state) => typeof state === 'string');
  if (states.length > 0) {
    const count = (/** @type {string} */ wanted) => states.filter((state) => state === wanted).length;
    return { free: Math.min(total, count('free')), unknown: Math.min(total, count('unknown')), total };
  }
  return isCount(occupied) ? { free: Math.max(0, total - occupied), unknown: 0, total } : null;
}
