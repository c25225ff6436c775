// The server's clock as seen from here, measured with pings: the answer was written in the middle of
// its round trip, and the shortest of the last trips was the least disturbed one.

const SAMPLES = 8;

export class ServerClock {
  #now;
  #wall;
  /** @type {{roundTripMs: number, offsetMs: number}[]} newest last */
  #samples = [];

  /**
   * @param {() => number} now ms of a clock that never jumps
   * @param {() => number} wall ms since 1970 of this machine, used until a ping was answered
   */
  constructor(now = () => performance.now(), wall = () => Date.now()) {
    this.#now = now;
    this.#wall = wall;
  }

  /** Forgets everything: another connection, or the machine has slept. */
  reset() {
    this.#samples = [];
  }

  /**
   * @param {number} sentAt when the ping left, by `now`
   * @param {number} serverTime seconds since 1970, from the answer
   */
  addSample(sentAt, serverTime) {
    const receivedAt = this.#now();
    const offsetMs = serverTime * 1000 - (sentAt + receivedAt) / 2;
    this.#samples.push({ roundTripMs: receivedAt - sentAt, offsetMs });
    if (this.#samples.length > SAMPLES) {
      this.#samples.shift();
    }
  }

  #best() {
    let best = this.#samples[0];
    for (const sample of this.#samples) {
      if (best === undefined || sample.roundTripMs < best.roundTripMs) {
        best = sample;
      }
    }
    return best;
  }

  /** The shortest round trip in ms, or null before the first answer. */
  get roundTripMs() {
    return this.#best()?.roundTripMs ?? null;
  }

  /** ms since 1970 by the server's clock. */
  timeMs() {
    const best = this.#best();
    return best === undefined ? this.#wall() : this.#now() + best.offsetMs;
  }
}
