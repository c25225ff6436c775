// What the page says and asks: the state over the picture, what is in the way of it in words, what goes out,
// and the choices.

import { ApiError, api, cameraUrl, pageUrl } from '../api.js';
import { element, make, write } from '../dom.js';
import { formatAge, formatBytes, formatCount, formatRate } from '../format.js';
import { isId } from '../ids.js';
import { Poll } from '../poll.js';
import { keepWork } from '../session.js';
import { texts } from '../texts.js';
import { pageToken } from '../token.js';
import { HEIGHTS, RATES, keepChoices, loadChoices } from './choices.js';
import { DeviceCamera } from './device_camera.js';
import { isFull, placeProblem, refusalProblem } from './mistakes.js';
import { Publisher } from './publisher.js';

/** @typedef {import('./choices.js').Choices} Choices */
/** @typedef {import('./mistakes.js').Problem} Problem */
/** @typedef {import('./publisher.js').PublishState} PublishState */
/** @typedef {import('../session.js').Session} Session */
/** @typedef {import('../shell.js').Shell} Shell */

const NUMBERS_MS = 500;
const VIEWERS_MS = 2000;
const COMPLAINT_FRAMES = 10; // the server closes when it could use none of so many
const HIDDEN_LONG_MS = 10_000; // the server warns of a camera that has been silent for so long

/** @type {Record<PublishState, import('../tones.js').Tone>} */
const tones = { off: 'muted', asking: 'warn', connecting: 'warn', live: 'good', waiting: 'bad' };

