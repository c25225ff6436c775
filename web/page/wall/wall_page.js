// The live wall: every camera that its user may see, on one connection.

import { pageUrl } from '../api.js';
import { CameraList } from '../camera_list.js';
import { make } from '../dom.js';
import { isId } from '../ids.js';
import { qualityFor } from '../picture_quality.js';
import { startPage } from '../shell.js';
import { texts } from '../texts.js';
import { neighbour } from './grid.js';
import { loadLayout, saveLayout, shownCameras } from './layout.js';
import { LayoutDialog } from './layout_dialog.js';
import { isBySnapshot, planChanges, planStreams } from './plan.js';
import { Snapshots } from './snapshots.js';
import { Tile } from './tile.js';
import { WallView } from './wall_view.js';

/** @typedef {import('./layout.js').Layout} Layout */
/** @typedef {import('./plan.js').Wanted} Wanted */
/** @typedef {import('../session.js').Session} Session */
/** @typedef {import('../../lib/stream_manager.js').WebSocketStreamManager} WebSocketStreamManager */

const TICK_MS = 500;

/** @type {Record<string, import('./grid.js').Direction>} */
const arrows = {
  ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', Home: 'first', End: 'last',
};

/** `?camera=ID`: the camera that is shown large. */
function openedInAddress() {
  const asked = new URLSearchParams(location.search).get('camera') ?? '';
  return isId(asked) ? asked : null;
}

