// Streams over one WebSocket: what is wanted goes out, frames come in and are handed out as they arrive. It
// never queues: whoever draws takes the newest.

import { Connection } from './connection.js';
import { decodeFrame } from './frame_container.js';
import { LinkPace } from './link_pace.js';
import { checkOptions, checkParameters, socketUrl } from './options.js';
import { browserPlatform } from './platform.js';
import { RateMeter } from './rate_meter.js';
import { Subscriptions } from './subscriptions.js';
import { TextFrame } from './text_frame.js';

/** @typedef {import('./connection.js').ConnectionStatus} ConnectionStatus */
/** @typedef {import('./frame_container.js').Frame} Frame */
/** @typedef {import('./frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('./frame_container.js').StreamKind} StreamKind */
/** @typedef {import('./platform.js').Platform} Platform */
/** @typedef {import('./subscriptions.js').StreamParameters} StreamParameters */

/**
 * What the server says about a camera.
 * @typedef {object} CameraEvent
 * @property {'camera_state' | 'stream_started' | 'stream_ended'} type
 * @property {string} camera_id
 * @property {string} [state] connecting, online, stale, offline or frozen
 * @property {string | number} [since]
 * @property {string} [reason]
 */

/**
 * A camera that has frames when a viewer of all cameras connects.
 * @typedef {object} ActiveStream
 * @property {string} camera_id
 * @property {string} name
 * @property {string} state
 * @property {number} frame_count
 * @property {number} last_update seconds since 1970
 */

/**
 * What the server counts for a stream of `/ws/stream/…`, said every 50 frames.
 * @typedef {object} ServerStats
 * @property {string} [camera_id] where there are several
 * @property {number} processed sent
 * @property {number} skipped not sent
 * @property {number} total frames the camera has made since
 * @property {number} fps sent a second
 * @property {number} skipped_fps left out because of `fps` alone
 */

/**
 * @template {boolean} [Binary=true]
 * @typedef {object} ManagerOptions
 * @property {string | URL | null} [url] of `/ws/viewer/detection`, `/ws/stream/raw` or `/ws/stream/detect`; the first
 *   of them where it names no path, and beside this library's folder where there is none at all
 * @property {string | null} [cameraId] without it: all cameras on `/ws/viewer/detection`, the only or first one elsewhere
 * @property {string | null} [userId] who watches, for the server's log and limits
 * @property {number} [conf] boxes from this confidence on, 0.05 to 0.95
 * @property {number} [fps] frames a second at most, 0.1 to 60
 * @property {number} [skipFrames] of so many of the camera's frames one at most, 1 to 100
 * @property {number} [quality] of the JPEG at most, 10 to 100, where boxes are drawn into it
 * @property {boolean} [showLabels] class and confidence beside each box
 * @property {boolean} [metadata] of raw pictures: the detections as well
 * @property {boolean} [autoReconnect] default true
 * @property {Binary} [binary] default true; false: frames as base64 in JSON, a third larger
 * @property {boolean} [pauseHidden] default true: nothing comes while the tab is hidden
 * @property {boolean} [adaptive] default true: where frames queue on their way to the page, it asks for fewer of them
 * @property {string | null | (() => string | null | undefined)} [token] where the server asks for one; a function is asked
 *   before every connection
 * @property {Platform} [platform] for tests
 */

/**
 * @typedef {object} ManagerStats
 * @property {number} framesReceived
 * @property {number} bytesReceived
 * @property {number} connections how often a connection was made
 * @property {number | null} roundTripMs
 * @property {number | null} fps frames that come a second
 * @property {number | null} processed as the server said last; null where it does not
 * @property {number | null} skipped
 * @property {number | null} total
 */

