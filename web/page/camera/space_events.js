// What happens at the parking spaces, as a frame's metadata and the record tell it. Pure.

import { readState } from '../occupancy.js';

/** @typedef {import('../../lib/frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('../occupancy.js').Space} Space */
/** @typedef {import('../occupancy.js').SpaceState} SpaceState */

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
