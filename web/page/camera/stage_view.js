// The picture and what stands over it: whether it is live, what is there in its place, its buttons.

import { element, write } from '../dom.js';
import { formatAge } from '../format.js';
import { makeIcon } from '../icons.js';
import { connectionText, stateText, texts } from '../texts.js';
import { connectionTones, stateTone } from '../tones.js';

/** @typedef {import('../picture_state.js').PictureState} PictureState */
/** @typedef {import('../../lib/stream_manager.js').ConnectionStatus} ConnectionStatus */

/** Where keys mean something else. */
const KEYS_TAKEN = 'input, select, textarea, [contenteditable]';

/**
 * @typedef {object} MissingPicture
 * @property {string} name of the camera
 * @property {import('../camera_list.js').Camera | undefined} camera as the list has it
 * @property {boolean} isUnknown the list does not have it
 * @property {string | null} forbiddenTo who looks, and may not see it; null: he may
 * @property {boolean} isAdmin who looks
 * @property {import('../../lib/stream_manager.js').ConnectionStatus} connection
 * @property {string} turnedAway why the server takes no connection; ''
 * @property {string | null} cameraState as the server said last
 * @property {boolean} ended the stream has
 */

/**
 * @param {MissingPicture} facts
 * @returns {[title: string, detail: string]}
 */
export function explainMissing({ name, camera, isUnknown, forbiddenTo, isAdmin, connection, turnedAway, cameraState, ended }) {
  const isOffline = cameraState === 'offline';
  const isFetched = camera !== undefined && camera.source !== 'push' && camera.source !== 'post'; // by the server
  if (forbiddenTo !== null) {
    return [texts.camera.notYours(name), texts.camera.notYoursDetail(forbiddenTo)];
  }
  if (connection !== 'open' && turnedAway !== '') {
    return [texts.common.turnedAway, turnedAway];
  }
  if (connection !== 'open' && connection !== 'connecting') {
    return [texts.common.noConnection, texts.common.reconnecting];
  }
  if (isOffline && isFetched) {
    return [texts.camera.offline(name), isAdmin ? texts.camera.offlineWhy : texts.camera.offlineDetail];
  }
  if (ended) {
    return [texts.camera.streamEnded, texts.camera.streamEndedDetail];
  }
  if (isUnknown) {
    return [texts.camera.noSuchCamera(name), texts.camera.noSuchCameraDetail];
  }
  if (isOffline) {
    return [texts.camera.offline(name), texts.camera.nobodySends];
  }
  return [texts.camera.waiting, (cameraState === 'online' ? texts.camera.waitingForDetector : texts.camera.waitingFrom)(name)];
}

export class StageView {
  canvas = element('picture', HTMLCanvasElement);
  #main = element('main', HTMLElement);
  #stage = element('stage', HTMLElement);
  #badge = element('badge', HTMLElement);
  #badgeText = element('badge-text', HTMLElement);
  #messageTitle = element('message-title', HTMLElement);
  #messageDetail = element('message-detail', HTMLElement);
  #notice = element('notice', HTMLElement);
  #snapshot = element('snapshot', HTMLButtonElement);
  #fullscreen = element('fullscreen', HTMLButtonElement);

  /** @param {() => void} onSnapshot somebody wants to keep the picture */
  constructor(onSnapshot) {
    this.#snapshot.append(makeIcon('snapshot'));
    this.#snapshot.addEventListener('click', onSnapshot);
    this.#label(this.#snapshot, texts.camera.snapshot);
    this.#offerFullscreen();
    document.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {string} text
   */
  #label(button, text) {
    button.title = text;
    button.setAttribute('aria-label', text);
  }

  #offerFullscreen() {
    const show = () => {
      const full = document.fullscreenElement === this.#stage;
      this.#fullscreen.replaceChildren(makeIcon(full ? 'fullscreenExit' : 'fullscreen'));
      this.#label(this.#fullscreen, full ? texts.camera.fullscreenExit : texts.camera.fullscreen);
    };
    this.#fullscreen.hidden = !document.fullscreenEnabled;
    this.#fullscreen.addEventListener('click', () => this.#toggleFullscreen());
    document.addEventListener('fullscreenchange', show);
    show();
  }

  #toggleFullscreen() {
    if (document.fullscreenEnabled) {
      const done = document.fullscreenElement === null ? this.#stage.requestFullscreen() : document.exitFullscreen();
      done.catch(() => {}); // the browser said no, and shows why
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const elsewhere = event.target instanceof Element && event.target.matches(KEYS_TAKEN);
    if (!plain || event.repeat || elsewhere) {
      return;
    }
    if (event.key.toLowerCase() === 'f') {
      this.#toggleFullscreen();
    } else if (event.key.toLowerCase() === 's' && !this.#snapshot.disabled) {
      this.#snapshot.click();
    }
  }

  /** @param {string} name of the camera */
  showName(name) {
    this.canvas.setAttribute('aria-label', texts.camera.pictureOf(name));
  }

  /**
   * What stands in the place of a picture.
   * @param {string} title
   * @param {string} detail
   */
  showMessage(title, detail) {
    write(this.#messageTitle, title);
    write(this.#messageDetail, detail);
  }

  /** Nobody knows the camera: there is neither anything to be said of it nor to be wished. @param {boolean} unknown */
  showUnknown(unknown) {
    this.#main.toggleAttribute('data-unknown', unknown);
  }

  /** @param {number} width of the picture @param {number} height */
  showSize(width, height) {
    this.#main.style.setProperty('--ratio', String(Math.max(0.5, Math.min(3, width / height))));
  }

  /**
   * @param {PictureState} state
   * @param {string | null} cameraState
   * @param {ConnectionStatus} connection
   * @param {number} ageMs
   * @returns {string} it in a word
   */
  showState({ picture, cause }, cameraState, connection, ageMs) {
    this.#main.dataset.picture = picture;
    this.#notice.hidden = picture !== 'stale';
    this.#snapshot.disabled = picture === 'none';
    this.#badge.toggleAttribute('data-busy', picture === 'none');
    if (picture === 'live') {
      this.#showBadge(texts.common.live, 'good');
    } else if (picture === 'none') {
      this.#showBadge(
        cameraState !== null ? stateText(cameraState) : connection === 'open' ? '' : connectionText(connection),
        cameraState === null ? connectionTones[connection] : stateTone(cameraState));
    } else {
      // The bytes of a frozen camera are fresh, what they show is not: their age would lie.
      const frozen = cause === 'camera' && cameraState === 'frozen';
      write(this.#notice, frozen ? texts.camera.frozenPicture : texts.camera.pictureAge(formatAge(ageMs)));
      if (cause === 'camera') {
        this.#showBadge(stateText(cameraState), stateTone(cameraState));
      } else {
        this.#showBadge(cause === 'connection' ? connectionText(connection) : texts.common.delayed, 'bad');
      }
    }
    return this.#badgeText.textContent ?? '';
  }

  /** @param {string} text @param {import('../tones.js').Tone} tone */
  #showBadge(text, tone) {
    write(this.#badgeText, text);
    this.#badge.dataset.tone = tone;
  }
}
