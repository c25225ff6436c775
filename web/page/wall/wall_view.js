// What the wall shows besides its tiles: the bar above them, what stands there when there are none, and where the
// tiles stand.

import { pageUrl } from '../api.js';
import { element, make, write } from '../dom.js';
import { makeIcon } from '../icons.js';
import { texts } from '../texts.js';
import { fitGrid } from './grid.js';

/** @typedef {import('./tile.js').Tile} Tile */
/** @typedef {import('./grid.js').Grid} Grid */

const GAP = 8;
const TILE_MIN = 240; // CSS pixels; two beside each other on a phone that lies on its side
const RATIO = 16 / 9;

/** @param {import('../icons.js').IconName} icon @param {string} text @param {() => void} onclick @param {string} id */
function makeButton(icon, text, onclick, id) {
  return make('button', { className: 'button wall-button', type: 'button', id, title: text, onclick },
    makeIcon(icon), make('span', {}, text));
}

export class WallView {
  grid = element('grid', HTMLUListElement);
  #main = element('main', HTMLElement);
  #bar = element('wall-bar', HTMLElement);
  #empty = element('wall-empty', HTMLElement);
  #summary = make('p', { className: 'wall-summary', id: 'summary' });
  #title = make('h1', { className: 'visually-hidden', dir: 'auto' }, texts.wall.title);
  #announcer = make('p', { className: 'visually-hidden', role: 'status' });
  #back;
  #page = make('a', { className: 'button wall-button', id: 'camera-page' }, makeIcon('open'), make('span', {}, texts.wall.page));
  #arrange;
  #fullscreen;

  /** @param {{ back: () => void, arrange: () => void }} handlers */
  constructor({ back, arrange }) {
    this.#back = makeButton('back', texts.wall.back, back, 'back');
    this.#arrange = makeButton('layout', texts.wall.arrange, arrange, 'arrange');
    this.#fullscreen = makeButton('fullscreen', texts.wall.fullscreen, () => this.toggleFullscreen(), 'fullscreen');
    this.#fullscreen.hidden = !document.fullscreenEnabled;
    this.#back.hidden = this.#page.hidden = true;
    this.grid.setAttribute('aria-label', texts.wall.cameras);
    this.#bar.append(this.#back, this.#title, this.#summary, this.#page, this.#arrange, this.#fullscreen, this.#announcer);
    document.addEventListener('fullscreenchange', () => {
      const text = document.fullscreenElement === null ? texts.wall.fullscreen : texts.wall.fullscreenEnd;
      this.#fullscreen.title = text;
      this.#fullscreen.replaceChildren(
        makeIcon(document.fullscreenElement === null ? 'fullscreen' : 'fullscreenExit'), make('span', {}, text));
    });
  }

  toggleFullscreen() {
    const done = document.fullscreenElement === null ? this.#main.requestFullscreen() : document.exitFullscreen();
    done.catch(() => {}); // the browser said no, and shows why
  }

  /** @param {Tile | null} tile the one that is shown large */
  showOpened(tile) {
    const name = tile === null ? '' : tile.camera.name || tile.id;
    this.#main.toggleAttribute('data-opened', tile !== null);
    this.#back.hidden = this.#page.hidden = tile === null;
    this.#arrange.hidden = tile !== null;
    this.#summary.hidden = tile !== null;
    this.#title.className = tile === null ? 'visually-hidden' : 'wall-title';
    write(this.#title, tile === null ? texts.wall.title : name);
    if (tile !== null) {
      this.#page.href = pageUrl(`camera/${encodeURIComponent(tile.id)}`);
    }
  }

  /** @param {string} text @param {boolean} bad */
  showSummary(text, bad) {
    write(this.#summary, text);
    this.#summary.toggleAttribute('data-bad', bad);
  }

  /** For screen readers. @param {string} text */
  announce(text) {
    write(this.#announcer, text);
  }

  /**
   * What stands in the place of the tiles; null: there are tiles.
   * @param {{ title: string, detail: string, icon?: import('../icons.js').IconName, action?: HTMLElement } | null} message
   */
  showEmpty(message) {
    const key = message === null ? '' : `${message.title}\n${message.detail}\n${message.action !== undefined}`;
    this.grid.hidden = message !== null;
    this.#empty.hidden = message === null;
    this.#bar.toggleAttribute('data-empty', message !== null);
    if (message === null || this.#empty.dataset.key === key) {
      return;
    }
    this.#empty.dataset.key = key;
    this.#empty.replaceChildren(
      makeIcon(message.icon ?? 'camera'), make('h2', {}, message.title), make('p', {}, message.detail),
      ...(message.action === undefined ? [] : [make('div', { className: 'actions' }, message.action)]));
  }

  /** @type {Grid | null} */
  #grid = null;

  /** Where each tile stands, after place(). */
  get places() {
    return this.#grid?.places ?? [];
  }

  /**
   * @param {Tile[]} tiles in order
   * @param {Set<string>} large ids
   * @param {number | null} columns
   * @param {Tile | null} opened takes the whole room
   */
  place(tiles, large, columns, opened) {
    const top = this.grid.getBoundingClientRect().top + scrollY;
    const room = {
      width: this.grid.clientWidth,
      height: Math.max(200, innerHeight - (document.fullscreenElement === null ? top : this.#bar.offsetHeight) - GAP),
      gap: GAP, ratio: RATIO, minWidth: TILE_MIN,
    };
    this.#grid = fitGrid(tiles.map(({ id }) => (large.has(id) ? 2 : 1)), room, columns);
    const { cellWidth, cellHeight, places } = this.#grid;
    this.grid.style.setProperty('--cell-width', `${cellWidth}px`);
    this.grid.style.setProperty('--cell-height', `${cellHeight}px`);
    this.grid.style.setProperty('--columns', String(this.#grid.columns));
    this.grid.style.setProperty('--room-height', `${room.height}px`);
    tiles.forEach((tile, i) => {
      const place = places[i];
      const { style } = tile.element;
      tile.element.toggleAttribute('data-opened', tile === opened);
      style.setProperty('--row', place === undefined ? 'auto' : `${place.row + 1} / span ${place.span}`);
      style.setProperty('--column', place === undefined ? 'auto' : `${place.column + 1} / span ${place.span}`);
    });
  }
}