const SUBPROTOCOLS = { binary: 'ringcast.binary.v1', json: 'ringcast.json.v1' };
const FPS_MOST = 60;
/** What the server sends of a stream whose rate nobody has named: of `/ws/stream/…`, of `/ws/viewer/detection`. */
const DEFAULT_FPS = { stream: { raw: 30, detect: 10 }, viewer: { raw: 30, detect: FPS_MOST } };
const NO_SUBSCRIPTION = 'there is no such subscription';

/**
 * @template {boolean} [Binary=true]
 */
export class WebSocketStreamManager {
  #url;
  #cameraId;
  /** @type {StreamKind} */
  #kind;
  #subprotocol;
  #token;
  #subscriptions;
  #connection;
  #rate;
  #adaptive;
  #pace;
  /** Answers to pings until which the server may refuse what was replayed. */
  #refusalsUntil = 0;
  #framesReceived = 0;
  #bytesReceived = 0;
  /** @type {ServerStats | null} */
  #serverStats = null;

  /** @type {(picture: any, frame: Frame) => void} */
  #frameHandler = () => {};
  /** @type {(metadata: FrameMetadata, frame: Frame) => void} */
  #metadataHandler = () => {};
  /** @type {(stats: ServerStats) => void} */
  #statsHandler = () => {};
  /** @type {(status: ConnectionStatus) => void} */
  #stateHandler = () => {};
  /** @type {(event: CameraEvent) => void} */
  #cameraHandler = () => {};
  /** @type {(streams: ActiveStream[]) => void} */
  #streamsHandler = () => {};
  /** @type {(error: Error) => void} */
  #errorHandler = (error) => console.warn(error);
  /** @type {(reason: string) => void} */
  #disconnectHandler = () => {};