export class WallPage {
  #shell = startPage({
    page: 'wall', title: texts.wall.title, needs: 'viewer', refused: () => this.#leave(),
    turnedAway: (reason) => {
      this.#turnedAway = reason;
      this.#refresh();
    },
  });
  #view = new WallView({ back: () => this.#close(), arrange: () => this.#arrange() });
  #dialog = new LayoutDialog((layout) => this.#setLayout(layout));
  #list = new CameraList((_list, failed) => this.#onCameras(failed));
  #manager;
  #snapshots = new Snapshots();
  #layout = loadLayout();
  /** In the order of the wall. @type {Tile[]} */
  #tiles = [];
  /** @type {string | null} */
  #opened = openedInAddress();
  /** Whether the way back out of an opened camera is the browser's own. */
  #openedHere = false;
  /** Which tile the keyboard is at. @type {string | null} */
  #current = null;
  /** @type {Wanted[]} */
  #wanted = [];
  /** What each tile said last, for who cannot see it. @type {Map<string, string>} */
  #words = new Map();
  #failed = false;
  #isRefused = false;
  /** Why the server takes no connection. */
  #turnedAway = '';
  /** @type {Session | null} */
  #session = null;
  #observer = new IntersectionObserver((entries) => this.#onSeen(entries), { rootMargin: '80px' });

  /** @param {WebSocketStreamManager} manager that nothing is asked of yet */
  constructor(manager) {
    this.#manager = manager;
  }

  start() {
    this.#shell.showConnection(this.#manager.connectionStatus);
    const manager = this.#manager;
    manager.onState((status) => {
      this.#shell.showConnection(status);
      if (status !== 'open') {
        this.#tiles.forEach((tile) => tile.forgetState());
      }
      this.#refresh();
    });
    manager.onFrame((frame) => this.#find(frame.cameraId)?.show(frame));
    manager.onCamera((event) => {
      this.#find(event.camera_id)?.onCamera(event);
      this.#refresh();
    });
    manager.onError((error) => console.info(error.message)); // of one stream; the others go on
    manager.onDisconnect(() => void this.#list.refresh());
    addEventListener('popstate', () => this.#setOpened(openedInAddress()));
    document.addEventListener('keydown', (event) => this.#onKey(event));
    new ResizeObserver(() => this.#place()).observe(this.#view.grid.parentElement ?? this.#view.grid);
    addEventListener('resize', () => this.#place());
    void this.#shell.session.then((session) => {
      this.#session = session;
      this.#showTiles();
    });
    void this.#list.refresh();
    setInterval(() => this.#refresh(), TICK_MS);
  }

  /** @param {string} id */
  #find(id) {
    return this.#tiles.find((tile) => tile.id === id);
  }

  get #openedTile() {
    return this.#opened === null ? null : this.#find(this.#opened) ?? null;
  }

  // --- which tiles there are ---

  /** The page is not for who looks. */
  #leave() {
    this.#isRefused = true;
    this.#manager.disconnect();
  }

  /** @param {boolean} failed */
  #onCameras(failed) {
    if (this.#isRefused) {
      return;
    }
    this.#failed = failed;
    if (!failed) {
      this.#manager.connect();
    } else if (this.#list.cameras === null) {
      this.#manager.disconnect(); // there is nothing to ask for
    }
    this.#showTiles();
  }

  /** @param {Layout} layout */
  #setLayout(layout) {
    this.#layout = layout;
    saveLayout(layout);
    this.#showTiles();
  }

  #showTiles() {
    const all = this.#list.cameras ?? [];
    const shown = shownCameras(all, this.#layout);
    const opened = all.find(({ id }) => id === this.#opened);
    const cameras = opened === undefined || shown.includes(opened) ? shown : [...shown, opened];
    for (const tile of this.#tiles.filter(({ id }) => !cameras.some((camera) => camera.id === id))) {
      this.#observer.unobserve(tile.element);
      this.#snapshots.forget(tile);
      this.#words.delete(tile.id);
      tile.destroy();
    }
    const focused = document.activeElement;
    this.#tiles = cameras.map((camera) => {
      const tile = this.#find(camera.id);
      tile?.update(camera);
      return tile ?? this.#makeTile(camera);
    });
    this.#tiles.forEach((tile, i) => {
      if (this.#view.grid.children[i] !== tile.element) {
        this.#view.grid.insertBefore(tile.element, this.#view.grid.children[i] ?? null);
      }
    });
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
      focused.focus(); // its tile was moved
    }
    this.#showEmpty(all.length);
    this.#view.showOpened(this.#openedTile);
    this.#setCurrent(this.#find(this.#current ?? '') === undefined ? this.#tiles[0]?.id ?? null : this.#current);
    this.#place();
    this.#refresh();
  }

  /** @param {import('../camera_list.js').Camera} camera */
  #makeTile(camera) {
    const tile = new Tile(camera, {
      open: ({ id }) => (this.#opened === id ? this.#close() : this.#open(id)),
      drawn: () => this.#refresh(),
    });
    this.#observer.observe(tile.element);
    return tile;
  }

  /** @param {number} known */
  #showEmpty(known) {
    if (this.#tiles.length > 0) {
      this.#view.showEmpty(null);
    } else if (this.#failed) {
      this.#view.showEmpty({
        title: texts.wall.unknown, detail: texts.wall.retrying(this.#list.failure), icon: 'warning',
      });
    } else if (known > 0) {
      this.#view.showEmpty({
        title: texts.wall.allHidden, detail: texts.wall.allHiddenDetail, icon: 'layout',
        action: make('button', { className: 'button', type: 'button', onclick: () => this.#arrange() }, texts.wall.arrange),
      });
    } else if (this.#list.cameras !== null) {
      const admin = this.#session?.may('admin') === true;
      this.#view.showEmpty({
        title: texts.wall.noCameras,
        detail: admin ? texts.wall.noCamerasAdmin : texts.wall.noCamerasDetail,
        ...(admin && {
          action: make('a', { className: 'button', 'data-kind': 'primary', href: pageUrl('cameras') }, texts.wall.addCamera),
        }),
      });
    }
  }

  // --- what is wanted of the server ---

  /** @param {IntersectionObserverEntry[]} entries */
  #onSeen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.find(({ element }) => element === target);
      if (tile !== undefined) {
        tile.visible = isIntersecting;
      }
    }
    this.#refresh();
  }

  #ask() {
    const wanted = planStreams({
      visible: this.#tiles.filter(({ visible }) => visible).map(({ camera }) => camera),
      opened: this.#opened,
      qualityOf: (id) => qualityFor(this.#find(id)?.element.clientWidth ?? 0),
      isDetected: (id) => this.#find(id)?.isDetected === true,
    });
    const { ended, begun, changed } = planChanges(this.#wanted, wanted);
    this.#wanted = wanted;
    ended.forEach(({ cameraId, kind }) => this.#manager.unsubscribe(cameraId, kind));
    begun.forEach(({ cameraId, ...wishes }) => this.#manager.subscribe(cameraId, wishes));
    for (const one of changed) {
      this.#manager.set(one);
      this.#find(one.cameraId)?.resetRate();
    }
    const bySnapshot = this.#tiles.filter((tile) => {
      const before = tile.bySnapshot;
      tile.bySnapshot = isBySnapshot(tile.camera, this.#opened);
      if (tile.bySnapshot && !before) {
        tile.forgetState(); // nobody tells it any more
      }
      return tile.bySnapshot && tile.visible && !document.hidden;
    });
    this.#snapshots.keep(this.#opened === null ? bySnapshot : []);
  }

  /** Everything as it is now: what is wanted, and what each tile says. */
  #refresh() {
    this.#ask();
    const { connection } = this.#shell;
    const now = this.#manager.serverTimeMs();
    let online = 0;
    for (const tile of this.#tiles) {
      const { picture, word } = tile.refresh(connection, now);
      online += (tile.visible && !tile.bySnapshot ? picture === 'live' : tile.camera.state === 'online') ? 1 : 0;
      const before = this.#words.get(tile.id);
      this.#words.set(tile.id, word);
      if (before !== undefined && before !== word && tile.visible) {
        this.#view.announce(texts.wall.changed(tile.camera.name || tile.id, word));
      }
    }
    const all = this.#tiles.length;
    const summary = all === 0 ? '' : texts.wall.summary(all, online);
    this.#view.showSummary(this.#turnedAway || summary, this.#turnedAway !== '');
    const isLive = (this.#openedTile?.element.dataset.picture ?? 'live') === 'live';
    const state = this.#opened === null ? (online < all ? summary : '') : isLive ? '' : this.#words.get(this.#opened) ?? '';
    this.#shell.showState(document.hidden ? '' : state); // a hidden tab asks for nothing
  }

  // --- what is seen ---

  #place() {
    this.#view.place(this.#tiles, new Set(this.#layout.large), this.#layout.columns, this.#openedTile);
  }

  #arrange() {
    this.#dialog.open(this.#list.cameras ?? [], this.#layout);
  }

  /** @param {string} id */
  #open(id) {
    history.pushState(null, '', `?${new URLSearchParams({ camera: id })}`);
    this.#openedHere = true;
    this.#setOpened(id);
  }

  #close() {
    if (this.#openedHere) {
      history.back(); // so that the way back does not lead into the camera again
    } else {
      history.replaceState(null, '', location.pathname);
      this.#setOpened(null);
    }
  }

  /** @param {string | null} id */
  #setOpened(id) {
    const before = this.#opened;
    this.#opened = id;
    this.#openedHere &&= id !== null;
    if (id !== null) {
      this.#current = id;
    }
    this.#shell.showTitle(id === null ? texts.wall.title : this.#find(id)?.camera.name || id);
    this.#showTiles();
    if (id !== null || before !== null) {
      this.#find(id ?? before ?? '')?.focus();
    }
  }

  // --- the keyboard ---

  /** @param {string | null} id */
  #setCurrent(id) {
    this.#current = id;
    this.#tiles.forEach((tile) => tile.setCurrent(tile.id === id));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { key, target } = event;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.defaultPrevented || document.querySelector('dialog[open]') !== null) {
      return;
    }
    if (key.toLowerCase() === 'f') {
      this.#view.toggleFullscreen();
    } else if (key === 'Escape' && this.#opened !== null) {
      this.#close();
    } else {
      const direction = arrows[key];
      const inWall = target === document.body || (target instanceof Node && this.#view.grid.contains(target));
      if (direction !== undefined && inWall) {
        event.preventDefault();
        this.#go(direction);
      }
    }
  }

  /** @param {import('./grid.js').Direction} direction */
  #go(direction) {
    const from = Math.max(0, this.#tiles.findIndex(({ id }) => id === this.#current));
    const to = this.#tiles[neighbour(this.#view.places, from, direction)];
    if (to === undefined) {
      return;
    }
    if (this.#opened !== null) {
      history.replaceState(null, '', `?${new URLSearchParams({ camera: to.id })}`);
      const here = this.#openedHere;
      this.#setOpened(to.id);
      this.#openedHere = here;
    } else {
      this.#setCurrent(to.id);
      to.focus();
    }
  }
}
