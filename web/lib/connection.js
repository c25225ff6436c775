// Keeps one WebSocket open: notices when it is dead, comes back by itself, says `pause` while nobody looks,
// and measures the server's clock.

import { Backoff } from './backoff.js';
import { ServerClock } from './server_clock.js';

/** @typedef {import('./platform.js').Platform} Platform */
/** @typedef {import('./platform.js').PlatformEvent} PlatformEvent */

/**
 * `idle`: connect() was not called, or disconnect() was; `connecting`; `open`; `waiting`: for the next
 * try, or for somebody who looks; `offline`: the machine has no network.
 * @typedef {'idle' | 'connecting' | 'open' | 'waiting' | 'offline'} ConnectionStatus
 */

/**
 * @typedef {object} ConnectionOptions
 * @property {Platform} platform
 * @property {boolean} autoReconnect
 * @property {boolean} pauseHidden
 * @property {() => {url: string, protocols: string[]}} target asked for every try
 */

/**
 * @typedef {object} ConnectionHandlers
 * @property {(status: ConnectionStatus) => void} status
 * @property {() => void} open before anything else is sent
 * @property {() => void} resumed frames are asked for again
 * @property {(data: string | ArrayBuffer) => void} message
 * @property {(reason: string) => void} lost one that was open
 * @property {(error: Error) => void} failed it cannot even be tried
 */

const CONNECT_LIMIT_MS = 10_000;
const PING_INTERVAL_MS = 10_000;
const FIRST_PINGS_MS = [0, 300, 900, 2000]; // a few at once: the clock is needed with the first frame
const SILENCE_LIMIT_MS = 25_000; // more than two pings without any answer
const HIDDEN_SILENCE_LIMIT_MS = 90_000; // timers of a hidden tab run once a minute
const PROBE_LIMIT_MS = 3000; // somebody is looking
const STABLE_MS = 5000; // a connection that has lasted so long starts the back-off anew
const CLOSE_NORMAL = 1000;
const CLOSE_REFUSED = 1008; // an operator closed it, or its token went

export class Connection {
  #options;
  #handlers;
  #platform;
  #backoff;
  #clock;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ConnectionStatus} */
  #status = 'idle';
  #wanted = false;
  #pausedByHand = false;
  #pauseSaid = false;
  /** When the ping left whose answer says that the link has run dry. @type {number | null} */
  #drainedBy = null;
  #openedAt = 0;
  #heardAt = 0;
  /** When the first ping left that nothing came behind. @type {number | null} */
  #unansweredSince = null;
  /** @type {Set<number>} of the live connection, or of the wait for the next one */
  #timers = new Set();
  /** @type {(() => void) | null} */
  #unlisten = null;
  #connections = 0;

  /**
   * @param {ConnectionOptions} options
   * @param {ConnectionHandlers} handlers
   */
  constructor(options, handlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#platform = options.platform;
    this.#backoff = new Backoff(this.#platform.random);
    this.#clock = new ServerClock(this.#platform.now);
  }

  get status() {
    return this.#status;
  }

  get clock() {
    return this.#clock;
  }

  /** How often one was made. */
  get count() {
    return this.#connections;
  }

