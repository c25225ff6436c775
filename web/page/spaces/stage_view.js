// What is drawn over the picture: the spaces, the handles of the selected one, what is being drawn, and what is
// wrong, in words. It shows what it is given, and tells which space or corner has got the focus.

import { make, write } from '../dom.js';
import { texts } from '../texts.js';
import { bounds, crossesItself, labelPoint, nearestPoint } from './geometry.js';
import { edgeHandles } from './hit.js';
import { draw, pointsText, setAttributes, showEach } from './svg.js';
import { toStage } from './viewport.js';

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Polygon} Polygon */
/** @typedef {import('./space_list.js').Space} Space */
/** @typedef {import('./viewport.js').View} View */

/**
 * `unsaved`: the server does not judge it as it is drawn; null: nothing is known
 * @typedef {'occupied' | 'free' | 'unknown' | 'unsaved' | null} SpaceState
 */

/**
 * @typedef {object} Scene
 * @property {Editor} editor
 * @property {View} view
 * @property {(space: Space) => SpaceState} stateOf
 * @property {readonly import('./live_source.js').Vehicle[]} vehicles
 * @property {Point | null} cursor where the next corner would be; part of the picture
 * @property {Polygon | null} box that is being drawn with one drag
 * @property {boolean} readOnly
 */

const ENDS_PX = 10; // CSS pixels: the pointer is on the first or the last corner
const LABEL_ROOM = 26; // CSS pixels: a smaller space has no label unless it is selected
const NOTES_MAX = 12;
const NOTE = { width: 300, height: 30, gap: 6, line: 20, letters: 38 }; // CSS pixels; letters of a line
const NARROW = 500; // CSS pixels: notes would lie over each other

export class StageView {
  #svg;
  #notes;
  #spaces = draw('g');
  #vehicles = draw('g', { class: 'vehicle-boxes', 'aria-hidden': true });
  #handles = draw('g');
  #edges = draw('g', { 'aria-hidden': true });
  #corners = draw('g');
  #draft = draw('g', { class: 'draft', 'aria-hidden': true });
  #row = draw('g', { class: 'row-preview', 'aria-hidden': true });
  #line = draw('polyline');
  #dots = draw('g');
  #cross = draw('path', { class: 'cross-hair' });
  /** @type {Map<number, SVGGElement>} */
  #groups = new Map();
  /** @type {(key: number, corner: number | null) => void} */
  #focusHandler = () => {};

  /** @param {SVGSVGElement} svg @param {HTMLElement} notes */
  constructor(svg, notes) {
    this.#svg = svg;
    this.#notes = notes;
    this.#handles.append(this.#edges, this.#corners);
    this.#draft.append(this.#line, this.#dots, this.#cross);
    svg.append(this.#vehicles, this.#spaces, this.#row, this.#draft);
    svg.addEventListener('focusin', ({ target }) => this.#onFocus(target));
  }

  /** @param {(key: number, corner: number | null) => void} handler */
  onFocus(handler) {
    this.#focusHandler = handler;
  }

  /** @param {EventTarget | null} target */
  #onFocus(target) {
    const { key, corner } = target instanceof SVGElement ? target.dataset : /** @type {DOMStringMap} */ ({});
    if (key !== undefined) {
      this.#focusHandler(Number(key), corner === undefined ? null : Number(corner));
    }
  }

  /** The keyboard goes where the selection is. @param {Editor} editor */
  focusSelection(editor) {
    const { selectedKey: key, corner } = editor;
    const target = key === null ? this.#svg : corner === null ? this.#groups.get(key) : this.#corners.children[corner];
    if (target instanceof SVGElement && target !== document.activeElement) {
      target.focus({ preventScroll: true });
    }
  }

  /** @param {Scene} scene */
  show(scene) {
    const { editor, view } = scene;
    setAttributes(this.#svg, { 'data-mode': editor.mode });
    const wrong = new Map(editor.spaces.map(({ key }) => [key, /** @type {string[]} */ ([])]));
    for (const { key, kind } of editor.problems) {
      wrong.get(key)?.push(texts.spaces.problem[kind]);
    }
    this.#showSpaces(scene, wrong);
    this.#showHandles(scene);
    this.#showVehicles(scene);
    this.#showDraft(scene);
    showEach(this.#row, editor.rowSpaces, () => draw('polygon'), (polygon, points) => {
      setAttributes(polygon, { points: pointsText(points.map((point) => toStage(view, point))) });
    });
    this.#showNotes(scene, wrong);
  }

  /** @param {Scene} scene @param {Map<number, string[]>} wrong */
  #showSpaces(scene, wrong) {
    for (const [key, group] of this.#groups) {
      if (!wrong.has(key)) {
        group.remove();
        this.#groups.delete(key);
      }
    }
    let before = /** @type {Element | null} */ (this.#spaces.firstElementChild);
    for (const space of scene.editor.spaces) {
      const group = this.#groupOf(space);
      this.#showSpace(group, space, scene, (wrong.get(space.key) ?? []).join('. '));
      if (before === this.#handles) {
        before = before.nextElementSibling;
      }
      if (group === before) {
        before = before.nextElementSibling;
      } else {
        this.#spaces.insertBefore(group, before);
      }
    }
  }

  /** @param {Space} space */
  #groupOf({ key }) {
    const known = this.#groups.get(key);
    if (known !== undefined) {
      return known;
    }
    const group = draw('g', { class: 'space', tabindex: 0, role: 'button', 'data-key': key },
      draw('polygon'), draw('text', { 'aria-hidden': true }));
    this.#groups.set(key, group);
    return group;
  }

