// The list of cameras: a line each where there is room, else a card.

import { cameraUrl } from '../api.js';
import { make, write } from '../dom.js';
import { formatRate } from '../format.js';
import { cameraText, texts } from '../texts.js';
import { cameraTone } from '../tones.js';

/** @typedef {import('./camera_values.js').ListedCamera} ListedCamera */
/** @typedef {'test' | 'edit' | 'remove'} Command */

/**
 * @typedef {object} Row
 * @property {HTMLLIElement} item
 * @property {HTMLElement} name
 * @property {HTMLElement} id
 * @property {HTMLElement} state
 * @property {HTMLElement} stateText
 * @property {HTMLElement} source
 * @property {HTMLElement} figures
 * @property {HTMLAnchorElement} open
 * @property {HTMLAnchorElement} spaces
 * @property {HTMLElement} own what only a configured camera has
 * @property {HTMLButtonElement[]} buttons
 */

export class CameraRows {
  #list;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** @type {Map<string, ListedCamera>} */
  #cameras = new Map();
  #handler;

  /** @param {HTMLUListElement} list @param {(command: Command, camera: ListedCamera) => void} handler */
  constructor(list, handler) {
    this.#list = list;
    this.#handler = handler;
  }

  /** @param {readonly ListedCamera[]} cameras */
  show(cameras) {
    this.#cameras = new Map(cameras.map((camera) => [camera.id, camera]));
    for (const [id, { item }] of this.#rows) {
      if (!this.#cameras.has(id)) {
        item.remove();
        this.#rows.delete(id);
      }
    }
    cameras.forEach((camera, i) => {
      const row = this.#rows.get(camera.id) ?? this.#makeRow(camera.id);
      if (this.#list.children[i] !== row.item) {
        this.#list.insertBefore(row.item, this.#list.children[i] ?? null);
      }
      this.#showRow(row, camera);
    });
  }

  /** @param {string} id */
  #makeRow(id) {
    const { cameras } = texts;
    const stateWord = make('span');
    const button = (/** @type {Command} */ command) => make('button', {
      className: 'button', type: 'button', 'data-command': command,
      onclick: () => {
        const camera = this.#cameras.get(id);
        if (camera !== undefined) {
          this.#handler(command, camera);
        }
      },
    }, cameras[command]);
    const buttons = [button('test'), button('edit'), button('remove')];
    const [name, shownId] = [make('span', { className: 'camera-name' }), make('span', { className: 'camera-id' })];
    const state = make('p', { className: 'pill' }, make('span', { className: 'dot' }), stateWord);
    const [source, figures] = [make('p', { className: 'camera-source' }), make('p', { className: 'camera-figures' })];
    const open = make('a', { className: 'button', href: cameraUrl(id) }, cameras.open);
    const spaces = make('a', { className: 'button', href: `${cameraUrl(id)}/spaces` });
    const own = make('div', { className: 'actions camera-own' }, spaces, ...buttons);
    const item = make('li', { className: 'camera-row', 'data-camera': id },
      make('h2', { className: 'camera-title' }, name, shownId), state, source, figures,
      make('div', { className: 'actions camera-actions' }, open, own));
    const row = { item, name, id: shownId, state, stateText: stateWord, source, figures, open, spaces, own, buttons };
    this.#rows.set(id, row);
    return row;
  }

  /** @param {Row} row @param {ListedCamera} camera */
  #showRow(row, camera) {
    const { id, name, source, width, height, fps, spaces, settings } = camera;
    const { cameras } = texts;
    const url = typeof settings?.url === 'string' ? settings.url : '';
    const kind = /** @type {Record<string, string>} */ (cameras.kind)[source] ?? source;
    const figures = [
      width > 0 ? cameras.size(width, height) : '',
      fps > 0 ? cameras.rate(formatRate(fps)) : '',
      settings === undefined ? '' : cameras.spaceCount(spaces.length),
    ];
    write(row.name, name);
    write(row.id, name === id ? '' : id);
    row.state.dataset.tone = cameraTone(camera);
    write(row.stateText, cameraText(camera));
    write(row.source, url === '' ? kind : `${kind} · ${url}`);
    write(row.figures, figures.filter((part) => part !== '').join(' · '));
    write(row.spaces, cameras.spaces);
    row.own.hidden = settings === undefined; // one that is only posted is nobody's to change
    row.open.setAttribute('aria-label', cameras.about(cameras.open, name));
    row.spaces.setAttribute('aria-label', cameras.about(cameras.spaces, name));
    for (const button of row.buttons) {
      button.setAttribute('aria-label', cameras.about(button.textContent ?? '', name));
    }
  }
}