export class PublishPage {
  #words = texts.publish;
  #shell;
  #choices = loadChoices();
  #video = element('preview', HTMLVideoElement);
  #viewfinder = element('viewfinder', HTMLElement);
  #toggle = element('toggle', HTMLButtonElement);
  #cameraId = element('camera-id', HTMLInputElement);
  #device = element('device', HTMLSelectElement);
  #resolution = element('resolution', HTMLSelectElement);
  #rate = element('frame-rate', HTMLSelectElement);
  #publisher = new Publisher({
    video: this.#video,
    onState: (state, problem) => this.#showState(state, problem),
    onSaid: (text) => this.#showSaid(text),
    onScreen: (stays) => write(element('screen', HTMLElement), stays ? '' : this.#words.screen),
    serverOf: (choices) => this.#serverOf(choices),
  });
  #hiddenSince = 0;
  /** How many pictures had been sent when the server complained. @type {number | null} */
  #complainedAt = null;
  #watchesViewers = false;
  /** @type {PublishState} */
  #shown = 'off';
  #viewers = new Poll(() => this.#showViewers(), VIEWERS_MS);

  /** @param {Shell} shell */
  constructor(shell) {
    this.#shell = shell;
    this.#writeTexts();
    this.#fillChoices();
    this.#showState('off', null);
    this.#toggle.disabled = true;
  }

  /** @param {Session} session */
  start(session) {
    this.#watchesViewers = session.may('viewer');
    const problem = placeProblem(isSecureContext, navigator.mediaDevices !== undefined);
    if (problem !== null) {
      this.#showProblem(problem);
      this.#shell.showState(problem.title);
      return;
    }
    this.#toggle.disabled = false;
    this.#toggle.addEventListener('click', () => this.#onToggle());
    element('settings', HTMLFormElement).addEventListener('change', () => void this.#onChoice());
    element('settings', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#onToggle();
    });
    document.addEventListener('visibilitychange', () => this.#onVisibility());
    addEventListener('pagehide', () => this.#publisher.stop());
    setInterval(() => this.#showNumbers(), NUMBERS_MS);
    keepWork({ unsaved: () => this.#publisher.state !== 'off' });
    void this.#viewers.now();
    void this.#listDevices();
    void this.#listCameras();
  }

  #writeTexts() {
    const labels = this.#words.labels;
    this.#video.setAttribute('aria-label', this.#words.preview);
    for (const [id, text] of Object.entries(labels)) {
      write(element(id, HTMLElement), text);
    }
  }

  // --- the choices ---

  #fillChoices() {
    this.#cameraId.value = this.#choices.cameraId;
    this.#resolution.replaceChildren(...HEIGHTS.map((height) => make('option', { value: height }, this.#words.lines(height))));
    this.#resolution.value = String(this.#choices.height);
    this.#rate.replaceChildren(...RATES.map((rate) => make('option', { value: rate }, String(rate))));
    this.#rate.value = String(this.#choices.rate);
    this.#showDevices([]);
  }

  /** @param {import('./device_camera.js').Device[]} devices */
  #showDevices(devices) {
    const chosen = this.#choices.device;
    this.#device.replaceChildren(
      make('option', { value: 'facing:environment' }, this.#words.back),
      make('option', { value: 'facing:user' }, this.#words.front),
      ...devices.map(({ id, label }) => make('option', { value: id }, label)));
    this.#device.value = chosen;
    if (this.#device.selectedIndex < 0) {
      this.#device.value = 'facing:environment'; // the one that was chosen is not plugged in
    }
  }

  async #listDevices() {
    this.#showDevices(await DeviceCamera.list().catch(() => []));
  }

  /** The cameras that are made for being pushed, for the list under the field. */
  async #listCameras() {
    const { cameras } = await api.get('api/cameras').catch(() => ({ cameras: [] }));
    element('camera-ids', HTMLDataListElement).replaceChildren(...cameras
      .filter((/** @type {any} */ camera) => camera.source === 'push')
      .map((/** @type {any} */ camera) => make('option', { value: camera.id }, camera.name)));
  }

  /** What is chosen; null: the id is none, which is shown at it. @returns {Choices | null} */
  #readChoices() {
    const cameraId = this.#cameraId.value.trim();
    const isRight = isId(cameraId);
    this.#cameraId.setAttribute('aria-invalid', String(!isRight));
    write(element('camera-id-error', HTMLElement), isRight ? '' : this.#words.badId);
    if (!isRight) {
      return null;
    }
    return {
      ...this.#choices,
      cameraId,
      device: this.#device.value,
      height: Number(this.#resolution.value),
      rate: Number(this.#rate.value),
    };
  }

  async #onChoice() {
    const choices = this.#readChoices();
    if (choices !== null) {
      this.#choices = choices;
      keepChoices(choices);
      await this.#publisher.change(choices);
      this.#showMirror();
    }
  }

  // --- start and stop ---

  #onToggle() {
    if (this.#publisher.state !== 'off') {
      this.#publisher.stop();
      return;
    }
    this.#showProblem(null);
    this.#shell.showState('');
    const choices = this.#readChoices();
    if (choices === null) {
      this.#cameraId.focus();
    } else {
      this.#choices = choices;
      keepChoices(choices);
      this.#showNotice('');
      void this.#publisher.start(choices);
    }
  }

  /** @param {Choices} choices */
  #serverOf({ cameraId, userId }) {
    const query = new URLSearchParams({ camera_id: cameraId, user_id: userId });
    const path = `ws/streamer?${query}`;
    return {
      url: pageUrl(path).replace(/^http/, 'ws'),
      token: pageToken,
      whyRefused: () => this.#askWhy(path),
    };
  }

  /** A WebSocket that is refused does not say why: the same asked without one does. @param {string} path */
  async #askWhy(path) {
    try {
      await api.get(path);
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) {
        return null;
      }
      const problem = refusalProblem(error);
      if (problem === null && isFull(error)) {
        this.#showNotice(error.message);
      }
      return problem;
    }
  }

  // --- what is shown ---

  /** @param {PublishState} now @param {Problem | null} problem */
  #showState(now, problem) {
    // What is lost is not told anew with every try: a screen reader would read all of them out.
    const state = now === 'connecting' && this.#shown === 'waiting' ? 'waiting' : now;
    this.#shown = state;
    const isOff = state === 'off';
    const badge = element('badge', HTMLElement);
    badge.dataset.tone = tones[state];
    badge.toggleAttribute('data-busy', !isOff && state !== 'live');
    write(element('badge-text', HTMLElement), this.#words.state[state]);
    this.#shell.showState(isOff ? problem?.title ?? '' : this.#words.state[state]);
    write(this.#toggle, isOff ? this.#words.start : this.#words.stop);
    this.#toggle.dataset.kind = isOff ? 'primary' : 'danger';
    this.#cameraId.disabled = !isOff;
    this.#video.hidden = isOff || state === 'asking';
    element('numbers', HTMLElement).hidden = isOff && this.#publisher.sent === 0;
    if (problem !== null) {
      this.#showProblem(problem);
    }
    if (isOff) {
      write(element('screen', HTMLElement), '');
    }
    if (now === 'connecting') {
      void this.#listDevices(); // their names are told now
      this.#showMirror();
    }
    if (state === 'live') {
      this.#showNotice('');
    }
    this.#showNumbers();
  }

  #showMirror() {
    this.#viewfinder.toggleAttribute('data-mirrored', this.#publisher.isFront);
  }

  /** @param {Problem | null} problem */
  #showProblem(problem) {
    const callout = element('problem', HTMLElement);
    callout.dataset.tone = 'bad';
    write(element('problem-title', HTMLElement), problem?.title ?? '');
    write(element('problem-detail', HTMLElement), problem?.detail ?? '');
    callout.hidden = problem === null;
  }

  /** A complaint of the server. It is over when pictures go out again. @param {string} text */
  #showSaid(text) {
    this.#showNotice(text);
    this.#complainedAt = this.#publisher.sent;
  }

  /** @param {string} text '': nothing any more */
  #showNotice(text) {
    this.#complainedAt = null;
    write(element('notice-text', HTMLElement), text);
    element('notice', HTMLElement).hidden = text === '';
  }

  #showNumbers() {
    const { sent, bytes, leftOut, size, framesPerSecond, state } = this.#publisher;
    if (this.#complainedAt !== null && state === 'live' && sent > this.#complainedAt + COMPLAINT_FRAMES) {
      this.#showNotice('');
    }
    const rate = state === 'live' ? framesPerSecond : null;
    write(element('sent', HTMLElement), formatCount(sent));
    write(element('rate', HTMLElement), rate === null ? texts.common.unknown : formatRate(rate));
    write(element('bytes', HTMLElement), formatBytes(bytes));
    write(element('size', HTMLElement), size === null ? texts.common.unknown : `${size.width} × ${size.height}`);
    write(element('left-out', HTMLElement), formatCount(leftOut));
    const watch = element('watch', HTMLAnchorElement);
    watch.href = cameraUrl(this.#choices.cameraId);
    write(watch, this.#words.watch(this.#choices.cameraId));
  }

  async #showViewers() {
    if (!this.#watchesViewers || this.#publisher.state !== 'live') {
      return;
    }
    const { broadcasters } = await api.get('api/broadcast-status').catch(() => ({ broadcasters: [] }));
    const own = broadcasters.find((/** @type {any} */ one) => one.camera_id === this.#choices.cameraId);
    element('viewers-row', HTMLElement).hidden = own === undefined;
    write(element('viewers', HTMLElement), own === undefined ? '' : formatCount(own.viewers));
  }

  #onVisibility() {
    if (this.#publisher.state === 'off') {
      return;
    }
    if (document.hidden) {
      this.#hiddenSince = performance.now();
    } else if (this.#hiddenSince > 0) {
      const away = performance.now() - this.#hiddenSince;
      this.#hiddenSince = 0;
      if (away >= HIDDEN_LONG_MS) {
        this.#showNotice(this.#words.wasHidden(formatAge(away)));
      }
    }
  }
}
