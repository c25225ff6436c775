// Editing spaces without a page: commands, undo, names, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { freeId, isId } from '../../../web/page/ids.js';
import { findProblems } from '../../../web/page/spaces/check.js';
import { Commands } from '../../../web/page/spaces/commands.js';
import { Editor } from '../../../web/page/spaces/editor.js';
import { History } from '../../../web/page/spaces/history.js';
import { followingName, freeName } from '../../../web/page/spaces/naming.js';
import { listFromApi, listToApi, sameList } from '../../../web/page/spaces/space_list.js';

/** @typedef {import('../../../web/page/spaces/geometry.js').Point} Point */

/** @type {Point[]} */
const SQUARE = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.4]];
/** @type {Point[]} */
const OTHER = [[0.6, 0.6], [0.8, 0.6], [0.8, 0.8], [0.6, 0.8]];
/** @type {Point[]} */
const BOW = [[0.2, 0.2], [0.4, 0.4], [0.4, 0.2], [0.2, 0.4]];
const STORED = [{ id: 's1', name: 'A1', polygon: SQUARE }, { id: 's2', name: 'A2', polygon: OTHER }];

/** An editor and the hand on its clock. */
function start(spaces = STORED) {
  const clock = { ms: 0 };
  const editor = new Editor(spaces, () => clock.ms);
  return { editor, clock };
}

/** @param {Editor} editor */
const names = (editor) => editor.spaces.map(({ name }) => name);

// --- history ---

test('history: steps back and forth, and a new one ends the future', () => {
  const history = new History('a', () => 0);
  assert.ok(!history.canUndo && !history.canRedo);
  history.add('b');
  history.add('c');
  history.undo();
  assert.equal(history.present, 'b');
  history.redo();
  assert.equal(history.present, 'c');
  history.undo();
  history.undo();
  history.undo();
  assert.equal(history.present, 'a');
  history.add('d');
  assert.ok(!history.canRedo);
  history.redo();
  assert.equal(history.present, 'd');
});

test('history: a key that is held is one step, a later one another', () => {
  const clock = { ms: 0 };
  const history = new History(0, () => clock.ms);
  for (let state = 1; state <= 5; state++) {
    clock.ms += 100;
    history.add(state, 'left');
  }
  clock.ms += 5000;
  history.add(6, 'left');
  history.add(7, 'right');
  history.undo();
  assert.equal(history.present, 6);
  history.undo();
  assert.equal(history.present, 5);
  history.undo();
  assert.equal(history.present, 0);
});

test('history: the same state is no step, and what was undone is not joined', () => {
  const history = new History(0, () => 0);
  history.add(0);
  assert.ok(!history.canUndo);
  history.add(1, 'left');
  history.undo();
  history.add(2, 'left');
  history.undo();
  assert.equal(history.present, 0);
});

test('history: the oldest steps are forgotten', () => {
  const history = new History(0, () => 0);
  for (let state = 1; state <= 1000; state++) {
    history.add(state);
  }
  let steps = 0;
  for (; history.canUndo; steps++) {
    history.undo();
  }
  assert.ok(steps >= 100 && steps < 1000, String(steps));
});

// --- names ---

test('names that follow, names and ids that are free', () => {
  assert.equal(followingName('A1'), 'A2');
  assert.equal(followingName('Lot 09'), 'Lot 10');
  assert.equal(followingName('A9', 3), 'A12');
  assert.equal(followingName('North'), 'North 2');
  assert.equal(freeName('A1', new Set(['A1', 'A2'])), 'A3');
  assert.equal(freeId('Süd 1', new Set(), 'space'), 'sud-1');
  assert.equal(freeId('Süd 1', new Set(['sud-1']), 'space'), 'sud-1-2');
  assert.equal(freeId('停车', new Set(), 'space'), 'space');
  for (const name of ['A1', '  --x', '…', 'ß'.repeat(200), 'Behinderten-Platz (2)']) {
    assert.ok(isId(freeId(name, new Set(), 'space')), freeId(name, new Set(), 'space'));
  }
  assert.ok(!isId('') && !isId('a b') && !isId('-a') && isId('a'.repeat(64)) && !isId('a'.repeat(65)));
});

