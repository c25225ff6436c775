// A camera is removed only by whoever can type its name.

import { ApiError, api } from '../api.js';
import { make, write } from '../dom.js';
import { texts } from '../texts.js';
import { changeErrorText } from './error_words.js';

/** @typedef {import('./camera_values.js').ListedCamera} ListedCamera */

/** As it looks: spaces that a page shows as one are one, and an accent is the same however it was typed. @param {string} name */
const asSeen = (name) => name.normalize('NFC').replace(/\s+/g, ' ').trim();

/**
 * @param {ListedCamera} camera
 * @param {(answer: any) => void} removed
 */
export function openRemoveDialog({ id, name }, removed) {
  const { cameras, common } = texts;
  const input = make('input', {
    type: 'text', id: 'remove-name', autocomplete: 'off', spellcheck: false, autofocus: true,
    'aria-describedby': 'remove-hint',
  });
  const mistake = make('p', { className: 'field-error', role: 'alert' });
  const button = make('button', {
    className: 'button', type: 'submit', id: 'remove-confirm', 'data-kind': 'danger', disabled: true,
  }, cameras.remove);
  const form = make('form', { method: 'dialog' },
    make('div', { className: 'dialog-head' }, make('h2', { id: 'remove-title' }, cameras.removeTitle(name))),
    make('div', { className: 'dialog-body' },
      make('p', { id: 'remove-hint' }, cameras.removeDetail),
      make('div', { className: 'field' },
        make('label', { htmlFor: 'remove-name' }, cameras.removeLabel(name)), input, mistake)),
    make('div', { className: 'dialog-foot' },
      make('button', { className: 'button', type: 'button', onclick: () => dialog.close() }, common.cancel), button));
  const dialog = make('dialog', { className: 'dialog', id: 'remove-dialog', 'aria-labelledby': 'remove-title' }, form);
  input.addEventListener('input', () => {
    button.disabled = asSeen(input.value) !== asSeen(name);
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (button.disabled) {
      return;
    }
    button.disabled = true;
    try {
      const answer = await api.delete(`api/cameras/${encodeURIComponent(id)}`);
      dialog.close();
      removed(answer);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'unknown_camera') {
        dialog.close();
        removed(null); // by somebody else, a moment ago
      } else {
        write(mistake, changeErrorText(error));
        button.disabled = false;
      }
    }
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
