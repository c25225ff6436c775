// Mouse, pen and fingers on the stage: what they drag, draw, pan and zoom.

import { clampPoint, distance, middle, moveWithin, nearestPoint } from './geometry.js';
import { findHit, snapPoint } from './hit.js';
import { panView, toPicture, toStage, zoomView } from './viewport.js';

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Polygon} Polygon */
/** @typedef {import('./viewport.js').View} View */

/**
 * What the tool works on.
 * @typedef {object} Host
 * @property {Editor} editor
 * @property {() => View} view
 * @property {(view: View) => void} setView
 * @property {(point: Point | null) => void} setCursor where the next corner would be; part of the picture
 * @property {(box: Polygon | null) => void} setBox that a drag would draw
 * @property {(point: Point | null) => void} magnify around this point of the stage; null: not any more
 * @property {() => void} focus the keyboard goes where the selection is
 * @property {boolean} readOnly
 */

/**
 * @typedef {{ kind: 'pan', last: Point, start: Point, moved: boolean }
 *   | { kind: 'pinch', middle: Point, apart: number }
 *   | { kind: 'space', key: number, start: Point, polygon: Polygon, moved: boolean }
 *   | { kind: 'corner', key: number, corner: number, start: Point, grip: Point, moved: boolean }
 *   | { kind: 'edge', key: number, edge: number, start: Point }
 *   | { kind: 'draw', start: Point, moved: boolean }} Gesture
 */

const REACH = { mouse: 10, touch: 24 }; // CSS pixels
const STILL = { mouse: 3, touch: 8 }; // less is no drag
const SNAP = { mouse: 7, touch: 12 };
const BOX_MIN = 12;
const WHEEL_STEP = 0.0016;
const PINCH_STEP = 0.012; // a touchpad's pinch comes as a wheel with Ctrl

/** @param {PointerEvent} event @returns {'mouse' | 'touch'} */
function kindOf(event) {
  return event.pointerType === 'touch' ? 'touch' : 'mouse';
}

export class PointerTool {
  #svg;
  #host;
  /** @type {Map<number, Point>} */
  #pointers = new Map();
  /** @type {Gesture | null} */
  #gesture = null;

