// The spaces editor: one camera, from its configuration and its picture to what is saved.

import { ApiError, api, cameraUrl, errorText, pageUrl } from '../api.js';
import { make, write } from '../dom.js';
import { formatAge } from '../format.js';
import { makeIcon } from '../icons.js';
import { judgePicture } from '../picture_state.js';
import { keepWork } from '../session.js';
import { startPage } from '../shell.js';
import { stateText, texts } from '../texts.js';
import { Commands } from './commands.js';
import { Editor } from './editor.js';
import { labelPoint } from './geometry.js';
import { KeyboardTool } from './keyboard_tool.js';
import { LiveSource } from './live_source.js';
import { PictureLayer } from './picture_layer.js';
import { PointerTool } from './pointer_tool.js';
import { Saving } from './saving.js';
import { SideView, makeHelp } from './side_view.js';
import { SpaceStore } from './space_store.js';
import { draw } from './svg.js';
import { StageView } from './stage_view.js';
import { ToolsView } from './tools_view.js';
import { fitView, resizeView, revealPoint, zoomView } from './viewport.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./space_list.js').Space} Space */
/** @typedef {import('./space_store.js').StoredCamera} StoredCamera */
/** @typedef {import('./stage_view.js').SpaceState} SpaceState */

const TICK_MS = 500;
const JUDGEMENT_LIMIT_MS = 15_000; // states that are older are not shown
const SNAPSHOT_AFTER_MS = 2500; // without a live picture the last one there was is better than none
const SNAPSHOT_AGE_S = 86_400;
const REST_MS = 400; // without another step: what was moved is where it was to go
const INTERVAL_MS = 1000; // between pictures, at most as far as one knows

/** `/camera/ID/spaces`, or `?camera=ID`. @param {Location} address */
export function cameraOfAddress({ pathname, search }) {
  const named = /\/camera\/([^/]+)\/spaces$/.exec(pathname)?.[1];
  return named === undefined ? new URLSearchParams(search).get('camera') ?? '' : decodeURIComponent(named);
}

export class SpacesPage {
  #cameraId;
  #editor;
  #readOnly;
  #view = fitView({ width: 1280, height: 720 }, { width: 1280, height: 720 });
  #shell;

  #canvas = make('canvas', { className: 'stage-picture', 'aria-hidden': 'true' });
  #svg = draw('svg', { class: 'stage-drawing', id: 'drawing', role: 'application', tabindex: -1 });
  #notes = make('div', { className: 'stage-notes', 'aria-hidden': 'true' });
  #badgeText = make('span');
  #badgeAge = make('span', { 'aria-hidden': 'true' }); // else it would be read out every second
  #badge = make('p', { className: 'badge stage-badge', id: 'badge', role: 'status', 'data-tone': 'muted' });
  #message = make('div', { className: 'stage-message', role: 'status' });
  #glass = make('canvas', { className: 'magnifier', hidden: true, 'aria-hidden': 'true' });
  #stage = make('section', { className: 'stage', id: 'stage', 'aria-label': texts.spaces.stage });
  #announced = make('p', { className: 'visually-hidden', role: 'status' });

  #picture = new PictureLayer(this.#canvas);
  #stageView = new StageView(this.#svg, this.#notes);
  #live;
  #pointer;
  #side;
  #tools;
  #saving;
  /** @type {Point | null} */
  #cursor = null;
  /** @type {import('./geometry.js').Polygon | null} */
  #box = null;
  /** @type {import('./live_source.js').Judgement | null} */
  #judgement = null;
  #judgedAt = 0;
  #showsVehicles = false;
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #placeTimer;

