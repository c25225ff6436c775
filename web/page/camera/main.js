// The entry of the camera page. Its stream begins while the rest of it is on its way.

import { FirstStream, cameraOfAddress } from './stream.js';

const cameraId = cameraOfAddress();
const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('picture'));
const first = cameraId === null ? null : new FirstStream(cameraId, canvas);
if (first === null) {
  location.replace(new URL('../../', import.meta.url)); // where they all are
}

const [{ texts }, { CameraPage }] = await Promise.all([import('../texts.js'), import('./camera_page.js')]);

for (const target of document.querySelectorAll('[data-text]')) {
  const key = /** @type {HTMLElement} */ (target).dataset.text ?? '';
  target.textContent = /** @type {Record<string, any>} */ (texts.camera)[key];
}

if (first !== null) {
  new CameraPage().start(first);
}
