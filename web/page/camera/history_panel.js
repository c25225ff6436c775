// The last hours of a camera: a chart, the same in a sentence and as a table.

import { ApiError, api, errorText } from '../api.js';
import { element, make, write } from '../dom.js';
import { texts } from '../texts.js';
import { Chart } from './chart.js';
import { SPANS, SPAN_NAMES, columnsOf, isOfLast, summarize, tableOf } from './history_series.js';
import { formatHeld, formatMoment } from './when.js';

/** @typedef {import('./history_series.js').Extreme} Extreme */
/** @typedef {import('./history_series.js').History} History */
/** @typedef {import('./history_series.js').Span} Span */

const REFRESH_MIN_S = 15;
const REFRESH_MAX_S = 300;

/** @type {Span} */
const USUAL_SPAN = '6h';
/** @type {Span} of a record that has just begun */
const FIRST_SPAN = '1h';

/** @param {number | null} value */
function mean(value) {
  return value === null ? texts.common.unknown : String(Math.round(value * 10) / 10);
}

export class HistoryPanel {
  #spans = element('spans', HTMLElement);
  #holder = element('chart', HTMLElement);
  #summary = element('history-summary', HTMLElement);
  #hint = element('history-hint', HTMLElement);
  #details = element('history-details', HTMLDetailsElement);
  #head = element('history-head', HTMLElement);
  #body = element('history-rows', HTMLElement);
  #chart = new Chart(this.#holder);
  /** @type {Promise<boolean>} */
  #loaded;
  /** @type {Span} */
  #span = USUAL_SPAN;
  #chosen = false; // by who looks
  /** @type {string | null} */
  #cameraId = null;
  /** @type {AbortController | null} */
  #asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #nowMs;

  /** @param {() => number} nowMs by the server's clock */
  constructor(nowMs) {
    this.#nowMs = nowMs;
    for (const name of SPAN_NAMES) {
      this.#spans.append(...this.#makeSpan(name));
    }
    this.#loaded = this.#chart.load();
    document.addEventListener('visibilitychange', () => document.hidden || void this.refresh());
  }

  /** @param {Span} name */
  #makeSpan(name) {
    const id = `span-${name}`;
    const input = make('input', { type: 'radio', name: 'span', id, value: name, checked: name === this.#span });
    input.addEventListener('change', () => {
      this.#span = name;
      this.#chosen = true;
      void this.refresh();
    });
    return [input, make('label', { htmlFor: id }, texts.camera.spans[name])];
  }

  /** @param {Span} name */
  #setSpan(name) {
    this.#span = name;
    element(`span-${name}`, HTMLInputElement).checked = true;
  }

  /** @param {string} cameraId */
  showCamera(cameraId) {
    this.#cameraId = cameraId;
    if (!this.#chosen) {
      this.#setSpan(USUAL_SPAN);
    }
    this.#clear('');
    void this.refresh();
  }

  async refresh() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const cameraId = this.#cameraId;
    if (cameraId === null || document.hidden) {
      return;
    }
    const asking = this.#asking = new AbortController();
    const { seconds, step } = SPANS[this.#span];
    const to = Math.floor(this.#nowMs() / 1000);
    const query = new URLSearchParams({
      camera_id: cameraId, from: String(to - seconds), to: String(to), step: String(step),
    });
    try {
      const history = await api.get(`api/history?${query}`, { signal: asking.signal });
      const charted = await this.#loaded;
      if (!asking.signal.aborted) {
        this.#show(history, charted);
      }
    } catch (error) {
      if (asking.signal.aborted) {
        return;
      }
      if (error instanceof ApiError && error.code === 'history_off') {
        this.#clear(texts.camera.historyOff);
        return; // it stays off until the server starts anew
      }
      this.#clear(texts.camera.historyFailed(errorText(error)));
    }
    if (asking.signal.aborted) {
      return;
    }
    this.#timer = setTimeout(() => void this.refresh(), 1000 * Math.min(REFRESH_MAX_S, Math.max(REFRESH_MIN_S, step)));
  }

  /** @param {History} history @param {boolean} charted */
  #show(history, charted) {
    if (!this.#chosen && this.#span !== FIRST_SPAN && isOfLast(history, SPANS[FIRST_SPAN].seconds)) {
      this.#setSpan(FIRST_SPAN); // of a longer time nothing could be seen of it
      void this.refresh();
      return;
    }
    const known = history.points.some(({ known_s: seconds }) => seconds > 0);
    const columns = columnsOf(history);
    const summary = this.#sentence(history);
    write(this.#summary, summary);
    write(this.#hint, !known ? '' : charted ? '' : texts.camera.noCharts);
    this.#holder.hidden = !known || !charted;
    this.#details.hidden = !known;
    this.#details.open ||= !charted;
    if (known && charted) {
      this.#chart.show(columns, history.from, history.to);
      this.#chart.describe(summary);
    } else {
      this.#chart.clear();
    }
    this.#showTable(history, columns.length > 2);
  }

  /** @param {Extreme} extreme @param {number} to */
  #moment({ at }, to) {
    return formatMoment(at * 1000, to * 1000);
  }

  /** @param {History} history */
  #sentence({ points, from, to }) {
    const said = summarize(points);
    const span = texts.camera.spanWords[this.#span];
    if (said.knownS === 0) {
      return texts.camera.nothingKnown(span);
    }
    const parts = [];
    if (said.meanOccupied !== null && said.mostOccupied !== null) {
      const { most } = said.mostOccupied;
      parts.push(texts.camera.occupiedSummary(
        span, mean(said.meanOccupied), said.totalSpaces, most, this.#moment(said.mostOccupied, to)));
    }
    if (said.mostVehicles !== null) {
      const { most } = said.mostVehicles;
      parts.push(texts.camera.vehiclesSummary(mean(said.meanVehicles), most, this.#moment(said.mostVehicles, to)));
    }
    const unknownS = to - from - said.knownS;
    if (unknownS > 60) {
      parts.push(texts.camera.unknownSummary(formatHeld(unknownS * 1000)));
    }
    return parts.join(' ');
  }

  /** @param {History} history @param {boolean} withSpaces */
  #showTable(history, withSpaces) {
    const titles = withSpaces ? texts.camera.historyColumns : texts.camera.historyColumns.slice(0, 3);
    this.#head.replaceChildren(...titles.map((title, i) =>
      make('th', { scope: 'col', className: i > 0 ? 'number' : '' }, title)));
    this.#body.replaceChildren(...tableOf(history, SPANS[this.#span].tableStep).map(({ time, summary }) => {
      const most = (/** @type {Extreme | null} */ extreme) => extreme === null ? texts.common.unknown : String(extreme.most);
      const cells = [
        mean(summary.meanVehicles), most(summary.mostVehicles),
        ...(withSpaces ? [mean(summary.meanOccupied), most(summary.mostOccupied)] : []),
      ];
      return make('tr', {}, make('th', { scope: 'row' }, formatMoment(time * 1000, history.to * 1000)),
        ...cells.map((text) => make('td', { className: 'number' }, text)));
    }));
  }

  /** @param {string} hint in the place of it all */
  #clear(hint) {
    this.#chart.clear();
    this.#holder.hidden = true;
    this.#details.hidden = true;
    this.#body.replaceChildren();
    write(this.#summary, '');
    write(this.#hint, hint);
  }
}