  /** @param {SVGGElement} group @param {Space} space @param {Scene} scene @param {string} wrong */
  #showSpace(group, space, { editor, view, stateOf, readOnly }, wrong) {
    const selected = space.key === editor.selectedKey;
    const state = stateOf(space);
    const shown = space.polygon.map((point) => toStage(view, point));
    setAttributes(group, {
      'data-state': state ?? undefined,
      'data-selected': selected,
      'data-wrong': wrong !== '',
      'data-id': space.id,
      'aria-pressed': String(selected),
      'aria-label': texts.spaces.spaceLabel(space.name.trim(), state === null ? '' : texts.spaces.state[state], wrong),
      'aria-describedby': readOnly ? undefined : 'keys-space',
    });
    const [polygon, label] = [...group.children];
    if (polygon !== undefined && label !== undefined) {
      setAttributes(polygon, { points: pointsText(shown) });
      const { left, right } = bounds(shown);
      const [x, y] = labelPoint(shown);
      setAttributes(label, { x: x.toFixed(1), y: y.toFixed(1) });
      write(label, selected || right - left >= LABEL_ROOM ? space.name.trim() : '');
    }
  }

  /** @param {Scene} scene */
  #showHandles({ editor, view, readOnly }) {
    const space = editor.selected;
    if (space === undefined || readOnly || editor.mode !== 'select') {
      this.#handles.remove();
      return;
    }
    const shown = space.polygon.map((point) => toStage(view, point));
    showEach(this.#edges, edgeHandles(shown), () => draw('circle', { class: 'edge-handle', r: 5 }),
      (handle, { point: [x, y] }) => setAttributes(handle, { cx: x.toFixed(1), cy: y.toFixed(1) }));
    showEach(this.#corners, shown,
      () => draw('g', { class: 'corner', tabindex: 0, role: 'button', 'aria-describedby': 'keys-corner' },
        draw('circle', { class: 'corner-touch', r: 22 }), draw('circle', { class: 'corner-handle', r: 7 })),
      (handle, [x, y], i) => {
        const [atX, atY] = space.polygon[i] ?? [0, 0];
        setAttributes(handle, {
          transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
          'data-key': space.key,
          'data-corner': i,
          'data-selected': i === editor.corner,
          'aria-label': texts.spaces.cornerLabel(i + 1, shown.length, space.name.trim(),
            Math.round(atX * editor.picture.width), Math.round(atY * editor.picture.height)),
        });
      });
    const group = this.#groups.get(space.key);
    if (group !== undefined && group.nextElementSibling !== this.#handles) {
      group.after(this.#handles);
    }
  }

  /** @param {Scene} scene */
  #showVehicles({ vehicles, view }) {
    showEach(this.#vehicles, vehicles, () => draw('rect'), (rectangle, { left, top, right, bottom }) => {
      const [x, y] = toStage(view, [left, top]);
      const [endX, endY] = toStage(view, [right, bottom]);
      setAttributes(rectangle, {
        x: x.toFixed(1),
        y: y.toFixed(1),
        width: Math.max(0, endX - x).toFixed(1),
        height: Math.max(0, endY - y).toFixed(1),
      });
    });
  }

  /** @param {Scene} scene */
  #showDraft({ editor, view, cursor, box }) {
    const drawing = editor.mode !== 'select' && editor.row === null;
    const whole = editor.row?.polygon ?? box;
    const corners = whole ?? editor.draft;
    const next = drawing && cursor !== null && corners.length > 0 ? [cursor] : [];
    const line = whole === null ? [...corners, ...next] : [...whole, ...whole.slice(0, 1)];
    setAttributes(this.#line, { points: pointsText(line.map((point) => toStage(view, point))) });
    setAttributes(this.#draft, { 'data-wrong': draftCrosses(editor, view, cursor) });
    showEach(this.#dots, corners, () => draw('circle', { r: 6 }), (dot, corner, i) => {
      const [x, y] = toStage(view, corner);
      setAttributes(dot, { cx: x.toFixed(1), cy: y.toFixed(1), 'data-first': i === 0 && editor.canFinish });
    });
    const [x, y] = cursor === null ? [0, 0] : toStage(view, cursor);
    setAttributes(this.#cross, { d: cursor === null || !drawing ? '' : `M${x - 14} ${y}h28M${x} ${y - 14}v28` });
  }

  /** @param {Scene} scene @param {Map<number, string[]>} wrong */
  #showNotes({ editor, view, cursor }, wrong) {
    const most = view.stage.width < NARROW ? 1 : NOTES_MAX;
    const chosen = (/** @type {Space} */ { key }) => Number(key === editor.selectedKey);
    const notes = editor.spaces
      .filter(({ key }) => (wrong.get(key)?.length ?? 0) > 0)
      .sort((one, other) => chosen(other) - chosen(one))
      .slice(0, most)
      .map(({ key, polygon }) => ({
        text: (wrong.get(key) ?? []).join('. '),
        shown: polygon.map((point) => toStage(view, point)),
      }));
    if (draftCrosses(editor, view, cursor)) {
      notes.push({ text: texts.spaces.problem.crossing, shown: editor.draft.map((point) => toStage(view, point)) });
    }
    const places = placeNotes(notes);
    showEach(this.#notes, notes, () => make('p', { className: 'space-note' }), (note, { text }, i) => {
      const [x, y] = places[i] ?? [0, 0];
      write(note, text);
      if (note instanceof HTMLElement) {
        note.style.setProperty('--x', `${x.toFixed(0)}px`);
        note.style.setProperty('--y', `${y.toFixed(0)}px`);
      }
    });
  }
}

