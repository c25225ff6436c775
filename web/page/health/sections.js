// The parts of the page: each is given the answers that it shows, or why there are none.

import { cameraUrl } from '../api.js';
import { make, write } from '../dom.js';
import { formatAge, formatBytes, formatCount, formatRate } from '../format.js';
import { cameraText, texts } from '../texts.js';
import { cameraTone } from '../tones.js';
import { detectorSummary, limitTone, lossOf, lossTone, processTone } from './figures.js';
import { KeyedTable } from './table.js';

/** @typedef {import('./figures.js').Rates} Rates */
/** @typedef {import('./table.js').Cell} Cell */

const words = texts.health;
const NUMBER = 'number';

/** @param {number | null | undefined} value @param {(value: number) => string} format @returns {Cell} */
function cell(value, format) {
  return { text: typeof value === 'number' ? format(value) : texts.common.unknown };
}

/** @param {number} value */
const percent = (value) => `${value < 0.0995 && value > 0 ? (value * 100).toFixed(1) : Math.round(value * 100)} %`;
/** @param {number} seconds */
const span = (seconds) => (seconds < 10 ? words.seconds(Math.floor(seconds)) : formatAge(seconds * 1000));

export class Section {
  #note = make('p', { className: 'hint' });
  #error = make('p', { className: 'callout', role: 'alert', 'data-tone': 'bad', hidden: true });
  #empty = make('p', { className: 'hint', hidden: true });
  #content;
  element;

  /** @param {string} title @param {HTMLElement} content @param {string} empty what is said when there is nothing */
  constructor(title, content, empty = '') {
    this.#content = content;
    write(this.#empty, empty);
    content.hidden = true;
    this.element = make('section', { className: 'health-section', 'aria-label': title },
      make('header', {}, make('h2', {}, title), this.#note), this.#error, this.#empty, content);
  }

  /** @param {number} count of what there is to show */
  showContent(count, note = '') {
    write(this.#note, note);
    this.#error.hidden = true;
    this.#empty.hidden = count > 0;
    this.#content.hidden = count === 0;
  }

  /** What was shown before is not true any more. @param {string} text */
  showError(text) {
    write(this.#error, text);
    this.#error.hidden = false;
    this.#empty.hidden = true;
    this.#content.hidden = true;
    write(this.#note, '');
  }
}

export class ProcessSection extends Section {
  #table;

  constructor() {
    const table = new KeyedTable(words.processes, [
      { label: words.process, className: 'nowrap' }, { label: words.state }, { label: words.uptime, className: 'number' },
      { label: words.restarts, className: NUMBER }, { label: words.cpu, className: NUMBER },
      { label: words.memory, className: NUMBER }, { label: words.pid, className: NUMBER },
    ]);
    super(words.processes, table.element);
    this.#table = table;
  }

  /** @param {{ supervised: boolean, processes: any[] }} answer @param {Rates} rates @param {number} at */
  show({ supervised, processes }, rates, at) {
    this.#table.show(processes.map((process) => ({
      key: process.name,
      cells: [
        { text: process.name },
        { text: words.processState(process.state, process.exit_code ?? 0), tone: processTone(process.state), pill: true },
        cell(process.uptime_s, span),
        { ...cell(process.restarts, formatCount), tone: process.restarts > 0 ? 'warn' : 'muted' },
        cell(rates.take(`cpu ${process.name}`, process.cpu_seconds, at), percent),
        cell(process.resident_bytes, formatBytes),
        { text: process.pid === null ? texts.common.unknown : String(process.pid) },
      ],
    })));
    this.showContent(processes.length, supervised ? '' : words.notSupervised);
  }
}

/** In words that tell one connection from another. @param {{ user: string, peer: string }} viewer */
export function whoIs({ user, peer }) {
  return user === peer.replace(/:\d+$/, '') ? peer : `${user} (${peer})`;
}

/** The camera in words. @param {{ camera: string }} viewer */
export function watched({ camera }) {
  return camera === '*' ? words.allCameras : camera;
}

/** @param {any} camera @param {any} stats of its capture; null: it does not answer; undefined: there is none */
function whyNot(camera, stats) {
  if (camera.state === 'online') {
    return '';
  }
  return stats?.reason ?? (camera.source === 'push' ? words.nobodySends : stats === null ? words.captureSilent : '');
}

export class CameraSection extends Section {
  #table;

  constructor() {
    const table = new KeyedTable(words.cameras, [
      { label: words.camera, className: 'nowrap' }, { label: words.state }, { label: words.reason, className: 'wide' },
      { label: words.fps, className: NUMBER }, { label: words.size, className: NUMBER },
      { label: words.age, className: NUMBER }, { label: words.reconnects, className: NUMBER },
      { label: words.badFrames, className: NUMBER },
    ]);
    super(words.cameras, table.element, words.noCameras);
    this.#table = table;
  }

  /** @param {any[]} cameras @param {any[]} processes whose captures tell more */
  show(cameras, processes) {
    const captures = new Map(processes.map(({ name, stats }) => [name, stats]));
    this.#table.show(cameras.map((camera) => {
      const stats = captures.get(`capture.${camera.id}`);
      const bad = stats?.bad === undefined ? null
        : Object.values(stats.bad).reduce((/** @type {number} */ sum, count) => sum + Number(count), 0);
      return {
        key: camera.id,
        cells: [
          { text: camera.name, href: cameraUrl(camera.id) },
          { text: cameraText(camera), tone: cameraTone(camera), pill: true },
          { text: whyNot(camera, stats) },
          cell(camera.fps > 0 ? camera.fps : null, formatRate),
          { text: camera.width > 0 ? `${camera.width} × ${camera.height}` : texts.common.unknown },
          cell(stats?.newest_age_ms, formatAge),
          cell(stats?.reconnects, formatCount),
          { ...cell(bad, formatCount), tone: bad !== null && bad > 0 ? 'warn' : 'muted' },
        ],
      };
    }));
    this.showContent(cameras.length);
  }
}