// --- what is wrong ---

const PICTURE = { width: 1000, height: 500 };

/** @param {number} angle @returns {Point} */
function onCircle(angle) {
  return [0.5 + 0.3 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle)];
}

for (const [what, change, kinds] of /** @type {[string, Partial<typeof STORED[0]>, string[]][]} */ ([
  ['nothing', {}, []],
  ['crossing edges', { polygon: BOW }, ['crossing']],
  ['two corners', { polygon: SQUARE.slice(2) }, ['few']],
  ['65 corners', { polygon: Array.from({ length: 65 }, (_, i) => onCircle(i / 10.5)) }, ['many']],
  ['outside', { polygon: [[0.2, 0.2], [1.1, 0.2], [0.4, 0.4]] }, ['outside']],
  ['no number', { polygon: [[0.2, 0.2], [NaN, 0.2], [0.4, 0.4]] }, ['outside']],
  ['tiny', { polygon: [[0.2, 0.2], [0.205, 0.2], [0.205, 0.21], [0.2, 0.21]] }, ['tiny']],
  ['small', { polygon: [[0.2, 0.2], [0.21, 0.2], [0.21, 0.22], [0.2, 0.22]] }, []],
  ['no name', { name: '  ' }, ['unnamed']],
  ['the name of another', { name: ' A2 ' }, ['name']],
  ['a long name', { name: 'ü'.repeat(65) }, ['long']],
  ['an id that is none', { id: 'a b' }, ['form']],
  ['the id of another', { id: 's2' }, ['id']],
])) {
  test(`what is wrong: ${what}`, () => {
    const [first, second] = /** @type {[typeof STORED[0], typeof STORED[0]]} */ (STORED);
    const list = listFromApi([{ ...first, ...change }, second]);
    const found = findProblems(list, PICTURE).filter(({ key }) => key === 0).map(({ kind }) => kind);
    assert.deepEqual(found, kinds);
  });
}

// --- the list ---

test('what is saved is rounded, and rounding is no change', () => {
  const list = listFromApi([{ id: 'a', name: ' A ', polygon: [[1 / 3, 0.1], [2 / 3, 0.1], [0.5, 0.123456789]] }]);
  const polygon = [[0.33333, 0.1], [0.66667, 0.1], [0.5, 0.12346]];
  assert.deepEqual(listToApi(list), [{ id: 'a', name: 'A', polygon }]);
  assert.ok(sameList(list, listToApi(list)));
  assert.ok(!sameList(list, []));
});

// --- the editor ---

test('draws a space corner by corner, named after the last', () => {
  const { editor } = start();
  editor.startDrawing('draw');
  OTHER.slice(0, 2).forEach((point) => editor.addPoint(point));
  assert.ok(!editor.canFinish);
  editor.addPoint([0.8, 0.8]);
  editor.addPoint([0.8, 0.8]);
  assert.equal(editor.draft.length, 3);
  editor.addPoint([1.7, -3]);
  editor.undo();
  editor.finish();
  assert.equal(editor.mode, 'select');
  assert.equal(editor.selected?.name, 'A3');
  assert.deepEqual(editor.selected?.polygon, [[0.6, 0.6], [0.8, 0.6], [0.8, 0.8]]);
  editor.undo();
  assert.deepEqual(names(editor), ['A1', 'A2']);
  assert.equal(editor.selected, undefined);
  editor.redo();
  assert.deepEqual(names(editor), ['A1', 'A2', 'A3']);
});

test('what is being drawn can be given up', () => {
  const { editor } = start();
  editor.startDrawing('draw');
  editor.addPoint([0.5, 0.5]);
  editor.cancel();
  assert.equal(editor.mode, 'select');
  assert.deepEqual(editor.draft, []);
  assert.ok(!editor.canUndo && !editor.isChanged);
});

