// Somebody else has saved other spaces of the same camera meanwhile: whose are to be kept?

import { make } from '../dom.js';
import { texts } from '../texts.js';

/**
 * @param {number} theirs how many spaces the others have saved
 * @param {number} mine
 * @returns {Promise<'theirs' | 'mine' | ''>} nothing: go on editing
 */
export function askConflict(theirs, mine) {
  const { conflict } = texts.spaces;
  const form = make('form', { method: 'dialog' },
    make('div', { className: 'dialog-head' }, make('h2', { id: 'conflict-title' }, conflict.title)),
    make('div', { className: 'dialog-body' }, make('p', { id: 'conflict-detail' }, conflict.detail(theirs, mine))),
    make('div', { className: 'dialog-foot' },
      make('button', { className: 'button', value: 'theirs' }, conflict.theirs),
      make('button', { className: 'button', value: 'mine', 'data-kind': 'danger' }, conflict.mine),
      make('button', { className: 'button', value: '', autofocus: true }, conflict.later)));
  const dialog = make('dialog', {
    className: 'dialog', id: 'conflict', role: 'alertdialog',
    'aria-labelledby': 'conflict-title', 'aria-describedby': 'conflict-detail',
  }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener('close', () => {
      const { returnValue } = dialog;
      dialog.remove();
      answered(returnValue === 'theirs' || returnValue === 'mine' ? returnValue : '');
    });
  });
}
