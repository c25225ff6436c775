// Draws frames on a canvas. One frame is being decoded, one waits; a newer one replaces the one that
// waits. Nothing is ever queued, and in a hidden tab nothing is decoded.

import { Decoder } from './decoder.js';
import { fitPlace } from './fit.js';
import { FrameMatcher } from './frame_matcher.js';
import { drawOverlay } from './overlay.js';
import { TextFrame } from './text_frame.js';

/** @typedef {import('./decode.js').Decoded} Decoded */
/** @typedef {import('./fit.js').Size} PictureSize */
/** @typedef {import('./frame_container.js').Frame} Frame */
/** @typedef {import('./frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('./overlay.js').OverlayOptions} OverlayOptions */

/**
 * @typedef {object} RendererOptions
 * @property {OverlayOptions | boolean} [overlay] draw what was found here, on raw pictures; default false
 */

const FINDINGS_LIMIT_MS = 500; // then a picture is shown without
const FINDINGS_GONE_MS = 2000; // nothing was found for so long: no picture waits for more

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

/**
 * @param {OverlayOptions | boolean} given
 * @returns {OverlayOptions | null}
 */
function overlayOptions(given) {
  return typeof given === 'boolean' ? (given ? {} : null) : given;
}

export class CanvasStreamRenderer {
  #canvas;
  #context;
  #decoder = new Decoder();
  #matcher = new FrameMatcher();
  #overlay;
  /** @type {Frame | null} the newest that is not being decoded yet */
  #waiting = null;
  #decoding = false;
  /** What is to be seen; kept, so that it can be drawn in another size. @type {(Decoded & {frame: Frame}) | null} */
  #picture = null;
  /** The picture has not been on the screen yet. */
  #undrawn = false;
  #epoch = 0;
  #animation = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  #foundAt = -Infinity;
  #framesDrawn = 0;
  #framesDropped = 0;
  #observer;
  #ended = new AbortController();
  /** @type {(frame: Frame, size: PictureSize) => void} */
  #drawnHandler = () => {};
  /** @type {(error: Error) => void} */
  #errorHandler = (error) => console.warn(error);

  /**
   * @param {HTMLCanvasElement | null} canvas its size on the page is for the style sheet to decide
   * @param {RendererOptions} [options]
   * @throws {TypeError} null: a React ref has its element when the component is mounted, in an effect
   */
  constructor(canvas, { overlay = false } = {}) {
    if (canvas === null || typeof canvas?.getContext !== 'function') {
      throw new TypeError(`CanvasStreamRenderer needs a canvas, and was given ${canvas}`);
    }
    const context = canvas.getContext('2d');
    if (context === null) {
      throw new Error('this browser cannot draw on a canvas');
    }
    this.#canvas = canvas;
    this.#context = context;
    this.#overlay = overlayOptions(overlay);
    this.#observer = new ResizeObserver((entries) => this.#resize(entries));
    observeDevicePixels(this.#observer, canvas);
    this.#fit(devicePixels(canvas.clientWidth, undefined), devicePixels(canvas.clientHeight, undefined));
    document.addEventListener('visibilitychange', () => void this.#decode(), { signal: this.#ended.signal });
  }

  get framesDrawn() {
    return this.#framesDrawn;
  }

  /** Frames that a newer one overtook before they were drawn. */
  get framesDropped() {
    return this.#framesDropped;
  }

  /**
   * A frame is on the screen. Of one that came as bare base64 nothing but the picture is known.
   * @param {(frame: Frame, size: PictureSize) => void} handler
   */
  onDrawn(handler) {
    this.#drawnHandler = handler;
  }

  /**
   * A picture could not be decoded; the one before stays. Without a handler the console has it.
   * @param {(error: Error) => void} handler
   */
  onError(handler) {
    this.#errorHandler = handler;
  }

  /**
   * Takes what the stream manager's onFrame gives.
   * @param {Frame | string} picture a frame, or a JPEG as base64, with or without a data URL's prefix
   * @param {Frame} [frame] of the base64
   */
  renderFrame(picture, frame) {
    const one = typeof picture !== 'string' ? picture : frame ?? new TextFrame({ data: picture }, '', 'detect');
    const finds = this.#overlay !== null && performance.now() - this.#foundAt < FINDINGS_GONE_MS;
    if (!finds || one.number === 0n) {
      this.#endWaiting();
      this.#show(one);
    } else if (this.#matcher.addFrame(one)) {
      this.#show(one);
    } else {
      this.#patience ??= setTimeout(() => this.#showIfAny(this.#endWaiting()), FINDINGS_LIMIT_MS);
    }
  }

  /** No picture waits for its findings any more. @returns {Frame | null} the newest that did */
  #endWaiting() {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    return this.#matcher.takeNewest();
  }

  /**
   * Takes what the stream manager's onMetadata gives: what was found on a frame, to be drawn on its raw picture.
   * With an overlay a picture waits for it, at most half a second, and not at all where nothing was found lately.
   * @param {FrameMetadata} metadata
   * @param {Frame} frame
   */
  renderDetections(metadata, frame) {
    if (this.#overlay === null) {
      return;
    }
    this.#foundAt = performance.now();
    const found = this.#matcher.addFindings(metadata, frame);
    if (found !== null && this.#matcher.waiting === 0) {
      this.#endWaiting();
    }
    this.#showIfAny(found);
    this.#requestDraw(); // it may have been on the screen already, without
  }

  /** @param {OverlayOptions | boolean} overlay from now on */
  setOverlay(overlay) {
    this.#overlay = overlayOptions(overlay);
    if (this.#overlay === null) {
      this.#showIfAny(this.#endWaiting());
    }
    this.#requestDraw();
  }

  /** The picture on the screen as it came: a JPEG without an overlay. Null: there is none. */
  snapshot() {
    return this.#picture === null ? null : new Blob([this.#picture.frame.jpeg], { type: 'image/jpeg' });
  }

  /** Takes the picture away, and whatever was on its way. */
  clear() {
    this.#epoch++;
    this.#waiting = null;
    this.#endWaiting();
    this.#foundAt = -Infinity;
    this.#matcher.clear();
    this.#setPicture(null);
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  destroy() {
    this.clear();
    cancelAnimationFrame(this.#animation);
    this.#observer.disconnect();
    this.#ended.abort();
    this.#decoder.release();
  }

  /** @param {Frame | null} frame */
  #showIfAny(frame) {
    if (frame !== null) {
      this.#show(frame);
    }
  }

  /** @param {Frame} frame */
  #show(frame) {
    if (this.#waiting !== null && this.#waiting !== this.#picture?.frame) {
      this.#framesDropped++;
    }
    this.#waiting = frame;
    void this.#decode();
  }

  /** @param {(Decoded & {frame: Frame}) | null} picture */
  #setPicture(picture) {
    const again = picture !== null && picture.frame === this.#picture?.frame; // in another size
    if (this.#undrawn && picture !== null && !again) {
      this.#framesDropped++;
    }
    this.#picture?.bitmap.close();
    this.#picture = picture;
    this.#undrawn = picture !== null && (!again || this.#undrawn);
  }

