// The record of a camera as a chart, a table and a sentence need it. Nothing is made up: what was not
// known is null, and stays a gap.

/**
 * A point of /api/history.
 * @typedef {object} HistoryPoint
 * @property {number} time seconds since 1970, where it begins
 * @property {number} known_s of the step
 * @property {number | null} vehicle_count mean
 * @property {number | null} vehicle_count_max
 * @property {number | null} occupied_spaces mean
 * @property {number | null} occupied_spaces_max
 * @property {number | null} total_spaces
 */

/**
 * @typedef {object} History
 * @property {number} from seconds since 1970
 * @property {number} to
 * @property {number} step seconds
 * @property {HistoryPoint[]} points
 */

/** What can be chosen: seconds, and the step of the points. */
export const SPANS = Object.freeze({
  '1h': { seconds: 3600, step: 15, tableStep: 300 },
  '6h': { seconds: 6 * 3600, step: 60, tableStep: 1800 },
  '24h': { seconds: 24 * 3600, step: 300, tableStep: 3600 },
  '7d': { seconds: 7 * 86400, step: 3600, tableStep: 6 * 3600 },
});

/** @typedef {keyof typeof SPANS} Span */

export const SPAN_NAMES = /** @type {Span[]} */ (Object.keys(SPANS));

/**
 * Whether something is known, and all of it of the last so many seconds.
 * @param {History} history
 * @param {number} seconds
 */
export function isOfLast({ points, to }, seconds) {
  const first = points.find(({ known_s: known }) => known > 0);
  return first !== undefined && first.time >= to - seconds;
}

/** @param {number | null} value */
function tenth(value) {
  return value === null ? null : Math.round(value * 10) / 10;
}

/** @typedef {[number[], ...(number | null)[][]]} Columns */

/**
 * Columns as uPlot takes them: times, vehicles, and where there are spaces the occupied ones and all of
 * them. A value stands at the middle of its step.
 * @param {History} history
 * @returns {Columns}
 */
export function columnsOf({ points, step }) {
  /** @type {Columns} */
  const columns = [points.map(({ time }) => time + step / 2), points.map((point) => tenth(point.vehicle_count))];
  if (points.some(({ total_spaces: total }) => total !== null && total > 0)) {
    columns.push(points.map((point) => tenth(point.occupied_spaces)), points.map((point) => point.total_spaces));
  }
  return columns;
}

/**
 * @typedef {object} Extreme
 * @property {number} most
 * @property {number} at seconds since 1970
 */

/**
 * @typedef {object} Summary
 * @property {number} knownS of the time asked for
 * @property {number | null} meanOccupied
 * @property {Extreme | null} mostOccupied
 * @property {number | null} totalSpaces at the end
 * @property {number | null} meanVehicles
 * @property {Extreme | null} mostVehicles
 */

/**
 * A mean weighed by how long each value was known.
 * @param {HistoryPoint[]} points
 * @param {'vehicle_count' | 'occupied_spaces'} key
 */
function meanOf(points, key) {
  let sum = 0;
  let seconds = 0;
  for (const { [key]: value, known_s: known } of points) {
    if (value !== null && known > 0) {
      sum += value * known;
      seconds += known;
    }
  }
  return seconds > 0 ? sum / seconds : null;
}

/**
 * @param {HistoryPoint[]} points
 * @param {'vehicle_count_max' | 'occupied_spaces_max'} key
 * @returns {Extreme | null}
 */
function mostOf(points, key) {
  /** @type {Extreme | null} */
  let found = null;
  for (const { [key]: value, time } of points) {
    if (value !== null && (found === null || value > found.most)) {
      found = { most: value, at: time };
    }
  }
  return found;
}

/** @param {HistoryPoint[]} points @returns {Summary} */
export function summarize(points) {
  return {
    knownS: points.reduce((sum, { known_s: known }) => sum + known, 0),
    meanOccupied: meanOf(points, 'occupied_spaces'),
    mostOccupied: mostOf(points, 'occupied_spaces_max'),
    totalSpaces: points.reduce((last, { total_spaces: total }) => total ?? last, /** @type {number | null} */ (null)),
    meanVehicles: meanOf(points, 'vehicle_count'),
    mostVehicles: mostOf(points, 'vehicle_count_max'),
  };
}

/**
 * @typedef {object} TableRow
 * @property {number} time seconds since 1970, where it begins
 * @property {Summary} summary
 */

/**
 * A few rows for those who read instead of looking, the newest first.
 * @param {History} history
 * @param {number} tableStep seconds
 * @returns {TableRow[]}
 */
export function tableOf({ points }, tableStep) {
  /** @type {Map<number, HistoryPoint[]>} */
  const rows = new Map();
  for (const point of points) {
    const time = Math.floor(point.time / tableStep) * tableStep;
    const row = rows.get(time);
    if (row === undefined) {
      rows.set(time, [point]);
    } else {
      row.push(point);
    }
  }
  return [...rows].map(([time, row]) => ({ time, summary: summarize(row) })).reverse();
}