  /** @param {SVGSVGElement} svg @param {Host} host */
  constructor(svg, host) {
    this.#svg = svg;
    this.#host = host;
    svg.addEventListener('pointerdown', (event) => this.#onDown(event));
    svg.addEventListener('pointermove', (event) => this.#onMove(event));
    svg.addEventListener('pointerup', (event) => this.#onUp(event));
    svg.addEventListener('pointercancel', (event) => this.#onCancel(event));
    svg.addEventListener('pointerleave', () => this.#gesture === null && this.#host.setCursor(null));
    svg.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    svg.addEventListener('mousedown', (event) => event.preventDefault()); // the focus goes where we say
  }

  /** What is being dragged goes back. */
  abandon() {
    if (this.#gesture !== null) {
      this.#gesture = null;
      this.#host.editor.abandon();
      this.#host.magnify(null);
      this.#host.setBox(null);
      return true;
    }
    return false;
  }

  /** @param {MouseEvent} event @returns {Point} */
  #pointOf({ clientX, clientY }) {
    const { left, top } = this.#svg.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    const point = this.#pointOf(event);
    if (event.button > 1) {
      return;
    }
    this.#svg.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, point);
    if (this.#pointers.size === 2) {
      this.abandon();
      this.#host.setCursor(null);
      const [one, other] = /** @type {[Point, Point]} */ ([...this.#pointers.values()]);
      this.#gesture = { kind: 'pinch', middle: middle(one, other), apart: distance(one, other) };
    } else if (this.#pointers.size === 1) {
      this.#gesture = event.button === 1
        ? { kind: 'pan', start: point, last: point, moved: true }
        : this.#begin(point, kindOf(event));
    }
  }

  /** @param {Point} point @param {'mouse' | 'touch'} kind @returns {Gesture} */
  #begin(point, kind) {
    const { editor, readOnly } = this.#host;
    if (editor.mode !== 'select') {
      this.#hover(point, kind);
      return { kind: editor.row === null ? 'draw' : 'pan', start: point, last: point, moved: false };
    }
    const view = this.#host.view();
    const hit = findHit(editor.spaces, readOnly ? null : editor.selectedKey, view, point, REACH[kind]);
    // A finger that wants to move the picture shall not move a space: only the selected one comes along.
    const wasSelected = hit !== null && hit.key === editor.selectedKey;
    if (hit !== null && hit.kind !== 'edge') {
      editor.select(hit.key, hit.kind === 'corner' ? hit.corner : null);
      this.#host.focus();
    }
    const space = editor.selected;
    if (hit === null || space === undefined || readOnly || (hit.kind === 'space' && kind === 'touch' && !wasSelected)) {
      return { kind: 'pan', start: point, last: point, moved: hit !== null };
    }
    if (hit.kind === 'space') {
      return { kind: 'space', key: hit.key, start: point, polygon: space.polygon, moved: false };
    }
    return hit.kind === 'edge'
      ? { kind: 'edge', key: hit.key, edge: hit.edge, start: point }
      : this.#gripCorner(hit.key, hit.corner, point);
  }

  /**
   * Where the corner is beside the finger that holds it stays the same.
   * @param {number} key
   * @param {number} corner
   * @param {Point} start
   * @returns {Gesture}
   */
  #gripCorner(key, corner, start) {
    const [x, y] = toStage(this.#host.view(), this.#host.editor.selected?.polygon[corner] ?? [0, 0]);
    return { kind: 'corner', key, corner, start, grip: [x - start[0], y - start[1]], moved: false };
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    const point = this.#pointOf(event);
    if (!this.#pointers.has(event.pointerId)) {
      this.#hover(point, kindOf(event));
      return;
    }
    this.#pointers.set(event.pointerId, point);
    this.#drag(point, kindOf(event));
  }

  /** @param {Point} point @param {'mouse' | 'touch'} kind */
  #hover(point, kind) {
    if (this.#host.editor.mode !== 'select' && this.#host.editor.row === null) {
      this.#host.setCursor(this.#snapped(point, kind, null));
      if (kind === 'touch') {
        this.#host.magnify(point);
      }
    }
  }

  /** @param {Point} point @param {'mouse' | 'touch'} kind @param {number | null} except */
  #snapped(point, kind, except) {
    const { editor } = this.#host;
    return clampPoint(snapPoint(editor.spaces, except, this.#host.view(), point, SNAP[kind]));
  }

  /** @param {Point} point @param {'mouse' | 'touch'} kind */
  #drag(point, kind) {
    const gesture = this.#gesture;
    if (gesture === null) {
      return;
    }
    if (gesture.kind === 'pinch') {
      this.#pinch(gesture);
      return;
    }
    if ('moved' in gesture) {
      gesture.moved ||= distance(gesture.start, point) > STILL[kind];
    }
    if (gesture.kind === 'pan') {
      this.#host.setView(panView(this.#host.view(), point[0] - gesture.last[0], point[1] - gesture.last[1]));
      gesture.last = point;
    } else if (gesture.kind === 'draw') {
      this.#dragDrawing(gesture, point, kind);
    } else if (gesture.kind === 'edge') {
      this.#dragEdge(gesture, point, kind);
    } else if (gesture.kind === 'corner' && gesture.moved) {
      this.#dragCorner(gesture, point, kind);
    } else if (gesture.kind === 'space' && gesture.moved) {
      this.#dragSpace(gesture, point);
    }
  }

  /** @param {Extract<Gesture, { kind: 'pinch' }>} gesture */
  #pinch(gesture) {
    const [one, other] = [...this.#pointers.values()];
    if (one === undefined || other === undefined) {
      return;
    }
    const now = middle(one, other);
    const apart = distance(one, other);
    const moved = panView(this.#host.view(), now[0] - gesture.middle[0], now[1] - gesture.middle[1]);
    this.#host.setView(zoomView(moved, now, apart / Math.max(1, gesture.apart)));
    gesture.middle = now;
    gesture.apart = apart;
  }

  /** @param {Extract<Gesture, { kind: 'space' }>} gesture @param {Point} point */
  #dragSpace({ key, start, polygon }, point) {
    const view = this.#host.view();
    const [fromX, fromY] = toPicture(view, start);
    const [toX, toY] = toPicture(view, point);
    this.#host.editor.hold(key, moveWithin(polygon, toX - fromX, toY - fromY));
  }

  /** @param {Extract<Gesture, { kind: 'corner' }>} gesture @param {Point} point @param {'mouse' | 'touch'} kind */
  #dragCorner({ key, corner, grip }, point, kind) {
    const { editor } = this.#host;
    const held = /** @type {Point} */ ([point[0] + grip[0], point[1] + grip[1]]);
    const place = this.#snapped(held, kind, key);
    editor.hold(key, (editor.selected?.polygon ?? []).map((one, i) => (i === corner ? place : one)));
    if (kind === 'touch') {
      this.#host.magnify(toStage(this.#host.view(), place));
    }
  }

  /**
   * The middle of an edge becomes a corner as soon as it is dragged.
   * @param {Extract<Gesture, { kind: 'edge' }>} gesture
   * @param {Point} point
   * @param {'mouse' | 'touch'} kind
   */
  #dragEdge({ key, edge, start }, point, kind) {
    if (distance(start, point) > STILL[kind]) {
      this.#host.editor.insertCorner(edge);
      this.#gesture = this.#gripCorner(key, edge + 1, start);
      this.#drag(point, kind);
    }
  }

  /**
   * A mouse draws a box with one drag; a finger looks for the place of its corner.
   * @param {Extract<Gesture, { kind: 'draw' }>} gesture
   * @param {Point} point
   * @param {'mouse' | 'touch'} kind
   */
  #dragDrawing({ start, moved }, point, kind) {
    const { editor } = this.#host;
    this.#hover(point, kind);
    if (kind === 'mouse' && moved && editor.draft.length === 0) {
      this.#host.setBox(this.#boxOf(start, point));
    }
  }

  /** @param {Point} start @param {Point} end @returns {Polygon} parts of the picture */
  #boxOf(start, end) {
    const [left, top] = this.#snapped(start, 'mouse', null);
    const [right, bottom] = this.#snapped(end, 'mouse', null);
    return [[left, top], [right, top], [right, bottom], [left, bottom]];
  }

