// Where a picture lies on its canvas: as large as it fits, in the middle. Pure.

/**
 * @typedef {object} Size
 * @property {number} width
 * @property {number} height
 */

/** @typedef {Size & {x: number, y: number}} Place */

// Narrower borders come from rounding alone, and are covered.
const BORDER_MIN = 2;

/**
 * @param {Size} picture
 * @param {Size} room
 */
export function fitScale(picture, room) {
  return Math.min(room.width / picture.width, room.height / picture.height);
}

/**
 * @param {number} size of the picture on the canvas
 * @param {number} room what the canvas has
 */
function drawnSize(size, room) {
  return room - size < BORDER_MIN ? room : Math.round(size);
}

/**
 * In whole pixels of the room.
 * @param {Size} picture
 * @param {Size} room
 * @returns {Place}
 */
export function fitPlace(picture, room) {
  const scale = fitScale(picture, room);
  const width = drawnSize(picture.width * scale, room.width);
  const height = drawnSize(picture.height * scale, room.height);
  return { x: Math.round((room.width - width) / 2), y: Math.round((room.height - height) / 2), width, height };
}
