// The connection that pictures go out by: /ws/streamer. Nothing is ever queued: a picture is taken only when
// what was sent before has left. It comes back by itself after a loss, with a back-off; what does not pass by
// itself (somebody else sends this camera) ends it.
//
//   const uplink = new Uplink({ url, token, userId, platform, onState, onSaid, whyRefused });
//   uplink.open();
//   if (uplink.isFree) { uplink.send(blob); }
//   uplink.close();

import { Backoff } from '../../lib/backoff.js';
import { browserPlatform } from '../../lib/platform.js';
import { texts } from '../texts.js';

/** @typedef {import('../../lib/platform.js').Platform} Platform */
/** @typedef {import('./mistakes.js').Problem} Problem */
/** @typedef {'closed' | 'connecting' | 'open' | 'waiting'} UplinkState */

/**
 * @typedef {object} UplinkOptions
 * @property {string} url ws:// or wss://, with camera_id
 * @property {() => string | undefined} [token] asked before every connection
 * @property {Platform} [platform]
 * @property {(state: UplinkState, problem: Problem | null) => void} onState `problem` with 'closed': why it ended by itself
 * @property {(text: string) => void} onSaid errors and warnings of the server about the pictures
 * @property {() => Promise<Problem | null>} whyRefused asks the server why there was no connection; null: try again
 */

const SUBPROTOCOL = 'ringcast.binary.v1';
const STALLED_MS = 10_000; // nothing has left: the connection is dead, whatever the system believes
const TAKEN_OVER = 4001;

export class Uplink {
  #options;
  #platform;
  #backoff;
  /** @type {WebSocket | null} */
  #socket = null;
  #timer = 0;
  #busySince = 0; // ms; 0: everything has left
  /** @type {(() => void) | null} */
  #unlisten = null;
  /** @type {UplinkState} */
  state = 'closed';
  maxFrameBytes = Infinity;

  /** @param {UplinkOptions} options */
  constructor(options) {
    this.#options = options;
    this.#platform = options.platform ?? browserPlatform();
    this.#backoff = new Backoff(this.#platform.random);
  }

  open() {
    if (this.state === 'closed') {
      this.#unlisten = this.#platform.listen((event) => this.#onPage(event));
      this.#connect();
    }
  }

  close() {
    this.#end(null);
  }

  /** True when a picture may go out now. */
  get isFree() {
    if (this.state !== 'open' || this.#socket === null) {
      return false;
    }
    if (this.#socket.bufferedAmount === 0) {
      this.#busySince = 0;
      return true;
    }
    const now = this.#platform.now();
    this.#busySince ||= now;
    if (now - this.#busySince >= STALLED_MS) {
      this.#drop();
      this.#wait();
    }
    return false;
  }

  /** @param {Blob} picture */
  send(picture) {
    if (this.state === 'open') {
      this.#socket?.send(picture);
    }
  }

  /** @param {UplinkState} state @param {Problem | null} problem */
  #show(state, problem = null) {
    this.state = state;
    this.#options.onState(state, problem);
  }

  /** The socket, without hearing of it again. */
  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  /** @param {Problem | null} problem */
  #end(problem) {
    this.#platform.clearTimer(this.#timer);
    this.#drop();
    this.#unlisten?.();
    this.#unlisten = null;
    if (this.state !== 'closed') {
      this.#show('closed', problem);
    }
  }

  #connect() {
    const { url } = this.#options;
    const token = this.#options.token?.();
    const socket = this.#platform.openSocket(url, token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, token]);
    let opened = false;
    this.#socket = socket;
    this.#busySince = 0;
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = ({ data }) => this.#onMessage(data);
    socket.onclose = ({ code }) => {
      this.#socket = null;
      void this.#onClosed(opened, code);
    };
    this.#show('connecting');
  }

  /** @param {unknown} data */
  #onMessage(data) {
    if (typeof data !== 'string' || !data.startsWith('{')) {
      return;
    }
    const message = JSON.parse(data);
    if (message.type === 'streamer_connected') {
      this.maxFrameBytes = message.max_frame_bytes ?? Infinity;
      this.#backoff.reset();
      this.#show('open');
    } else if (message.type === 'error' || message.type === 'warning') {
      this.#options.onSaid(String(message.message));
    }
  }

  /** @param {boolean} opened @param {number} code */
  async #onClosed(opened, code) {
    if (code === TAKEN_OVER) {
      this.#end(texts.publish.problem.takenOver);
      return;
    }
    this.#wait();
    const problem = opened ? null : await this.#options.whyRefused();
    if (problem !== null && this.state === 'waiting') {
      this.#end(problem);
    }
  }

  #wait() {
    this.#timer = this.#platform.setTimer(() => this.#connect(), this.#backoff.next());
    this.#show('waiting');
  }

  /** @param {import('../../lib/platform.js').PlatformEvent} event */
  #onPage(event) {
    if (event === 'leave') {
      this.#end(null);
    } else if ((event === 'online' || event === 'visible') && this.state === 'waiting') {
      this.#platform.clearTimer(this.#timer);
      this.#connect();
    }
  }
}
