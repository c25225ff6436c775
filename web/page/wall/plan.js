// Which streams the wall wants of the server, how many frames a second of each and how good: no more than can be
// seen. Pure.

/** @typedef {import('../camera_list.js').Camera} Camera */
/** @typedef {import('../../lib/frame_container.js').StreamKind} StreamKind */

/**
 * @typedef {object} Wanted
 * @property {string} cameraId
 * @property {StreamKind} kind
 * @property {number} fps
 * @property {number} quality
 */

/**
 * @typedef {object} View
 * @property {Camera[]} visible those whose tiles are on the screen
 * @property {string | null} opened the one that is shown large
 * @property {(cameraId: string) => number} qualityOf as it is seen
 * @property {(cameraId: string) => boolean} isDetected whether pictures with boxes came lately
 */

const OPENED_FPS = 15;

/** Frames a second for each of so many tiles. @param {number} tiles */
export function rateFor(tiles) {
  return tiles <= 1 ? 15 : tiles <= 4 ? 10 : tiles <= 9 ? 5 : 3;
}

/** Shown by snapshots: its capture runs only while somebody watches. @param {Camera} camera @param {string | null} opened */
export function isBySnapshot(camera, opened) {
  return camera.capture === 'on_demand' && camera.id !== opened;
}

/**
 * A tile asks no detector to work that would rest otherwise; whoever opens a camera does. Where the boxes do not
 * come, the camera's own picture is better than none.
 * @param {Camera} camera
 * @param {boolean} opened
 * @param {boolean} isDetected
 * @returns {StreamKind[]}
 */
export function kindsFor({ source, detect }, opened, isDetected) {
  if (source === 'post') {
    return ['detect'];
  }
  if (detect === 'always' || (detect === 'on_demand' && opened)) {
    return isDetected ? ['detect'] : ['detect', 'raw'];
  }
  if (detect === 'on_demand') {
    return ['raw'];
  }
  return isDetected ? ['detect'] : ['raw', 'detect']; // somebody else may post boxes, which costs nothing
}

/**
 * @param {View} view
 * @returns {Wanted[]}
 */
export function planStreams({ visible, opened, qualityOf, isDetected }) {
  const cameras = visible.filter((camera) =>
    (opened === null || camera.id === opened) && !isBySnapshot(camera, opened));
  const fps = opened !== null ? OPENED_FPS : rateFor(visible.length);
  return cameras.flatMap((camera) => kindsFor(camera, camera.id === opened, isDetected(camera.id))
    .map((kind) => ({ cameraId: camera.id, kind, fps, quality: qualityOf(camera.id) })));
}

/**
 * What must be said to the server so that it sends this instead of that.
 * @param {Wanted[]} before
 * @param {Wanted[]} now
 */
export function planChanges(before, now) {
  const same = (/** @type {Wanted} */ a) => (/** @type {Wanted} */ b) => a.cameraId === b.cameraId && a.kind === b.kind;
  return {
    ended: before.filter((one) => !now.some(same(one))),
    begun: now.filter((one) => !before.some(same(one))),
    changed: now.filter((one) => before.some((other) =>
      same(one)(other) && (other.fps !== one.fps || other.quality !== one.quality))),
  };
}
