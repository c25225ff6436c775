// The camera of this device: opened, changed, closed, and its newest picture as a JPEG.

const QUALITY = 0.8;
const QUALITY_LEAST = 0.4;

/** @typedef {{ id: string, label: string }} Device */
/** @typedef {{ device: string, height: number, rate: number }} CameraWish `device`: `facing:user`, `facing:environment`, or an id */

const FACING = 'facing:';

/** @param {CameraWish} wish @returns {MediaStreamConstraints} */
export function cameraConstraints({ device, height, rate }) {
  /** @type {MediaTrackConstraints} */
  const video = {
    height: { ideal: height },
    width: { ideal: Math.round((height * 16) / 9) },
    frameRate: { ideal: Math.max(rate, 15) }, // a camera at a low rate exposes for long, and blurs
  };
  if (device.startsWith(FACING)) {
    video.facingMode = { ideal: device.slice(FACING.length) };
  } else {
    video.deviceId = { exact: device };
  }
  return { video, audio: false };
}

/**
 * The size that goes out: at most `height` lines (or columns, of a phone held upright), the shape kept.
 * @param {number} width
 * @param {number} height
 * @param {number} most
 */
export function fitSize(width, height, most) {
  const scale = Math.min(1, most / Math.min(width, height));
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

export class DeviceCamera {
  #video;
  #canvas = document.createElement('canvas');
  /** @type {MediaStream | null} */
  #stream = null;
  #onLost;
  #height = 720;
  #quality = QUALITY;
  #isFresh = false;
  #turn = 0; // of open() and close(): whoever comes later is right

  /**
   * @param {HTMLVideoElement} video shows what it sees
   * @param {() => void} onLost the device took the camera away
   */
  constructor(video, onLost) {
    this.#video = video;
    this.#onLost = onLost;
  }

  /**
   * @param {CameraWish} wish
   * @returns {Promise<boolean>} false: something else was wanted meanwhile
   * @throws what getUserMedia throws
   */
  async open(wish) {
    this.close(); // many phones have one camera at a time
    const turn = this.#turn;
    try {
      await this.#openStream(wish, turn);
    } catch (error) {
      if (turn === this.#turn) {
        throw error;
      }
    }
    return turn === this.#turn;
  }

  /** @param {CameraWish} wish @param {number} turn */
  async #openStream(wish, turn) {
    const stream = await navigator.mediaDevices.getUserMedia(cameraConstraints(wish));
    if (turn !== this.#turn) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    this.#stream = stream;
    this.#height = wish.height;
    this.#quality = QUALITY;
    stream.getVideoTracks()[0]?.addEventListener('ended', () => this.#stream === stream && this.#onLost());
    this.#video.srcObject = stream;
    this.#watchFrames(stream);
    await this.#video.play();
  }

  close() {
    this.#turn++;
    for (const track of this.#stream?.getTracks() ?? []) {
      track.stop();
    }
    this.#stream = null;
    this.#video.srcObject = null;
    this.#isFresh = false;
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** True while it shows whoever holds the device. */
  get isFront() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().facingMode === 'user';
  }

  /** The id of the device that is open, '' without one. */
  get deviceId() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? '';
  }

  /** With names only when the camera has been allowed. @returns {Promise<Device[]>} */
  static async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices
      .filter(({ kind, deviceId, label }) => kind === 'videoinput' && deviceId !== '' && label !== '')
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  /** A picture that has not been taken yet is there. */
  get hasPicture() {
    // A hidden tab is not told of frames, though they come.
    return this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && (this.#isFresh || document.hidden);
  }

  /** @param {MediaStream} stream */
  #watchFrames(stream) {
    if (!('requestVideoFrameCallback' in this.#video)) {
      this.#isFresh = true; // an old browser: whatever is there is taken for new
      return;
    }
    this.#video.requestVideoFrameCallback(() => {
      if (this.#stream === stream) {
        this.#isFresh = true;
        this.#watchFrames(stream);
      }
    });
  }

  /**
   * The newest picture.
   * @param {number} mostBytes
   * @returns {Promise<{ blob: Blob, width: number, height: number } | null>} null: none, or none that is small enough
   */
  async takePicture(mostBytes) {
    const { videoWidth, videoHeight } = this.#video;
    if (videoWidth === 0) {
      return null;
    }
    const { width, height } = fitSize(videoWidth, videoHeight, this.#height);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
    }
    this.#isFresh = !('requestVideoFrameCallback' in this.#video);
    this.#canvas.getContext('2d', { alpha: false })?.drawImage(this.#video, 0, 0, width, height);
    /** @type {Blob | null} */
    const blob = await new Promise((made) => this.#canvas.toBlob(made, 'image/jpeg', this.#quality));
    if (blob !== null && blob.size > mostBytes) {
      this.#quality = Math.max(QUALITY_LEAST, this.#quality - 0.1);
      return null;
    }
    return blob === null ? null : { blob, width, height };
  }
}
