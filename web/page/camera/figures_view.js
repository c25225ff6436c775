// What is known of the picture, in numbers: vehicles, the stream, where the time goes, who is followed.

import { element, make, showRows, write } from '../dom.js';
import { formatAge, formatCount, formatRate } from '../format.js';
import { stateText, texts } from '../texts.js';
import { stateTone } from '../tones.js';
import { formatMoment, formatSecond } from './when.js';

/** @typedef {import('./found.js').Counts} Counts */
/** @typedef {import('./latency.js').Latency} Latency */
/** @typedef {import('./latency.js').Stage} Stage */
/** @typedef {import('./found.js').Track} Track */

const TRACKS_SHOWN = 24;

/** @param {number} ms */
function formatStage(ms) {
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : formatAge(ms);
}

/** @param {string} className @param {string[]} parts @returns {HTMLLIElement} */
function makeItem(className, ...parts) {
  return make('li', { className }, ...parts.map((part) => make('span', { className: part })));
}

export class FiguresView {
  #vehicles = element('vehicles', HTMLElement);
  #classes = element('classes', HTMLUListElement);
  #classesHint = element('classes-hint', HTMLElement);
  #cameraState = element('camera-state', HTMLElement);
  #age = element('age', HTMLElement);
  #rate = element('rate', HTMLElement);
  #size = element('size', HTMLElement);
  #frames = element('frames', HTMLElement);
  #updated = element('updated', HTMLElement);
  #latency = element('latency', HTMLElement);
  #latencyBar = element('latency-bar', HTMLElement);
  #stages = element('stages', HTMLUListElement);
  #tracks = element('tracks', HTMLUListElement);
  #tracksHint = element('tracks-hint', HTMLElement);

  /** @param {Counts} counts */
  showCounts({ total, classes }) {
    write(this.#vehicles, total === null ? texts.common.unknown : formatCount(total));
    const none = classes.length === 0 && total === 0;
    write(this.#classesHint, total === null ? texts.camera.noCounts : none ? texts.camera.noVehicles : '');
    const most = classes[0]?.[1] ?? 0;
    const makeRow = () => {
      const row = makeItem('class', 'name', 'count');
      row.append(make('div', { className: 'meter' }));
      return row;
    };
    showRows(this.#classes, classes, makeRow, (row, [name, count]) => {
      const [nameText, countText, meter] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ ([...row.children]);
      write(nameText, name);
      write(countText, formatCount(count));
      meter.style.setProperty('--share', String(count / most));
    });
  }

  /** @param {Track[] | null} tracks null: nobody follows anything */
  showTracks(tracks) {
    const count = tracks?.length ?? 0;
    const more = count - TRACKS_SHOWN;
    write(this.#tracksHint, tracks === null ? texts.camera.noTracking
      : count === 0 ? texts.camera.noTracks
        : more > 0 ? texts.camera.moreTracks(more) : '');
    showRows(this.#tracks, (tracks ?? []).slice(0, TRACKS_SHOWN), () => makeItem('track', 'id', 'name'), (row, { id, name }) => {
      const [idText, nameText] = /** @type {[HTMLElement, HTMLElement]} */ ([...row.children]);
      write(idText, `#${id}`);
      write(nameText, name ?? '');
    });
  }

  /** @param {string | null} state */
  showCameraState(state) {
    write(this.#cameraState, stateText(state));
    this.#cameraState.dataset.tone = stateTone(state);
  }

  /** @param {{ ageMs: number | null, perSecond: number | null, latency: Latency | null }} times null: not known now */
  showTimes({ ageMs, perSecond, latency }) {
    write(this.#age, ageMs === null ? texts.common.unknown : formatAge(ageMs));
    write(this.#rate, perSecond === null ? texts.common.unknown : formatRate(perSecond));
    this.#showLatency(latency);
  }

  /** @param {Latency | null} latency */
  #showLatency(latency) {
    write(this.#latency, latency === null ? texts.common.unknown : formatAge(latency.totalMs));
    const stages = latency?.stages ?? [];
    const sum = stages.reduce((all, [, ms]) => all + ms, 0);
    this.#latencyBar.hidden = sum === 0;
    showRows(this.#latencyBar, stages, () => make('i'), (part, [stage, ms]) => {
      part.dataset.stage = stage;
      part.style.setProperty('--share', String(ms / (sum || 1)));
    });
    showRows(this.#stages, stages, () => makeItem('stage-row', 'swatch', 'name', 'count'), (row, [stage, ms]) => {
      const [swatch, name, time] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ ([...row.children]);
      swatch.dataset.stage = stage;
      row.dataset.stage = stage;
      write(name, texts.camera.stages[stage]);
      write(time, formatStage(ms));
    });
  }

  /**
   * @param {{ frameCount: number, width: number, height: number, capturedMs: number, nowMs: number }} frame that is on the screen
   */
  showFrame({ frameCount, width, height, capturedMs, nowMs }) {
    write(this.#frames, formatCount(frameCount));
    write(this.#size, `${width} × ${height}`);
    write(this.#updated, formatMoment(capturedMs, nowMs, formatSecond));
  }

  /** Nothing is known of the picture any more. */
  clear() {
    for (const target of [this.#vehicles, this.#size, this.#frames, this.#updated]) {
      write(target, texts.common.unknown);
    }
    for (const target of [this.#classesHint, this.#tracksHint]) {
      write(target, '');
    }
    this.#classes.replaceChildren();
    this.#tracks.replaceChildren();
    this.showTimes({ ageMs: null, perSecond: null, latency: null });
  }
}
