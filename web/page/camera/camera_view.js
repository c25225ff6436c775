// What the camera page shows, and nothing of why: one method per thing that can change. Texts are only
// written when they differ, because a screen reader reads what is written.

import { element, write } from '../dom.js';
import { formatAge, formatCount, formatRate } from '../format.js';
import { stateText, texts } from '../texts.js';
import { connectionTones, stateTone } from '../tones.js';

/** @typedef {import('../camera_list.js').Camera} Camera */
/** @typedef {import('./counts.js').Counts} Counts */
/** @typedef {import('../picture_state.js').PictureState} PictureState */
/** @typedef {import('../../lib/stream_manager.js').ConnectionStatus} ConnectionStatus */

export class CameraView {
  canvas = element('picture', HTMLCanvasElement);
  select = element('camera', HTMLSelectElement);
  #live = element('live', HTMLElement);
  #stage = element('stage', HTMLElement);
  #connection = element('connection', HTMLElement);
  #connectionText = element('connection-text', HTMLElement);
  #badge = element('badge', HTMLElement);
  #badgeText = element('badge-text', HTMLElement);
  #messageTitle = element('message-title', HTMLElement);
  #messageDetail = element('message-detail', HTMLElement);
  #notice = element('notice', HTMLElement);
  #fullscreen = element('fullscreen', HTMLButtonElement);
  #vehicles = element('vehicles', HTMLElement);
  #classes = element('classes', HTMLUListElement);
  #classesHint = element('classes-hint', HTMLElement);
  #cameraState = element('camera-state', HTMLElement);
  #age = element('age', HTMLElement);
  #rate = element('rate', HTMLElement);
  #size = element('size', HTMLElement);
  #frames = element('frames', HTMLElement);

  constructor() {
    for (const key of /** @type {const} */ (['vehicles', 'stream'])) {
      write(element(`${key}-title`, HTMLElement), texts.camera[key]);
    }
    write(element('camera-state-label', HTMLElement), texts.camera.cameraState);
    for (const key of /** @type {const} */ (['age', 'rate', 'size', 'frames'])) {
      write(element(`${key}-label`, HTMLElement), texts.camera[key]);
    }
    this.#offerFullscreen();
  }

