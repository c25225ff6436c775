// Keeps one camera's stream coming: connects, notices when the connection is dead, comes back by
// itself, and hands out frames as they arrive. It never queues: whoever draws takes the newest.

import { Backoff } from './backoff.js';
import { decodeFrame } from './frame_container.js';
import { browserPlatform } from './platform.js';
import { ServerClock } from './server_clock.js';

/** @typedef {import('./frame_container.js').Frame} Frame */
/** @typedef {import('./frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('./platform.js').Platform} Platform */
/** @typedef {import('./platform.js').PlatformEvent} PlatformEvent */

/**
 * `idle`: connect() was not called, or disconnect() was; `connecting`; `open`; `waiting`: for the next
 * try; `offline`: the machine has no network.
 * @typedef {'idle' | 'connecting' | 'open' | 'waiting' | 'offline'} ConnectionStatus
 */

/**
 * What the server says about the camera.
 * @typedef {object} CameraEvent
 * @property {'camera_state' | 'stream_started' | 'stream_ended'} type
 * @property {string} camera_id
 * @property {string} [state] connecting, online, stale, offline or frozen
 * @property {string | number} [since]
 * @property {string} [reason]
 */

/**
 * @typedef {object} StreamOptions
 * @property {string} cameraId
 * @property {string} [url] of the viewer socket; default: that of the page's own server
 * @property {string} [token] where the server asks for one
 * @property {boolean} [autoReconnect] default true
 * @property {Platform} [platform] for tests
 */

/**
 * @typedef {object} StreamStats
 * @property {number} framesReceived
 * @property {number} bytesReceived
 * @property {number} connections how often a connection was made
 * @property {number | null} roundTripMs
 */

const SUBPROTOCOL = 'ringcast.binary.v1';
const CONNECT_LIMIT_MS = 10_000;
const PING_INTERVAL_MS = 10_000;
const FIRST_PINGS_MS = [0, 300, 900, 2000]; // a few at once: the clock is needed with the first frame
const SILENCE_LIMIT_MS = 25_000; // more than two pings without any answer
const STABLE_MS = 5000; // a connection that has lasted so long starts the back-off anew
const CLOSE_NORMAL = 1000;

/** @param {string} cameraId */
function defaultUrl(cameraId) {
  // Beside this library, wherever a proxy has put both.
  const url = new URL('../ws/viewer/detection', import.meta.url);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('camera_id', cameraId);
  return url.href;
}

/**
 * @param {string} base
 * @param {string} cameraId
 */
function withCamera(base, cameraId) {
  const url = new URL(base);
  url.searchParams.set('camera_id', cameraId);
  return url.href;
}

export class WebSocketStreamManager {
  #url;
  #protocols;
  #autoReconnect;
  #platform;
  #backoff;
  #clock;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ConnectionStatus} */
  #status = 'idle';
  #wanted = false;
  #openedAt = 0;
  #heardAt = 0;
  /** @type {Set<number>} of the live connection, or of the wait for the next one */
  #timers = new Set();
  /** @type {(() => void) | null} */
  #unlisten = null;
  #framesReceived = 0;
  #bytesReceived = 0;
  #connections = 0;

  /** @type {(frame: Frame) => void} */
  #frameHandler = () => {};
  /** @type {(metadata: FrameMetadata, frame: Frame) => void} */
  #metadataHandler = () => {};
  /** @type {(status: ConnectionStatus) => void} */
  #stateHandler = () => {};
  /** @type {(event: CameraEvent) => void} */
  #cameraHandler = () => {};
  /** @type {(error: Error) => void} */
  #errorHandler = () => {};
  /** @type {(reason: string) => void} */
  #disconnectHandler = () => {};

  /** @param {StreamOptions} options */
  constructor({ cameraId, url, token, autoReconnect = true, platform = browserPlatform() }) {
    this.#url = url === undefined ? defaultUrl(cameraId) : withCamera(url, cameraId);
    this.#protocols = token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, token];
    this.#autoReconnect = autoReconnect;
    this.#platform = platform;
    this.#backoff = new Backoff(platform.random);
    this.#clock = new ServerClock(platform.now);
  }

  /**
   * Every message that carries a picture.
   * @param {(frame: Frame) => void} handler
   */
  onFrame(handler) {
    this.#frameHandler = handler;
  }

  /**
   * The metadata of every message that has some, also of those without a picture.
   * @param {(metadata: FrameMetadata, frame: Frame) => void} handler
   */
  onMetadata(handler) {
    this.#metadataHandler = handler;
  }

  /**
   * The connection.
   * @param {(status: ConnectionStatus) => void} handler
   */
  onState(handler) {
    this.#stateHandler = handler;
  }

  /**
   * The camera: its state, and streams that begin and end.
   * @param {(event: CameraEvent) => void} handler
   */
  onCamera(handler) {
    this.#cameraHandler = handler;
  }

  /**
   * What the server refused, and messages that could not be read. The connection stays.
   * @param {(error: Error) => void} handler
   */
  onError(handler) {
    this.#errorHandler = handler;
  }

