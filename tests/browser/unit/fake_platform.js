// A browser of numbers: time passes when a test says so, sockets do what a test does with them.

export class FakeSocket {
  static CONNECTING = 0;
  sent = [];
  closed = false;
  onopen = null;
  onmessage = null;
  onclose = null;

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  send(text) {
    this.sent.push(text);
  }

  close() {
    this.closed = true;
  }

  /** The server accepts. */
  open() {
    this.onopen?.();
  }

  say(data) {
    this.onmessage?.({ data: typeof data === 'object' && !(data instanceof ArrayBuffer) ? JSON.stringify(data) : data });
  }

  /** The connection ends from the other side, or was never made. */
  end(code = 1006) {
    this.onclose?.({ code, reason: '' });
  }
}

export class FakePlatform {
  time = 1000;
  randomValue = 0;
  isOnline = true;
  isHidden = false;
  sockets = [];
  listeners = new Set();
  #timers = new Map();
  #nextTimer = 1;

  openSocket = (url, protocols) => {
    this.sockets.push(new FakeSocket(url, protocols));
    return this.socket;
  };

  setTimer = (task, ms) => {
    this.#timers.set(this.#nextTimer, { at: this.time + ms, task });
    return this.#nextTimer++;
  };

  clearTimer = (timer) => {
    this.#timers.delete(timer);
  };

  now = () => this.time;
  random = () => this.randomValue;
  online = () => this.isOnline;
  hidden = () => this.isHidden;

  listen = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The newest socket. */
  get socket() {
    return this.sockets.at(-1);
  }

  get timers() {
    return this.#timers.size;
  }

  emit(event) {
    for (const listener of this.listeners) {
      listener(event);
    }
  }

  /** Lets `ms` pass, running what falls due in its order. */
  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) {
        break;
      }
      this.#timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at); // a test may have let it be late
      due[1].task();
    }
    this.time = end;
  }
}
