// The parking spaces: how many are taken, and each by its name.

import { element, make, showRows, write } from '../dom.js';
import { formatCount } from '../format.js';
import { texts } from '../texts.js';
import { formatHeld, formatMoment } from './when.js';

/** @typedef {import('../occupancy.js').Space} Space */
/** @typedef {import('../occupancy.js').Spaces} Spaces */

export class SpacesView {
  #occupied = element('occupied', HTMLElement);
  #total = element('total', HTMLElement);
  #meter = element('occupancy-meter', HTMLElement);
  #share = element('occupancy-share', HTMLElement);
  #free = element('free', HTMLElement);
  #unknown = element('unknown-spaces', HTMLElement);
  #body = element('occupancy', HTMLElement);
  #list = element('spaces', HTMLUListElement);
  #hint = element('spaces-hint', HTMLElement);

  /**
   * @param {Spaces | null} spaces null: the stream tells of none
   * @param {number} nowMs by the server's clock
   * @param {boolean} drawn whether the camera has some
   */
  show(spaces, nowMs, drawn) {
    this.#body.hidden = spaces === null;
    write(this.#hint, spaces === null ? (drawn ? texts.camera.spacesNotJudged : texts.camera.noSpaces)
      : spaces.list.length < spaces.total ? texts.camera.spacesLeftOut(spaces.total - spaces.list.length) : '');
    if (spaces !== null) {
      this.#showSums(spaces);
    }
    showRows(this.#list, spaces?.list ?? [], () => this.#makeRow(), (row, space) => this.#fillRow(row, space, nowMs));
  }

  /** @param {Spaces} spaces */
  #showSums({ occupied, total, free, unknown }) {
    const share = occupied / total;
    write(this.#occupied, unknown === total ? texts.common.unknown : formatCount(occupied));
    write(this.#total, texts.camera.ofSpaces(formatCount(total)));
    write(this.#share, unknown === total ? '' : texts.camera.occupiedShare(Math.round(share * 100)));
    write(this.#free, free === 0 && unknown > 0 ? '' : texts.camera.freeSpaces(free));
    this.#free.dataset.tone = free > 0 ? 'good' : 'bad';
    write(this.#unknown, unknown > 0 ? texts.camera.unknownSpaces(unknown) : '');
    this.#meter.style.setProperty('--share', String(share));
    this.#meter.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    this.#meter.setAttribute('aria-valuetext',
      unknown === total ? texts.common.unknown : texts.camera.occupiedOf(occupied, total));
  }

  #makeRow() {
    return make('li', { className: 'space' },
      make('span', { className: 'name', dir: 'auto' }), make('span', { className: 'state' }), make('span', { className: 'since' }));
  }

  /** @param {HTMLElement} row @param {Space} space @param {number} nowMs */
  #fillRow(row, { name, state, sinceMs }, nowMs) {
    const [nameText, stateText, since] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ ([...row.children]);
    row.dataset.state = state;
    write(nameText, name);
    nameText.title = name;
    write(stateText, texts.camera.spaceStates[state]);
    write(since, sinceMs === null ? ''
      : texts.camera.since(formatMoment(sinceMs, nowMs), formatHeld(nowMs - sinceMs)));
  }

  /** Nothing is known of them any more. */
  clear() {
    this.#body.hidden = false;
    write(this.#occupied, texts.common.unknown);
    for (const target of [this.#total, this.#share, this.#free, this.#unknown, this.#hint]) {
      write(target, '');
    }
    this.#meter.style.setProperty('--share', '0');
    this.#meter.setAttribute('aria-valuenow', '0');
    this.#meter.setAttribute('aria-valuetext', texts.common.unknown);
    this.#list.replaceChildren();
  }
}
