// The camera, the connection and the pace between them: takes the newest picture when one is due and the one
// before has left. Leaves out what cannot go out in time; keeps nothing for later.

import { RateMeter } from '../../lib/rate_meter.js';
import { texts } from '../texts.js';
import { DeviceCamera } from './device_camera.js';
import { cameraProblem } from './mistakes.js';
import { Pace } from './pace.js';
import { Uplink } from './uplink.js';
import { WakeLock } from './wake_lock.js';

/** @typedef {import('./choices.js').Choices} Choices */
/** @typedef {import('./mistakes.js').Problem} Problem */
/** @typedef {'off' | 'asking' | 'connecting' | 'live' | 'waiting'} PublishState */

const LOOK_AGAIN_MS = 5; // for a picture of the camera that is nearly due

/**
 * @typedef {object} PublisherOptions
 * @property {HTMLVideoElement} video
 * @property {(state: PublishState, problem: Problem | null) => void} onState
 * @property {(text: string) => void} onSaid
 * @property {(stays: boolean) => void} onScreen whether it stays on
 * @property {(choices: Choices) => { url: string, token: () => string | undefined, whyRefused: () => Promise<Problem | null> }} serverOf
 */

export class Publisher {
  #options;
  #camera;
  #lock;
  /** @type {Uplink | null} */
  #uplink = null;
  #pace = new Pace(1);
  #timer = 0;
  #isTaking = false;
  /** The newest. @type {Choices | null} */
  #wish = null;
  #rates = new RateMeter();
  /** @type {PublishState} */
  state = 'off';
  sent = 0;
  bytes = 0;
  leftOut = 0;
  /** Of the last picture. @type {{ width: number, height: number } | null} */
  size = null;

  /** @param {PublisherOptions} options */
  constructor(options) {
    this.#options = options;
    this.#lock = new WakeLock(options.onScreen);
    this.#camera = new DeviceCamera(options.video, () => this.stop(texts.publish.problem.cameraLost));
  }

  get framesPerSecond() {
    return this.#rates.perSecond;
  }

  get isFront() {
    return this.#camera.isFront;
  }

  get deviceId() {
    return this.#camera.deviceId;
  }

  /** @param {Choices} choices */
  async start(choices) {
    if (this.state !== 'off') {
      return;
    }
    this.sent = this.bytes = this.leftOut = 0;
    this.size = null;
    this.#wish = choices;
    this.#show('asking');
    if (!(await this.#openCamera(choices))) {
      return;
    }
    this.#lock.hold();
    this.#uplink = new Uplink({
      ...this.#options.serverOf(choices),
      onState: (state, problem) => this.#onUplink(state, problem),
      onSaid: this.#options.onSaid,
    });
    this.#uplink.open();
    this.#tick();
    if (this.#wish !== choices) {
      await this.#openCamera(this.#wish); // changed while the browser asked
    }
  }

  /** Another device, size or rate, without leaving the server. @param {Choices} choices */
  async change(choices) {
    this.#wish = choices;
    if (this.state !== 'off' && this.state !== 'asking') {
      await this.#openCamera(choices);
    }
  }

  /** @param {Problem | null} problem why it ended by itself */
  stop(problem = null) {
    clearTimeout(this.#timer);
    const uplink = this.#uplink;
    this.#uplink = null;
    uplink?.close();
    this.#camera.close();
    this.#lock.release();
    this.#rates.reset();
    if (this.state !== 'off') {
      this.#show('off', problem);
    }
  }

  /** @param {PublishState} state @param {Problem | null} problem */
  #show(state, problem = null) {
    this.state = state;
    this.#options.onState(state, problem);
  }

  /** True when it is open, and still wanted. @param {Choices} choices */
  async #openCamera(choices) {
    this.#pace = new Pace(choices.rate);
    try {
      return await this.#camera.open(choices);
    } catch (error) {
      if (this.state !== 'off') {
        this.stop(cameraProblem(error));
      }
      return false;
    }
  }

  /** @param {import('./uplink.js').UplinkState} state @param {Problem | null} problem */
  #onUplink(state, problem) {
    if (this.#uplink === null) {
      return;
    }
    if (state === 'closed') {
      this.stop(problem);
    } else {
      this.#show(state === 'open' ? 'live' : state);
    }
  }

  #tick() {
    const now = performance.now();
    const wait = this.#pace.wait(now);
    if (wait === 0 && this.#camera.hasPicture && !this.#isTaking && this.#pace.isDue(now)) {
      void this.#sendPicture();
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(LOOK_AGAIN_MS, this.#pace.wait(now)));
  }

  async #sendPicture() {
    const uplink = this.#uplink;
    if (uplink === null || uplink.state !== 'open') {
      return;
    }
    if (!uplink.isFree) {
      this.leftOut++;
      return;
    }
    this.#isTaking = true;
    const picture = await this.#camera.takePicture(uplink.maxFrameBytes).catch(() => null);
    this.#isTaking = false;
    if (picture !== null && uplink === this.#uplink && uplink.state === 'open') {
      uplink.send(picture.blob);
      this.#rates.add();
      this.sent++;
      this.bytes += picture.blob.size;
      this.size = { width: picture.width, height: picture.height };
    }
  }
}
