// How the picture lies on the stage: between parts of the picture (0 to 1) and CSS pixels of the stage.
// A view never changes; what moves it gives another one.

/** @typedef {import('./geometry.js').Point} Point */

/**
 * @typedef {object} Size
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} View
 * @property {Size} stage in CSS pixels
 * @property {Size} picture in its own pixels
 * @property {number} zoom 1: the whole picture fits
 * @property {number} left where the picture's left edge is on the stage
 * @property {number} top
 */

export const MAX_ZOOM = 12;

/** @param {View} view @returns {Size} of the picture on the stage */
export function shownSize({ stage, picture, zoom }) {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height) * zoom;
  return { width: picture.width * scale, height: picture.height * scale };
}

/**
 * Where an edge may be: a picture that is smaller than the stage is in its middle, a larger one leaves no gap.
 * @param {number} offset
 * @param {number} size
 * @param {number} room
 */
function keepOffset(offset, size, room) {
  return size <= room ? (room - size) / 2 : Math.max(room - size, Math.min(0, offset));
}

/** @param {View} view @returns {View} */
function kept(view) {
  const { width, height } = shownSize(view);
  return {
    ...view,
    left: keepOffset(view.left, width, view.stage.width),
    top: keepOffset(view.top, height, view.stage.height),
  };
}

/**
 * The whole picture.
 * @param {Size} stage
 * @param {Size} picture
 * @returns {View}
 */
export function fitView(stage, picture) {
  return kept({ stage, picture, zoom: 1, left: 0, top: 0 });
}

/**
 * @param {View} view
 * @param {Point} point part of the picture
 * @returns {Point} on the stage
 */
export function toStage(view, [x, y]) {
  const { width, height } = shownSize(view);
  return [view.left + x * width, view.top + y * height];
}

/**
 * @param {View} view
 * @param {Point} point on the stage
 * @returns {Point} part of the picture; beyond 0 and 1 beside it
 */
export function toPicture(view, [x, y]) {
  const { width, height } = shownSize(view);
  return [(x - view.left) / width, (y - view.top) / height];
}

/**
 * Nearer or farther; what is at the point stays there.
 * @param {View} view
 * @param {Point} point on the stage
 * @param {number} factor
 * @returns {View}
 */
export function zoomView(view, point, factor) {
  const zoom = Math.max(1, Math.min(MAX_ZOOM, view.zoom * factor));
  const held = toPicture(view, point);
  const { width, height } = shownSize({ ...view, zoom });
  return kept({ ...view, zoom, left: point[0] - held[0] * width, top: point[1] - held[1] * height });
}

/**
 * @param {View} view
 * @param {number} dx on the stage
 * @param {number} dy
 * @returns {View}
 */
export function panView(view, dx, dy) {
  return kept({ ...view, left: view.left + dx, top: view.top + dy });
}

/**
 * Another stage (a turned phone), or another picture; what was in the middle stays there.
 * @param {View} view
 * @param {Size} stage
 * @param {Size} picture
 * @returns {View}
 */
export function resizeView(view, stage, picture) {
  const held = toPicture(view, [view.stage.width / 2, view.stage.height / 2]);
  const next = { ...view, stage, picture };
  const { width, height } = shownSize(next);
  return kept({ ...next, left: stage.width / 2 - held[0] * width, top: stage.height / 2 - held[1] * height });
}

/**
 * So that a point is seen, with some room around it; the same view when it is.
 * @param {View} view
 * @param {Point} point part of the picture
 * @returns {View}
 */
export function revealPoint(view, point) {
  const room = Math.min(40, view.stage.width / 4, view.stage.height / 4);
  const [x, y] = toStage(view, point);
  const away = (/** @type {number} */ at, /** @type {number} */ size) =>
    at < room ? room - at : at > size - room ? size - room - at : 0;
  const [dx, dy] = [away(x, view.stage.width), away(y, view.stage.height)];
  return dx === 0 && dy === 0 ? view : panView(view, dx, dy);
}