test('arrow keys move a space or a corner by pixels of the picture', () => {
  const { editor, clock } = start();
  editor.setPicture({ width: 100, height: 50 });
  editor.select(0);
  editor.nudge(10, 0);
  editor.nudge(0, 5);
  assert.deepEqual(editor.selected?.polygon[0]?.map((n) => n.toFixed(3)), ['0.300', '0.300']);
  clock.ms += 10_000;
  editor.select(0, 2);
  editor.nudge(-1, 0);
  assert.deepEqual(editor.selected?.polygon[2]?.map((n) => n.toFixed(3)), ['0.490', '0.500']);
  editor.nudge(999, 999);
  assert.deepEqual(editor.selected?.polygon[2], [1, 1]);
  editor.undo();
  editor.undo();
  assert.deepEqual(editor.selected?.polygon, SQUARE);
  assert.ok(!editor.isChanged);
});

test('a drag is one step, and can be given up', () => {
  const { editor } = start();
  editor.hold(0, OTHER);
  editor.hold(0, BOW);
  assert.deepEqual(editor.problems, [{ key: 0, kind: 'crossing' }]);
  assert.ok(!editor.isChanged);
  editor.abandon();
  assert.deepEqual(editor.spaces[0]?.polygon, SQUARE);
  editor.hold(0, BOW);
  editor.release();
  assert.ok(editor.isChanged);
  editor.undo();
  assert.deepEqual(editor.spaces[0]?.polygon, SQUARE);
  assert.deepEqual(editor.problems, []);
});

test('corners come and go; three stay', () => {
  const { editor } = start();
  editor.select(0);
  editor.insertCorner(3);
  assert.equal(editor.corner, 4);
  assert.deepEqual(editor.selected?.polygon[4]?.map((n) => n.toFixed(3)), ['0.200', '0.300']);
  editor.removeCorner();
  assert.deepEqual(editor.selected?.polygon, SQUARE);
  assert.equal(editor.corner, 0);
  editor.removeCorner();
  assert.equal(editor.selected?.polygon.length, 3);
  assert.ok(!editor.canRemoveCorner);
  editor.removeCorner();
  assert.equal(editor.selected?.polygon.length, 3);
});

test('who asks to remove a corner loses no space', () => {
  const { editor } = start();
  /** @type {string[]} */
  const said = [];
  const commands = new Commands(editor, (what) => said.push(what), (name) => said.push(name));
  commands.removeCorner();
  editor.select(1);
  commands.removeCorner();
  assert.deepEqual([names(editor), said], [['A1', 'A2'], []]);
  editor.select(1, 0);
  commands.removeCorner();
  commands.removeCorner();
  assert.deepEqual([editor.selected?.polygon.length, said], [3, ['cornerRemoved', 'three']]);
  commands.remove();
  editor.select(1);
  commands.remove();
  assert.deepEqual([names(editor), said.slice(2)], [['A1'], ['three', 'removed']]);
});

test('copies lie beside, with a name and an id of their own', () => {
  const { editor } = start();
  editor.select(0);
  editor.duplicate();
  assert.deepEqual(names(editor), ['A1', 'A2', 'A3']);
  assert.equal(editor.selected?.id, 'a3');
  assert.notDeepEqual(editor.selected?.polygon, SQUARE);
  assert.ok(!editor.canPaste);
  editor.select(0);
  editor.copy();
  editor.paste();
  editor.paste();
  assert.deepEqual(names(editor), ['A1', 'A2', 'A3', 'A4', 'A5']);
  assert.notDeepEqual(editor.spaces[3]?.polygon, editor.spaces[4]?.polygon);
  assert.deepEqual(editor.problems, []);
});

