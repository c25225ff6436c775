// Asking again and again: when, and when not.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { Poll } from '../../../web/page/poll.js';
import { Timers } from '../harness/timers.js';

/** @type {Timers} */
let timers;
const page = Object.assign(new EventTarget(), { hidden: false });

/** @param {boolean} hidden */
function setHidden(hidden) {
  page.hidden = hidden;
  page.dispatchEvent(new Event('visibilitychange'));
}

/** A question whose answers come when they are given. */
function question() {
  /** @type {((pauseMs?: number) => void)[]} */
  const waiting = [];
  return {
    asked: 0,
    ask() {
      this.asked++;
      return new Promise((answered) => waiting.push(answered));
    },
    /** @param {number} [pauseMs] */
    async answer(pauseMs) {
      waiting.shift()?.(pauseMs);
      await new Promise((done) => setImmediate(done));
    },
  };
}

beforeEach(() => {
  Object.assign(globalThis, { document: page });
  page.hidden = false;
  timers = new Timers();
});

afterEach(() => {
  timers.restore();
  Reflect.deleteProperty(globalThis, 'document');
});

test('the next question waits for the answer, and then some time', async () => {
  const one = question();
  void new Poll(() => one.ask(), 1000).now();
  timers.pass(5000);
  assert.equal(one.asked, 1);
  await one.answer();
  timers.pass(999);
  assert.equal(one.asked, 1);
  timers.pass(1);
  assert.equal(one.asked, 2);
  await one.answer(5000); // this answer says when
  timers.pass(4999);
  assert.equal(one.asked, 2);
  timers.pass(1);
  assert.equal(one.asked, 3);
});

test('an answer that may be too old is asked for once more', async () => {
  const one = question();
  const poll = new Poll(() => one.ask(), 1000);
  void poll.now();
  void poll.now();
  void poll.now();
  assert.equal(one.asked, 1);
  await one.answer();
  assert.equal(one.asked, 2);
  await one.answer();
  assert.equal(one.asked, 2);
  timers.pass(1000);
  assert.equal(one.asked, 3);
});

test('nobody is asked while nobody looks', async () => {
  const one = question();
  const poll = new Poll(() => one.ask(), 1000);
  setHidden(true);
  setHidden(false);
  assert.equal(one.asked, 0); // it has not begun
  void poll.now();
  await one.answer();
  setHidden(true);
  timers.pass(60_000);
  assert.equal(one.asked, 1);
  setHidden(false);
  assert.equal(one.asked, 2);
  setHidden(true);
  await one.answer(); // it comes when nobody looks any more
  timers.pass(60_000);
  assert.equal(one.asked, 2);
});
