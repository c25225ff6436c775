// What the viewer can wish: sliders that act on his own stream, and ready-made wishes for them.

import { element, make, write } from '../dom.js';
import { texts } from '../texts.js';
import { NO_WISHES, PICTURE_KINDS, PRESETS, PRESET_NAMES, Settled, presetOf, wishesAny } from './wishes.js';

/** @typedef {import('./wishes.js').Preset} Preset */
/** @typedef {import('./wishes.js').Wishes} Wishes */

/* A viewer may have eight drawings at a time, and each is kept for two seconds after its last one. */
const SETTLED_MS = 300;

/** Where a slider stands while nothing is wished. */
const UNSET = Object.freeze({ conf: 0.25, fps: 30, skipFrames: 1 });

/** @typedef {keyof typeof UNSET} SliderName */

export class ControlsView {
  #sliders = {
    conf: element('conf', HTMLInputElement),
    fps: element('fps', HTMLInputElement),
    skipFrames: element('skip-frames', HTMLInputElement),
  };
  #values = {
    conf: element('conf-value', HTMLElement),
    fps: element('fps-value', HTMLElement),
    skipFrames: element('skip-frames-value', HTMLElement),
  };
  #labels = element('labels', HTMLInputElement);
  #kinds = {
    detect: element('kind-detect', HTMLInputElement),
    overlay: element('kind-overlay', HTMLInputElement),
    raw: element('kind-raw', HTMLInputElement),
  };
  #kindsSet = element('kinds', HTMLElement);
  #presets = element('presets', HTMLElement);
  #reset = element('reset', HTMLButtonElement);
  #boxless = element('boxless', HTMLElement);
  #problem = element('controls-problem', HTMLElement);
  /** @type {Map<Preset, HTMLInputElement>} */
  #presetInputs = new Map();
  /** @type {Wishes} */
  #wishes = { ...NO_WISHES };
  #handler;
  /** @type {Settled<null>} */
  #settled;

  /** @param {(wishes: Wishes) => void} handler called when they have changed, and no more change follows at once */
  constructor(handler) {
    this.#handler = handler;
    this.#settled = new Settled(SETTLED_MS, () => this.#tell());
    for (const name of PRESET_NAMES) {
      this.#presets.append(...this.#makePreset(name));
    }
    for (const name of /** @type {SliderName[]} */ (Object.keys(UNSET))) {
      const slider = this.#sliders[name];
      slider.addEventListener('input', () => {
        this.#change({ [name]: Number(slider.value) });
        this.#settled.set(null);
      });
      slider.addEventListener('change', () => this.#settled.flush()); // let go
    }
    for (const kind of PICTURE_KINDS) {
      this.#kinds[kind].addEventListener('change', () => this.#changeNow({ kind }));
    }
    this.#labels.addEventListener('change', () => this.#changeNow({ showLabels: this.#labels.checked }));
    this.#reset.addEventListener('click', () => {
      this.#changeNow(NO_WISHES);
      this.#sliders.fps.focus(); // the button is gone
    });
    this.#show();
  }

  get wishes() {
    return this.#wishes;
  }

  /** Of a stream that others post there is one kind of pictures. @param {boolean} several */
  showKinds(several) {
    this.#kindsSet.hidden = !several;
    if (!several && this.#wishes.kind !== 'detect') {
      this.#changeNow({ kind: 'detect' });
    }
  }

  /** @param {boolean} boxless whether the pictures have no boxes although they were to have some */
  showBoxless(boxless) {
    write(this.#boxless, boxless ? texts.camera.boxless : '');
  }

  /** @param {string} text '': there is none */
  showProblem(text) {
    write(this.#problem, text);
  }

  /** @param {Preset} name */
  #makePreset(name) {
    const { fps, skipFrames } = PRESETS[name];
    const id = `preset-${name}`;
    const input = make('input', { type: 'radio', name: 'preset', id, value: name });
    input.addEventListener('change', () => this.#changeNow({ fps, skipFrames }));
    this.#presetInputs.set(name, input);
    const label = make('label', { htmlFor: id },
      make('span', { className: 'preset-name' }, texts.camera.presets[name]),
      make('span', { className: 'preset-detail' }, texts.camera.presetDetail(skipFrames, fps)));
    return [input, label];
  }

  /** @param {Partial<Wishes>} wishes */
  #change(wishes) {
    this.#wishes = { ...this.#wishes, ...wishes };
    this.#show();
  }

  /** @param {Partial<Wishes>} wishes */
  #changeNow(wishes) {
    this.#settled.cancel();
    this.#change(wishes);
    this.#tell();
  }

  #tell() {
    this.showProblem('');
    this.#handler(this.#wishes);
  }

  #show() {
    const { kind, conf, fps, skipFrames, showLabels } = this.#wishes;
    this.#kinds[kind].checked = true;
    this.#sliders.conf.disabled = this.#labels.disabled = kind === 'raw'; // nothing is drawn on it
    this.#showSlider('conf', conf, conf === null ? texts.camera.asConfigured : texts.camera.share(conf));
    this.#showSlider('fps', fps, fps === null ? texts.camera.everyFrameThatComes : texts.camera.perSecond(fps));
    this.#showSlider('skipFrames', skipFrames, texts.camera.oneOf(skipFrames ?? 1));
    this.#labels.checked = showLabels ?? true;
    const preset = presetOf(this.#wishes);
    for (const [name, input] of this.#presetInputs) {
      input.checked = name === preset;
    }
    this.#reset.hidden = !wishesAny(this.#wishes);
  }

  /** @param {SliderName} name @param {number | null} value @param {string} text */
  #showSlider(name, value, text) {
    const slider = this.#sliders[name];
    slider.value = String(value ?? UNSET[name]);
    slider.setAttribute('aria-valuetext', text);
    write(this.#values[name], text);
  }
}
