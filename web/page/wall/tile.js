// One camera on the wall: its picture, and what is known of it.

import { CanvasStreamRenderer, RateMeter } from '../../lib/index.js';
import { cameraUrl } from '../api.js';
import { make, write } from '../dom.js';
import { formatAge, formatRate } from '../format.js';
import { makeIcon } from '../icons.js';
import { readSpaces } from '../occupancy.js';
import { isFromBefore, pictureAgeMs } from '../picture_state.js';
import { texts } from '../texts.js';
import { tileState } from './tile_state.js';

/** @typedef {import('../camera_list.js').Camera} Camera */
/** @typedef {import('../../lib/frame_container.js').Frame} Frame */
/** @typedef {import('../../lib/stream_manager.js').CameraEvent} CameraEvent */
/** @typedef {import('../../lib/stream_manager.js').ConnectionStatus} ConnectionStatus */

const DETECTED_LATELY_MS = 5000;
const DETECTED_SOON_MS = 2000; // so long the camera's own picture is not asked for beside the one with boxes

export class Tile {
  #canvas = make('canvas', { className: 'tile-picture', 'aria-hidden': 'true' });
  #badgeText = make('span');
  #badge = make('p', { className: 'badge tile-state', 'data-tone': 'muted' }, make('span', { className: 'dot' }), this.#badgeText);
  #notice = make('p', { className: 'tile-notice', hidden: true });
  #message = make('p', { className: 'tile-message' });
  #name = make('span', { className: 'tile-name', dir: 'auto' });
  #free = make('span', { className: 'tile-free', hidden: true });
  #rate = make('span', { className: 'tile-rate' });
  #age = make('span', { className: 'tile-age' });
  #open = make('button', { className: 'tile-open', type: 'button', tabIndex: -1 });
  #link = make('a', { className: 'tile-link', tabIndex: -1, title: texts.wall.page }, makeIcon('open'));
  element = make('li', { className: 'tile', 'data-picture': 'none' },
    this.#canvas,
    make('div', { className: 'tile-empty' }, makeIcon('camera'), this.#message),
    this.#notice,
    this.#badge,
    make('p', { className: 'tile-caption' }, this.#name, this.#free, this.#rate, this.#age),
    this.#open,
    this.#link);
  #renderer = new CanvasStreamRenderer(this.#canvas);
  #meter = new RateMeter();
  #camera;
  /** As the server said last; null: not since the connection was made. @type {string | null} */
  #cameraState = null;
  /** When the picture on the screen was taken, ms by the server's clock. @type {number | null} */
  #capturedMs = null;
  #drawnAt = 0; // by performance.now()
  #detectedAt = -Infinity;
  #madeAt = performance.now();
  #serverTimeMs = 0; // as it was last
  #ended = false;
  #failure = '';
  visible = false;
  bySnapshot = false;

  /**
   * @param {Camera} camera
   * @param {{ open: (tile: Tile) => void, drawn: (tile: Tile) => void }} handlers `drawn`: a picture is on the screen
   */
  constructor(camera, handlers) {
    this.#camera = camera;
    this.element.dataset.camera = camera.id;
    this.#link.href = cameraUrl(camera.id);
    this.#open.addEventListener('click', () => handlers.open(this));
    this.#renderer.onDrawn((frame, { width, height }) => {
      const first = this.#capturedMs === null;
      this.#capturedMs = frame.capturedMs || frame.sentMs;
      this.#drawnAt = performance.now();
      this.element.style.setProperty('--ratio', String(Math.max(0.5, Math.min(3, width / height))));
      this.#showSpaces(frame);
      if (first) {
        handlers.drawn(this);
      }
    });
    this.#renderer.onError((error) => console.warn(texts.camera.badPicture, error));
    this.update(camera);
  }

  get camera() {
    return this.#camera;
  }

  get id() {
    return this.#camera.id;
  }

  /** Whether pictures with boxes came lately, or are to be expected. */
  get isDetected() {
    const now = performance.now();
    return now - this.#detectedAt < DETECTED_LATELY_MS ||
      (this.#camera.detect === 'always' && now - this.#madeAt < DETECTED_SOON_MS);
  }

  /** What the list says now. @param {Camera} camera */
  update(camera) {
    this.#camera = camera;
    write(this.#name, camera.name || camera.id);
    this.#link.setAttribute('aria-label', texts.wall.pageOf(camera.name || camera.id));
  }

  focus() {
    this.#open.focus();
  }

  /** Whether the keyboard comes here first when it comes to the wall. @param {boolean} current */
  setCurrent(current) {
    this.#open.tabIndex = this.#link.tabIndex = current ? 0 : -1;
  }

  /** @param {Frame} frame */
  show(frame) {
    if (frame.kind === 'raw' && this.isDetected) {
      return; // the same, without its boxes
    }
    if (this.#ended && isFromBefore(frame, this.#cameraState, this.#serverTimeMs)) {
      return; // it was cleared
    }
    if (frame.kind === 'detect') {
      this.#detectedAt = performance.now();
    }
    this.#ended = false;
    this.#failure = '';
    this.#meter.add();
    this.#renderer.renderFrame(frame);
  }

  /** One that was asked for: it says nothing of a stream. @param {Frame} frame */
  showSnapshot(frame) {
    this.#failure = '';
    this.#renderer.renderFrame(frame);
  }

  /** There is no snapshot. @param {string} reason in words */
  showFailure(reason) {
    this.#failure = reason;
  }

  /** @param {CameraEvent} event */
  onCamera(event) {
    if (event.type === 'camera_state') {
      this.#cameraState = event.state ?? null;
      this.#camera.state = event.state ?? this.#camera.state; // newer than what the list was told
    } else if (event.type === 'stream_ended') {
      this.#ended = true;
      this.clear();
    } else {
      this.#ended = false;
    }
  }

  /** The connection is another one: what the server said on the last one may be over. */
  forgetState() {
    this.#cameraState = null;
  }

  /** Nothing of what was to be seen is left. */
  clear() {
    this.#renderer.clear();
    this.#meter.reset();
    this.#capturedMs = null;
    this.#detectedAt = -Infinity;
    this.#free.hidden = true;
  }

  /** Frames will come at another rate from now on. */
  resetRate() {
    this.#meter.reset();
  }

  /** @param {Frame} frame */
  #showSpaces(frame) {
    const spaces = readSpaces(frame.metadata);
    this.#free.hidden = spaces === null; // what the frames before told of them is not known of this one
    if (spaces !== null) {
      const { free, unknown, total } = spaces;
      write(this.#free, unknown === total ? texts.wall.spacesUnknown
        : free === 0 && unknown > 0 ? texts.wall.unknownSpaces(unknown, total) : texts.wall.free(free, total));
      this.#free.dataset.tone = free > 0 ? 'good' : unknown > 0 ? 'muted' : 'bad';
    }
  }

  /** How often frames come: as measured, or as the camera has it when that is slower. */
  get #intervalMs() {
    const fps = this.#camera.fps ?? 0;
    const measured = this.#meter.intervalMs;
    const known = fps > 0 ? 1000 / fps : null;
    return measured === null ? known : Math.max(measured, known ?? 0);
  }

  /**
   * Writes the state as it is now, and returns it.
   * @param {ConnectionStatus} connection
   * @param {number} serverTimeMs
   */
  refresh(connection, serverTimeMs) {
    this.#serverTimeMs = serverTimeMs;
    const ageMs = this.#capturedMs === null ? null : pictureAgeMs(this.#capturedMs, serverTimeMs, this.#drawnAt);
    const state = tileState({
      connection,
      cameraState: this.#cameraState ?? (this.bySnapshot ? this.#camera.state : null),
      bySnapshot: this.bySnapshot,
      ageMs,
      intervalMs: this.#intervalMs,
      isFetched: this.#camera.source !== 'push' && this.#camera.source !== 'post',
      ended: this.#ended,
      failure: this.#failure,
    });
    this.element.dataset.picture = state.picture;
    this.#badge.dataset.tone = state.tone;
    write(this.#badgeText, state.word);
    write(this.#notice, state.notice);
    this.#notice.hidden = state.notice === '';
    write(this.#message, state.message);
    const perSecond = state.picture === 'live' ? this.#meter.perSecond : null;
    write(this.#rate, perSecond === null ? '' : texts.wall.rate(formatRate(perSecond)));
    write(this.#age, ageMs === null || state.picture === 'stale' ? '' : formatAge(ageMs));
    const label = texts.wall.open(this.#camera.name || this.id, state.word, this.#free.hidden ? '' : this.#free.textContent ?? '');
    if (this.#open.getAttribute('aria-label') !== label) {
      this.#open.setAttribute('aria-label', label);
    }
    return state;
  }

  destroy() {
    this.#renderer.destroy();
    this.element.remove();
  }
}
