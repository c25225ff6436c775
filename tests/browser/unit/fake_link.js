// A server with cameras behind a link that takes everything and passes it on as slowly as it can, in the time of a
// FakePlatform.

const CLOCK_AHEAD_MS = 1_767_787_846_000; // the server's ms since 1970 at the platform's 0
const PONG_BYTES = 60;
const FRAME_BYTES = 50_000;
const LATENCY_MS = 20;

/**
 * @param {string} cameraId
 * @param {boolean} raw
 * @param {number} sentMs
 */
function frameContainer(cameraId, raw, sentMs) {
  const id = new TextEncoder().encode(cameraId);
  const header = 64 + id.length;
  const bytes = new Uint8Array(header + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x52434631);
  view.setUint8(4, 1);
  view.setUint8(5, raw ? 1 : 0);
  view.setUint16(6, header);
  view.setUint32(12, 4);
  view.setBigUint64(40, BigInt(Math.round(sentMs * 1e6)));
  view.setUint16(60, id.length);
  bytes.set(id, 64);
  return bytes.buffer;
}

export class FakeLink {
  #platform;
  #freeAt = 0;
  #paused = false;
  #open = false;
  #connection = 0;
  bytesPerSecond = Infinity;
  answersPings = true;
  /** Every word but pings, in order; of all connections. */
  words = [];
  /** By kind and camera. @type {Map<string, {cameraId: string, kind: string, cameraFps: number, fps: number, dueAt: number}>} */
  streams = new Map();

  /**
   * @param {import('./fake_platform.js').FakePlatform} platform
   * @param {{cameraId: string, kind?: string, fps: number}[]} cameras what they make; all of it is sent at first
   * @param {'binary' | 'json'} form
   */
  constructor(platform, cameras, form = 'binary') {
    this.#platform = platform;
    this.form = form;
    for (const { cameraId, kind = 'detect', fps } of cameras) {
      this.streams.set(`${kind} ${cameraId}`, { cameraId, kind, cameraFps: fps, fps: 60, dueAt: 0 });
    }
    for (const stream of this.streams.values()) {
      this.#make(stream);
    }
    const openSocket = platform.openSocket;
    platform.openSocket = (url, protocols) => this.#accept(openSocket(url, protocols));
  }

  get serverMs() {
    return CLOCK_AHEAD_MS + this.#platform.time;
  }

  /** The connection is lost. */
  cut() {
    this.#connection++;
    this.#open = false;
    this.#platform.socket.end();
  }

  /** @param {{cameraId: string, kind: string}} stream */
  send({ cameraId, kind }) {
    const socket = this.#platform.socket;
    this.#pass(socket, FRAME_BYTES, this.form === 'binary' ? frameContainer(cameraId, kind === 'raw', this.serverMs) : {
      type: 'frame', camera_id: cameraId, kind, frame: 'AQID', metadata: {}, timestamp: this.serverMs / 1000,
    });
  }

  #accept(socket) {
    const connection = ++this.#connection;
    this.#paused = false;
    this.#freeAt = 0;
    for (const stream of this.streams.values()) {
      stream.fps = 60;
    }
    socket.send = (text) => {
      const message = JSON.parse(text);
      if (message.type !== 'ping') {
        this.words.push(message);
      }
      this.#platform.setTimer(() => connection === this.#connection && this.#hear(socket, message), LATENCY_MS);
    };
    this.#platform.setTimer(() => {
      if (connection === this.#connection) {
        this.#open = true;
        socket.open();
      }
    }, LATENCY_MS);
    return socket;
  }

  #hear(socket, message) {
    switch (message.type) {
      case 'ping':
        if (this.answersPings) {
          this.#pass(socket, PONG_BYTES, { type: 'pong', t: message.t, server_time: this.serverMs / 1000 });
        }
        break;
      case 'set':
        for (const stream of this.streams.values()) {
          if ([undefined, stream.cameraId].includes(message.camera_id) && [undefined, stream.kind].includes(message.kind)) {
            stream.fps = message.fps ?? stream.fps;
          }
        }
        break;
      case 'pause':
        this.#paused = true;
        break;
      case 'resume':
        this.#paused = false;
        this.streams.forEach((stream) => this.#offer(stream));
        break;
    }
  }

  #make(stream) {
    if (this.#platform.time >= stream.dueAt) {
      this.#offer(stream);
    }
    this.#platform.setTimer(() => this.#make(stream), 1000 / stream.cameraFps);
  }

  #offer(stream) {
    if (this.#open && !this.#paused) {
      stream.dueAt = this.#platform.time + 1000 / stream.fps - 1; // a camera is never quite on time
      this.send(stream);
    }
  }

  #pass(socket, bytes, message) {
    const now = this.#platform.time;
    const connection = this.#connection;
    this.#freeAt = Math.max(this.#freeAt, now) + 1000 * bytes / this.bytesPerSecond;
    this.#platform.setTimer(() => connection === this.#connection && socket.say(message), this.#freeAt + LATENCY_MS - now);
  }
}
