// The form of a camera: a new one, or one that is changed.

import { ApiError, api } from '../api.js';
import { make, write } from '../dom.js';
import { makeIcon } from '../icons.js';
import { texts } from '../texts.js';
import {
  changesOf, errorsByField, fieldsOfSource, judgeAddress, newValues, overtaken, proposeId, valuesOf,
} from './camera_values.js';
import { changeErrorText, isMistake } from './error_words.js';
import { TestPanel } from './test_panel.js';

/** @typedef {import('./camera_values.js').FormValues} FormValues */
/** @typedef {import('./camera_values.js').ListedCamera} ListedCamera */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

/** @typedef {{ wrapper: HTMLElement, control: Control, mistake: HTMLElement }} Field */

const UNDER_MORE = ['tls_verify', 'skip_frames', 'max_fps', 'capture', 'linger_s', 'source_fps'];

export class CameraDialog {
  #camera;
  #before;
  #ids;
  /** @type {Map<string, Field>} */
  #fields = new Map();
  #noPassword = make('input', { type: 'checkbox', id: 'camera-no-password' });
  #noPasswordLabel;
  #general = make('p', { className: 'callout', role: 'alert', 'data-tone': 'bad', hidden: true });
  #more = make('details', {}, make('summary', {}, texts.cameras.more));
  #addressHint = make('p', { className: 'field-hint', id: 'address-hint', role: 'status' });
  #test = new TestPanel();
  #testButton = make('button', { className: 'button', type: 'button', id: 'camera-test' }, texts.cameras.test);
  #save = make('button', { className: 'button', type: 'submit', id: 'camera-save', 'data-kind': 'primary' });
  #dialog = make('dialog', {
    className: 'dialog camera-dialog', id: 'camera-dialog', 'aria-labelledby': 'camera-dialog-title',
  });
  #idTouched = false;
  /** @type {(answer: any) => void} */
  #savedHandler = () => {};

  /** @param {ListedCamera | null} camera null: a new one @param {readonly string[]} ids that there are */
  constructor(camera, ids) {
    this.#camera = camera;
    this.#ids = ids;
    this.#before = camera === null ? null : valuesOf(camera);
    this.#noPasswordLabel = make('label', { className: 'check' }, this.#noPassword, texts.cameras.noPassword);
    this.#build(this.#before ?? newValues());
    this.#showSource();
  }

  /** @param {(answer: any) => void} handler with what the server has answered */
  onSaved(handler) {
    this.#savedHandler = handler;
  }

  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#fields.get('name')?.control.focus();
  }

  // --- making it ---

  /** @param {string} name @param {Record<string, string | number | boolean>} [properties] */
  #input(name, properties = {}) {
    return this.#field(name, make('input', { type: 'text', autocomplete: 'off', spellcheck: false, ...properties }));
  }

  /** @param {string} name @param {Record<string, string>} options */
  #choice(name, options) {
    const made = Object.entries(options).map(([value, text]) => make('option', { value }, text));
    return this.#field(name, make('select', {}, ...made));
  }

  /** @param {string} name @param {Control} control */
  #field(name, control) {
    const { label, hint } = texts.cameras.field[/** @type {keyof typeof texts.cameras.field} */ (name)];
    const mistake = make('p', { className: 'field-error', id: `camera-${name}-error` });
    control.id = `camera-${name}`;
    control.setAttribute('aria-describedby', `camera-${name}-hint camera-${name}-error`);
    if (name === 'url') {
      control.setAttribute('aria-describedby', 'address-hint camera-url-error');
    }
    const check = control instanceof HTMLInputElement && control.type === 'checkbox';
    const wrapper = make('div', { className: 'field' },
      ...(check
        ? [make('label', { className: 'check' }, control, label)]
        : [make('label', { htmlFor: control.id }, label), control]),
      make('p', { className: 'field-hint', id: `camera-${name}-hint` }, hint), mistake);
    this.#fields.set(name, { wrapper, control, mistake });
    return wrapper;
  }

  /** @param {FormValues} values */
  #build(values) {
    const { cameras } = texts;
    const isNew = this.#camera === null;
    const body = make('div', { className: 'dialog-body' }, this.#general,
      this.#input('name', { required: true, maxLength: 128 }),
      this.#input('id', { required: true, disabled: !isNew, autocapitalize: 'off' }),
      values.source === 'file' ? '' : this.#choice('source', cameras.sources),
      this.#input('url', {
        type: 'url', inputMode: 'url', placeholder: 'http://192.168.1.20:81/stream', autocapitalize: 'off',
      }),
      this.#addressHint,
      make('div', { className: 'two-fields' },
        this.#input('user', { autocapitalize: 'off' }),
        this.#input('password', { type: 'password', autocomplete: 'new-password' })),
      this.#noPasswordLabel,
      make('div', { className: 'two-fields' }, this.#choice('detect', cameras.detect), this.#number('fps', 0.1, 60)),
      this.#more, this.#test.element);
    this.#more.append(make('div', { className: 'form' },
      this.#choice('capture', cameras.capture),
      make('div', { className: 'two-fields' }, this.#number('skip_frames', 1, 100), this.#number('max_fps', 0.1, 60)),
      make('div', { className: 'two-fields' },
        this.#number('linger_s', 0, 3600), this.#number('source_fps', 0.01, 120)),
      this.#input('tls_verify', { type: 'checkbox' })));
    const close = () => this.#dialog.close();
    const closeButton = make('button', {
      className: 'icon-button', type: 'button', 'data-kind': 'quiet', 'aria-label': texts.common.close, onclick: close,
    }, makeIcon('close'));
    const title = isNew ? cameras.addTitle : cameras.editTitle(this.#camera?.name ?? '');
    write(this.#save, isNew ? cameras.add : texts.common.save);
    const form = make('form', { method: 'dialog', noValidate: true },
      make('div', { className: 'dialog-head' }, make('h2', { id: 'camera-dialog-title' }, title), closeButton),
      body,
      make('div', { className: 'dialog-foot' }, this.#testButton,
        make('button', { className: 'button', type: 'button', onclick: close }, texts.common.cancel), this.#save));
    this.#dialog.append(form);
    this.#fill(values);
    this.#listen(form);
  }

  /** @param {string} name @param {number} min @param {number} max */
  #number(name, min, max) {
    return this.#input(name, {
      type: 'number', min, max, step: 'any', inputMode: 'decimal', placeholder: texts.cameras.byDefault,
    });
  }

  /** @param {FormValues} values */
  #fill(values) {
    for (const [name, { control }] of this.#fields) {
      const value = name === 'id' ? this.#camera?.id ?? '' : values[name];
      if (control instanceof HTMLInputElement && control.type === 'checkbox') {
        control.checked = value === true;
      } else {
        control.value = String(value ?? '');
      }
    }
    const password = this.#fields.get('password')?.control;
    const has = this.#camera?.settings?.has_password === true;
    this.#noPasswordLabel.hidden = !has;
    if (password instanceof HTMLInputElement && has) {
      password.placeholder = texts.cameras.unchanged;
    }
  }

  /** @param {HTMLFormElement} form */
  #listen(form) {
    const control = (/** @type {string} */ name) => this.#fields.get(name)?.control;
    control('name')?.addEventListener('input', () => this.#proposeId());
    control('id')?.addEventListener('input', ({ target }) => {
      this.#idTouched = target instanceof HTMLInputElement && target.value !== '';
    });
    control('source')?.addEventListener('change', () => this.#showSource());
    control('url')?.addEventListener('input', () => this.#showAddressHint());
    this.#noPassword.addEventListener('change', () => {
      const password = control('password');
      if (password !== undefined) {
        password.disabled = this.#noPassword.checked;
      }
    });
    this.#testButton.addEventListener('click', () => void this.#runTest());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#dialog.addEventListener('close', () => {
      this.#test.stop();
      this.#dialog.remove();
    });
  }

  // --- what is shown ---

  #proposeId() {
    const id = this.#fields.get('id')?.control;
    if (this.#camera === null && !this.#idTouched && id !== undefined) {
      id.value = proposeId(this.#values().name === true ? '' : String(this.#values().name), this.#ids);
    }
  }

  /** Only what means something for this source. */
  #showSource() {
    const source = String(this.#values().source);
    const meant = fieldsOfSource(source);
    for (const [name, { wrapper }] of this.#fields) {
      wrapper.hidden = name !== 'id' && name !== 'source' && !meant.has(name);
    }
    this.#fields.get('url')?.control.toggleAttribute('required', meant.has('url'));
    this.#noPasswordLabel.hidden = !meant.has('password') || this.#camera?.settings?.has_password !== true;
    this.#testButton.hidden = source === 'push' && this.#camera?.source !== 'push';
    this.#showAddressHint();
  }

  #showAddressHint() {
    const { source, url } = this.#values();
    const judged = fieldsOfSource(String(source)).has('url') ? judgeAddress(String(url)) : null;
    const hints = /** @type {Record<string, string>} */ (texts.cameras.address);
    write(this.#addressHint, hints[judged ?? String(source)] ?? '');
    this.#addressHint.dataset.tone = judged === null ? '' : 'warn';
  }

  /** @returns {FormValues} */
  #values() {
    /** @type {FormValues} */
    const values = { source: this.#before?.source ?? 'mjpeg', noPassword: this.#noPassword.checked };
    for (const [name, { control }] of this.#fields) {
      const isCheck = control instanceof HTMLInputElement && control.type === 'checkbox';
      values[name] = isCheck ? control.checked : control.value;
    }
    return values;
  }

  // --- doing it ---

  /** @param {boolean} testing a test needs no name */
  #complaints(testing) {
    const values = this.#values();
    /** @type {Map<string, string>} */
    const found = new Map();
    const { missingField } = texts.cameras;
    if (!testing && String(values.id).trim() === '') {
      found.set('id', missingField);
    }
    if (!testing && String(values.name).trim() === '') {
      found.set('name', missingField);
    }
    if (fieldsOfSource(String(values.source)).has('url') && String(values.url).trim() === '') {
      found.set('url', missingField);
    }
    return found;
  }

  /** @param {Map<string, string>} errors by field @returns {boolean} whether there are some */
  #showErrors(errors) {
    /** @type {Control | null} */
    let first = null;
    for (const [name, { control, mistake }] of this.#fields) {
      const text = errors.get(name) ?? '';
      write(mistake, text);
      control.setAttribute('aria-invalid', String(text !== ''));
      if (text !== '') {
        first ??= control;
        this.#more.open ||= UNDER_MORE.includes(name);
      }
    }
    const general = errors.get('') ?? '';
    this.#general.hidden = general === '';
    write(this.#general, general);
    if (first !== null) {
      first.focus();
    } else if (general !== '') {
      this.#general.scrollIntoView({ block: 'nearest' });
    }
    return errors.size > 0;
  }

  /** @param {unknown} error */
  #showFailure(error) {
    const isForm = error instanceof ApiError && isMistake(error) && error.errors.length > 0;
    if (error instanceof ApiError && error.code === 'camera_exists') {
      this.#showErrors(new Map([['id', texts.cameras.errors.camera_exists]]));
    } else if (isForm) {
      const errors = errorsByField(error.errors);
      if (/the address that the camera had/.test(errors.get('password') ?? '')) {
        errors.set('password', texts.cameras.oldPassword);
      }
      this.#showErrors(errors);
    } else {
      this.#showErrors(new Map([['', changeErrorText(error)]]));
    }
  }

  async #runTest() {
    if (this.#showErrors(this.#complaints(true))) {
      return;
    }
    const changes = changesOf(this.#values(), this.#before);
    const description = this.#camera === null ? changes : { ...changes, id: this.#camera.id };
    const scroll = () => this.#test.element.scrollIntoView({ block: 'nearest' });
    const done = this.#test.run(description);
    scroll();
    const mistake = await done;
    if (mistake !== null) {
      this.#showFailure(mistake);
    } else {
      scroll();
    }
  }

  /**
   * Saves what differs, and nothing over what somebody else has saved meanwhile: that is said first.
   * @param {ListedCamera} camera
   * @param {FormValues} values
   * @returns {Promise<any>} the answer; null: somebody was sooner
   */
  async #change(camera, values) {
    const path = `api/cameras/${encodeURIComponent(camera.id)}`;
    const changes = changesOf(values, this.#before);
    const { body, headers } = await api.ask('GET', path);
    const now = valuesOf(body);
    const names = this.#before === null ? [] : overtaken(changes, this.#before, now);
    if (names.length > 0) {
      this.#before = { ...this.#before, ...Object.fromEntries(names.map((name) => [name, now[name] ?? ''])) };
      this.#showErrors(new Map(names.map((name) => [name, texts.cameras.overtaken(this.#worded(name, now[name]))])));
      return null;
    }
    const revision = headers.get('ETag')?.replace(/^W\//, ''); // a proxy that compresses makes it a weak one
    return api.put(path, changes, { headers: revision === undefined ? {} : { 'If-Match': revision } });
  }

  /** As the form shows it. @param {string} name @param {string | boolean | undefined} value */
  #worded(name, value) {
    const control = this.#fields.get(name)?.control;
    if (control instanceof HTMLSelectElement) {
      return [...control.options].find((option) => option.value === value)?.text ?? String(value);
    }
    return typeof value === 'boolean' ? texts.cameras.checked(value) : value || texts.cameras.byDefault;
  }

  async #submit() {
    if (this.#save.disabled || this.#showErrors(this.#complaints(false))) {
      return;
    }
    const values = this.#values();
    const changes = changesOf(values, this.#before);
    if (this.#camera !== null && Object.keys(changes).length === 0) {
      this.#dialog.close();
      return;
    }
    this.#save.disabled = true;
    this.#save.setAttribute('aria-busy', 'true');
    try {
      const answer = this.#camera === null
        ? await api.post('api/cameras', { id: String(values.id).trim(), ...changes })
        : await this.#change(this.#camera, values);
      if (answer !== null) {
        this.#dialog.close();
        this.#savedHandler(answer);
      }
    } catch (error) {
      this.#showFailure(error);
    }
    this.#save.disabled = false;
    this.#save.removeAttribute('aria-busy');
  }
}
