// The dialog that arranges the wall: which cameras, in which order and size, in how many columns. What is changed
// shows behind it at once.

import { element, make, write } from '../dom.js';
import { makeIcon } from '../icons.js';
import { texts } from '../texts.js';
import { COLUMNS_MAX, emptyLayout, orderCameras, withFlag, withMoved } from './layout.js';

/** @typedef {import('../camera_list.js').Camera} Camera */
/** @typedef {import('./layout.js').Layout} Layout */

/** @param {Camera} camera */
function nameOf({ id, name }) {
  return name || id;
}

export class LayoutDialog {
  #list = make('ul', { className: 'arrange-list' });
  #columns = make('select', { id: 'arrange-columns' });
  #dialog;
  #changed;
  /** @type {Camera[]} */
  #cameras = [];
  /** @type {Layout} */
  #layout = emptyLayout();

  /** @param {(layout: Layout) => void} changed */
  constructor(changed) {
    this.#changed = changed;
    this.#columns.append(new Option(texts.wall.columnsBest, ''));
    for (let columns = 1; columns <= COLUMNS_MAX; columns++) {
      this.#columns.append(new Option(String(columns), String(columns)));
    }
    this.#columns.addEventListener('change', () =>
      this.#change({ ...this.#layout, columns: Number(this.#columns.value) || null }));
    this.#dialog = make('dialog', { className: 'dialog', id: 'arrange-dialog', 'aria-labelledby': 'arrange-title' },
      make('div', { className: 'dialog-head' },
        make('h2', { id: 'arrange-title' }, texts.wall.arrangeTitle),
        make('button', {
          className: 'icon-button', type: 'button', 'data-kind': 'quiet', 'aria-label': texts.common.close, onclick: () => this.#dialog.close(),
        }, makeIcon('close'))),
      make('div', { className: 'dialog-body' },
        make('div', { className: 'field' }, make('label', { htmlFor: 'arrange-columns' }, texts.wall.columns), this.#columns),
        this.#list,
        make('p', { className: 'hint' }, texts.wall.arrangeHint)),
      make('div', { className: 'dialog-foot' },
        make('button', { className: 'button', type: 'button', onclick: () => this.#change(emptyLayout()) }, texts.wall.reset),
        make('button', { className: 'button', type: 'button', 'data-kind': 'primary', onclick: () => this.#dialog.close() }, texts.wall.done)));
    /* In the wall's own element: what is shown full screen covers all that is outside of it. */
    element('main', HTMLElement).append(this.#dialog);
  }

  /** @param {Camera[]} cameras @param {Layout} layout */
  open(cameras, layout) {
    this.#cameras = cameras;
    this.#layout = layout;
    this.#show();
    this.#dialog.showModal();
  }

  /** @param {Layout} layout */
  #change(layout) {
    this.#layout = layout;
    this.#changed(layout);
    this.#show();
  }

  #show() {
    this.#columns.value = String(this.#layout.columns ?? '');
    const ordered = orderCameras(this.#cameras, this.#layout);
    /** @type {Map<string | undefined, HTMLElement>} */
    const rows = new Map([...this.#list.children].map((row) =>
      /** @type {const} */ ([/** @type {HTMLElement} */ (row).dataset.camera, /** @type {HTMLElement} */ (row)])));
    const focused = document.activeElement;
    this.#list.replaceChildren(...ordered.map((camera, i) => {
      const row = rows.get(camera.id) ?? this.#makeRow(camera);
      this.#showRow(row, camera, i, ordered.length);
      return row;
    }));
    if (focused instanceof HTMLElement && this.#list.contains(focused)) {
      focused.focus(); // its row was moved
    }
  }

  /** @param {Camera} camera */
  #makeRow({ id }) {
    const flag = (/** @type {'hidden' | 'large'} */ list, /** @type {boolean} */ meant) => (/** @type {Event} */ event) => {
      const { checked } = /** @type {HTMLInputElement} */ (event.currentTarget);
      this.#change(withFlag(this.#layout, list, id, checked === meant));
    };
    const move = (/** @type {-1 | 1} */ step) => () => {
      const ids = orderCameras(this.#cameras, this.#layout).map((camera) => camera.id);
      this.#change(withMoved(this.#layout, ids, id, step));
    };
    return make('li', { 'data-camera': id },
      make('label', { className: 'check arrange-show' },
        make('input', { type: 'checkbox', onchange: flag('hidden', false) }), make('span')),
      make('label', { className: 'check' },
        make('input', { type: 'checkbox', onchange: flag('large', true) }), make('span', {}, texts.wall.large)),
      make('button', { className: 'icon-button', type: 'button', 'data-kind': 'quiet', onclick: move(-1) }, makeIcon('up')),
      make('button', { className: 'icon-button', type: 'button', 'data-kind': 'quiet', onclick: move(1) }, makeIcon('down')));
  }

  /** @param {HTMLElement} row @param {Camera} camera @param {number} place @param {number} count */
  #showRow(row, camera, place, count) {
    const name = nameOf(camera);
    const [shown, large] = /** @type {[HTMLInputElement, HTMLInputElement]} */ ([...row.querySelectorAll('input')]);
    const [up, down] = /** @type {[HTMLButtonElement, HTMLButtonElement]} */ ([...row.querySelectorAll('button')]);
    write(/** @type {Element} */ (row.querySelector('.arrange-show span')), name);
    shown.checked = !this.#layout.hidden.includes(camera.id);
    shown.setAttribute('aria-label', texts.wall.show(name));
    large.checked = this.#layout.large.includes(camera.id);
    large.disabled = !shown.checked;
    large.setAttribute('aria-label', texts.wall.largeOf(name));
    up.setAttribute('aria-label', texts.wall.up(name));
    down.setAttribute('aria-label', texts.wall.down(name));
    /* Not disabled: the focus would be lost where a row arrives at an end. */
    up.setAttribute('aria-disabled', String(place === 0));
    down.setAttribute('aria-disabled', String(place === count - 1));
  }
}