  #offerFullscreen() {
    if (!document.fullscreenEnabled) {
      return;
    }
    const toggle = () => {
      const done = document.fullscreenElement === null ? this.#stage.requestFullscreen() : document.exitFullscreen();
      done.catch(() => {}); // the browser said no, and shows why
    };
    this.#fullscreen.hidden = false;
    this.#fullscreen.title = texts.camera.fullscreen;
    this.#fullscreen.setAttribute('aria-label', texts.camera.fullscreen);
    this.#fullscreen.addEventListener('click', toggle);
    document.addEventListener('keydown', (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (plain && event.key.toLowerCase() === 'f' && event.target !== this.select) {
        toggle();
      }
    });
  }

  /**
   * @param {Camera[]} cameras
   * @param {string | null} chosen may be one that the list does not have
   */
  showCameras(cameras, chosen) {
    const options = cameras.map(({ id, name, state }) => {
      const suffix = state === 'online' ? '' : ` – ${stateText(state).toLowerCase()}`;
      return { id, text: `${name || id}${suffix}` };
    });
    if (chosen !== null && !cameras.some(({ id }) => id === chosen)) {
      options.unshift({ id: chosen, text: chosen });
    }
    if (options.length === 0) {
      options.push({ id: '', text: texts.camera.noCameraChosen });
    }
    while (this.select.length > options.length) {
      this.select.remove(this.select.length - 1);
    }
    options.forEach(({ id, text }, i) => {
      const option = this.select.options[i] ?? this.select.appendChild(new Option());
      option.value = id;
      write(option, text);
    });
    this.select.value = chosen ?? '';
    this.select.disabled = cameras.length === 0;
  }

  /** @param {string} name */
  showName(name) {
    document.title = `${name} · ringcast`;
    this.canvas.setAttribute('aria-label', texts.camera.pictureOf(name));
  }

  /** @param {ConnectionStatus} status */
  showConnection(status) {
    write(this.#connectionText, texts.common.connection[status]);
    this.#connection.dataset.tone = connectionTones[status];
    this.#connection.toggleAttribute('data-busy', status === 'connecting' || status === 'waiting');
  }

  /** @param {string | null} state */
  showCameraState(state) {
    write(this.#cameraState, stateText(state));
    this.#cameraState.dataset.tone = stateTone(state);
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

  /**
   * @param {PictureState} state
   * @param {string | null} cameraState
   * @param {ConnectionStatus} connection
   * @param {number} ageMs
   */
  showPictureState({ picture, cause }, cameraState, connection, ageMs) {
    this.#live.dataset.picture = picture;
    this.#notice.hidden = picture !== 'stale';
    this.#badge.toggleAttribute('data-busy', picture === 'none');
    if (picture === 'live') {
      write(this.#badgeText, texts.common.live);
      this.#badge.dataset.tone = 'good';
    } else if (picture === 'none') {
      write(this.#badgeText, cameraState === null ? texts.common.connection[connection] : stateText(cameraState));
      this.#badge.dataset.tone = cameraState === null ? connectionTones[connection] : stateTone(cameraState);
    } else {
      write(this.#notice, texts.camera.pictureAge(formatAge(ageMs)));
      write(this.#badgeText, this.#staleText(cause, cameraState, connection));
      this.#badge.dataset.tone = cause === 'camera' ? stateTone(cameraState) : 'bad';
    }
  }

  /**
   * @param {PictureState['cause']} cause
   * @param {string | null} cameraState
   * @param {ConnectionStatus} connection
   */
  #staleText(cause, cameraState, connection) {
    switch (cause) {
      case 'camera':
        return stateText(cameraState);
      case 'connection':
        return texts.common.connection[connection];
      default:
        return texts.common.delayed;
    }
  }

  /**
   * @param {number | null} ageMs
   * @param {number | null} perSecond
   */
  showTimes(ageMs, perSecond) {
    write(this.#age, ageMs === null ? texts.common.unknown : formatAge(ageMs));
    write(this.#rate, perSecond === null ? texts.common.unknown : formatRate(perSecond));
  }

  /**
   * @param {number} frameCount
   * @param {number} width
   * @param {number} height
   */
  showFrame(frameCount, width, height) {
    write(this.#frames, formatCount(frameCount));
    write(this.#size, `${width} × ${height}`);
    this.#live.style.setProperty('--ratio', String(Math.max(0.5, Math.min(3, width / height))));
  }

  /** @param {Counts} counts */
  showCounts({ total, classes }) {
    write(this.#vehicles, total === null ? texts.common.unknown : formatCount(total));
    const hint = total === null ? texts.camera.noCounts : classes.length === 0 && total === 0 ? texts.camera.noVehicles : '';
    write(this.#classesHint, hint);
    const most = classes[0]?.[1] ?? 0;
    while (this.#classes.children.length > classes.length) {
      this.#classes.lastElementChild?.remove();
    }
    classes.forEach(([name, count], i) => {
      const row = this.#classes.children[i] ?? this.#classes.appendChild(this.#makeClassRow());
      const [nameText, countText, bar] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ ([...row.children]);
      write(nameText, name);
      write(countText, formatCount(count));
      bar.style.setProperty('--share', String(count / most));
    });
  }

  #makeClassRow() {
    const row = document.createElement('li');
    for (const name of ['name', 'count', 'share']) {
      const part = document.createElement('span');
      part.className = name;
      row.append(part);
    }
    row.lastElementChild?.append(document.createElement('i'));
    return row;
  }

  /** Nothing is known of the picture any more. */
  clearFigures() {
    for (const target of [this.#vehicles, this.#age, this.#rate, this.#size, this.#frames]) {
      write(target, texts.common.unknown);
    }
    write(this.#classesHint, '');
    this.#classes.replaceChildren();
  }
}
