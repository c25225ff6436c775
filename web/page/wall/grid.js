// Where the tiles of the wall stand. Pure: numbers in, numbers out.

/**
 * @typedef {object} Place
 * @property {number} column 0 is the first
 * @property {number} row
 * @property {1 | 2} span cells in both directions
 */

/**
 * @typedef {object} Grid
 * @property {number} columns
 * @property {number} rows
 * @property {number} cellWidth in CSS pixels; a tile of two cells has the gap between them as well
 * @property {number} cellHeight
 * @property {Place[]} places in the order of the tiles
 */

/**
 * @typedef {object} Room
 * @property {number} width in CSS pixels
 * @property {number} height
 * @property {number} gap
 * @property {number} ratio width of a picture by its height
 * @property {number} minWidth of a tile: rather than below it the wall is scrolled
 */

/**
 * Each tile in the first place where it fits, row by row.
 * @param {(1 | 2)[]} spans
 * @param {number} columns
 * @returns {{ places: Place[], rows: number }}
 */
export function packTiles(spans, columns) {
  /** @type {Set<string>} */
  const taken = new Set();
  const cells = (/** @type {Place} */ { column, row, span }) =>
    Array.from({ length: span * span }, (_, i) => `${column + (i % span)},${row + Math.floor(i / span)}`);
  let rows = 0;
  const places = spans.map((wanted) => {
    const span = /** @type {1 | 2} */ (Math.min(wanted, columns));
    for (let at = 0; ; at++) {
      const place = { column: at % columns, row: Math.floor(at / columns), span };
      if (place.column + span <= columns && !cells(place).some((cell) => taken.has(cell))) {
        cells(place).forEach((cell) => taken.add(cell));
        rows = Math.max(rows, place.row + span);
        return place;
      }
    }
  });
  return { places, rows };
}

/**
 * @param {(1 | 2)[]} spans
 * @param {number} columns
 * @param {Room} room
 * @returns {Grid & { fits: boolean }}
 */
function gridOf(spans, columns, { width, height, gap, ratio, minWidth }) {
  const { places, rows } = packTiles(spans, columns);
  const byWidth = (width - gap * (columns - 1)) / columns;
  const byHeight = ((height - gap * (rows - 1)) / rows) * ratio;
  const fits = byHeight >= Math.min(minWidth, byWidth);
  const cellWidth = Math.max(0, Math.floor(fits ? Math.min(byWidth, byHeight) : byWidth));
  return { columns, rows, places, cellWidth, cellHeight: Math.floor(cellWidth / ratio), fits };
}

const NEARLY = 0.85; // of the largest width: then the grid that is wider, and as full, looks better

/** @param {Grid} grid */
function emptyCells({ columns, rows, places }) {
  return columns * rows - places.reduce((sum, { span }) => sum + span * span, 0);
}

/**
 * The number of columns that shows the pictures largest with all of them on the screen; where they would be
 * too small for that, as many columns as there is room for, and the wall is scrolled.
 * @param {(1 | 2)[]} spans of the tiles, in cells
 * @param {Room} room
 * @param {number | null} columns null: whatever is best
 * @returns {Grid}
 */
export function fitGrid(spans, room, columns = null) {
  if (columns !== null) {
    return gridOf(spans, columns, room);
  }
  const cells = spans.reduce((sum, span) => sum + span * span, 0);
  const grids = Array.from({ length: Math.max(1, cells) }, (_, i) => gridOf(spans, i + 1, room));
  const fitting = grids.filter(({ fits, cellWidth }) => fits && cellWidth >= Math.min(room.minWidth, room.width));
  if (fitting.length > 0) {
    const largest = fitting.reduce((best, grid) => (grid.cellWidth > best.cellWidth ? grid : best));
    return fitting.reduce((best, grid) => (grid.columns > best.columns &&
      grid.cellWidth >= NEARLY * largest.cellWidth && emptyCells(grid) <= emptyCells(largest) ? grid : best), largest);
  }
  const most = Math.max(1, Math.floor((room.width + room.gap) / (room.minWidth + room.gap)));
  return gridOf(spans, Math.min(most, Math.max(1, cells)), room);
}

/** @typedef {'left' | 'right' | 'up' | 'down' | 'first' | 'last'} Direction */

/**
 * The tile that an arrow key leads to; the same one at the edge.
 * @param {Place[]} places
 * @param {number} from index of a tile
 * @param {Direction} direction
 */
export function neighbour(places, from, direction) {
  const start = places[from];
  if (start === undefined) {
    return 0;
  }
  switch (direction) {
    case 'first':
      return 0;
    case 'last':
      return places.length - 1;
    case 'left':
      return Math.max(0, from - 1);
    case 'right':
      return Math.min(places.length - 1, from + 1);
    default:
      return nearestRow(places, from, start, direction === 'down' ? 1 : -1);
  }
}

/**
 * @param {Place[]} places
 * @param {number} from
 * @param {Place} start
 * @param {1 | -1} step
 */
function nearestRow(places, from, start, step) {
  const middle = (/** @type {Place} */ { column, span }) => column + span / 2;
  const edge = step === 1 ? start.row + start.span : start.row - 1;
  let best = from;
  let bestDistance = Infinity;
  places.forEach((place, i) => {
    const beyond = step === 1 ? place.row >= edge : place.row + place.span - 1 <= edge;
    const rows = step === 1 ? place.row - edge : edge - (place.row + place.span - 1);
    const distance = rows * 100 + Math.abs(middle(place) - middle(start));
    if (beyond && distance < bestDistance) {
      best = i;
      bestDistance = distance;
    }
  });
  return best;
}
