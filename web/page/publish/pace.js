// When the next picture is due: at a steady rate, also when one was taken a little late; but a pause is not made
// up for.

export class Pace {
  #due = 0;
  periodMs;

  /** @param {number} perSecond */
  constructor(perSecond) {
    this.periodMs = 1000 / perSecond;
  }

  /** @param {number} now ms */
  isDue(now) {
    if (now < this.#due) {
      return false;
    }
    this.#due = now - this.#due < this.periodMs ? this.#due + this.periodMs : now + this.periodMs;
    return true;
  }

  /** Ms until the next one. @param {number} now */
  wait(now) {
    return Math.max(0, this.#due - now);
  }
}