test('a copy of a space in the last corner of the picture goes back into it', () => {
  const { editor } = start([{ id: 'a', name: 'A', polygon: [[0.9, 0.9], [1, 0.9], [1, 1]] }]);
  editor.select(0);
  editor.duplicate();
  assert.notDeepEqual(editor.selected?.polygon, editor.spaces[0]?.polygon);
  assert.deepEqual(editor.problems, []);
});

test('what is removed leaves its neighbour selected, and comes back', () => {
  const { editor } = start();
  editor.select(0, 2);
  editor.remove();
  assert.deepEqual(names(editor), ['A2']);
  assert.equal(editor.selected?.name, 'A2');
  assert.equal(editor.corner, null);
  editor.remove();
  editor.remove();
  assert.deepEqual(names(editor), []);
  editor.undo();
  editor.undo();
  assert.deepEqual(names(editor), ['A1', 'A2']);
  assert.ok(!editor.isChanged);
});

test('the letters of a name are one step', () => {
  const { editor } = start();
  for (const name of ['A', 'A ', 'A 1', 'A 17']) {
    editor.rename(0, name);
  }
  editor.setId(0, 'x');
  editor.undo();
  editor.undo();
  assert.equal(editor.spaces[0]?.name, 'A1');
});

test('a state is that of what is drawn only while it is drawn as it was saved', () => {
  const { editor } = start();
  const first = () => /** @type {import('../../../web/page/spaces/space_list.js').Space} */ (editor.spaces[0]);
  assert.ok(editor.isStored(first()));
  editor.rename(0, 'Another name');
  assert.ok(editor.isStored(first()));
  editor.select(0);
  editor.nudge(5, 5);
  assert.ok(!editor.isStored(first()));
  editor.setStored(editor.document);
  assert.ok(editor.isStored(first()));
  assert.ok(!editor.isChanged);
  editor.undo();
  assert.ok(editor.isChanged);
});

test('a row becomes spaces in one step', () => {
  const { editor } = start();
  editor.startDrawing('row');
  for (const point of /** @type {Point[]} */ ([[0.1, 0.5], [0.9, 0.5], [0.9, 0.6], [0.1, 0.6]])) {
    editor.addPoint(point);
  }
  assert.equal(editor.row?.name, 'A3');
  editor.changeRow({ count: 4, name: 'B01' });
  assert.equal(editor.rowSpaces.length, 4);
  editor.changeRow({ across: true });
  assert.equal(editor.rowSpaces.length, 4);
  editor.acceptRow();
  assert.deepEqual(names(editor), ['A1', 'A2', 'B01', 'B02', 'B03', 'B04']);
  assert.equal(editor.selected?.name, 'B01');
  assert.deepEqual(editor.problems, []);
  editor.undo();
  assert.deepEqual(names(editor), ['A1', 'A2']);
});

test('a row that cannot be divided gives nothing', () => {
  const { editor } = start();
  editor.startRow(BOW);
  assert.deepEqual(editor.rowSpaces, []);
  editor.acceptRow();
  assert.notEqual(editor.row, null);
  editor.undo();
  assert.equal(editor.draft.length, 3);
  editor.startRow(SQUARE);
  for (const count of [0, -1, NaN, 101]) {
    editor.changeRow({ count });
    assert.deepEqual(editor.rowSpaces, []);
  }
});

test('whose spaces are kept: the other ones are one step back', () => {
  const { editor } = start();
  editor.select(1);
  editor.remove();
  const [theirs, mine] = [STORED.slice(1), names(editor)];
  editor.settle(theirs, 'theirs');
  assert.deepEqual(names(editor), ['A2']);
  assert.ok(!editor.isChanged);
  editor.undo();
  assert.deepEqual(names(editor), mine);
  assert.ok(editor.isChanged);

  editor.settle(theirs, 'mine');
  assert.deepEqual(names(editor), mine);
  assert.ok(editor.isChanged);
  editor.undo();
  assert.deepEqual(names(editor), ['A2']);
  assert.ok(!editor.isChanged);
});
