// The events that the page knows of, the newest first: pages of the record, and those that came with
// frames since. The same event may come both ways.

/** @typedef {import('./space_events.js').SpaceEvent} SpaceEvent */

/** @param {SpaceEvent} event */
function keyOf({ spaceId, atMs, to }) {
  return `${spaceId} ${Math.round(atMs)} ${to}`;
}

export class EventLog {
  /** @type {Map<string, SpaceEvent>} */
  #events = new Map();
  #limit;

  /** @param {number} limit how many are kept: a page may stay open for weeks */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * @param {SpaceEvent[]} events
   * @returns {boolean} true when one of them was new
   */
  add(events) {
    const before = this.#events.size;
    for (const event of events) {
      this.#events.set(keyOf(event), event);
    }
    return this.#events.size > before;
  }

  clear() {
    this.#events.clear();
  }

  /** @returns {SpaceEvent[]} */
  get newestFirst() {
    const sorted = [...this.#events.values()].sort((a, b) => b.atMs - a.atMs || a.spaceId.localeCompare(b.spaceId));
    for (const gone of sorted.splice(this.#limit)) {
      this.#events.delete(keyOf(gone));
    }
    return sorted;
  }
}
