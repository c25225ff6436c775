// What happened at the spaces of a camera: the record, page by page, and what happens now.

import { ApiError, api, errorText } from '../api.js';
import { element, make, showRows, write } from '../dom.js';
import { texts } from '../texts.js';
import { EventLog } from './event_log.js';
import { readEvent } from './space_events.js';
import { formatHeld, formatMoment, formatSecond } from './when.js';

/** @typedef {import('./space_events.js').SpaceEvent} SpaceEvent */

const PAGE = 10;
const EVENTS_MAX = 2000;
const HELD_MIN_MS = 1000;
const WRITTEN_MS = 2000; // until an event is in the record

export class EventsPanel {
  #list = element('events', HTMLOListElement);
  #hint = element('events-hint', HTMLElement);
  #more = element('more', HTMLButtonElement);
  #log = new EventLog(EVENTS_MAX);
  /** @type {string | null} */
  #cameraId = null;
  /** @type {string | null | undefined} where the next page begins; null: there is none; undefined: not known yet */
  #next;
  #recorded = true;
  /** @type {AbortController} of the camera that is shown */
  #asking = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #nowMs;

  /** @param {() => number} nowMs by the server's clock */
  constructor(nowMs) {
    this.#nowMs = nowMs;
    this.#more.addEventListener('click', () => void this.#ask(this.#next ?? null));
  }

  /** @param {string} cameraId */
  showCamera(cameraId) {
    this.#asking.abort();
    this.#asking = new AbortController();
    clearTimeout(this.#timer);
    this.#cameraId = cameraId;
    this.#log.clear();
    this.#next = undefined;
    this.#recorded = true;
    this.#more.hidden = true;
    this.#show('');
    void this.#ask(null);
  }

  /** Events that came with a frame. @param {SpaceEvent[]} events */
  add(events) {
    if (this.#log.add(events)) {
      this.#show('');
    }
  }

  /** There are some that no frame brought here: they will be in the record. */
  lookAgain() {
    if (this.#recorded) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#ask(null), WRITTEN_MS);
    }
  }

  /** @param {string | null} before the page behind this one; null: the newest */
  async #ask(before) {
    const { signal } = this.#asking;
    const query = new URLSearchParams({
      camera_id: this.#cameraId ?? '', limit: String(PAGE), ...(before === null ? {} : { before }),
    });
    const known = this.#log.newestFirst.length;
    this.#more.disabled = true;
    try {
      const { events, next } = await api.get(`api/events?${query}`, { signal });
      this.#log.add(events.map(readEvent).filter((/** @type {SpaceEvent | null} */ event) => event !== null));
      if (before !== null || this.#next === undefined) {
        this.#next = next;
      }
      this.#show('');
    } catch (error) {
      if (!signal.aborted) {
        this.#fail(error);
      }
    }
    if (!signal.aborted) {
      this.#more.disabled = false;
      this.#more.hidden = (this.#next ?? null) === null;
      this.#focusFrom(before === null ? null : known);
    }
  }

  /** The button is where it was, and what it brought is above it. @param {number | null} first of the new ones */
  #focusFrom(first) {
    const row = first === null || !this.#more.hidden ? undefined : this.#list.children[first];
    if (row instanceof HTMLElement) {
      row.tabIndex = -1;
      row.focus();
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#recorded = !(error instanceof ApiError && error.code === 'history_off');
    this.#show(this.#recorded ? texts.camera.eventsFailed(errorText(error)) : texts.camera.eventsOff);
  }

  /** @param {string} problem */
  #show(problem) {
    const events = this.#log.newestFirst;
    const now = this.#nowMs();
    write(this.#hint, problem !== '' ? problem : events.length === 0
      ? (this.#recorded ? texts.camera.noEvents : texts.camera.eventsOff) : '');
    showRows(this.#list, events, () => this.#makeRow(), (row, event) => this.#fillRow(row, event, now));
  }

  #makeRow() {
    return make('li', { className: 'event' },
      make('time'), make('span', { className: 'name', dir: 'auto' }), make('span', { className: 'state' }),
      make('span', { className: 'hint' }));
  }

  /** @param {HTMLElement} row @param {SpaceEvent} event @param {number} nowMs */
  #fillRow(row, { spaceName, from, to, atMs, heldMs }, nowMs) {
    const [time, name, state, held] = /** @type {[HTMLTimeElement, HTMLElement, HTMLElement, HTMLElement]} */ (
      [...row.children]);
    row.dataset.state = to;
    time.dateTime = new Date(atMs).toISOString();
    write(time, formatMoment(atMs, nowMs, formatSecond));
    write(name, spaceName);
    write(state, texts.camera.spaceStates[to]);
    const known = heldMs !== null && heldMs >= HELD_MIN_MS; // else it was unknown until the first look
    write(held, !known ? '' : texts.camera.heldBefore(texts.camera.spaceStates[from], formatHeld(heldMs)));
  }
}
