// Keeps the screen on, where the browser can. A lock ends when the tab is hidden: it is asked for again.
//
//   const lock = new WakeLock((held) => { … });   // told each time it was asked for
//   lock.hold();
//   lock.release();

export class WakeLock {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #wanted = false;
  #told;

  /** @param {(held: boolean) => void} told false: the screen goes off when it wants to */
  constructor(told) {
    this.#told = told;
    document.addEventListener('visibilitychange', () => void this.#ask());
  }

  hold() {
    this.#wanted = true;
    void this.#ask();
  }

  release() {
    this.#wanted = false;
    void this.#lock?.release();
    this.#lock = null;
  }

  async #ask() {
    if (!this.#wanted || document.hidden) {
      return;
    }
    if (!('wakeLock' in navigator)) {
      this.#told(false);
      return;
    }
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (this.#wanted && (this.#lock === null || this.#lock.released)) {
        this.#lock = lock;
        this.#told(true);
      } else {
        void lock.release(); // not wanted any more, or asked for twice
      }
    } catch {
      // The battery is low, perhaps. Or the tab was hidden meanwhile: it is asked for again when it is seen.
      if (this.#wanted && !document.hidden) {
        this.#told(false);
      }
    }
  }
}
