// Questions that must be answered: `if (await confirmDialog({ title, detail, confirm: 'Remove', kind: 'danger' }))`.
// Escape and Cancel are no. The focus goes back to where it was.

import { make } from './dom.js';
import { texts } from './texts.js';

/**
 * @param {{ title: string, detail?: string, confirm: string, kind?: 'primary' | 'danger' }} question
 * @returns {Promise<boolean>}
 */
export function confirmDialog({ title, detail = '', confirm, kind = 'primary' }) {
  const cancelButton = make('button', { className: 'button', value: '', autofocus: kind === 'danger' }, texts.common.cancel);
  const form = make('form', { method: 'dialog' },
    make('div', { className: 'dialog-head' }, make('h2', { id: 'confirm-title' }, title)),
    make('div', { className: 'dialog-body' }, make('p', { id: 'confirm-detail' }, detail)),
    make('div', { className: 'dialog-foot' },
      cancelButton,
      make('button', { className: 'button', value: 'yes', 'data-kind': kind, autofocus: kind !== 'danger' }, confirm)));
  const dialog = make('dialog', {
    className: 'dialog', role: 'alertdialog', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-detail',
  }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answered) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      answered(dialog.returnValue === 'yes');
    });
  });
}