  /** @param {PointerEvent} event */
  #onUp(event) {
    const point = this.#pointOf(event);
    const gesture = this.#gesture;
    this.#pointers.delete(event.pointerId);
    this.#host.magnify(null);
    if (gesture === null || gesture.kind === 'pinch') {
      this.#gesture = null; // the finger that stays does nothing more
      return;
    }
    this.#gesture = null;
    this.#end(gesture, point, kindOf(event));
  }

  /** @param {Gesture} gesture @param {Point} point @param {'mouse' | 'touch'} kind */
  #end(gesture, point, kind) {
    const { editor } = this.#host;
    switch (gesture.kind) {
      case 'corner':
      case 'space':
        editor.release();
        break;
      case 'edge':
        editor.insertCorner(gesture.edge);
        this.#host.focus();
        break;
      case 'pan':
        if (!gesture.moved && editor.mode === 'select') {
          editor.select(null);
        }
        break;
      case 'draw':
        this.#endDrawing(gesture, point, kind);
        break;
    }
  }

  /** @param {Extract<Gesture, { kind: 'draw' }>} gesture @param {Point} point @param {'mouse' | 'touch'} kind */
  #endDrawing({ start, moved }, point, kind) {
    const { editor } = this.#host;
    this.#host.setBox(null);
    const wide = Math.min(Math.abs(point[0] - start[0]), Math.abs(point[1] - start[1])) >= BOX_MIN;
    if (kind === 'mouse' && moved && wide && editor.draft.length === 0) {
      const box = this.#boxOf(start, point);
      if (editor.mode === 'row') {
        editor.startRow(box);
      } else {
        editor.addShape(box);
      }
    } else {
      this.#addCorner(point, kind);
    }
    if (kind === 'touch') {
      this.#host.setCursor(null);
    }
    if (editor.mode === 'select') {
      this.#host.setCursor(null);
      this.#host.focus();
    }
  }

  /**
   * On the first corner, or again on the last one: it is complete.
   * @param {Point} point
   * @param {'mouse' | 'touch'} kind
   */
  #addCorner(point, kind) {
    const { editor } = this.#host;
    const view = this.#host.view();
    const ends = [...editor.draft.slice(0, 1), ...editor.draft.slice(-1)].map((one) => toStage(view, one));
    if (editor.canFinish && nearestPoint(ends, point, REACH[kind]) >= 0) {
      editor.finish();
    } else if (nearestPoint(ends.slice(-1), point, STILL.mouse) < 0) { // else a second click of the same
      editor.addPoint(this.#snapped(point, kind, null));
    }
  }

  /** @param {PointerEvent} event */
  #onCancel(event) {
    this.#pointers.delete(event.pointerId);
    this.abandon();
    this.#host.setCursor(null);
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const factor = Math.exp(-event.deltaY * lines * (event.ctrlKey ? PINCH_STEP : WHEEL_STEP));
    this.#host.setView(zoomView(this.#host.view(), this.#pointOf(event), factor));
  }
}