  /**
   * @param {ManagerOptions<Binary>} options
   * @throws {TypeError | RangeError} one that there is not, or that no server takes
   */
  constructor(options = {}) {
    checkOptions(options);
    const {
      url, cameraId, userId, conf, fps, skipFrames, quality, showLabels, metadata, autoReconnect = true, binary,
      pauseHidden = true, adaptive = true, token, platform = browserPlatform(),
    } = options;
    this.#url = socketUrl(url);
    this.#cameraId = cameraId ?? this.#url.searchParams.get('camera_id') ?? '';
    this.#kind = this.#url.pathname.endsWith('/raw') ? 'raw' : 'detect';
    if (userId !== undefined && userId !== null) {
      this.#url.searchParams.set('user_id', userId);
    }
    this.#subprotocol = binary === false ? SUBPROTOCOLS.json : SUBPROTOCOLS.binary;
    this.#token = token;
    const parameters = checkParameters({ conf, fps, skipFrames, quality, showLabels, metadata });
    this.#subscriptions = new Subscriptions(this.#cameraId, this.#kind, parameters);
    this.#rate = new RateMeter(platform.now);
    const defaults = DEFAULT_FPS[this.#url.pathname.includes('/ws/stream/') ? 'stream' : 'viewer'];
    this.#adaptive = adaptive;
    this.#pace = new LinkPace(platform.now, (camera, kind) => this.#subscriptions.rateOf(camera, kind) ?? defaults[kind]);
    this.#connection = new Connection({ platform, autoReconnect, pauseHidden, target: () => this.#target() }, {
      status: (status) => this.#stateHandler(status),
      open: () => this.#onOpen(),
      resumed: () => this.#pace.resume(this.serverTimeMs()),
      message: (data) => this.#onMessage(data),
      lost: (reason) => this.#disconnectHandler(reason),
      failed: (error) => this.#errorHandler(error),
    });
  }

  /**
   * Every message that carries a picture. With `binary: false` the picture is its base64, else the frame itself;
   * the renderer's renderFrame() takes both.
   * @param {(picture: Binary extends false ? string : Frame, frame: Frame) => void} handler
   */
  onFrame(handler) {
    this.#frameHandler = handler;
  }

  /**
   * The metadata of every message that has some, also of those without a picture (`frame.jpeg` is empty then).
   * @param {(metadata: FrameMetadata, frame: Frame) => void} handler
   */
  onMetadata(handler) {
    this.#metadataHandler = handler;
  }

  /**
   * What the server counts, every 50 frames of `/ws/stream/…`.
   * @param {(stats: ServerStats) => void} handler
   */
  onStats(handler) {
    this.#statsHandler = handler;
  }

  /**
   * The connection.
   * @param {(status: ConnectionStatus) => void} handler
   */
  onState(handler) {
    this.#stateHandler = handler;
  }

  /**
   * A camera: its state, and streams that begin and end.
   * @param {(event: CameraEvent) => void} handler
   */
  onCamera(handler) {
    this.#cameraHandler = handler;
  }

  /**
   * A viewer of all cameras has connected: the cameras that have frames.
   * @param {(streams: ActiveStream[]) => void} handler
   */
  onStreams(handler) {
    this.#streamsHandler = handler;
  }

  /**
   * What the server refused, and messages that could not be read. The connection stays. Without a handler the console
   * has it.
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
    return this.#connection.status;
  }

  get framesReceived() {
    return this.#framesReceived;
  }

  /** Whether nothing is to come now: by pause(), or in a hidden tab. */
  get paused() {
    return this.#connection.paused;
  }

  /** @returns {ManagerStats} */
  get stats() {
    return {
      framesReceived: this.#framesReceived,
      bytesReceived: this.#bytesReceived,
      connections: this.#connection.count,
      roundTripMs: this.#connection.clock.roundTripMs,
      fps: this.#rate.perSecond,
      processed: this.#serverStats?.processed ?? null,
      skipped: this.#serverStats?.skipped ?? null,
      total: this.#serverStats?.total ?? null,
    };
  }

  /** The time by the server's clock, in ms since 1970: what a frame's age is measured with. */
  serverTimeMs() {
    return this.#connection.clock.timeMs();
  }

  connect() {
    this.#connection.connect();
  }

  /** Ends it for good; connect() starts anew. */
  disconnect() {
    this.#connection.disconnect();
  }

  /**
   * One more stream on the same connection, and on every later one. Of a stream that there is already: these
   * parameters, the server's defaults for the rest.
   * @param {string} cameraId
   * @param {StreamParameters & {kind?: StreamKind}} [parameters] kind: the path's own without it
   * @throws {TypeError | RangeError} what no server takes
   */
  subscribe(cameraId, { kind, ...parameters } = {}) {
    this.#connection.send(this.#subscriptions.subscribe(cameraId, kind, checkParameters(parameters)));
    this.#ask(this.#pace.again());
  }

  /**
   * One stream less.
   * @param {string} cameraId
   * @param {StreamKind} [kind] without it both
   */
  unsubscribe(cameraId, kind) {
    this.#pace.forget(cameraId, kind);
    this.#refusalsUntil = 0; // from now on one may be about this
    this.#connection.send(this.#subscriptions.unsubscribe(cameraId, kind));
  }

  /**
   * These parameters from now on, for all streams or for those that are named; the others stay as they are.
   * @param {StreamParameters & {cameraId?: string, kind?: StreamKind}} parameters
   * @throws {TypeError | RangeError} what no server takes
   */
  set({ cameraId = '', kind, ...parameters }) {
    const checked = checkParameters(parameters);
    this.#refusalsUntil = 0;
    this.#connection.send(this.#subscriptions.set(checked, cameraId, kind));
    this.#ask(this.#pace.again());
  }

  /** No frames, and no work for them on the server, until resume(); the connection stays. */
  pause() {
    this.#connection.setPaused(true);
  }

  /** The newest frames at once. A hidden tab is paused all the same. */
  resume() {
    this.#connection.setPaused(false);
  }

  #target() {
    const url = new URL(this.#url);
    if (this.#cameraId !== '') {
      url.searchParams.set('camera_id', this.#cameraId);
    }
    for (const [name, value] of Object.entries(this.#subscriptions.query)) {
      url.searchParams.set(name, String(value));
    }
    const token = typeof this.#token === 'function' ? this.#token() : this.#token;
    return { url: url.href, protocols: token ? [this.#subprotocol, token] : [this.#subprotocol] };
  }

  #onOpen() {
    this.#pace.reset();
    const messages = this.#subscriptions.replay();
    messages.forEach((message) => this.#connection.send(message));
    this.#refusalsUntil = messages.some(({ type }) => type === 'unsubscribe') ? 2 : 0; // the first may overtake them
  }

  /**
   * Of the server, not for the next connection.
   * @param {import('./link_pace.js').Rate[]} rates
   */
  #ask(rates) {
    for (const { cameraId, kind, fps } of rates) {
      this.#connection.send({ type: 'set', camera_id: cameraId, kind, fps });
    }
  }

  /** What the time that a frame took says about the link. @param {Frame} frame */
  #judgeLink({ cameraId, kind, sentMs }) {
    const { roundTripMs } = this.#connection.clock;
    if (!this.#adaptive || sentMs === 0 || roundTripMs === null || this.#connection.paused ||
        !this.#subscriptions.wants(cameraId, kind)) {
      return;
    }
    const transitMs = this.serverTimeMs() - sentMs;
    if (this.#pace.add({ cameraId, kind, sentMs, transitMs, roundTripMs })) {
      this.#connection.drain();
      return;
    }
    const more = this.#pace.raise(cameraId, kind);
    if (more !== null) {
      this.#ask([more]);
    }
  }

  /**
   * @param {number} sentAt when its ping left
   * @param {number} serverTime seconds since 1970
   */
  #onPong(sentAt, serverTime) {
    this.#connection.clock.addSample(sentAt, serverTime);
    this.#refusalsUntil = Math.max(0, this.#refusalsUntil - 1);
    if (this.#connection.isDry(sentAt)) {
      this.#ask(this.#pace.dry());
      this.#connection.endDrain();
    }
  }

  /** @param {string} reason */
  #onRefusal(reason) {
    /* A camera that was unsubscribed from on an earlier connection has no stream now. */
    if (reason !== NO_SUBSCRIPTION || this.#refusalsUntil === 0) {
      this.#errorHandler(new Error(reason));
    }
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    try {
      if (typeof data === 'string') {
        this.#onText(data);
      } else {
        this.#onFrame(decodeFrame(data), data.byteLength);
      }
    } catch (error) {
      this.#errorHandler(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /**
   * @param {Frame} frame
   * @param {number} size
   */
  #onFrame(frame, size) {
    this.#bytesReceived += size;
    this.#judgeLink(frame);
    const picture = frame instanceof TextFrame ? frame.base64 : frame;
    if (typeof picture === 'string' ? picture !== '' : picture.jpeg.length > 0) {
      this.#framesReceived++;
      this.#rate.add();
      this.#frameHandler(picture, frame);
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
      case 'frame':
        if (message.camera_state !== undefined) {
          const { camera_id, camera_state: state } = message;
          this.#cameraHandler({ type: 'camera_state', camera_id, state });
        }
        this.#onFrame(new TextFrame(message, this.#cameraId, this.#kind), text.length);
        break;
      case 'detections':
        this.#onFrame(new TextFrame(message, this.#cameraId, 'raw'), text.length);
        break;
      case 'pong':
        if (typeof message.t === 'number' && typeof message.server_time === 'number') {
          this.#onPong(message.t, message.server_time);
        }
        break;
      case 'stats':
        this.#serverStats = message;
        this.#statsHandler(message);
        break;
      case 'camera_state':
      case 'stream_started':
      case 'stream_ended':
        this.#cameraHandler(message);
        break;
      case 'viewer_connected':
        this.#streamsHandler(message.active_streams ?? []);
        break;
      case 'error':
        this.#onRefusal(message.message);
        break;
      default: // a newer server may say more
        break;
    }
  }
}
