// Asks again and again, gently: the next question some time after the last answer, and none while nobody looks.

export class Poll {
  #ask;
  #pauseMs;
  #timer = 0;
  #isAsking = false;

  /** @param {() => Promise<void>} ask never fails @param {number} pauseMs */
  constructor(ask, pauseMs) {
    this.#ask = ask;
    this.#pauseMs = pauseMs;
  }

  start() {
    document.addEventListener('visibilitychange', () => void this.now());
    void this.now();
  }

  /** At once, without waiting for the next turn. */
  async now() {
    clearTimeout(this.#timer);
    if (this.#isAsking || document.hidden) {
      return;
    }
    this.#isAsking = true;
    await this.#ask();
    this.#isAsking = false;
    this.#timer = setTimeout(() => void this.now(), this.#pauseMs);
  }
}
