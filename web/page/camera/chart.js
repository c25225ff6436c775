// The chart of the record, drawn by uPlot. What is not known stays a gap.

import { make } from '../dom.js';
import { texts } from '../texts.js';
import { formatDay, formatMinute, formatMoment } from './when.js';

/** @typedef {import('./history_series.js').Columns} Columns */

// Brought by make; without it the page has its table.
const LIBRARY = '../../vendor/uplot.js';
const STYLE = new URL('../../vendor/uplot.css', import.meta.url).href;
const HEIGHT = 260;
const DAY_S = 86_400;

/** Below the rules of our own. @returns {Promise<unknown>} */
function loadStyle() {
  return new Promise((done) => {
    document.head.prepend(make('link', { rel: 'stylesheet', href: STYLE, onload: done, onerror: done }));
  });
}

/** @param {string} name of a custom property of the style sheet */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * The values that no line reaches, which would not be seen.
 * @param {{ data: Columns }} plot
 * @param {number} series
 */
function alone({ data }, series) {
  const values = data[series] ?? [];
  const known = (/** @type {number} */ i) => (values[i] ?? null) !== null;
  return [...values.keys()].filter((i) => known(i) && !known(i - 1) && !known(i + 1));
}

/** @param {number} span seconds */
function axisTime(span) {
  return (/** @type {number} */ seconds, /** @type {number} */ step) =>
    span > 2 * DAY_S && step >= DAY_S ? formatDay(seconds * 1000) : span > 2 * DAY_S
      ? `${formatDay(seconds * 1000)} ${formatMinute(seconds * 1000)}` : formatMinute(seconds * 1000);
}

export class Chart {
  #holder;
  /** @type {any} uPlot's class, once it is there */
  #library = null;
  /** @type {any} */
  #plot = null;
  /** @type {{ columns: Columns, from: number, to: number } | null} */
  #shown = null;
  #shape = '';

  /** @param {HTMLElement} holder */
  constructor(holder) {
    this.#holder = holder;
    new ResizeObserver(() => this.#fit()).observe(holder);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw());
  }

  /** @returns {Promise<boolean>} false: the library is not there */
  async load() {
    try {
      const [library] = await Promise.all([import(LIBRARY), loadStyle()]);
      this.#library = library.default;
      return true;
    } catch {
      return false;
    }
  }

  /**
   * @param {Columns} columns
   * @param {number} from seconds since 1970
   * @param {number} to
   */
  show(columns, from, to) {
    const shape = `${columns.length} ${to - from}`;
    this.#shown = { columns, from, to };
    if (this.#plot !== null && shape === this.#shape) {
      this.#plot.batch(() => {
        this.#plot.setData(columns, false);
        this.#plot.setScale('x', { min: from, max: to });
      });
    } else {
      this.#shape = shape;
      this.#redraw();
    }
  }

  clear() {
    this.#shown = null;
    this.#plot?.destroy();
    this.#plot = null;
  }

  #redraw() {
    const shown = this.#shown;
    if (shown === null || this.#library === null || this.#holder.clientWidth === 0) {
      return;
    }
    this.#plot?.destroy();
    this.#plot = new this.#library(this.#options(shown), shown.columns, this.#holder);
    this.#followFinger(this.#plot);
  }

  /** uPlot knows mice only. @param {any} plot */
  #followFinger(plot) {
    const follow = (/** @type {PointerEvent} */ { pointerType, clientX, clientY }) => {
      if (pointerType !== 'mouse') {
        const { left, top } = plot.over.getBoundingClientRect();
        plot.setCursor({ left: clientX - left, top: clientY - top });
      }
    };
    plot.over.addEventListener('pointerdown', follow);
    plot.over.addEventListener('pointermove', follow);
  }

  #fit() {
    const width = this.#holder.clientWidth;
    if (this.#plot === null) {
      this.#redraw();
    } else if (width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT });
    }
  }

  /** @param {{ columns: Columns, from: number, to: number }} shown */
  #options({ columns, from, to }) {
    const value = (/** @type {unknown} */ _plot, /** @type {number | null} */ number) =>
      number === null || number === undefined ? texts.common.unknown : String(number);
    const line = (/** @type {string} */ label, /** @type {string} */ stroke, /** @type {object} */ more = {}) =>
      ({ label, stroke: colour(stroke), width: 2, spanGaps: false, points: { show: false, size: 5, filter: alone }, value, ...more });
    const axis = { stroke: colour('--text-muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
    const spaces = columns.length > 2 ? [
      line(texts.camera.occupiedSpaces, '--chart-occupied', { fill: colour('--chart-occupied-soft') }),
      line(texts.camera.allSpaces, '--text-muted', { width: 1, dash: [4, 4] }),
    ] : [];
    return {
      width: this.#holder.clientWidth,
      height: HEIGHT,
      padding: [12, 22, 0, 0], // half of the last label is beyond the end
      cursor: { drag: { x: false, y: false }, points: { size: 8 } },
      legend: { live: true },
      scales: {
        x: { min: from, max: to, auto: false },
        y: { range: (/** @type {unknown} */ _plot, /** @type {number} */ _min, /** @type {number} */ max) => [0, Math.max(4, Math.ceil((max ?? 0) * 1.08))] },
      },
      axes: [
        {
          ...axis, space: to - from > 2 * DAY_S ? 110 : 70, font: `12px ${colour('--font')}`,
          values: (/** @type {unknown} */ _plot, /** @type {number[]} */ splits, /** @type {number} */ _i, /** @type {number} */ _space, /** @type {number} */ step) =>
            splits.map((seconds) => axisTime(to - from)(seconds, step)),
        },
        {
          ...axis, size: 36, font: `12px ${colour('--font')}`,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
        },
      ],
      series: [
        { label: texts.camera.time, value: (/** @type {unknown} */ _plot, /** @type {number | null} */ seconds) =>
          seconds === null || seconds === undefined ? texts.common.unknown : formatMoment(seconds * 1000, to * 1000) },
        line(texts.camera.vehicles, '--chart-vehicles'),
        ...spaces,
      ],
    };
  }

  /** For those who do not see it. @param {string} text */
  describe(text) {
    if (this.#holder.getAttribute('aria-label') !== text) {
      this.#holder.setAttribute('aria-label', text);
    }
  }
}
