// What is said for a moment, at the edge of the page, and read out: `notify('Saved', 'good')`. What went wrong
// stays until it is closed, or until something else is said of the same: `notify('Not saved', 'bad', 'save')`.

import { make } from './dom.js';
import { makeIcon } from './icons.js';
import { texts } from './texts.js';

/** @typedef {import('./tones.js').Tone} Tone */

const SHOWN_MS = 5000;
const TOASTS_MAX = 4;

/** @type {HTMLElement | null} */
let list = null;

/** A popover, because a dialog would cover anything else. */
function openList() {
  list ??= document.body.appendChild(make('div', { className: 'toasts', role: 'status', popover: 'manual' }));
  if (list.matches(':popover-open')) {
    list.hidePopover();
  }
  list.showPopover();
  return list;
}

/**
 * @param {string} text
 * @param {Tone} tone
 * @param {string} [about] what was said of it before is over
 */
export function notify(text, tone = 'muted', about) {
  const toasts = openList();
  if (about !== undefined) {
    toasts.querySelector(`[data-about="${about}"]`)?.remove();
  }
  const close = () => {
    toast.remove();
    if (toasts.childElementCount === 0) {
      toasts.hidePopover();
    }
  };
  const button = make('button', {
    className: 'icon-button', type: 'button', 'data-kind': 'quiet', 'aria-label': texts.common.close, onclick: close,
  }, makeIcon('close'));
  const toast = make('div', { className: 'toast', 'data-tone': tone, 'data-about': about }, make('p', {}, text), button);
  toasts.append(toast);
  while (toasts.childElementCount > TOASTS_MAX) {
    toasts.firstElementChild?.remove();
  }
  if (tone !== 'bad') {
    setTimeout(close, SHOWN_MS);
  }
}
