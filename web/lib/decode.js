// From a JPEG to pixels: the same code in the worker and, where there can be none, in the page.

import { decodeBase64 } from './text_frame.js';

/**
 * @typedef {object} Decoded
 * @property {ImageBitmap} bitmap whoever gets it closes it
 * @property {number} width of the picture as it came; the bitmap's may be smaller
 * @property {number} height
 */

/**
 * @param {string | Uint8Array<ArrayBuffer>} source a JPEG, or its base64
 * @returns {Promise<Decoded>}
 */
export async function decodePicture(source) {
  const bytes = typeof source === 'string' ? decodeBase64(source) : source;
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
  return { bitmap, width: bitmap.width, height: bitmap.height };
}

/**
 * Makes the bitmap as small as it will be seen; never larger, for that is done when it is drawn.
 * @param {Decoded} decoded
 * @param {OffscreenCanvas} canvas to do it on
 * @param {number} scale
 * @returns {Decoded}
 */
export function shrinkPicture(decoded, canvas, scale) {
  const { bitmap, width, height } = decoded;
  const context = scale < 1 ? canvas.getContext('2d', { alpha: false }) : null;
  if (context === null) {
    return decoded;
  }
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { bitmap: canvas.transferToImageBitmap(), width, height };
}
