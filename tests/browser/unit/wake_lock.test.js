// The lock that keeps the screen on: asked for again after the tab was hidden, never held twice, and who waits for
// it hears when there is none.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import { WakeLock } from '../../../web/page/publish/wake_lock.js';

class Sentinel {
  released = false;

  release() {
    this.released = true;
  }
}

class Page extends EventTarget {
  hidden = false;

  /** @param {boolean} hidden */
  show(hidden) {
    this.hidden = hidden;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** @type {Page} */
let page;
/** @type {Sentinel[]} */
let given;
let isRefused = false;

/** @param {object} navigator */
function useNavigator(navigator) {
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
}

const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');

beforeEach(() => {
  page = new Page();
  given = [];
  isRefused = false;
  Object.assign(globalThis, { document: page });
  useNavigator({
    wakeLock: {
      request: async () => {
        if (isRefused) {
          throw new DOMException('the battery is low', 'NotAllowedError');
        }
        const lock = new Sentinel();
        given.push(lock);
        return lock;
      },
    },
  });
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'document');
  Reflect.deleteProperty(globalThis, 'navigator');
  if (before !== undefined) {
    Object.defineProperty(globalThis, 'navigator', before);
  }
});

/** What was asked for has been answered. */
const answered = () => new Promise((done) => setImmediate(done));

const held = () => given.map(({ released }) => !released);

test('it is taken, taken again when the tab is seen again, and given back', async () => {
  /** @type {boolean[]} */
  const told = [];
  const lock = new WakeLock((stays) => told.push(stays));
  page.show(false);
  await answered();
  assert.deepEqual(held(), []); // nobody wanted it
  lock.hold();
  await answered();
  assert.deepEqual(held(), [true]);
  given[0]?.release(); // as browsers do it
  page.show(true);
  await answered();
  assert.deepEqual(held(), [false]);
  page.show(false);
  await answered();
  assert.deepEqual(held(), [false, true]);
  assert.deepEqual(told, [true, true]);
  lock.release();
  assert.deepEqual(held(), [false, false]);
});

test('asked for twice, it is held once; given back meanwhile, not at all', async () => {
  const lock = new WakeLock(() => {});
  lock.hold();
  page.show(false);
  await answered();
  assert.deepEqual(held(), [true, false]);
  lock.release();
  lock.hold();
  lock.release();
  await answered();
  assert.ok(held().every((one) => !one), `${held()}`);
});

test('who is refused hears it, and so does who has a browser without such locks', async () => {
  /** @type {boolean[]} */
  const told = [];
  const lock = new WakeLock((stays) => told.push(stays));
  isRefused = true;
  lock.hold();
  await answered();
  assert.deepEqual(told, [false]);
  isRefused = false;
  page.show(false);
  await answered();
  assert.deepEqual(told, [false, true]);
  lock.release();
  useNavigator({});
  lock.hold();
  await answered();
  assert.deepEqual(told, [false, true, false]);
});
