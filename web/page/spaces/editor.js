// Editing the spaces of one camera, without a page: what there is, what is selected, what is being drawn, and
// what each command makes of it.

import { CORNERS_MAX, CORNERS_MIN, SPACES_MAX, findProblems } from './check.js';
import { clampPoint, cornerAt, distance, middle, moveWithin } from './geometry.js';
import { History } from './history.js';
import { followingName } from './naming.js';
import { isRow, splitRow } from './row.js';
import {
  addCopy, addSpace, changeSpace, findSpace, listFromApi, listToApi, removeSpace, sameList, sameSpace,
} from './space_list.js';

/** @typedef {import('./check.js').Problem} Problem */
/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {import('./geometry.js').Polygon} Polygon */
/** @typedef {import('./space_list.js').SpaceList} SpaceList */
/** @typedef {import('./space_list.js').StoredSpace} StoredSpace */
/** @typedef {import('./viewport.js').Size} Size */

/** @typedef {'select' | 'draw' | 'row'} Mode */

/**
 * A row that waits to be divided.
 * @typedef {object} Row
 * @property {Polygon} polygon
 * @property {number} count
 * @property {boolean} across
 * @property {string} name of the first space
 */

export const ROW_MAX = 100;
const FIRST_NAME = 'A1';
const FIRST_SIZE = { width: 1280, height: 720 }; // until a picture says otherwise

export class Editor {
  #history;
  /** @type {readonly StoredSpace[]} what the server has, as far as we know */
  #stored = [];
  /** @type {Map<string, StoredSpace>} */
  #storedById = new Map();
  /** @type {SpaceList | null} while something is dragged */
  #held = null;
  /** @type {Mode} */
  #mode = 'select';
  /** @type {number | null} */
  #selected = null;
  /** @type {number | null} */
  #corner = null;
  /** @type {Polygon} */
  #draft = [];
  /** @type {Row | null} */
  #row = null;
  /** @type {{ name: string, polygon: Polygon } | null} */
  #clipboard = null;
  /** @type {Size} */
  #picture = FIRST_SIZE;
  /** @type {{ list: SpaceList, picture: Size, problems: Problem[] } | null} */
  #checked = null;
  #changed = () => {};

  /** @param {readonly StoredSpace[]} spaces @param {() => number} [now] */
  constructor(spaces, now) {
    this.#keepStored(spaces);
    this.#history = new History(listFromApi(spaces), now);
  }

