// The picture under the drawing: the newest frame, or the one that was there when it was frozen. One is being
// decoded, one waits; a newer one takes the place of the one that waits.

import { shownSize, toPicture } from './viewport.js';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./viewport.js').Size} Size */
/** @typedef {import('./viewport.js').View} View */

/** @typedef {{ jpeg: Blob, capturedMs: number }} Picture capturedMs: by the server's clock */

const MAGNIFIED = 3;

export class PictureLayer {
  #canvas;
  #context;
  /** @type {ImageBitmap | null} */
  #bitmap = null;
  #capturedMs = 0;
  /** @type {Picture | null} */
  #waiting = null;
  #decoding = false;
  #frozen = false;
  /** @type {(size: Size) => void} */
  #shownHandler = () => {};

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  }

  /** Another picture is there to be drawn. @param {(size: Size) => void} handler */
  onShown(handler) {
    this.#shownHandler = handler;
  }

  /** When the picture was taken; null: there is none. */
  get capturedMs() {
    return this.#bitmap === null ? null : this.#capturedMs;
  }

  get frozen() {
    return this.#frozen;
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    this.#frozen = frozen;
    this.#waiting = null;
  }

  /** @param {Picture} picture */
  offer(picture) {
    if (!this.#frozen || this.#bitmap === null) {
      this.#waiting = picture;
      void this.#decode();
    }
  }

  async #decode() {
    const picture = this.#waiting;
    if (picture === null || this.#decoding || document.hidden) {
      return;
    }
    this.#waiting = null;
    this.#decoding = true;
    try {
      const bitmap = await createImageBitmap(picture.jpeg);
      if (this.#frozen && this.#bitmap !== null) {
        bitmap.close();
      } else {
        this.#bitmap?.close();
        this.#bitmap = bitmap;
        this.#capturedMs = picture.capturedMs;
        this.#shownHandler({ width: bitmap.width, height: bitmap.height });
      }
    } catch (error) {
      console.warn(error); // the picture before stays, and ages
    }
    this.#decoding = false;
    void this.#decode();
  }

  /** @param {View} view */
  draw(view) {
    const canvas = this.#canvas;
    const { stage, left, top } = view;
    const [width, height] = [Math.round(stage.width * devicePixelRatio), Math.round(stage.height * devicePixelRatio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.#context.clearRect(0, 0, width, height);
    if (this.#bitmap !== null) {
      const shown = shownSize(view);
      const scale = devicePixelRatio;
      this.#context.imageSmoothingQuality = 'high';
      this.#context.drawImage(this.#bitmap, left * scale, top * scale, shown.width * scale, shown.height * scale);
    }
  }

  /**
   * White on black, so that it is seen on any ground.
   * @param {CanvasRenderingContext2D} context
   * @param {number} size
   */
  #drawCross(context, size) {
    const middle = size / 2;
    for (const [colour, width] of /** @type {const} */ ([['#000', 4], ['#fff', 2]])) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(middle - size / 8, middle);
      context.lineTo(middle + size / 8, middle);
      context.moveTo(middle, middle - size / 8);
      context.lineTo(middle, middle + size / 8);
      context.stroke();
    }
  }

  /**
   * What is around a point, enlarged: a finger hides it.
   * @param {HTMLCanvasElement} canvas
   * @param {View} view
   * @param {Point} point on the stage
   */
  magnify(canvas, view, point) {
    const context = canvas.getContext('2d');
    const size = Math.round(canvas.clientWidth * devicePixelRatio);
    if (context === null || this.#bitmap === null || size === 0) {
      return;
    }
    canvas.width = canvas.height = size;
    const { width } = shownSize(view);
    const part = canvas.clientWidth / MAGNIFIED / width * this.#bitmap.width; // in pixels of the picture
    const [x, y] = toPicture(view, point);
    context.drawImage(this.#bitmap,
      x * this.#bitmap.width - part / 2, y * this.#bitmap.height - part / 2, part, part, 0, 0, size, size);
    this.#drawCross(context, size);
  }
}
