// The camera page: one chosen camera, from its connection to what is shown of it.

import { CanvasStreamRenderer, RateMeter, WebSocketStreamManager } from '../../lib/index.js';
import { CameraList, isCameraId } from '../camera_list.js';
import { countVehicles } from './counts.js';
import { CameraView } from './camera_view.js';
import { judgePicture } from '../picture_state.js';
import { texts } from '../texts.js';
import { pageToken } from '../token.js';

/** @typedef {import('../../lib/frame_container.js').Frame} Frame */
/** @typedef {import('../../lib/stream_manager.js').CameraEvent} CameraEvent */

const TICK_MS = 200;

export class CameraPage {
  #view = new CameraView();
  #renderer = new CanvasStreamRenderer(this.#view.canvas);
  #list = new CameraList((_list, failed) => this.#onCameras(failed));
  #rate = new RateMeter();
  /** @type {string | null} */
  #cameraId = null;
  /** @type {WebSocketStreamManager | null} */
  #manager = null;
  /** @type {string | null} */
  #cameraState = null;
  /** @type {string | null} why, when the stream has ended */
  #ended = null;
  /** @type {number | null} when the picture on the screen was taken, ms by the server's clock */
  #capturedMs = null;

  start() {
    this.#view.showConnection('idle');
    this.#view.select.addEventListener('change', () => this.#choose(this.#view.select.value, true));
    addEventListener('popstate', () => this.#chooseFromAddress());
    this.#renderer.onDrawn((frame, { width, height }) => {
      this.#capturedMs = frame.capturedMs || frame.sentMs;
      this.#view.showFrame(frame.frameCount, width, height);
      if (frame.metadata !== null) {
        this.#view.showCounts(countVehicles(frame.metadata));
      }
      this.#showState();
    });
    this.#renderer.onError((error) => console.warn(texts.camera.badPicture, error));
    this.#chooseFromAddress();
    void this.#list.refresh();
    setInterval(() => this.#showState(), TICK_MS);
  }

  /** `?camera=ID`; an address that names none means the first one, as soon as that is known. */
  #chooseFromAddress() {
    const asked = new URLSearchParams(location.search).get('camera') ?? '';
    const cameraId = isCameraId(asked) ? asked : this.#list.cameras?.[0]?.id;
    if (cameraId !== undefined) {
      this.#choose(cameraId, false);
    }
  }

  /** @param {boolean} failed */
  #onCameras(failed) {
    const cameras = this.#list.cameras ?? [];
    const first = cameras[0];
    if (this.#cameraId === null && first !== undefined) {
      this.#choose(first.id, false);
    }
    this.#view.showCameras(cameras, this.#cameraId);
    this.#showName();
    if (this.#cameraId === null) {
      this.#view.showMessage(
        failed ? texts.camera.camerasUnknown : texts.camera.noCameras,
        failed ? texts.camera.camerasUnknownDetail : texts.camera.noCamerasDetail,
      );
    }
  }

  get #name() {
    const id = this.#cameraId ?? '';
    return this.#list.find(id)?.name || id;
  }

  #showName() {
    if (this.#cameraId !== null) {
      this.#view.showName(this.#name);
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
    this.#cameraId = cameraId;
    this.#cameraState = this.#list.find(cameraId)?.state ?? null;
    this.#ended = null;
    this.#clear();
    if (byHand) {
      history.pushState(null, '', `?${new URLSearchParams({ camera: cameraId })}`);
    }
    this.#view.showCameras(this.#list.cameras ?? [], cameraId);
    this.#showName();
    this.#connect(cameraId);
    this.#showState();
  }

  /** @param {string} cameraId */
  #connect(cameraId) {
    const manager = new WebSocketStreamManager({ cameraId, token: pageToken() });
    manager.onState((status) => {
      if (status !== 'open') {
        this.#cameraState = null; // known again when the server says it again
      }
      this.#view.showConnection(status);
      this.#showState();
    });
    manager.onFrame((frame) => this.#onFrame(frame));
    manager.onMetadata((metadata, { jpeg }) => {
      if (jpeg.length === 0) { // else the counts appear with their picture
        this.#view.showCounts(countVehicles(metadata));
      }
    });
    manager.onCamera((event) => this.#onCamera(event));
    manager.onError((error) => console.warn(error));
    manager.onDisconnect(() => void this.#list.refresh());
    this.#manager = manager;
    manager.connect();
  }

  /** @param {Frame} frame */
  #onFrame(frame) {
    this.#ended = null;
    this.#rate.add();
    this.#renderer.renderFrame(frame);
  }

  /** @param {CameraEvent} event */
  #onCamera(event) {
    if (event.type === 'camera_state') {
      this.#cameraState = event.state ?? null;
    } else if (event.type === 'stream_ended') {
      this.#ended = event.reason ?? '';
      this.#clear();
    } else {
      this.#ended = null;
    }
    this.#showState();
  }

  #clear() {
    this.#renderer.clear();
    this.#rate.reset();
    this.#capturedMs = null;
    this.#view.clearFigures();
  }

  /** How often frames come, in ms: as measured, or as the camera has it when that is slower. */
  get #intervalMs() {
    const fps = this.#list.find(this.#cameraId ?? '')?.fps ?? 0;
    const measured = this.#rate.intervalMs;
    const known = fps > 0 ? 1000 / fps : null;
    return measured === null ? known : Math.max(measured, known ?? 0);
  }

  #showState() {
    const manager = this.#manager;
    if (manager === null) {
      return;
    }
    const connection = manager.connectionStatus;
    const ageMs = this.#capturedMs === null ? 0 : Math.max(0, manager.serverTimeMs() - this.#capturedMs);
    const hasPicture = this.#capturedMs !== null;
    const state = judgePicture({
      connection,
      cameraState: this.#cameraState,
      hasPicture,
      ageMs,
      intervalMs: this.#intervalMs,
    });
    this.#view.showCameraState(this.#cameraState);
    this.#view.showPictureState(state, this.#cameraState, connection, ageMs);
    this.#view.showTimes(hasPicture ? ageMs : null, state.picture === 'live' ? this.#rate.perSecond : null);
    if (!hasPicture) {
      this.#explainNoPicture(connection);
    }
  }

  /** @param {import('../../lib/stream_manager.js').ConnectionStatus} connection */
  #explainNoPicture(connection) {
    if (connection === 'waiting' || connection === 'offline') {
      this.#view.showMessage(texts.common.noConnection, texts.common.reconnecting);
    } else if (this.#ended !== null) {
      this.#view.showMessage(texts.camera.streamEnded, texts.camera.streamEndedDetail);
    } else {
      const detail = this.#cameraState === 'online' ? texts.camera.waitingForDetector : texts.camera.waitingFrom;
      this.#view.showMessage(texts.camera.waiting, detail(this.#name));
    }
  }
}