  async #decode() {
    const frame = this.#waiting;
    if (frame === null || this.#decoding || document.hidden || this.#ended.signal.aborted) {
      return;
    }
    this.#waiting = null;
    this.#decoding = true;
    const epoch = this.#epoch;
    const room = { width: this.#canvas.width, height: this.#canvas.height };
    try {
      const source = frame instanceof TextFrame ? frame.base64 : frame.jpeg;
      const decoded = await this.#decoder.decode(source, room);
      if (epoch === this.#epoch) {
        this.#setPicture({ ...decoded, frame });
        this.#requestDraw();
        if (this.#canvas.width > room.width && decoded.bitmap.width < decoded.width) {
          this.#waiting ??= frame; // the canvas has grown meanwhile
        }
      } else {
        decoded.bitmap.close();
      }
    } catch (error) {
      if (epoch === this.#epoch) {
        this.#errorHandler(error instanceof Error ? error : new Error(String(error)));
      }
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
    const place = fitPlace(picture, { width, height });
    if (place.x > 0 || place.y > 0) {
      this.#context.clearRect(0, 0, width, height);
    }
    this.#context.imageSmoothingQuality = 'high';
    this.#context.drawImage(picture.bitmap, place.x, place.y, place.width, place.height);
    if (this.#overlay !== null) {
      this.#drawOverlay(picture, place, this.#overlay);
    }
    if (this.#undrawn) {
      this.#undrawn = false;
      this.#framesDrawn++;
      this.#drawnHandler(picture.frame, { width: picture.width, height: picture.height });
    }
  }

  /**
   * Vehicles move: boxes are of this frame or not there. Spaces stay.
   * @param {Decoded & {frame: Frame}} picture
   * @param {import('./fit.js').Place} place
   * @param {OverlayOptions} options
   */
  #drawOverlay(picture, place, options) {
    const found = this.#matcher.findings(picture.frame);
    const metadata = found ?? this.#matcher.latest;
    if (metadata !== null) {
      const shown = found === null ? { ...options, boxes: false } : options;
      drawOverlay(this.#context, metadata, place, picture, shown, devicePixelRatio);
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
    this.#fit(
      devicePixels(entry.contentRect.width, exact?.inlineSize), devicePixels(entry.contentRect.height, exact?.blockSize));
  }

  /**
   * Without a size of the style sheet the canvas would grow with its pixels, and they with it: it keeps what it had.
   * @param {number} width in pixels of the screen
   * @param {number} height
   */
  #setPixels(width, height) {
    const canvas = this.#canvas;
    const { clientWidth, clientHeight } = canvas;
    const before = getComputedStyle(canvas);
    const size = { width: before.width, height: before.height };
    canvas.width = width;
    canvas.height = height;
    if (Math.abs(canvas.clientWidth - clientWidth) > 1 || Math.abs(canvas.clientHeight - clientHeight) > 1) {
      canvas.style.setProperty('width', size.width);
      canvas.style.setProperty('height', size.height);
    }
  }

  /**
   * @param {number} width in pixels of the screen
   * @param {number} height
   */
  #fit(width, height) {
    if (width > 0 && height > 0 && (width !== this.#canvas.width || height !== this.#canvas.height)) {
      this.#setPixels(width, height);
      this.#draw();
      const picture = this.#picture;
      if (picture !== null && picture.bitmap.width < picture.width && this.#waiting === null && !this.#decoding) {
        this.#show(picture.frame); // it was made smaller than it may be now
      }
    }
  }
}
