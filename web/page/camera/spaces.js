// Parking spaces, as a frame's metadata tell of them.

/** @typedef {import('../../lib/frame_container.js').FrameMetadata} FrameMetadata */

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
function readState({ state, is_occupied: occupied }) {
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
  const complete = list.length === total;
  const occupied = isCount(said?.occupied_spaces) ? Math.min(said.occupied_spaces, total) : count('occupied');
  const unknown = complete ? Math.min(count('unknown'), total - occupied) : count('unknown');
  return { total, occupied, unknown, free: Math.max(0, total - occupied - unknown), list };
}

/**
 * An event as `space_events` of the metadata, and the record, have it.
 * @typedef {object} SpaceEvent
 * @property {string} spaceId
 * @property {string} spaceName
 * @property {SpaceState} from
 * @property {SpaceState} to
 * @property {number} atMs since 1970
 * @property {number | null} heldMs how long the state before had lasted
 */

/** @param {any} event @returns {SpaceEvent | null} null: it cannot be read */
export function readEvent(event) {
  const atMs = typeof event?.at === 'string' ? Date.parse(event.at) : NaN;
  const id = event?.space_id;
  if (!Number.isFinite(atMs) || typeof id !== 'string') {
    return null;
  }
  return {
    spaceId: id,
    spaceName: typeof event.space_name === 'string' && event.space_name !== '' ? event.space_name : id,
    from: readState({ state: event.from }),
    to: readState({ state: event.to }),
    atMs,
    heldMs: typeof event.held_s === 'number' && event.held_s >= 0 ? event.held_s * 1000 : null,
  };
}

/** @param {FrameMetadata | null} metadata @returns {SpaceEvent[]} */
export function readEvents(metadata) {
  const said = /** @type {any} */ (metadata)?.space_events;
  return (Array.isArray(said) ? said : []).map(readEvent).filter((event) => event !== null);
}

/**
 * Did a space become another one between two frames? Events ride with one frame, which a viewer need not get.
 * @param {Space[]} before
 * @param {Space[]} now
 */
export function spacesChanged(before, now) {
  const states = new Map(before.map(({ id, state }) => [id, state]));
  return now.some(({ id, state }) => states.has(id) && states.get(id) !== state);
}
