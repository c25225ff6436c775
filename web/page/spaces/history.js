// What can be undone: states that never change, one behind the other.

const MOST = 300;
const SAME_STEP_MS = 1500;

/** @template T */
export class History {
  /** @type {T[]} */
  #past = [];
  /** @type {T[]} */
  #future = [];
  #present;
  #now;
  /** @type {string | null} of the newest step */
  #step = null;
  #stepAt = 0;

  /**
   * @param {T} present
   * @param {() => number} [now] ms, of a clock that only goes forward
   */
  constructor(present, now = () => performance.now()) {
    this.#present = present;
    this.#now = now;
  }

  get present() {
    return this.#present;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * A new state. Steps of the same name that follow each other closely (a key that is held, letters of a
   * word) are undone together.
   * @param {T} state
   * @param {string | null} [step]
   */
  add(state, step = null) {
    if (state === this.#present) {
      return;
    }
    const now = this.#now();
    const joined = step !== null && step === this.#step && now - this.#stepAt <= SAME_STEP_MS && this.canUndo;
    if (!joined) {
      this.#past.push(this.#present);
      this.#past.splice(0, this.#past.length - MOST);
    }
    this.#present = state;
    this.#future = [];
    this.#step = step;
    this.#stepAt = now;
  }

  undo() {
    const before = this.#past.pop();
    if (before !== undefined) {
      this.#future.push(this.#present);
      this.#present = before;
      this.#step = null;
    }
  }

  redo() {
    const after = this.#future.pop();
    if (after !== undefined) {
      this.#past.push(this.#present);
      this.#present = after;
      this.#step = null;
    }
  }
}
