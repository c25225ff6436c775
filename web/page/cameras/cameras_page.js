// The cameras of the configuration: seen, added, tested, changed, removed.

import { CameraList } from '../camera_list.js';
import { element, make, write } from '../dom.js';
import { makeIcon } from '../icons.js';
import { keepWork } from '../session.js';
import { startPage } from '../shell.js';
import { texts } from '../texts.js';
import { notify } from '../toast.js';
import { CameraDialog } from './camera_dialog.js';
import { CameraRows } from './camera_rows.js';
import { missingText } from './error_words.js';
import { openRemoveDialog } from './remove_dialog.js';
import { TestPanel } from './test_panel.js';

/** @typedef {import('./camera_values.js').ListedCamera} ListedCamera */

const REFRESH_MS = 3000;

/** A picture of a camera as it is configured. @param {ListedCamera} camera */
function openTestDialog({ id, name }) {
  const test = new TestPanel();
  const run = () => void test.run({ id });
  const form = make('form', { method: 'dialog' },
    make('div', { className: 'dialog-head' }, make('h2', { id: 'test-title' }, texts.cameras.testTitle(name))),
    make('div', { className: 'dialog-body' }, test.element),
    make('div', { className: 'dialog-foot' },
      make('button', { className: 'button', type: 'button', onclick: run }, texts.common.retry),
      make('button', { className: 'button', autofocus: true }, texts.common.close)));
  const dialog = make('dialog', {
    className: 'dialog camera-dialog', id: 'test-dialog', 'aria-labelledby': 'test-title',
  }, form);
  dialog.addEventListener('close', () => {
    test.stop();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  run();
}

class CamerasPage {
  #main = element('main', HTMLElement);
  #list = make('ul', { className: 'camera-list', id: 'cameras', 'aria-label': texts.cameras.title });
  #trouble = make('p', { className: 'callout', role: 'status', 'data-tone': 'bad', hidden: true });
  #empty = make('section', { className: 'empty', hidden: true });
  #actions = make('div', { className: 'actions' });
  #rows;
  #cameras = /** @type {CameraList<ListedCamera>} */ (
    new CameraList((_list, failed) => this.#show(failed), REFRESH_MS));

  constructor() {
    const addButton = (/** @type {string} */ id) => make('button', {
      className: 'button', type: 'button', id, 'data-kind': 'primary', onclick: () => this.#openForm(null),
    }, makeIcon('plus'), texts.cameras.add);
    this.#rows = new CameraRows(this.#list, (command, camera) => this.#onCommand(command, camera));
    this.#empty.append(makeIcon('camera'), make('h2', {}, texts.cameras.none), make('p', {}, texts.cameras.noneDetail),
      make('div', { className: 'actions' }, addButton('add-first')));
    this.#main.className = 'page cameras-page';
    this.#actions.append(addButton('add'));
    const head = make('header', { className: 'page-head' }, make('h1', {}, texts.cameras.title), this.#actions);
    this.#main.replaceChildren(head, this.#trouble, this.#empty, this.#list);
  }

  start() {
    // A form that is open may have been filled in.
    keepWork({ unsaved: () => document.getElementById('camera-dialog') !== null, renewed: () => void this.#cameras.refresh() });
    void this.#cameras.refresh();
  }

  /** @param {boolean} failed */
  #show(failed) {
    const { cameras, failure } = this.#cameras;
    const trouble = cameras === null ? texts.cameras.notLoaded(failure) : texts.cameras.listOld(failure);
    write(this.#trouble, failed ? trouble : '');
    this.#trouble.hidden = !failed;
    this.#list.toggleAttribute('data-old', failed);
    if (cameras !== null) {
      const isWithin = this.#list.contains(document.activeElement);
      this.#rows.show(cameras);
      this.#empty.hidden = failed || cameras.length > 0;
      this.#actions.hidden = cameras.length === 0; // the same button stands where the cameras would be
      this.#list.hidden = cameras.length === 0;
      if (isWithin && !this.#list.contains(document.activeElement)) {
        // What had the focus is gone.
        const next = this.#main.querySelector(cameras.length > 0 ? '.camera-row a' : '#add-first');
        /** @type {HTMLElement | null} */ (next)?.focus();
      }
    }
  }

  /** @param {import('./camera_rows.js').Command} command @param {ListedCamera} camera */
  #onCommand(command, camera) {
    switch (command) {
      case 'test':
        openTestDialog(camera);
        break;
      case 'edit':
        this.#openForm(camera);
        break;
      case 'remove':
        openRemoveDialog(camera, (answer) => this.#onDone(texts.cameras.removed(camera.name), answer));
        break;
    }
  }

  /** @param {ListedCamera | null} camera */
  #openForm(camera) {
    const dialog = new CameraDialog(camera, (this.#cameras.cameras ?? []).map(({ id }) => id));
    dialog.onSaved((answer) => {
      const name = String(answer?.camera?.name ?? '');
      this.#onDone(camera === null ? texts.cameras.added(name) : texts.cameras.changed(name), answer);
    });
    dialog.open();
  }

  /** @param {string} text @param {any} answer */
  #onDone(text, answer) {
    const missing = missingText(answer);
    notify(missing === '' ? text : `${text} ${missing}`, missing === '' ? 'good' : 'warn');
    void this.#cameras.refresh();
  }
}

export async function openCamerasPage() {
  const shell = startPage({ page: 'cameras', title: texts.cameras.title, needs: 'admin' });
  await shell.session;
  new CamerasPage().start();
}
