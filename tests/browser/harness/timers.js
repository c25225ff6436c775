// Timers whose time only passes when a test says so. That of node's own runner takes other arguments in node 18,
// which Debian 12 has, than in later ones.

/** @typedef {{ at: number, call: () => void }} Timer */

const { setTimeout: trueSetTimeout, clearTimeout: trueClearTimeout } = globalThis;

/** setTimeout() and clearTimeout() of everybody, from the construction until restore(). */
export class Timers {
  #now = 0;
  #count = 0;
  /** @type {Map<number, Timer>} */
  #waiting = new Map();

  constructor() {
    Object.assign(globalThis, {
      setTimeout: (/** @type {() => void} */ call, delay = 0) => {
        this.#waiting.set(++this.#count, { at: this.#now + delay, call });
        return this.#count;
      },
      clearTimeout: (/** @type {number} */ id) => this.#waiting.delete(id),
    });
  }

  /** So many milliseconds pass: what is due goes off, one after the other, in order of time. */
  pass(/** @type {number} */ ms) {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const [id, timer] = next;
      this.#waiting.delete(id);
      this.#now = timer.at;
      timer.call();
    }
    this.#now = end;
  }

  #next(/** @type {number} */ end) {
    return [...this.#waiting].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
  }

  restore() {
    Object.assign(globalThis, { setTimeout: trueSetTimeout, clearTimeout: trueClearTimeout });
  }
}
