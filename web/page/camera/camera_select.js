// The choice of a camera, and the way to its spaces.

import { pageUrl } from '../api.js';
import { element, write } from '../dom.js';
import { cameraText, texts } from '../texts.js';

/** @typedef {import('../camera_list.js').Camera} Camera */

export class CameraSelect {
  #select = element('camera', HTMLSelectElement);
  #editSpaces = element('edit-spaces', HTMLAnchorElement);
  #mayEdit = false;

  /** @param {(cameraId: string) => void} handler */
  constructor(handler) {
    this.#select.addEventListener('change', () => handler(this.#select.value));
  }

  /** @param {boolean} mayEdit */
  set mayEdit(mayEdit) {
    this.#mayEdit = mayEdit;
  }

  /**
   * @param {Camera[]} cameras
   * @param {string | null} chosen may be one that the list does not have
   */
  show(cameras, chosen) {
    const options = cameras.map((camera) => {
      const { id, name, state } = camera;
      const suffix = state === 'online' ? '' : ` – ${cameraText(camera).toLowerCase()}`;
      return { id, text: `${name || id}${suffix}` };
    });
    if (chosen !== null && !cameras.some(({ id }) => id === chosen)) {
      options.unshift({ id: chosen, text: chosen });
    }
    if (options.length === 0) {
      options.push({ id: '', text: texts.camera.noCameraChosen });
    }
    while (this.#select.length > options.length) {
      this.#select.remove(this.#select.length - 1);
    }
    options.forEach(({ id, text }, i) => {
      const option = this.#select.options[i] ?? this.#select.appendChild(new Option());
      option.value = id;
      write(option, text);
    });
    this.#select.value = chosen ?? '';
    this.#select.disabled = cameras.length === 0;
    this.#showEditor(cameras.find(({ id }) => id === chosen));
  }

  /** Spaces are drawn on configured cameras. @param {Camera | undefined} camera */
  #showEditor(camera) {
    const editable = this.#mayEdit && camera !== undefined && camera.source !== 'post';
    this.#editSpaces.hidden = !editable;
    if (editable) {
      this.#editSpaces.href = pageUrl(`camera/${encodeURIComponent(camera.id)}/spaces`);
    }
  }
}
