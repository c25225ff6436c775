// The buttons above the picture.

import { make, write } from '../dom.js';
import { makeIcon } from '../icons.js';
import { texts } from '../texts.js';

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {import('../icons.js').IconName} IconName */

/**
 * @typedef {object} ToolsHost
 * @property {Editor} editor
 * @property {import('./commands.js').Commands} commands
 * @property {(factor: number) => void} zoom 0: the whole picture
 * @property {() => void} toggleFrozen
 * @property {() => void} toggleVehicles
 * @property {() => void} focus
 * @property {boolean} readOnly
 */

const ZOOM_STEP = 1.5;

/** Whose texts are seen: always, where the page is wide enough, never. */
const SEEN = { always: '', wide: 'tool-text', never: 'visually-hidden' };

/**
 * @param {keyof typeof SEEN} seen
 * @param {string} id
 * @param {IconName} icon
 * @param {string} text
 * @param {string} keys
 * @param {() => void} command
 */
function makeTool(seen, id, icon, text, keys, command) {
  return make('button', {
    className: 'button tool', type: 'button', id, title: keys === '' ? text : `${text} (${keys})`, onclick: command,
  }, makeIcon(icon), make('span', { className: SEEN[seen] }, text));
}

export class ToolsView {
  #host;
  #tools;
  #hint = make('p', { className: 'tool-hint', id: 'tool-hint' });
  #drawing;

  /** @param {HTMLElement} bar @param {ToolsHost} host */
  constructor(bar, host) {
    const { editor, commands } = host;
    const { tool } = texts.spaces;
    const start = (/** @type {'draw' | 'row'} */ mode) => () => {
      if (editor.mode === mode) {
        commands.cancel();
      } else {
        commands.draw(mode);
        host.focus();
      }
    };
    // A button that goes, or is disabled, would take the keyboard's place with it. Those that are used again and
    // again stay, and are disabled in word and look only: their commands do nothing then.
    const thenFocus = (/** @type {() => void} */ command) => () => {
      command();
      host.focus();
    };
    this.#host = host;
    this.#tools = {
      draw: makeTool('always', 'tool-draw', 'polygon', tool.draw, 'N', start('draw')),
      row: makeTool('always', 'tool-row', 'row', tool.row, 'R', start('row')),
      undo: makeTool('wide', 'tool-undo', 'undo', tool.undo, 'Ctrl+Z', () => commands.undo()),
      redo: makeTool('wide', 'tool-redo', 'redo', tool.redo, 'Ctrl+Shift+Z', () => commands.redo()),
      copy: makeTool('wide', 'tool-copy', 'copy', tool.copy, 'Ctrl+D', () => commands.duplicate()),
      remove: makeTool('wide', 'tool-remove', 'trash', tool.remove, 'Delete', thenFocus(() => commands.removeSpace())),
      finish: makeTool('always', 'tool-finish', 'check', tool.finish, 'Enter', thenFocus(() => commands.finish())),
      cancel: makeTool('wide', 'tool-cancel', 'close', texts.common.cancel, 'Escape', thenFocus(() => commands.cancel())),
      zoomOut: makeTool('never', 'tool-zoom-out', 'minus', tool.zoomOut, '-', () => host.zoom(1 / ZOOM_STEP)),
      zoomIn: makeTool('never', 'tool-zoom-in', 'plus', tool.zoomIn, '+', () => host.zoom(ZOOM_STEP)),
      fit: makeTool('never', 'tool-fit', 'fullscreen', tool.fit, '', () => host.zoom(0)),
      freeze: makeTool('wide', 'tool-freeze', 'snapshot', tool.freeze, '', () => host.toggleFrozen()),
      vehicles: makeTool('wide', 'tool-vehicles', 'vehicle', tool.vehicles, '', () => host.toggleVehicles()),
    };
    const { draw, row, undo, redo, copy, remove, finish, cancel, zoomOut, zoomIn, fit, freeze, vehicles } = this.#tools;
    this.#drawing = make('div', { className: 'tool-group' }, finish, cancel);
    const edit = [make('div', { className: 'tool-group' }, draw, row), this.#drawing,
      make('div', { className: 'tool-group' }, undo, redo, copy, remove)];
    bar.append(...(host.readOnly ? [] : edit),
      make('div', { className: 'tool-group' }, zoomOut, zoomIn, fit),
      make('div', { className: 'tool-group' }, freeze, vehicles), this.#hint);
  }

  /** @param {{ frozen: boolean, vehicles: boolean, zoom: number }} shown */
  show({ frozen, vehicles, zoom }) {
    const { editor, readOnly } = this.#host;
    const tools = this.#tools;
    const press = (/** @type {HTMLElement} */ button, /** @type {boolean} */ on) =>
      button.setAttribute('aria-pressed', String(on));
    press(tools.draw, editor.mode === 'draw');
    press(tools.row, editor.mode === 'row');
    press(tools.freeze, frozen);
    press(tools.vehicles, vehicles);
    const offer = (/** @type {HTMLElement} */ button, /** @type {boolean} */ offered) =>
      button.setAttribute('aria-disabled', String(!offered));
    offer(tools.undo, editor.canUndo);
    offer(tools.redo, editor.canRedo);
    tools.copy.disabled = tools.remove.disabled = editor.selected === undefined;
    offer(tools.zoomOut, zoom > 1);
    offer(tools.fit, zoom > 1);
    tools.finish.hidden = editor.mode !== 'draw';
    tools.finish.disabled = !editor.canFinish;
    this.#drawing.hidden = editor.mode === 'select' || editor.row !== null;
    write(this.#hint, readOnly ? texts.spaces.readOnly : this.#hintText());
  }

  #hintText() {
    const { editor } = this.#host;
    const { hint } = texts.spaces;
    const touch = matchMedia('(pointer: coarse)').matches;
    if (editor.row !== null) {
      return hint.rowReady;
    }
    if (editor.mode !== 'select') {
      return editor.mode === 'row' ? hint.row : touch ? hint.drawTouch : hint.draw;
    }
    if (editor.selected === undefined) {
      return editor.spaces.length === 0 ? hint.first : hint.none;
    }
    return touch ? hint.selectedTouch : hint.selected;
  }
}
