// Parking spaces out of a frame's metadata, whatever a worker wrote.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readSpaces } from '../../../web/page/occupancy.js';

const SINCE = '2026-01-07T12:29:15.123456Z';
const SINCE_MS = Date.UTC(2026, 0, 7, 12, 29, 15, 123);

/** @param {string} id @param {string} state */
function space(id, state) {
  return { space_id: id, space_name: `Space ${id}`, state, is_occupied: state === 'occupied', since: SINCE };
}

/** @param {object} metadata */
function sums(metadata) {
  const { total, occupied, free, unknown } = readSpaces(metadata) ?? {};
  return { total, occupied, free, unknown };
}

test('three states, counted and named', () => {
  const told = {
    occupied_spaces: 1,
    total_spaces: 3,
    space_occupancy: [space('a', 'occupied'), space('b', 'free'), space('c', 'unknown')],
  };
  assert.deepEqual(sums(told), { total: 3, occupied: 1, free: 1, unknown: 1 });
  assert.deepEqual(readSpaces(told).list[0], { id: 'a', name: 'Space a', state: 'occupied', sinceMs: SINCE_MS });
});

test('a list that was cut, a worker that only counts, one without states', () => {
  const cut = { occupied_spaces: 5, total_spaces: 9, space_occupancy: [space('a', 'unknown')] };
  assert.deepEqual(sums(cut), { total: 9, occupied: 5, free: 3, unknown: 1 });
  assert.deepEqual(readSpaces({ occupied_spaces: 4, total_spaces: 10 }), { total: 10, occupied: 4, free: 6, unknown: 0, list: [] });
  const bare = { space_occupancy: [{ space_id: 'x', is_occupied: true }, { space_id: 'y', is_occupied: false }] };
  assert.deepEqual(readSpaces(bare).list.map(({ state, name, sinceMs }) => [state, name, sinceMs]), [['occupied', 'x', null], ['free', 'y', null]]);
  assert.deepEqual(sums(bare), { total: 2, occupied: 1, free: 1, unknown: 0 });
});

test('what nobody says is not free', () => {
  assert.deepEqual(sums({ total_spaces: 3 }), { total: 3, occupied: 0, free: 0, unknown: 3 });
  assert.deepEqual(sums({ total_spaces: 3, space_occupancy: [null, 1] }), { total: 3, occupied: 0, free: 0, unknown: 3 });
  assert.deepEqual(sums({ total_spaces: 4, space_occupancy: [space('a', 'free'), space('b', 'occupied')] }),
    { total: 4, occupied: 1, free: 1, unknown: 2 });
});

test('none, and nonsense', () => {
  for (const odd of [null, {}, { total_spaces: 0 }, { total_spaces: '3' }, { space_occupancy: 'x' }, { space_occupancy: [] },
    { total_spaces: -1 }]) {
    assert.equal(readSpaces(odd), null);
  }
  assert.deepEqual(sums({ total_spaces: 2, occupied_spaces: 5 }), { total: 2, occupied: 2, free: 0, unknown: 0 });
  assert.equal(readSpaces({ space_occupancy: [null, 7, { space_id: 'a', state: 'gone', since: 5 }] }).list[0].state, 'unknown');
});
