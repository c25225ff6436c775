// What is known of a camera's past. It comes behind the first picture: on a slow link that would wait for it.

import { make } from '../dom.js';
import { EventsPanel } from './events_panel.js';
import { HistoryPanel } from './history_panel.js';

/** @typedef {import('./space_events.js').SpaceEvent} SpaceEvent */

const STYLE = new URL('../../css/camera_record.css', import.meta.url).href;

await new Promise((done) => {
  document.head.append(make('link', { rel: 'stylesheet', href: STYLE, onload: done, onerror: done }));
});

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