  /** @param {readonly StoredSpace[]} spaces */
  #keepStored(spaces) {
    this.#stored = spaces;
    this.#storedById = new Map(spaces.map((space) => [space.id, space]));
  }

  /** After every change of anything. @param {() => void} handler */
  onChange(handler) {
    this.#changed = handler;
  }

  /** @returns {SpaceList} */
  get spaces() {
    return this.#held ?? this.#history.present;
  }

  get mode() {
    return this.#mode;
  }

  get selectedKey() {
    return this.#selected;
  }

  get selected() {
    return findSpace(this.spaces, this.#selected);
  }

  /** The number of the selected corner of the selected space. */
  get corner() {
    return this.#corner;
  }

  /** The corners that have been set of what is being drawn. */
  get draft() {
    return this.#draft;
  }

  get row() {
    return this.#row;
  }

  get picture() {
    return this.#picture;
  }

  get canUndo() {
    return this.#draft.length > 0 || this.#row !== null || this.#history.canUndo;
  }

  get canRedo() {
    return this.#draft.length === 0 && this.#row === null && this.#history.canRedo;
  }

  get canPaste() {
    return this.#clipboard !== null;
  }

  /** Whether there is anything that saving would change. */
  get isChanged() {
    return !sameList(this.#history.present, this.#stored);
  }

  get problems() {
    const list = this.spaces;
    if (this.#checked?.list !== list || this.#checked.picture !== this.#picture) {
      this.#checked = { list, picture: this.#picture, problems: findProblems(list, this.#picture) };
    }
    return this.#checked.problems;
  }

  /** As the API takes them. */
  get document() {
    return listToApi(this.#history.present);
  }

  /** What the server is known to have. */
  get stored() {
    return this.#stored;
  }

  /**
   * Whether the server's state of the space is that of what is shown.
   * @param {import('./space_list.js').Space} space
   */
  isStored(space) {
    const stored = this.#storedById.get(space.id);
    return stored !== undefined && sameSpace(stored, { ...space, name: stored.name });
  }

  /** The server has these now; what is being edited stays. @param {readonly StoredSpace[]} spaces */
  setStored(spaces) {
    this.#keepStored(spaces);
    this.#changed();
  }

  /**
   * The server has these now, and one of both is gone on with; undo brings the other one back.
   * @param {readonly StoredSpace[]} spaces
   * @param {'theirs' | 'mine'} kept
   */
  settle(spaces, kept) {
    this.#keepStored(spaces);
    const mine = this.#history.present;
    this.#history.add(listFromApi(spaces));
    if (kept === 'mine') {
      this.#history.add(mine);
    }
    this.#leave();
    this.#changed();
  }

  /** @param {Size} size */
  setPicture({ width, height }) {
    if (width !== this.#picture.width || height !== this.#picture.height) {
      this.#picture = { width, height };
      this.#changed();
    }
  }

  #leave() {
    this.#held = null;
    this.#mode = 'select';
    this.#draft = [];
    this.#row = null;
    this.#keepSelection();
  }

  /** What is selected may be gone. */
  #keepSelection() {
    const space = this.selected;
    if (space === undefined) {
      this.#selected = null;
    }
    if (this.#corner !== null && this.#corner >= (space?.polygon.length ?? 0)) {
      this.#corner = null;
    }
  }

  /** @param {SpaceList} list @param {string | null} [step] */
  #add(list, step) {
    this.#held = null;
    this.#history.add(list, step);
    this.#keepSelection();
    this.#changed();
  }

  // --- selection ---

  /** @param {number | null} key @param {number | null} [corner] */
  select(key, corner = null) {
    if (key !== this.#selected || corner !== this.#corner) {
      this.#selected = key;
      this.#corner = corner;
      this.#keepSelection();
      this.#changed();
    }
  }

  // --- dragging: shown at once, kept at its end ---

  /** @param {number} key @param {Polygon} polygon */
  hold(key, polygon) {
    this.#held = changeSpace(this.#history.present, key, { polygon });
    this.#changed();
  }

  release() {
    if (this.#held !== null) {
      this.#add(this.#held);
    }
  }

  abandon() {
    this.#held = null;
    this.#changed();
  }

  // --- changes ---

  /** By pixels of the picture, the selected corner or the whole space. @param {number} dx @param {number} dy */
  nudge(dx, dy) {
    const space = this.selected;
    if (space === undefined) {
      return;
    }
    const [x, y] = [dx / this.#picture.width, dy / this.#picture.height];
    const corner = this.#corner;
    const polygon = corner === null
      ? moveWithin(space.polygon, x, y)
      : space.polygon.map((point, i) => (i === corner ? clampPoint([point[0] + x, point[1] + y]) : point));
    this.#add(changeSpace(this.spaces, space.key, { polygon }), `nudge ${space.key} ${corner}`);
  }

  /**
   * A corner more, on the edge behind the given one; it is selected.
   * @param {number} edge
   * @param {Point} [point] without it in the middle
   */
  insertCorner(edge, point) {
    const space = this.selected;
    if (space === undefined || space.polygon.length >= CORNERS_MAX) {
      return;
    }
    const place = point ?? middle(cornerAt(space.polygon, edge), cornerAt(space.polygon, edge + 1));
    const polygon = [...space.polygon.slice(0, edge + 1), place, ...space.polygon.slice(edge + 1)];
    this.#corner = edge + 1;
    this.#add(changeSpace(this.spaces, space.key, { polygon }));
  }

  get canRemoveCorner() {
    return this.#corner !== null && (this.selected?.polygon.length ?? 0) > CORNERS_MIN;
  }

  removeCorner() {
    const [space, corner] = [this.selected, this.#corner];
    if (space === undefined || corner === null || !this.canRemoveCorner) {
      return;
    }
    const polygon = space.polygon.filter((_, i) => i !== corner);
    this.#corner = corner % polygon.length;
    this.#add(changeSpace(this.spaces, space.key, { polygon }));
  }

  /** The space; the next one of the list is selected. */
  remove() {
    const space = this.selected;
    if (space === undefined) {
      return;
    }
    const at = this.spaces.indexOf(space);
    const list = removeSpace(this.spaces, space.key);
    this.#selected = list[Math.min(at, list.length - 1)]?.key ?? null;
    this.#corner = null;
    this.#add(list);
  }

  /** @param {number} key @param {string} name */
  rename(key, name) {
    this.#add(changeSpace(this.spaces, key, { name }), `name ${key}`);
  }

  /** @param {number} key @param {string} id */
  setId(key, id) {
    this.#add(changeSpace(this.spaces, key, { id }), `id ${key}`);
  }

  copy() {
    const space = this.selected;
    if (space !== undefined) {
      this.#clipboard = { name: space.name, polygon: space.polygon };
      this.#changed();
    }
  }

  paste() {
    if (this.#clipboard !== null && this.spaces.length < SPACES_MAX) {
      const { list, key } = addCopy(this.spaces, this.#clipboard);
      this.#clipboard = { ...this.#clipboard, polygon: list[list.length - 1]?.polygon ?? [] };
      this.#selected = key;
      this.#corner = null;
      this.#add(list);
    }
  }

  duplicate() {
    if (this.selected === undefined) {
      return;
    }
    const before = this.#clipboard;
    this.copy();
    this.paste();
    this.#clipboard = before;
  }

  // --- drawing ---

  /** @param {'draw' | 'row'} mode */
  startDrawing(mode) {
    this.#leave();
    this.#mode = mode;
    this.#selected = this.#corner = null;
    this.#changed();
  }

  /** The last name, for the next space to follow. */
  #nameToFollow() {
    return this.spaces.at(-1)?.name.trim() || FIRST_NAME;
  }

  /**
   * One corner more; a row is complete with its fourth.
   * @param {Point} point
   */
  addPoint(point) {
    const last = this.#draft.at(-1);
    if (this.#mode === 'select' || this.#row !== null || (last !== undefined && distance(last, point) < 1e-6)) {
      return;
    }
    this.#draft = [...this.#draft, clampPoint(point)];
    if (this.#draft.length === (this.#mode === 'row' ? 4 : CORNERS_MAX)) {
      this.finish();
    } else {
      this.#changed();
    }
  }

  removePoint() {
    this.#draft = this.#draft.slice(0, -1);
    this.#changed();
  }

  get canFinish() {
    return this.#mode === 'draw' && this.#draft.length >= CORNERS_MIN;
  }

  /** What was drawn becomes a space, or a row to be divided. */
  finish() {
    if (this.#mode === 'row' && this.#draft.length === 4) {
      const taken = this.spaces.length > 0;
      const like = this.#nameToFollow();
      this.#row = { polygon: this.#draft, count: 5, across: false, name: taken ? followingName(like) : like };
      this.#draft = [];
      this.#changed();
    } else if (this.canFinish) {
      this.addShape(this.#draft);
    }
  }

  /** A space of this form; it is selected. @param {Polygon} polygon */
  addShape(polygon) {
    this.#leave();
    if (this.spaces.length < SPACES_MAX) {
      const { list, key } = addSpace(this.spaces, polygon.map(clampPoint), this.#nameToFollow());
      this.#selected = key;
      this.#corner = null;
      this.#add(list);
    } else {
      this.#changed();
    }
  }

  /** Back to selecting; what was being drawn is forgotten. */
  cancel() {
    this.#leave();
    this.#changed();
  }

  // --- a row ---

  /** @param {Polygon} polygon */
  startRow(polygon) {
    this.#mode = 'row';
    this.#draft = polygon.map(clampPoint);
    this.finish();
  }

  /** @param {Partial<Pick<Row, 'count' | 'across' | 'name'>>} change */
  changeRow(change) {
    if (this.#row !== null) {
      this.#row = { ...this.#row, ...change };
      this.#changed();
    }
  }

  /** The spaces that the row would become; none when it cannot be divided. @returns {Polygon[]} */
  get rowSpaces() {
    const row = this.#row;
    if (row === null || !isRow(row.polygon) || !(row.count >= 1 && row.count <= ROW_MAX)) {
      return [];
    }
    return splitRow(row.polygon, Math.floor(row.count), row.across, this.#picture.width / this.#picture.height);
  }

  acceptRow() {
    const polygons = this.rowSpaces;
    if (polygons.length === 0 || this.#row === null || this.spaces.length + polygons.length > SPACES_MAX) {
      return;
    }
    const first = this.#row.name.trim() || FIRST_NAME;
    /** @type {{ list: SpaceList, key: number }} */
    let made = { list: this.#history.present, key: 0 };
    polygons.forEach((polygon, i) => {
      made = addSpace(made.list, polygon, i === 0 ? first : followingName(first, i));
    });
    this.#leave();
    this.#selected = made.list[made.list.length - polygons.length]?.key ?? null;
    this.#corner = null;
    this.#add(made.list);
  }

  // --- back and forth ---

  /** One step back; while something is drawn, its last corner. */
  undo() {
    if (this.#row !== null) {
      this.#draft = this.#row.polygon.slice(0, -1);
      this.#row = null;
      this.#changed();
    } else if (this.#draft.length > 0) {
      this.removePoint();
    } else {
      this.#held = null;
      this.#history.undo();
      this.#keepSelection();
      this.#changed();
    }
  }

  redo() {
    if (this.canRedo) {
      this.#held = null;
      this.#history.redo();
      this.#keepSelection();
      this.#changed();
    }
  }
}
