// Runs in a worker: decodes pictures and makes them as small as they are shown.

import { decodePicture, shrinkPicture } from './decode.js';
import { fitScale } from './fit.js';

const canvas = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(1, 1);

/** @param {import('./decoder.js').DecodeJob} job */
async function run({ id, source, room }) {
  try {
    const whole = await decodePicture(source);
    const decoded = canvas === null ? whole : shrinkPicture(whole, canvas, fitScale(whole, room));
    postMessage({ id, decoded }, { transfer: [decoded.bitmap] });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
}

addEventListener('message', ({ data }) => void run(data));
postMessage('ready');
