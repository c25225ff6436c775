// How long to wait before the next try: longer after every failure, and never the same for two
// viewers, so that they do not all come back in the same moment.

const FIRST_MS = 500;
const LAST_MS = 10_000;

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

  /** Milliseconds, between 500 and the ceiling of this try: 1 s, 2 s, 4 s, 8 s, 10 s. */
  next() {
    const ceiling = Math.min(LAST_MS, 2 * FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    return FIRST_MS + this.#random() * (ceiling - FIRST_MS);
  }
}
