// The entry of the camera page.

import { texts } from '../texts.js';
import { CameraPage } from './camera_page.js';

for (const target of document.querySelectorAll('[data-text]')) {
  const key = /** @type {HTMLElement} */ (target).dataset.text ?? '';
  target.textContent = /** @type {Record<string, any>} */ (texts.camera)[key];
}

new CameraPage().start();