export class DetectorSection extends Section {
  #table;

  constructor() {
    const table = new KeyedTable(words.detectors, [
      { label: words.detector }, { label: words.model, className: 'nowrap' }, { label: words.cameras, className: NUMBER },
      { label: words.fps, className: NUMBER }, { label: words.stages, className: 'wide' },
      { label: words.dropped, className: NUMBER },
    ]);
    super(words.detectors, table.element, words.noDetectors);
    this.#table = table;
  }

  /** @param {any[]} processes */
  show(processes) {
    const detectors = processes.filter(({ name }) => name.startsWith('detector.'));
    this.#table.show(detectors.map(({ name, stats }) => {
      const { model, input, cameras, fps, stagesMs, dropped } = detectorSummary(stats);
      const stages = stagesMs.map(({ stage, ms }) => words.stage(stage, ms < 10 ? ms.toFixed(1) : String(Math.round(ms))));
      return {
        key: name,
        cells: [
          { text: name },
          stats === null
            ? { text: words.noAnswer, tone: 'bad' }
            : { text: `${model ?? texts.common.unknown}${input === null ? '' : ` · ${input.join(' × ')}`}` },
          cell(stats === null ? null : cameras, formatCount),
          cell(stats === null ? null : fps, formatRate),
          { text: stages.length === 0 ? texts.common.unknown : stages.join(' · ') },
          cell(stats === null ? null : dropped, formatCount),
        ],
      };
    }));
    this.showContent(detectors.length);
  }
}

export class ViewerSection extends Section {
  #table;
  #kick;

  /** @param {(viewer: any) => void} kick */
  constructor(kick) {
    const table = new KeyedTable(words.viewers, [
      { label: words.user, className: 'who' }, { label: words.watches, className: 'nowrap' },
      { label: words.since, className: 'number' }, { label: words.fps, className: NUMBER },
      { label: words.sent, className: NUMBER }, { label: words.dropped, className: NUMBER },
      { label: words.loss, className: NUMBER }, { label: words.throughput, className: NUMBER },
      { label: words.age, className: NUMBER },
    ], words.kick);
    super(words.viewers, table.element, words.noViewers);
    this.#table = table;
    this.#kick = kick;
  }

