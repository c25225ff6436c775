// The keyboard on the stage, and the keys that work everywhere on the page.

import { clampPoint, nearestPoint } from './geometry.js';
import { revealPoint, toPicture, toStage, zoomView } from './viewport.js';

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./viewport.js').View} View */

/**
 * @typedef {object} Host
 * @property {Editor} editor
 * @property {import('./commands.js').Commands} commands
 * @property {() => View} view
 * @property {(view: View) => void} setView
 * @property {() => Point | null} cursor part of the picture
 * @property {(point: Point | null) => void} setCursor
 * @property {() => void} focus the keyboard goes where the selection is
 * @property {() => void} rename the keyboard goes into the field of the name
 * @property {() => boolean} abandonDrag whether there was one
 * @property {() => void} save
 * @property {() => void} announceCorner one has been set
 * @property {() => void} announcePlace what is selected has been moved
 * @property {boolean} readOnly
 */

const LARGE_STEP = 10; // pixels of the picture, with Shift
const CLOSE = 4; // CSS pixels: the cross-hair is on a corner
const ZOOM_STEP = 1.5;

/** @type {Record<string, Point>} */
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {EventTarget | null} target */
function isTextField(target) {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== 'checkbox');
}

export class KeyboardTool {
  #svg;
  #host;

  /** @param {SVGSVGElement} svg @param {Host} host */
  constructor(svg, host) {
    this.#svg = svg;
    this.#host = host;
    document.addEventListener('keydown', (event) => {
      if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) {
        return;
      }
      const onStage = event.target instanceof Node && this.#svg.contains(event.target);
      const done = this.#onEverywhere(event) ||
        ((onStage || event.target === document.body) && this.#onLetter(event)) ||
        (onStage && this.#onStage(event));
      if (done) {
        event.preventDefault();
      }
    });
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it meant something */
  #onEverywhere(event) {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === 's') {
      this.#host.save();
      return true;
    }
    if (isTextField(event.target) || this.#host.readOnly || event.altKey) {
      return false;
    }
    return command ? this.#onCommand(key, event.shiftKey) : event.key === 'Escape' && this.#escape();
  }

  /** With Ctrl, or the command key. @param {string} key @param {boolean} shift */
  #onCommand(key, shift) {
    const { editor, commands } = this.#host;
    const command = /** @type {Record<string, () => void>} */ ({
      z: () => (shift ? commands.redo() : commands.undo()),
      y: () => commands.redo(),
      c: () => commands.copy(),
      v: () => commands.paste(),
      d: () => commands.duplicate(),
    })[key];
    if (command === undefined || (key === 'c' && (editor.selected === undefined || String(getSelection()) !== ''))) {
      return false;
    }
    this.#host.abandonDrag();
    command();
    this.#host.focus();
    return true;
  }

  /** Where nothing else has the focus: letters belong to whoever speaks to the browser. @param {KeyboardEvent} event */
  #onLetter(event) {
    const { commands, readOnly } = this.#host;
    if (readOnly || event.ctrlKey || event.metaKey || event.altKey) {
      return false;
    }
    switch (event.key) {
      case 'n':
      case 'r':
        commands.draw(event.key === 'n' ? 'draw' : 'row');
        this.#host.focus();
        return true;
      case '+':
      case '-': {
        const { stage } = this.#host.view();
        const middle = /** @type {Point} */ ([stage.width / 2, stage.height / 2]);
        this.#host.setView(zoomView(this.#host.view(), middle, event.key === '+' ? ZOOM_STEP : 1 / ZOOM_STEP));
        return true;
      }
      default:
        return false;
    }
  }

  /** One step out: of a drag, of what is drawn, of a corner, of a space. */
  #escape() {
    const { editor } = this.#host;
    if (this.#host.abandonDrag()) {
      return true;
    }
    if (editor.mode !== 'select') {
      this.#host.commands.cancel();
      this.#host.setCursor(null);
    } else if (editor.corner !== null) {
      editor.select(editor.selectedKey);
    } else if (editor.selectedKey !== null) {
      editor.select(null);
    } else {
      return false;
    }
    this.#host.focus();
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} */
  #onStage(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#host.readOnly) {
      return false;
    }
    const arrow = arrows[event.key];
    const drawing = this.#host.editor.mode !== 'select';
    if (arrow !== undefined) {
      const step = event.shiftKey ? LARGE_STEP : 1;
      const [dx, dy] = [arrow[0] * step, arrow[1] * step];
      return drawing ? this.#moveCursor(dx, dy) : this.#nudge(dx, dy);
    }
    return drawing ? this.#onDrawingKey(event.key) : this.#onSelectKey(event.key);
  }

  /** @param {number} dx @param {number} dy */
  #nudge(dx, dy) {
    const { editor } = this.#host;
    editor.nudge(dx, dy);
    this.#host.announcePlace();
    const point = editor.corner === null ? undefined : editor.selected?.polygon[editor.corner];
    if (point !== undefined) {
      this.#host.setView(revealPoint(this.#host.view(), point));
    }
    return editor.selected !== undefined;
  }

  /** @param {number} dx @param {number} dy */
  #moveCursor(dx, dy) {
    const { picture } = this.#host.editor;
    const [x, y] = this.#cursor();
    const next = clampPoint([x + dx / picture.width, y + dy / picture.height]);
    this.#host.setCursor(next);
    this.#host.setView(revealPoint(this.#host.view(), next));
    return true;
  }

  /** Where it is, or begins: at the last corner, or in the middle of what is seen. @returns {Point} */
  #cursor() {
    const view = this.#host.view();
    const middle = toPicture(view, [view.stage.width / 2, view.stage.height / 2]);
    return this.#host.cursor() ?? this.#host.editor.draft.at(-1) ?? middle;
  }

  /** @param {string} key */
  #onDrawingKey(key) {
    switch (key) {
      case 'Enter':
      case ' ':
        this.#setCorner();
        return true;
      case 'Backspace':
        this.#host.commands.takeBack();
        return true;
      default:
        return false;
    }
  }

  /** A corner where the cross-hair is; on the first or the last one again, it is complete. */
  #setCorner() {
    const { editor, commands } = this.#host;
    const cursor = this.#cursor();
    const view = this.#host.view();
    const ends = [...editor.draft.slice(0, 1), ...editor.draft.slice(-1)].map((one) => toStage(view, one));
    if (editor.row !== null) {
      commands.acceptRow();
    } else if (editor.canFinish && nearestPoint(ends, toStage(view, cursor), CLOSE) >= 0) {
      commands.finish();
    } else {
      this.#host.setCursor(cursor);
      editor.addPoint(cursor);
      this.#host.announceCorner();
    }
    if (editor.mode === 'select') {
      this.#host.setCursor(null);
      this.#host.focus();
    }
  }

  /** @param {string} key */
  #onSelectKey(key) {
    const { editor, commands } = this.#host;
    if (editor.selected === undefined) {
      return false;
    }
    switch (key) {
      case 'Enter': // into the corners; in a corner: one more behind it
        if (editor.corner === null) {
          editor.select(editor.selectedKey, 0);
        } else {
          commands.addCorner();
        }
        break;
      case ' ':
        break; // a button that is selected already
      case 'F2':
        this.#host.rename();
        return true;
      case 'Delete':
      case 'Backspace':
        commands.remove();
        break;
      default:
        return false;
    }
    this.#host.focus();
    return true;
  }
}