  /**
   * @param {import('../shell.js').Shell} shell
   * @param {string} cameraId
   * @param {SpaceStore} store
   * @param {StoredCamera} camera
   * @param {boolean} readOnly
   */
  constructor(shell, cameraId, store, camera, readOnly) {
    this.#shell = shell;
    this.#cameraId = cameraId;
    this.#readOnly = readOnly;
    this.#editor = new Editor(camera.spaces);
    this.#live = new LiveSource(cameraId);
    const editor = this.#editor;
    const host = {
      editor,
      commands: new Commands(editor, (what) => this.#announce(texts.spaces.announce[what]),
        (name) => this.#announce(texts.spaces.made(name))),
      readOnly,
      view: () => this.#view,
      setView: (/** @type {import('./viewport.js').View} */ view) => this.#setView(view),
      cursor: () => this.#cursor,
      setCursor: (/** @type {Point | null} */ point) => this.#setCursor(point),
      setBox: (/** @type {import('./geometry.js').Polygon | null} */ box) => this.#setBox(box),
      magnify: (/** @type {Point | null} */ point) => this.#magnify(point),
      focus: () => this.#focusSelection(),
      stateOf: (/** @type {Space} */ space) => this.#stateOf(space),
      reveal: () => this.#reveal(),
      rename: () => this.#side.focusName(),
      abandonDrag: () => this.#pointer.abandon(),
      save: () => void (readOnly || this.#saving.save()),
      announceCorner: () => this.#announce(texts.spaces.announce.corner),
      announcePlace: () => this.#announcePlace(),
      zoom: (/** @type {number} */ factor) => this.#zoom(factor),
      toggleFrozen: () => this.#toggleFrozen(),
      toggleVehicles: () => {
        this.#showsVehicles = !this.#showsVehicles;
        this.#request();
      },
    };
    this.#saving = new Saving({
      editor,
      store,
      reveal: () => this.#reveal(),
      changed: () => this.#show(),
      saved: () => {
        this.#judgement = null; // that was of the spaces as they were
      },
    });
    this.#pointer = new PointerTool(this.#svg, host);
    new KeyboardTool(this.#svg, host);
    const bar = make('div', { className: 'tools', role: 'group', 'aria-label': texts.spaces.tools });
    const side = make('aside', { className: 'side', 'aria-label': texts.spaces.side });
    this.#tools = new ToolsView(bar, host);
    this.#side = new SideView(side, host);
    this.#build(camera.name, bar, side);
    this.#listen();
  }

  /** @param {string} name @param {HTMLElement} bar @param {HTMLElement} side */
  #build(name, bar, side) {
    const main = /** @type {HTMLElement} */ (document.getElementById('main'));
    this.#svg.setAttribute('aria-label', texts.spaces.drawingOf(name));
    this.#badge.append(make('span', { className: 'dot' }), make('span', {}, this.#badgeText, this.#badgeAge));
    this.#stage.append(this.#canvas, this.#svg, this.#notes, this.#badge, this.#message, this.#glass);
    const title = texts.spaces.back;
    const back = make('a', {
      className: 'icon-button', href: cameraUrl(this.#cameraId), title, 'aria-label': title,
    }, makeIcon('back'));
    const described = make('div', { hidden: true },
      make('p', { id: 'keys-space' }, texts.spaces.keysSpace),
      make('p', { id: 'keys-corner' }, texts.spaces.keysCorner));
    if (!this.#readOnly) {
      side.append(makeHelp());
    }
    this.#saving.state.hidden = this.#saving.button.hidden = this.#readOnly;
    main.className = 'editor';
    main.replaceChildren(
      make('header', { className: 'editor-head' },
        back, make('h1', {}, texts.spaces.heading(name)), this.#saving.state, this.#saving.button),
      bar, this.#saving.wrong, this.#stage, side, this.#announced, described);
  }

  #listen() {
    this.#editor.onChange(() => this.#request());
    this.#stageView.onFocus((key, corner) => this.#editor.mode === 'select' && this.#editor.select(key, corner));
    this.#svg.addEventListener('dblclick', () => this.#editor.mode === 'select' && this.#side.focusName());
    this.#picture.onShown((size) => {
      this.#editor.setPicture(size);
      this.#fit(size);
      this.#request();
    });
    this.#live.onPicture((picture) => this.#picture.offer(picture));
    this.#live.onJudgement((judgement) => {
      this.#judgement = judgement;
      this.#judgedAt = performance.now();
      this.#request();
    });
    this.#live.onChange(() => this.#showPicture());
    addEventListener('beforeunload', (event) => this.#editor.isChanged && event.preventDefault());
    keepWork({ unsaved: () => this.#editor.isChanged, renewed: () => this.#live.reconnect() });
    new ResizeObserver(() => this.#fit(this.#view.picture)).observe(this.#stage);
  }

  start() {
    this.#live.start();
    this.#show();
    setInterval(() => this.#tick(), TICK_MS);
    setTimeout(() => void this.#fetchSnapshot(), SNAPSHOT_AFTER_MS);
  }

  /** The last picture there was, where there is no live one: rather without boxes. */
  async #fetchSnapshot() {
    const path = `api/cameras/${encodeURIComponent(this.#cameraId)}/snapshot.jpg?max_age=${SNAPSHOT_AGE_S}`;
    for (const form of ['', '&annotated=1']) {
      if (this.#picture.capturedMs !== null) {
        return;
      }
      try {
        const answer = await api.fetch(path + form);
        const jpeg = await answer.blob();
        if (this.#picture.capturedMs === null) {
          this.#picture.offer({ jpeg, capturedMs: Number(answer.headers.get('X-Timestamp')) * 1000 });
        }
        return;
      } catch {
        // there is none: without any the stage says that it waits
      }
    }
  }

  // --- the view ---

  /** @param {import('./viewport.js').Size} picture */
  #fit(picture) {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    this.#stage.style.setProperty('--ratio', String(picture.width / picture.height));
    if (width > 0 && height > 0) {
      const stage = { width, height };
      this.#setView(this.#view.zoom === 1 ? fitView(stage, picture) : resizeView(this.#view, stage, picture));
    }
  }

  /** @param {import('./viewport.js').View} view */
  #setView(view) {
    this.#view = view;
    this.#request();
  }

  /** @param {number} factor 0: the whole picture */
  #zoom(factor) {
    const { stage, picture } = this.#view;
    const corner = this.#editor.corner;
    const space = this.#editor.selected;
    const held = space === undefined ? null : corner === null ? labelPoint(space.polygon) : space.polygon[corner];
    const shown = held === null || held === undefined ? this.#view : revealPoint(this.#view, held);
    const middle = /** @type {Point} */ ([stage.width / 2, stage.height / 2]);
    this.#setView(factor === 0 ? fitView(stage, picture) : zoomView(shown, middle, factor));
    if (held !== null && held !== undefined && factor > 1) {
      this.#setView(revealPoint(this.#view, held));
    }
  }

  #reveal() {
    const space = this.#editor.selected;
    if (space !== undefined) {
      this.#setView(revealPoint(this.#view, labelPoint(space.polygon)));
    }
  }

  /** @param {Point | null} point */
  #setCursor(point) {
    this.#cursor = point;
    this.#request();
  }

  /** @param {import('./geometry.js').Polygon | null} box */
  #setBox(box) {
    this.#box = box;
    this.#request();
  }

  /** @param {Point | null} point on the stage */
  #magnify(point) {
    this.#glass.hidden = point === null;
    if (point !== null) {
      this.#glass.toggleAttribute('data-right', point[0] < this.#view.stage.width / 2);
      this.#picture.magnify(this.#glass, this.#view, point);
    }
  }

  #focusSelection() {
    this.#show();
    this.#stageView.focusSelection(this.#editor);
  }

  /** @param {string} text */
  #announce(text) {
    clearTimeout(this.#placeTimer);
    this.#announced.textContent = '';
    this.#announced.textContent = text;
  }

  /** Where it has come to rest: not each step of a key that is held. */
  #announcePlace() {
    clearTimeout(this.#placeTimer);
    this.#placeTimer = setTimeout(() => {
      const { selected, corner, picture } = this.#editor;
      const [x, y] = selected?.polygon[corner ?? 0] ?? [0, 0];
      if (selected !== undefined) {
        this.#announce(texts.spaces.movedTo(Math.round(x * picture.width), Math.round(y * picture.height)));
      }
    }, REST_MS);
  }

  #toggleFrozen() {
    this.#picture.freeze(!this.#picture.frozen);
    this.#announce(texts.spaces.announce[this.#picture.frozen ? 'frozen' : 'thawed']);
    this.#request();
  }

  // --- what is shown ---

  #tick() {
    if (this.#judgement !== null && performance.now() - this.#judgedAt > JUDGEMENT_LIMIT_MS) {
      this.#judgement = null;
      this.#request();
    }
    this.#showPicture();
  }

  /** @param {Space} space @returns {SpaceState} */
  #stateOf(space) {
    if (!this.#editor.isStored(space)) {
      return 'unsaved';
    }
    const alive = this.#live.connectionStatus === 'open' && this.#live.cameraState !== 'offline';
    const state = alive ? this.#judgement?.states.get(space.id) : undefined;
    return state === 'occupied' || state === 'free' || state === 'unknown' ? state : null;
  }

  /** Once per turn of the screen, whatever has changed. */
  #request() {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => this.#show());
    }
  }

  #show() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#picture.draw(this.#view);
    this.#stageView.show({
      editor: this.#editor,
      view: this.#view,
      stateOf: (space) => this.#stateOf(space),
      vehicles: this.#showsVehicles ? this.#judgement?.vehicles ?? [] : [],
      cursor: this.#cursor,
      box: this.#box,
      readOnly: this.#readOnly,
    });
    this.#side.show();
    this.#tools.show({ frozen: this.#picture.frozen, vehicles: this.#showsVehicles, zoom: this.#view.zoom });
    this.#saving.show();
    this.#shell.showState(this.#editor.isChanged ? texts.spaces.saveState.changed : '');
    this.#showPicture();
  }

  #showPicture() {
    const connection = this.#live.connectionStatus;
    const { capturedMs, frozen } = this.#picture;
    const ageMs = capturedMs === null ? 0 : Math.max(0, this.#live.serverTimeMs() - capturedMs);
    this.#shell.showConnection(connection);
    const { picture, cause } = judgePicture({
      connection, cameraState: this.#live.cameraState, hasPicture: capturedMs !== null, ageMs, intervalMs: INTERVAL_MS,
    });
    const shown = frozen && picture !== 'none' ? 'still' : picture;
    const { badge } = texts.spaces;
    this.#stage.dataset.picture = shown;
    const { cameraState } = this.#live;
    this.#badge.dataset.tone = { none: 'muted', live: 'good', stale: 'bad', still: 'warn' }[shown];
    // The bytes of a frozen camera are fresh, what they show is not: their age would lie.
    const isStuck = cause === 'camera' && cameraState === 'frozen';
    const dead = isStuck ? badge.frozen : badge.stale;
    write(this.#badgeText, { none: badge.none, live: texts.common.live, stale: dead, still: badge.still }[shown]);
    const isOld = shown === 'still' || (shown === 'stale' && !isStuck);
    write(this.#badgeAge, isOld ? badge.age(formatAge(ageMs)) : '');
    const dark = cameraState !== null && cameraState !== 'online' && cameraState !== 'connecting';
    const why = dark ? texts.spaces.noPictureNow(stateText(cameraState).toLowerCase()) : texts.spaces.noPicture;
    write(this.#message, picture === 'none' ? why : '');
  }
}

/** @param {string} title @param {string} detail @param {...Node} actions */
function showEmpty(title, detail, ...actions) {
  const main = /** @type {HTMLElement} */ (document.getElementById('main'));
  main.replaceChildren(make('section', { className: 'empty' }, makeIcon('camera'),
    make('h1', {}, title), make('p', {}, detail), make('div', { className: 'actions' }, ...actions)));
}

export async function openSpacesPage() {
  const shell = startPage({ title: texts.spaces.title });
  const session = await shell.session;
  const cameraId = cameraOfAddress(location);
  const store = new SpaceStore(cameraId);
  try {
    const camera = await store.load();
    shell.showTitle(texts.spaces.heading(camera.name));
    new SpacesPage(shell, cameraId, store, camera, !session.may('admin')).start();
  } catch (error) {
    tellNotLoaded(cameraId, error);
  }
}

/**
 * @param {string} cameraId
 * @param {unknown} error
 */
function tellNotLoaded(cameraId, error) {
  if (error instanceof ApiError && (error.status === 404 || error.status === 400)) {
    showEmpty(texts.spaces.unknownCamera(cameraId), texts.spaces.unknownCameraDetail,
      make('a', { className: 'button', href: pageUrl('cameras') }, texts.common.page.cameras));
  } else {
    const reload = () => location.reload();
    showEmpty(texts.spaces.notLoaded, errorText(error),
      make('button', { className: 'button', type: 'button', onclick: reload }, texts.common.retry));
  }
}
