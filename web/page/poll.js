// Asks again and again, gently: the next question some time after the last answer, and none while nobody looks.
//
//   const poll = new Poll(async () => show(await api.get('api/cameras')), 2000);
//   void poll.now();   // begins; later: at once, without waiting for the next turn

export class Poll {
  #ask;
  #pauseMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #hasBegun = false;
  #isAsking = false;
  #isOld = false;

  /**
   * @param {() => Promise<number | void>} ask never fails; what it gives is the pause until the next time
   * @param {number} pauseMs where it gives none
   */
  constructor(ask, pauseMs) {
    this.#ask = ask;
    this.#pauseMs = pauseMs;
  }

  /** At once. An answer that is on its way may be older than what the caller knows: it is asked once more. */
  async now() {
    clearTimeout(this.#timer);
    this.#isOld = true;
    if (this.#isAsking) {
      return;
    }
    this.#begin();
    this.#isAsking = true;
    let pauseMs = this.#pauseMs;
    while (this.#isOld) {
      this.#isOld = false;
      pauseMs = (await this.#ask()) ?? this.#pauseMs;
    }
    this.#isAsking = false;
    if (!document.hidden) {
      this.#timer = setTimeout(() => void this.now(), pauseMs);
    }
  }

  #begin() {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      document.addEventListener('visibilitychange', () => this.#onVisibility());
    }
  }

  #onVisibility() {
    clearTimeout(this.#timer);
    if (!document.hidden) {
      void this.now();
    }
  }
}