  /**
   * A connection that was open is over, for the reason given in words.
   * @param {(reason: string) => void} handler
   */
  onDisconnect(handler) {
    this.#disconnectHandler = handler;
  }

  get connectionStatus() {
    return this.#status;
  }

  get framesReceived() {
    return this.#framesReceived;
  }

  /** @returns {StreamStats} */
  get stats() {
    return {
      framesReceived: this.#framesReceived,
      bytesReceived: this.#bytesReceived,
      connections: this.#connections,
      roundTripMs: this.#clock.roundTripMs,
    };
  }

  /** The time by the server's clock, in ms since 1970: what a frame's age is measured with. */
  serverTimeMs() {
    return this.#clock.timeMs();
  }

  connect() {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#unlisten = this.#platform.listen((event) => this.#onPlatform(event));
      this.#open();
    }
  }

  /** Ends it for good; connect() starts anew. */
  disconnect() {
    this.#wanted = false;
    this.#unlisten?.();
    this.#unlisten = null;
    this.#drop();
    this.#setStatus('idle');
  }

  /** @param {ConnectionStatus} status */
  #setStatus(status) {
    if (status !== this.#status) {
      this.#status = status;
      this.#stateHandler(status);
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
    this.#setStatus('connecting');
    const socket = this.#platform.openSocket(this.#url, this.#protocols);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#onOpen();
    socket.onmessage = (event) => this.#onMessage(event.data);
    socket.onclose = (event) => this.#lost(event.reason || `closed with code ${event.code}`);
    this.#socket = socket;
    this.#after(CONNECT_LIMIT_MS, () => this.#status === 'connecting' && this.#lost('no answer'));
  }

  #onOpen() {
    this.#connections++;
    this.#openedAt = this.#heardAt = this.#platform.now();
    this.#clock.reset();
    for (const ms of FIRST_PINGS_MS) {
      this.#after(ms, () => this.#ping());
    }
    this.#after(PING_INTERVAL_MS, () => this.#keepAlive());
    this.#setStatus('open');
  }

  /** @param {string} reason */
  #lost(reason) {
    const wasOpen = this.#status === 'open';
    if (wasOpen && this.#platform.now() - this.#openedAt >= STABLE_MS) {
      this.#backoff.reset();
    }
    this.#drop();
    if (!this.#wanted || !this.#autoReconnect) {
      this.#setStatus('idle');
    } else {
      /* A browser may be wrong about the network: it is tried all the same. */
      this.#after(this.#backoff.next(), () => this.#open());
      this.#setStatus(this.#platform.online() ? 'waiting' : 'offline');
    }
    if (wasOpen) {
      this.#disconnectHandler(reason);
    }
  }

  #ping() {
    this.#socket?.send(JSON.stringify({ type: 'ping', t: this.#platform.now() }));
  }

  #silent() {
    return this.#platform.now() - this.#heardAt > SILENCE_LIMIT_MS;
  }

  #keepAlive() {
    if (this.#silent()) {
      this.#lost('nothing was heard any more');
      return;
    }
    this.#ping();
    this.#after(PING_INTERVAL_MS, () => this.#keepAlive());
  }

  /** @param {PlatformEvent} event */
  #onPlatform(event) {
    if (event === 'leave') {
      this.#drop();
      this.#setStatus('waiting');
    } else if (event === 'offline') {
      if (this.#status === 'waiting') {
        this.#setStatus('offline');
      }
    } else if (this.#status === 'waiting' || this.#status === 'offline') {
      this.#backoff.reset();
      this.#open();
    } else if (this.#status === 'open') {
      /* Another network, or a tab that slept: is the connection still one? */
      if (this.#silent()) {
        this.#lost('nothing was heard for too long');
        this.#onPlatform(event);
      } else {
        this.#ping();
      }
    }
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    this.#heardAt = this.#platform.now();
    try {
      if (typeof data === 'string') {
        this.#onText(data);
      } else {
        this.#onFrameMessage(data);
      }
    } catch (error) {
      this.#errorHandler(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** @param {ArrayBuffer} data */
  #onFrameMessage(data) {
    this.#bytesReceived += data.byteLength;
    const frame = decodeFrame(data);
    if (frame.jpeg.length > 0) {
      this.#framesReceived++;
      this.#frameHandler(frame);
    }
    if (frame.metadata !== null) {
      this.#metadataHandler(frame.metadata, frame);
    }
  }

  /** @param {string} text */
  #onText(text) {
    if (text === 'pong' || text === 'keepalive') {
      return;
    }
    const message = JSON.parse(text);
    switch (message.type) {
      case 'pong':
        if (typeof message.t === 'number' && typeof message.server_time === 'number') {
          this.#clock.addSample(message.t, message.server_time);
        }
        break;
      case 'camera_state':
      case 'stream_started':
      case 'stream_ended':
        this.#cameraHandler(message);
        break;
      case 'error':
        this.#errorHandler(new Error(message.message));
        break;
      default: // a newer server may say more
        break;
    }
  }
}
