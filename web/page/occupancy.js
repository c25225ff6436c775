// Parking spaces, as a frame's metadata tell of them: one reading for all pages. Pure.

/** @typedef {import('../lib/frame_container.js').FrameMetadata} FrameMetadata */

/** @typedef {'occupied' | 'free' | 'unknown'} SpaceState */

/**
 * @typedef {object} Space
 * @property {string} id
 * @property {string} name
 * @property {SpaceState} state
 * @property {number | null} sinceMs when the state began, ms since 1970; null: nobody says
 */

/**
 * @typedef {object} Spaces
 * @property {number} total
 * @property {number} occupied
 * @property {number} free
 * @property {number} unknown
 * @property {Space[]} list may be shorter than `total`: metadata have a limit, and some workers only count
 */

/** @param {unknown} value */
function isCount(value) {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** @param {any} space @returns {SpaceState} */
export function readState({ state, is_occupied: occupied }) {
  if (state === 'occupied' || state === 'free' || state === 'unknown') {
    return state;
  }
  return typeof occupied === 'boolean' ? (occupied ? 'occupied' : 'free') : 'unknown';
}

/** @param {any} space @returns {Space} */
function readSpace(space) {
  const sinceMs = typeof space.since === 'string' ? Date.parse(space.since) : NaN;
  const id = String(space.space_id ?? '');
  return {
    id,
    name: String(space.space_name || id),
    state: readState(space),
    sinceMs: Number.isFinite(sinceMs) ? sinceMs : null,
  };
}

/**
 * @param {FrameMetadata | null} metadata any worker may have written it: nothing in it is sure
 * @returns {Spaces | null} null: they tell of no spaces
 */
export function readSpaces(metadata) {
  const said = /** @type {any} */ (metadata);
  const rows = Array.isArray(said?.space_occupancy) ? said.space_occupancy : [];
  const list = /** @type {Space[]} */ (
    rows.filter((/** @type {any} */ one) => typeof one === 'object' && one !== null).map(readSpace));
  const total = isCount(said?.total_spaces) ? Math.max(said.total_spaces, list.length) : list.length;
  if (total === 0) {
    return null;
  }
  const count = (/** @type {SpaceState} */ state) => list.filter((space) => space.state === state).length;
  const counted = isCount(said?.occupied_spaces);
  const occupied = counted ? Math.min(said.occupied_spaces, total) : count('occupied');
  const untold = counted ? 0 : total - list.length; // neither listed nor counted
  const unknown = Math.min(count('unknown') + untold, total - occupied);
  return { total, occupied, unknown, free: total - occupied - unknown, list };
}
