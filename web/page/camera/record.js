// What is known of a camera's past. It comes behind the first picture: on a slow link that would wait for it.

import { EventsPanel } from './events_panel.js';
import { HistoryPanel } from './history_panel.js';

/** @typedef {import('./space_events.js').SpaceEvent} SpaceEvent */

export class Record {
  #history;
  #events;

  /** @param {() => number} nowMs by the server's clock */
  constructor(nowMs) {
    this.#history = new HistoryPanel(nowMs);
    this.#events = new EventsPanel(nowMs);
  }

  /** @param {string} cameraId */
  showCamera(cameraId) {
    this.#history.showCamera(cameraId);
    this.#events.showCamera(cameraId);
  }

  /** Events that came with a frame. @param {SpaceEvent[]} events */
  add(events) {
    this.#events.add(events);
  }

  /** There are events that no frame brought here. */
  lookAgain() {
    this.#events.lookAgain();
  }

  /** There was no connection for a while. */
  catchUp() {
    this.#events.lookAgain();
    void this.#history.refresh();
  }
}