  /** @param {{ total: number, viewers: any[] }} answer @param {Rates} rates @param {number} at */
  show({ total, viewers }, rates, at) {
    const sorted = [...viewers].sort((one, other) =>
      one.camera.localeCompare(other.camera) || other.seconds - one.seconds || one.id.localeCompare(other.id));
    this.#table.show(sorted.map((viewer) => {
      const loss = lossOf(viewer);
      const who = whoIs(viewer);
      return {
        key: viewer.id,
        cells: [
          { text: who.replace(/:\d+\)?$/, '\u200b$&') }, // where a narrow column may break it
          { text: words.watching(watched(viewer), viewer.path, viewer.paused) },
          cell(viewer.seconds, span),
          cell(rates.take(`sent ${viewer.id}`, viewer.sent, at), formatRate),
          cell(viewer.sent, formatCount),
          cell(viewer.dropped, formatCount),
          { ...cell(loss, percent), tone: lossTone(loss) },
          { text: words.perSecond(formatBytes(viewer.bytes_per_second)) },
          cell(viewer.age_ms, formatAge),
        ],
        action: { text: words.kick, label: words.kickWho(who, watched(viewer)), run: () => this.#kick(viewer) },
      };
    }));
    this.showContent(viewers.length, total > viewers.length ? words.someOf(viewers.length, total) : '');
  }
}

export class LimitSection extends Section {
  #cards;
  /** @type {Map<string, { value: HTMLElement, meter: HTMLElement }>} */
  #known = new Map();

  constructor() {
    const cards = make('div', { className: 'limits' });
    super(words.limits, cards);
    this.#cards = cards;
  }

  /** @param {Record<string, { used: number, most: number | null }>} limits */
  show(limits) {
    for (const [name, limit] of Object.entries(limits)) {
      const card = this.#known.get(name) ?? this.#makeCard(name);
      const format = name === 'intake_memory' ? formatBytes : formatCount;
      write(card.value, limit.most === null ? format(limit.used) : words.of(format(limit.used), format(limit.most)));
      card.meter.hidden = limit.most === null;
      card.meter.dataset.tone = limitTone(limit);
      card.meter.style.setProperty('--share', String(limit.most === null ? 0 : Math.min(1, limit.used / limit.most)));
    }
    this.showContent(Object.keys(limits).length);
  }

  /** @param {string} name */
  #makeCard(name) {
    const card = { value: make('strong'), meter: make('div', { className: 'meter', 'aria-hidden': 'true' }) };
    this.#known.set(name, card);
    this.#cards.append(make('div', { className: 'card' }, make('h2', {}, words.limit(name)), card.value, card.meter));
    return card;
  }
}

export class WarningSection extends Section {
  #table;

  constructor() {
    const table = new KeyedTable(words.warnings, [
      { label: words.time, className: 'nowrap' }, { label: words.level }, { label: words.process, className: 'nowrap' },
      { label: words.message, className: 'message' },
    ]);
    super(words.warnings, table.element, words.noWarnings);
    this.#table = table;
  }

  /** @param {any[]} warnings the newest first */
  show(warnings) {
    /** @type {Map<string, number>} */
    const same = new Map();
    this.#table.show(warnings.map(({ time, level, process, camera, message }) => {
      const text = `${time} ${process} ${message}`;
      const number = (same.get(text) ?? 0) + 1;
      same.set(text, number);
      return {
        key: `${text} ${number}`,
        cells: [
          { text: words.moment(new Date(time * 1000)) },
          { text: words.levels(level), tone: level === 'error' ? 'bad' : 'warn', pill: true },
          { text: camera === null || process.endsWith(camera) ? process : `${process} · ${camera}` },
          { text: message },
        ],
      };
    }));
    this.showContent(warnings.length);
  }
}
