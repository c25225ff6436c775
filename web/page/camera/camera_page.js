// The camera page: one chosen camera, from its connection to what is shown of it.

import { CanvasStreamRenderer, RateMeter } from '../../lib/index.js';
import { cameraUrl } from '../api.js';
import { CameraList } from '../camera_list.js';
import { element, write } from '../dom.js';
import { readSpaces } from '../occupancy.js';
import { isFromBefore, judgePicture, pictureAgeMs } from '../picture_state.js';
import { startPage } from '../shell.js';
import { texts } from '../texts.js';
import { CameraSelect } from './camera_select.js';
import { ControlsView } from './controls_view.js';
import { FiguresView } from './figures_view.js';
import { countVehicles, readTracks } from './found.js';
import { LatencyMeter, readLatency } from './latency.js';
import { readEvents, spacesChanged } from './space_events.js';
import { SpacesView } from './spaces_view.js';
import { StageView, explainMissing } from './stage_view.js';
import { askedFor, cameraOfAddress, makeStream } from './stream.js';
import { snapshotName } from './when.js';
import { overlayOf, parametersOf, streamOf, wishesAny } from './wishes.js';

/** @typedef {import('../../lib/frame_container.js').Frame} Frame */
/** @typedef {import('../../lib/frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('../../lib/stream_manager.js').CameraEvent} CameraEvent */
/** @typedef {import('../../lib/stream_manager.js').WebSocketStreamManager} WebSocketStreamManager */
/** @typedef {import('../occupancy.js').Spaces} Spaces */
/** @typedef {import('../../lib/frame_container.js').StreamKind} StreamKind */
/** @typedef {import('./space_events.js').SpaceEvent} SpaceEvent */
/** @typedef {import('./stream.js').FirstStream} FirstStream */
/** @typedef {import('./wishes.js').Wishes} Wishes */

const TICK_MS = 200;
const UNSAID_MS = 3000; // of pictures of which nobody says anything for so long, that is said
const SILENT_MS = 15_000; // and so long after the last word
const LATENCY_LIMIT_MS = 10_000; // a picture that the server had from before says nothing of the way
const ANSWER_MS = 3000; // what the server says within this of a wish is said of the wish
const RECORD_LIMIT_MS = 2000; // so long the record waits for the first picture
const BOXLESS_LIMIT_MS = 1000; // and so long where no boxes are made here, and what stands in for them comes with it
const RECORD_RETRY_MS = 5000;