  connect() {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#unlisten = this.#platform.listen((event) => this.#onPlatform(event));
      this.#open();
    }
  }

  disconnect() {
    this.#wanted = false;
    this.#unlisten?.();
    this.#unlisten = null;
    this.#drop();
    this.#setStatus('idle');
  }

  /** Without a connection it is not sent at all. @param {object} message */
  send(message) {
    if (this.#status === 'open') {
      this.#socket?.send(JSON.stringify(message));
    }
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    this.#pausedByHand = paused;
    this.#sayPause();
  }

  get paused() {
    return this.#pausedByHand || this.#hidden;
  }

  get #hidden() {
    return this.#options.pauseHidden && this.#platform.hidden();
  }

  /** Nothing more is asked for until what is on its way has come. */
  drain() {
    this.#drainedBy = this.#platform.now();
    this.#sayPause();
    this.#ping(); // its answer stands behind all that is queued
  }

  /** Whether the answer to a ping says that the link has run dry. @param {number} sentAt when that ping left */
  isDry(sentAt) {
    return this.#drainedBy !== null && sentAt >= this.#drainedBy;
  }

  /** The link has run dry. */
  endDrain() {
    this.#drainedBy = null;
    this.#ping(); // the link is empty: there is no better moment for the clock
    this.#sayPause();
  }

  #sayPause() {
    const pause = this.paused || this.#drainedBy !== null;
    if (this.#status === 'open' && pause !== this.#pauseSaid) {
      this.#pauseSaid = pause;
      this.send({ type: pause ? 'pause' : 'resume' });
      if (!pause) {
        this.#handlers.resumed();
      }
    }
  }

  /** @param {ConnectionStatus} status */
  #setStatus(status) {
    if (status !== this.#status) {
      this.#status = status;
      this.#handlers.status(status);
    }
  }

  /**
   * @param {() => void} task
   * @param {number} ms
   */
  #after(ms, task) {
    const timer = this.#platform.setTimer(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
  }

  /** Lets go of the socket and of every timer. A socket that is let go is not heard any more. */
  #drop() {
    for (const timer of this.#timers) {
      this.#platform.clearTimer(timer);
    }
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(CLOSE_NORMAL);
    }
  }

  #open() {
    this.#drop();
    if (this.#hidden) {
      this.#setStatus('waiting'); // for somebody who looks
      return;
    }
    this.#setStatus('connecting');
    try {
      const { url, protocols } = this.#options.target();
      this.#socket = this.#platform.openSocket(url, protocols);
    } catch (error) { // no address, a token that cannot be a subprotocol, ws: in a page of https:
      this.disconnect();
      this.#handlers.failed(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const socket = this.#socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#onOpen();
    socket.onmessage = (event) => this.#onMessage(event.data);
    socket.onclose = (event) => this.#lost(event.reason || `closed with code ${event.code}`, event.code);
    this.#after(CONNECT_LIMIT_MS, () => this.#status === 'connecting' && this.#lost('no answer'));
  }

  #onOpen() {
    this.#connections++;
    this.#openedAt = this.#heardAt = this.#platform.now();
    this.#unansweredSince = null;
    this.#pauseSaid = false;
    this.#drainedBy = null;
    this.#clock.reset();
    for (const ms of FIRST_PINGS_MS) {
      this.#after(ms, () => this.#ping());
    }
    this.#after(PING_INTERVAL_MS, () => this.#keepAlive());
    this.#status = 'open';
    this.#sayPause();
    this.#handlers.open();
    this.#handlers.status('open');
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    this.#heardAt = this.#platform.now();
    this.#unansweredSince = null;
    this.#handlers.message(data);
  }

  /**
   * @param {string} reason
   * @param {number} [code]
   */
  #lost(reason, code) {
    const wasOpen = this.#status === 'open';
    if (code === CLOSE_REFUSED) {
      this.#backoff.exhaust();
    } else if (wasOpen && this.#platform.now() - this.#openedAt >= STABLE_MS) {
      this.#backoff.reset();
    }
    this.#drop();
    if (!this.#wanted || !this.#options.autoReconnect) {
      this.disconnect();
    } else {
      /* A browser may be wrong about the network: it is tried all the same. */
      this.#after(this.#backoff.next(), () => this.#open());
      this.#setStatus(this.#platform.online() ? 'waiting' : 'offline');
    }
    if (wasOpen) {
      this.#handlers.lost(reason);
    }
  }

  #ping() {
    const now = this.#platform.now();
    this.#unansweredSince ??= now;
    this.send({ type: 'ping', t: now });
  }

  #keepAlive() {
    /* Timers may have been late: only a ping without an answer says something. */
    const since = this.#unansweredSince;
    if (since !== null && this.#platform.now() - since > SILENCE_LIMIT_MS) {
      this.#lost('nothing was heard any more');
      return;
    }
    this.#ping();
    this.#after(PING_INTERVAL_MS, () => this.#keepAlive());
  }

  /** Another network or none, or a tab that slept: is the connection still one? */
  #probe() {
    const asked = this.#platform.now();
    const limit = this.#pauseSaid ? HIDDEN_SILENCE_LIMIT_MS : SILENCE_LIMIT_MS;
    if (asked - this.#heardAt > limit) {
      this.#giveUp();
      return;
    }
    this.#sayPause();
    this.#ping();
    this.#after(PROBE_LIMIT_MS, () => this.#heardAt < asked && this.#giveUp());
  }

  /** Takes it for dead, and makes another at once. */
  #giveUp() {
    this.#lost('nothing was heard for too long');
    this.#reopen();
  }

  /** At once, where it is waited for. */
  #reopen() {
    if (this.#status === 'waiting' || this.#status === 'offline') {
      this.#backoff.reset();
      this.#open();
    }
  }

  /** @param {PlatformEvent} event */
  #onPlatform(event) {
    switch (event) {
      case 'leave':
        this.#drop();
        this.#setStatus('waiting');
        break;
      case 'offline':
        if (this.#status === 'waiting') {
          this.#setStatus('offline');
        } else if (this.#status === 'open') {
          this.#probe();
        }
        break;
      case 'hidden':
        this.#sayPause();
        break;
      case 'online':
      case 'visible':
      case 'return':
        this.#reopen();
        if (this.#status === 'open') {
          this.#probe();
        }
        break;
    }
  }
}
