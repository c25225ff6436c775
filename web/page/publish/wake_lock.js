// Keeps the screen on, where the browser can. A lock ends when the tab is hidden: it is asked for again.

export class WakeLock {
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #wanted = false;

  constructor() {
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
    if (!this.#wanted || document.hidden || !('wakeLock' in navigator)) {
      return;
    }
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (this.#wanted) {
        this.#lock = lock;
      } else {
        void lock.release();
      }
    } catch {
      // The battery is low, or the page is not seen: the screen goes off when it wants to.
    }
  }
}
