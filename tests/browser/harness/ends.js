// What a test leaves behind: ended after it, the newest first. Importing this is enough for that.

import { afterEach } from 'node:test';

/** @type {(() => unknown)[]} */
let ends = [];

/** @param {() => unknown} end called, and waited for, when the test is over */
export function atEnd(end) {
  ends.push(end);
}

afterEach(async () => {
  const all = ends.reverse();
  ends = [];
  for (const end of all) {
    await end();
  }
});