export class CameraPage {
  #shell = startPage({
    page: 'camera', refused: () => this.#leave(),
    turnedAway: (reason) => {
      this.#turnedAway = reason;
      this.#showState();
    },
  });
  /** @type {import('../session.js').Session | null} */
  #session = null;
  #stage = new StageView(() => this.#saveSnapshot());
  #figures = new FiguresView();
  #spacesView = new SpacesView();
  #controls = new ControlsView((wishes) => this.#onWishes(wishes));
  /** @type {import('./record.js').Record | null} null: not loaded yet */
  #record = null;
  #recordAsked = false;
  /** Of the camera, while there is no record. @type {SpaceEvent[]} */
  #unrecorded = [];
  #renderer = new CanvasStreamRenderer(this.#stage.canvas);
  #list = new CameraList((_list, failed) => this.#onCameras(failed));
  #select = new CameraSelect((id) => this.#choose(id, true));
  /** @type {import('./substitute.js').Substitute | null} null: not loaded yet */
  #substitute = null;
  #rate = new RateMeter();
  #latency = new LatencyMeter();
  /** @type {string | null} */
  #cameraId = null;
  /** @type {WebSocketStreamManager | null} */
  #manager = null;
  /** @type {string | null} */
  #cameraState = null;
  /** @type {string | null} why, when the stream has ended */
  #ended = null;
  /** @type {Frame | null} that had to wait for the page: that was not its way */
  #held = null;
  /** @type {Frame | null} on the screen */
  #shown = null;
  #drawnAt = 0; // when that was, by performance.now()
  /** @type {Spaces | null} as the newest metadata have them, drawn or not */
  #spaces = null;
  /** @type {Spaces | null} of what is on the screen */
  #spacesShown = null;
  /** @type {StreamKind} */
  #kind = 'detect';
  /** @type {number | undefined} as it was asked for last */
  #quality;
  #isRefused = false;
  /** Why the server takes no connection. */
  #turnedAway = '';
  #wishedAt = -Infinity;
  /** By performance.now(): when nobody says anything of the pictures any more, unless somebody does. @type {number | null} */
  #silentAt = null;

  /** @param {FirstStream} first */
  start(first) {
    addEventListener('popstate', () => {
      const cameraId = cameraOfAddress();
      if (cameraId !== null) {
        this.#choose(cameraId, false);
      }
    });
    addEventListener('resize', () => this.#onResize());
    this.#renderer.onDrawn((frame, size) => this.#onDrawn(frame, size));
    this.#renderer.onError((error) => console.warn(texts.camera.badPicture, error));
    void this.#shell.session.then((session) => {
      this.#session = session;
      if (this.#isForbidden) {
        this.#manager?.disconnect();
      }
      this.#select.mayEdit = session.may('admin');
      this.#showCameras();
    });
    this.#begin(first.cameraId);
    this.#take(first);
    void this.#list.refresh();
    setTimeout(() => void this.#loadRecord(), RECORD_LIMIT_MS);
    setInterval(() => this.#showState(), TICK_MS);
  }

  /** The page is not for who looks. */
  #leave() {
    this.#isRefused = true;
    this.#manager?.disconnect();
  }

  /** By the server's clock, once there was a connection. */
  get #nowMs() {
    return this.#manager?.serverTimeMs() ?? Date.now();
  }

  /** @param {boolean} failed */
  #onCameras(failed) {
    if (this.#isRefused) {
      return;
    }
    if (!failed) {
      this.#join();
    } else if (this.#list.cameras === null) {
      this.#manager?.disconnect(); // there is nothing to ask for
    }
    this.#showCameras();
    if (!this.#recordAsked && this.#list.find(this.#cameraId ?? '')?.detect === 'off') {
      setTimeout(() => void this.#loadRecord(), BOXLESS_LIMIT_MS);
    }
  }

  #showCameras() {
    this.#select.show(this.#list.cameras ?? [], this.#cameraId);
    this.#controls.showKinds(this.#list.find(this.#cameraId ?? '')?.source !== 'post');
    this.#showName();
  }

  /** To who looks, as far as is known. */
  get #isForbidden() {
    return this.#session?.mayCamera(this.#cameraId ?? '') === false;
  }

  #join() {
    if (!this.#isForbidden) {
      this.#manager?.connect();
    }
  }

  /** To the server, as far as it was asked. */
  get #isUnknown() {
    return this.#list.cameras !== null && this.#list.find(this.#cameraId ?? '') === undefined;
  }

  get #name() {
    const id = this.#cameraId ?? '';
    return this.#list.find(id)?.name || id;
  }

  #showName() {
    if (this.#cameraId !== null) {
      this.#shell.showTitle(this.#name);
      this.#stage.showName(this.#name);
      write(element('camera-name', HTMLElement), this.#name);
    }
  }

  /**
   * @param {string} cameraId
   * @param {boolean} byHand then the address is to follow
   */
  #choose(cameraId, byHand) {
    if (cameraId === this.#cameraId) {
      return;
    }
    this.#manager?.disconnect();
    this.#manager = null;
    if (byHand) {
      history.pushState(null, '', cameraUrl(cameraId));
    }
    this.#begin(cameraId);
    this.#connect();
    this.#showState();
  }

  /** Another camera: nothing is left of the one before. @param {string} cameraId */
  #begin(cameraId) {
    this.#cameraId = cameraId;
    this.#cameraState = this.#list.find(cameraId)?.state ?? null;
    this.#ended = null;
    this.#clear();
    this.#showCameras();
    this.#controls.showProblem('');
    this.#unrecorded = [];
    this.#record?.showCamera(cameraId);
  }

  #connect() {
    const { wishes } = this.#controls;
    const manager = makeStream(this.#cameraId ?? '', wishes, this.#stage.canvas);
    this.#substitute?.reset();
    this.#controls.showBoxless(false);
    this.#kind = streamOf(wishes.kind);
    this.#quality = askedFor(wishes, this.#stage.canvas).quality;
    this.#listen(manager);
    this.#join();
  }

  /** What began before the page was there. @param {FirstStream} first */
  #take({ manager, frame, events }) {
    this.#quality = askedFor(this.#controls.wishes, this.#stage.canvas).quality;
    this.#listen(manager);
    this.#shell.showConnection(manager.connectionStatus);
    events.forEach((event) => this.#onCamera(event));
    this.#held = frame;
    if (frame !== null) {
      this.#onFrame(frame);
      if (frame.metadata !== null) {
        this.#onMetadata(frame.metadata, true);
      }
    }
    manager.resume();
    this.#showState();
  }

  /** @param {WebSocketStreamManager} manager */
  #listen(manager) {
    this.#manager = manager;
    manager.onState((status) => {
      if (status !== 'open') {
        this.#cameraState = null; // known again when the server says it again
      } else if (manager.stats.connections > 1) {
        this.#record?.catchUp();
      }
      this.#shell.showConnection(status);
      this.#showState();
    });
    manager.onFrame((frame) => this.#onFrame(frame));
    manager.onMetadata((metadata, frame) => {
      this.#renderer.renderDetections(metadata, frame);
      this.#onMetadata(metadata, frame.jpeg.length > 0);
    });
    manager.onCamera((event) => this.#onCamera(event));
    manager.onError((error) => this.#onError(error));
    manager.onDisconnect(() => void this.#list.refresh());
  }

  /** @param {Frame} frame */
  #onFrame(frame) {
    if (this.#kind === 'detect') {
      if (frame.kind === 'detect') {
        this.#substitute?.came();
      } else if (this.#substitute?.active !== true) {
        return; // those with boxes are back
      }
    }
    if (this.#ended !== null && isFromBefore(frame, this.#cameraState, this.#nowMs)) {
      return; // it was cleared
    }
    this.#ended = null;
    this.#rate.add();
    this.#renderer.renderFrame(frame);
  }

  /** @param {boolean} active whether the camera's own picture stands in for those with boxes */
  #onSubstitute(active) {
    const cameraId = this.#cameraId ?? '';
    if (active) {
      this.#manager?.subscribe(cameraId, { ...parametersOf({ ...this.#controls.wishes, kind: 'raw' }), kind: 'raw' });
      this.#showNothingSaid();
    } else {
      this.#manager?.unsubscribe(cameraId, 'raw');
    }
    this.#rate.reset();
    this.#latency.reset();
    this.#controls.showBoxless(active);
  }

  /** @param {import('../../lib/stream_manager.js').ConnectionStatus} connection */
  #awaitsBoxes(connection) {
    const camera = this.#list.find(this.#cameraId ?? '');
    const awaited = this.#kind === 'detect' && connection === 'open' && this.#cameraState === 'online' &&
      camera !== undefined && camera.source !== 'post' && this.#manager?.paused === false;
    this.#substitute?.look(awaited, camera?.detect !== 'off', this.#intervalMs ?? 0);
  }

  /** The picture may be larger or smaller now. */
  #onResize() {
    const { quality } = askedFor(this.#controls.wishes, this.#stage.canvas);
    if (quality !== undefined && quality !== this.#quality) {
      this.#quality = quality;
      this.#manager?.set({ quality });
    }
  }

  /** @param {Wishes} wishes */
  #onWishes(wishes) {
    const manager = this.#manager;
    if (manager === null || this.#cameraId === null) {
      return;
    }
    this.#wishedAt = performance.now();
    this.#rate.reset(); // it is another one now
    this.#renderer.setOverlay(overlayOf(wishes));
    const parameters = parametersOf(wishes);
    if (streamOf(wishes.kind) !== this.#kind) {
      manager.disconnect();
      this.#clear();
      this.#connect();
    } else if (Object.keys(parameters).length > 0) {
      manager.set(parameters);
    } else if (!wishesAny(wishes)) {
      manager.subscribe(this.#cameraId, askedFor(wishes, this.#stage.canvas)); // else as the server has it for everybody
    }
  }

  /** @param {Error} error */
  #onError(error) {
    console.info(error.message);
    if (performance.now() - this.#wishedAt < ANSWER_MS) {
      this.#controls.showProblem(error.message);
    }
  }

  /** @param {CameraEvent} event */
  #onCamera(event) {
    if (event.type === 'camera_state') {
      this.#cameraState = event.state ?? null;
      const listed = this.#list.find(this.#cameraId ?? '');
      if (listed !== undefined && event.state !== undefined) {
        listed.state = event.state; // newer than what the list was told
        this.#showCameras();
      }
    } else if (event.type === 'stream_ended') {
      this.#ended = event.reason ?? '';
      this.#clear();
    } else {
      this.#ended = null;
    }
    this.#showState();
  }

  /**
   * @param {FrameMetadata} metadata
   * @param {boolean} withPicture then the figures appear with it
   */
  #onMetadata(metadata, withPicture) {
    const spaces = readSpaces(metadata);
    const events = readEvents(metadata);
    if (this.#record === null) {
      this.#unrecorded.push(...events);
    } else if (events.length > 0) {
      this.#record.add(events);
    } else if (spacesChanged(this.#spaces?.list ?? [], spaces?.list ?? [])) {
      this.#record.lookAgain();
    }
    this.#spaces = spaces;
    if (!withPicture) {
      this.#showFigures(metadata);
    }
  }

  /**
   * @param {Frame} frame
   * @param {import('../../lib/canvas_renderer.js').PictureSize} size
   */
  #onDrawn(frame, { width, height }) {
    const nowMs = this.#nowMs;
    const latency = readLatency(frame, nowMs);
    this.#shown = frame;
    this.#drawnAt = performance.now();
    if (latency !== null && latency.totalMs < LATENCY_LIMIT_MS && frame !== this.#held) {
      this.#latency.add(latency);
    }
    this.#stage.showSize(width, height);
    this.#figures.showFrame({
      frameCount: frame.frameCount, width, height, capturedMs: frame.capturedMs || frame.sentMs, nowMs,
    });
    if (frame.metadata !== null) {
      this.#showFigures(frame.metadata);
    }
    this.#silentAt ??= performance.now() + UNSAID_MS;
    this.#showState();
    void this.#loadRecord();
  }

  async #loadRecord() {
    if (this.#recordAsked || this.#isRefused) {
      return;
    }
    this.#recordAsked = true;
    try {
      const [{ Record }, { Substitute, answersAtOnce }] = await Promise.all([import('./record.js'), import('./substitute.js')]);
      this.#substitute = new Substitute({ probe: answersAtOnce, changed: (active) => this.#onSubstitute(active) });
      if (this.#shown?.kind === 'detect') {
        this.#substitute.came();
      }
      this.#record = new Record(() => this.#nowMs);
      this.#record.showCamera(this.#cameraId ?? '');
      this.#record.add(this.#unrecorded.splice(0));
    } catch { // the server is gone
      setTimeout(() => {
        this.#recordAsked = false;
        void this.#loadRecord();
      }, RECORD_RETRY_MS);
    }
  }

  /** @param {FrameMetadata} metadata */
  #showFigures(metadata) {
    this.#silentAt = performance.now() + SILENT_MS;
    this.#figures.showCounts(countVehicles(metadata));
    this.#figures.showTracks(readTracks(metadata));
    this.#spacesShown = readSpaces(metadata);
    this.#showSpaces();
  }

  #showSpaces() {
    const drawn = (this.#list.find(this.#cameraId ?? '')?.spaces?.length ?? 0) > 0;
    this.#spacesView.show(this.#spacesShown, this.#nowMs, drawn);
  }

  /** Nobody detects on this stream: not yet, or not any more. */
  #showNothingSaid() {
    this.#silentAt = Infinity;
    this.#spaces = this.#spacesShown = null;
    this.#figures.showCounts(countVehicles(null));
    this.#figures.showTracks(null);
    this.#showSpaces();
  }

  #clear() {
    this.#renderer.clear();
    this.#rate.reset();
    this.#latency.reset();
    this.#shown = null;
    this.#spaces = this.#spacesShown = null;
    this.#silentAt = null;
    this.#figures.clear();
    this.#spacesView.clear();
  }

  /** How often frames come, in ms: as measured, or as the camera has it when that is slower. */
  get #intervalMs() {
    const fps = this.#list.find(this.#cameraId ?? '')?.fps ?? 0;
    const { fps: wished, skipFrames } = this.#controls.wishes;
    const measured = this.#rate.intervalMs;
    const known = fps > 0 ? 1000 / Math.min(fps / (skipFrames ?? 1), wished ?? fps) : null;
    return measured === null ? known : Math.max(measured, known ?? 0);
  }

  #showState() {
    const manager = this.#manager;
    if (manager === null) {
      return;
    }
    const { connection } = this.#shell;
    this.#awaitsBoxes(connection);
    const frame = this.#shown;
    const ageMs = frame === null ? 0 : pictureAgeMs(frame.capturedMs || frame.sentMs, manager.serverTimeMs(), this.#drawnAt);
    const state = judgePicture({
      connection, cameraState: this.#cameraState, hasPicture: frame !== null, ageMs, intervalMs: this.#intervalMs,
    });
    const live = state.picture === 'live';
    this.#figures.showCameraState(this.#cameraState);
    const word = this.#stage.showState(state, this.#cameraState, connection, ageMs);
    this.#shell.showState(live || document.hidden ? '' : word); // a hidden tab asks for nothing
    this.#figures.showTimes({
      ageMs: frame === null ? null : ageMs,
      perSecond: live ? this.#rate.perSecond : null,
      latency: live ? this.#latency.mean : null,
    });
    this.#stage.showUnknown(frame === null && this.#isUnknown);
    if (frame === null) {
      this.#explainNoPicture(connection);
    } else if (live && this.#silentAt !== null && performance.now() > this.#silentAt) {
      this.#showNothingSaid();
    } else if (this.#spacesShown !== null) {
      this.#showSpaces(); // how long they have been what they are
    }
  }

  /** @param {import('../../lib/stream_manager.js').ConnectionStatus} connection */
  #explainNoPicture(connection) {
    this.#stage.showMessage(...explainMissing({
      name: this.#name, camera: this.#list.find(this.#cameraId ?? ''), isUnknown: this.#isUnknown,
      forbiddenTo: this.#isForbidden ? this.#session?.user ?? '' : null, isAdmin: this.#session?.may('admin') === true,
      connection, turnedAway: this.#turnedAway, cameraState: this.#cameraState, ended: this.#ended !== null,
    }));
  }

  /** The picture on the screen as a file, byte for byte as it came. */
  #saveSnapshot() {
    const frame = this.#shown;
    const picture = this.#renderer.snapshot();
    if (frame === null || picture === null) {
      return;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(picture);
    link.download = snapshotName(frame.cameraId, frame.capturedMs || frame.sentMs);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers take it later
  }
}
