// How many events there are per second, by the intervals of the last ones.

const WINDOW_MS = 3000;
const EVENTS_MAX = 256;
const SPAN_MIN_MS = 1000; // two frames in a row say little

export class RateMeter {
  #now;
  /** @type {number[]} oldest first */
  #times = [];

  /** @param {() => number} now ms of a clock that never jumps */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  add() {
    this.#times.push(this.#now());
    if (this.#times.length > EVENTS_MAX) {
      this.#times.shift();
    }
  }

  reset() {
    this.#times = [];
  }

  /**
   * Events per second. Of a slow stream at least the last two events count, however long ago; and
   * once nothing comes any more the rate falls, because the open interval counts too. Null as long as
   * too little was seen.
   */
  get perSecond() {
    const now = this.#now();
    while (this.#times.length > 2 && now - /** @type {number} */ (this.#times[0]) > WINDOW_MS) {
      this.#times.shift();
    }
    const first = this.#times[0];
    const last = this.#times[this.#times.length - 1];
    if (first === undefined || last === undefined || this.#times.length < 2) {
      return null;
    }
    const intervals = this.#times.length - 1;
    const mean = (last - first) / intervals;
    const open = now - last;
    const spanMs = open > 2 * mean ? now - first : last - first;
    return spanMs >= SPAN_MIN_MS ? (intervals * 1000) / spanMs : null;
  }

  /** The mean interval of the last events in ms, or null before the second one. */
  get intervalMs() {
    const first = this.#times[0];
    const last = this.#times[this.#times.length - 1];
    if (first === undefined || last === undefined || this.#times.length < 2) {
      return null;
    }
    return (last - first) / (this.#times.length - 1);
  }
}
