// How long to wait before the next try: longer after every failure, and never the same for two
// viewers, so that they do not all come back in the same moment.

const FIRST_MS = 500;
const LAST_MS = 10_000;
const FAILURES_MAX = 10; // more do not lengthen it

export class Backoff {
  #random;
  #failures = 0;

  /** @param {() => number} random 0 to below 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  reset() {
    this.#failures = 0;
  }

  /** The server wants to be left alone: waits are long from now on, until reset(). */
  exhaust() {
    this.#failures = FAILURES_MAX;
  }

  /** Milliseconds, between 500 and the ceiling of this try: 1 s, 2 s, 4 s, 8 s, 10 s. */
  next() {
    const ceiling = Math.min(LAST_MS, 2 * FIRST_MS * 2 ** Math.min(this.#failures, FAILURES_MAX));
    this.#failures++;
    return FIRST_MS + this.#random() * (ceiling - FIRST_MS);
  }
}
