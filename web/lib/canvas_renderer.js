// Draws frames on a canvas. One frame is being decoded, one waits; a newer one replaces the one that
// waits. Nothing is ever queued, and in a hidden tab nothing is decoded.

/** @typedef {import('./frame_container.js').Frame} Frame */

/**
 * @typedef {object} PictureSize
 * @property {number} width in pixels of the picture
 * @property {number} height
 */

/**
 * A change of the zoom, or of the screen, changes the pixels and not the size. Not every browser can
 * watch for that.
 * @param {ResizeObserver} observer
 * @param {HTMLCanvasElement} canvas
 */
function observeDevicePixels(observer, canvas) {
  try {
    observer.observe(canvas, { box: 'device-pixel-content-box' });
  } catch {
    observer.observe(canvas);
  }
}

/**
 * The browser's own count is right where a size ends between two pixels. Where a screen is simulated
 * it counts those of the real one: then it is far off.
 * @param {number} size in CSS pixels
 * @param {number | undefined} exact
 */
function devicePixels(size, exact) {
  const computed = size * devicePixelRatio;
  return exact !== undefined && Math.abs(exact - computed) <= 1 ? exact : Math.round(computed);
}

// Narrower borders come from rounding alone, and are covered.
const BORDER_MIN = 2;

/**
 * @param {number} size of the picture on the canvas
 * @param {number} room what the canvas has
 */
function drawnSize(size, room) {
  return room - size < BORDER_MIN ? room : Math.round(size);
}

export class CanvasStreamRenderer {
  #canvas;
  #context;
  /** @type {Frame | null} the newest that is not being decoded yet */
  #waiting = null;
  #decoding = false;
  /** @type {ImageBitmap | null} what is to be seen; kept, so that it can be drawn in another size */
  #picture = null;
  /** @type {Frame | null} the frame of #picture, until it was drawn */
  #undrawn = null;
  #epoch = 0;
  #animation = 0;
  #framesDrawn = 0;
  #framesDropped = 0;
  #observer;
  #ended = new AbortController();
  /** @type {(frame: Frame, size: PictureSize) => void} */
  #drawnHandler = () => {};
  /** @type {(error: Error) => void} */
  #errorHandler = () => {};

  /** @param {HTMLCanvasElement} canvas its size on the page is for the style sheet to decide */
  constructor(canvas) {
    const context = canvas.getContext('2d');
    if (context === null) {
      throw new Error('this browser cannot draw on a canvas');
    }
    this.#canvas = canvas;
    this.#context = context;
    this.#observer = new ResizeObserver((entries) => this.#resize(entries));
    observeDevicePixels(this.#observer, canvas);
    document.addEventListener('visibilitychange', () => this.#decode(), { signal: this.#ended.signal });
  }

  get framesDrawn() {
    return this.#framesDrawn;
  }

  /** Frames that a newer one overtook before they were drawn. */
  get framesDropped() {
    return this.#framesDropped;
  }

  /**
   * A frame is on the screen.
   * @param {(frame: Frame, size: PictureSize) => void} handler
   */
  onDrawn(handler) {
    this.#drawnHandler = handler;
  }

  /**
   * A picture could not be decoded; the one before stays.
   * @param {(error: Error) => void} handler
   */
  onError(handler) {
    this.#errorHandler = handler;
  }

  /** @param {Frame} frame as the stream manager's onFrame gives it */
  renderFrame(frame) {
    if (this.#waiting !== null) {
      this.#framesDropped++;
    }
    this.#waiting = frame;
    this.#decode();
  }

  /** Takes the picture away, and whatever was on its way. */
  clear() {
    this.#epoch++;
    this.#waiting = null;
    this.#setPicture(null, null);
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  destroy() {
    this.clear();
    cancelAnimationFrame(this.#animation);
    this.#observer.disconnect();
    this.#ended.abort();
  }

  /**
   * @param {ImageBitmap | null} picture
   * @param {Frame | null} frame
   */
  #setPicture(picture, frame) {
    if (this.#undrawn !== null && frame !== null) {
      this.#framesDropped++;
    }
    this.#picture?.close();
    this.#picture = picture;
    this.#undrawn = frame;
  }

  async #decode() {
    const frame = this.#waiting;
    if (frame === null || this.#decoding || document.hidden) {
      return;
    }
    this.#waiting = null;
    this.#decoding = true;
    const epoch = this.#epoch;
    try {
      const picture = await createImageBitmap(new Blob([frame.jpeg], { type: 'image/jpeg' }));
      if (epoch === this.#epoch) {
        this.#setPicture(picture, frame);
        this.#requestDraw();
      } else {
        picture.close();
      }
    } catch (error) {
      this.#errorHandler(error instanceof Error ? error : new Error(String(error)));
    }
    this.#decoding = false;
    void this.#decode();
  }

  #requestDraw() {
    if (this.#animation === 0) {
      this.#animation = requestAnimationFrame(() => {
        this.#animation = 0;
        this.#draw();
      });
    }
  }

  #draw() {
    const picture = this.#picture;
    if (picture === null) {
      return;
    }
    const { width, height } = this.#canvas;
    const scale = Math.min(width / picture.width, height / picture.height);
    const drawnWidth = drawnSize(picture.width * scale, width);
    const drawnHeight = drawnSize(picture.height * scale, height);
    const x = Math.round((width - drawnWidth) / 2);
    const y = Math.round((height - drawnHeight) / 2);
    if (x > 0 || y > 0) {
      this.#context.clearRect(0, 0, width, height);
    }
    this.#context.imageSmoothingQuality = 'high';
    this.#context.drawImage(picture, x, y, drawnWidth, drawnHeight);
    const frame = this.#undrawn;
    if (frame !== null) {
      this.#undrawn = null;
      this.#framesDrawn++;
      this.#drawnHandler(frame, { width: picture.width, height: picture.height });
    }
  }

  /**
   * As many pixels as the screen has under the canvas, so that nothing is scaled twice.
   * @param {ResizeObserverEntry[]} entries
   */
  #resize(entries) {
    const entry = entries[entries.length - 1];
    if (entry === undefined) {
      return;
    }
    const exact = entry.devicePixelContentBoxSize?.[0];
    const width = devicePixels(entry.contentRect.width, exact?.inlineSize);
    const height = devicePixels(entry.contentRect.height, exact?.blockSize);
    if (width > 0 && height > 0 && (width !== this.#canvas.width || height !== this.#canvas.height)) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#draw();
    }
  }
}