/**
 * Below what each is about, and below each other where they would meet.
 * @param {readonly { text: string, shown: Polygon }[]} notes with polygons on the stage
 * @returns {Point[]} the middle of a note's upper edge
 */
function placeNotes(notes) {
  /** @type {{ x: number, y: number, height: number }[]} */
  const places = [];
  for (const { text, shown } of notes) {
    const { left, right, bottom } = bounds(shown);
    const x = (left + right) / 2;
    const height = NOTE.height + NOTE.line * Math.floor(text.length / NOTE.letters);
    let y = bottom + NOTE.gap;
    for (const other of places.filter((one) => Math.abs(one.x - x) < NOTE.width).sort((a, b) => a.y - b.y)) {
      y = y < other.y + other.height && other.y < y + height ? other.y + other.height : y;
    }
    places.push({ x, y, height });
  }
  return places.map(({ x, y }) => [x, y]);
}

/**
 * Whether what is being drawn, with the corner that would come next, crosses itself. On the first and on the last
 * corner there comes none: there it ends, and there the pointer has just been.
 * @param {Editor} editor
 * @param {View} view
 * @param {Point | null} cursor
 */
function draftCrosses(editor, view, cursor) {
  const ends = [...editor.draft.slice(0, 1), ...editor.draft.slice(-1)].map((one) => toStage(view, one));
  const comes = cursor !== null && editor.mode !== 'select' && nearestPoint(ends, toStage(view, cursor), ENDS_PX) < 0;
  const next = comes ? [cursor] : [];
  return editor.row === null && editor.draft.length > 1 && crossesItself([...editor.draft, ...next], false);
}
