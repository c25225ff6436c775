// Draws what was found on a picture: boxes with their classes, and parking spaces in the colour of their state.

/** @typedef {import('./fit.js').Place} Place */
/** @typedef {import('./fit.js').Size} Size */
/** @typedef {import('./frame_container.js').Detection} Detection */
/** @typedef {import('./frame_container.js').FrameMetadata} FrameMetadata */
/** @typedef {import('./frame_container.js').SpaceOccupancy} SpaceOccupancy */

/**
 * @typedef {object} OverlayOptions
 * @property {boolean} [boxes] default true
 * @property {boolean} [labels] class and confidence beside each box; default true
 * @property {boolean} [spaces] default true
 * @property {number} [conf] boxes from this confidence on; default: all that are told
 */

const BOX_COLOUR = '#ffd23f';
const LABEL_COLOUR = '#1a1a1a';
const SPACE_COLOURS = { free: '#2ecc71', occupied: '#ff5a4f', unknown: '#b8bec6' };
const SPACE_FILL = '40'; // as the alpha of a colour
const FONT_PX = 12;
const PADDING_PX = 3;
const LINE_PX = 2;

/** @param {SpaceOccupancy} space */
function spaceColour({ state, is_occupied: occupied }) {
  return SPACE_COLOURS[state ?? (occupied ? 'occupied' : 'free')] ?? SPACE_COLOURS.unknown;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {SpaceOccupancy[]} spaces
 * @param {Place} place
 */
function drawSpaces(context, spaces, place) {
  for (const space of spaces) {
    const colour = spaceColour(space);
    context.beginPath();
    for (const [x, y] of space.polygon ?? []) {
      context.lineTo(place.x + x * place.width, place.y + y * place.height);
    }
    context.closePath();
    context.fillStyle = colour + SPACE_FILL;
    context.fill();
    context.strokeStyle = colour;
    context.stroke();
  }
}

/**
 * A box on the canvas, and what it is around.
 * @typedef {object} Box
 * @property {Detection} detection
 * @property {number} left
 * @property {number} top
 */

/** @param {Place} one @param {Place} other */
function overlap(one, other) {
  return one.x < other.x + other.width && other.x < one.x + one.width &&
    one.y < other.y + other.height && other.y < one.y + one.height;
}

/**
 * Each above its box, or inside where there is no room above. One that would lie over another is left out, the less
 * sure one: a small picture would be nothing but labels.
 * @param {CanvasRenderingContext2D} context
 * @param {Box[]} boxes
 * @param {Place} picture
 * @param {number} ratio
 */
function drawLabels(context, boxes, picture, ratio) {
  const padding = PADDING_PX * ratio;
  const height = FONT_PX * ratio + 2 * padding;
  /** @type {Place[]} */
  const drawn = [];
  for (const { detection, left, top } of [...boxes].sort((a, b) => b.detection.confidence - a.detection.confidence)) {
    const { class: name, confidence, track_id: track } = detection;
    const text = `${name} ${Math.round(100 * confidence)} %${track === undefined ? '' : ` #${track}`}`;
    const width = context.measureText(text).width + 2 * padding;
    const x = Math.max(picture.x, Math.min(left, picture.x + picture.width - width));
    const label = { x, y: top >= height ? top - height : top, width, height };
    if (!drawn.some((other) => overlap(label, other))) {
      drawn.push(label);
      context.fillStyle = BOX_COLOUR;
      context.fillRect(label.x, label.y, width, height);
      context.fillStyle = LABEL_COLOUR;
      context.fillText(text, label.x + padding, label.y + padding);
    }
  }
}

/** @param {unknown} detection any worker may have written it */
function isDrawable(detection) {
  const { bbox, confidence } = /** @type {any} */ (detection ?? {});
  return Array.isArray(bbox) && bbox.length === 4 && bbox.every(Number.isFinite) && Number.isFinite(confidence);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {FrameMetadata} metadata
 * @param {Place} place of the picture on the canvas
 * @param {Size} picture as it came: what boxes are measured in, unless the metadata say otherwise
 * @param {OverlayOptions} options
 * @param {number} ratio of the screen's pixels to those of style sheets
 */
export function drawOverlay(context, metadata, place, picture, options, ratio) {
  context.save();
  context.lineWidth = LINE_PX * ratio;
  context.lineJoin = 'round';
  context.font = `${FONT_PX * ratio}px system-ui, sans-serif`;
  context.textBaseline = 'top';
  if (options.spaces !== false && Array.isArray(metadata.space_occupancy)) {
    drawSpaces(context, metadata.space_occupancy, place);
  }
  const { width, height } = metadata.frame ?? picture;
  const detections = options.boxes !== false && Array.isArray(metadata.detections) ? metadata.detections : [];
  /** @type {Box[]} */
  const boxes = [];
  context.strokeStyle = BOX_COLOUR;
  for (const detection of detections.filter(isDrawable)) {
    const [x = 0, y = 0, w = 0, h = 0] = detection.bbox;
    if (detection.confidence >= (options.conf ?? 0)) {
      const left = place.x + (x / width) * place.width;
      const top = place.y + (y / height) * place.height;
      context.strokeRect(left, top, (w / width) * place.width, (h / height) * place.height);
      boxes.push({ detection, left, top });
    }
  }
  if (options.labels !== false) {
    drawLabels(context, boxes, place, ratio);
  }
  context.restore();
}
