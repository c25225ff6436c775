// Moments and how long ago they were, as people say it: in the zone of whoever looks.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** "12:03". @param {number} ms since 1970 */
export function formatMinute(ms) {
  return minutes.format(ms);
}

/** "12:03:05". @param {number} ms since 1970 */
export function formatSecond(ms) {
  return seconds.format(ms);
}

/** "7 Jan". @param {number} ms since 1970 */
export function formatDay(ms) {
  return days.format(ms);
}

/** @param {number} a @param {number} b */
function sameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/**
 * "12:03", and on another day "7 Jan 12:03".
 * @param {number} ms
 * @param {number} nowMs
 */
export function formatMoment(ms, nowMs, format = formatMinute) {
  return sameDay(ms, nowMs) ? format(ms) : `${formatDay(ms)} ${format(ms)}`;
}

/**
 * "45 s", "14 min", "2 h 5 min", "4 d 3 h": what a space was, or is. Nobody counts its seconds for hours.
 * @param {number} ms
 */
export function formatHeld(ms) {
  const held = Math.max(0, ms);
  if (held < MINUTE_MS) {
    return `${Math.floor(held / 1000)} s`;
  }
  if (held < HOUR_MS) {
    return `${Math.floor(held / MINUTE_MS)} min`;
  }
  if (held < DAY_MS) {
    return `${Math.floor(held / HOUR_MS)} h ${Math.floor((held % HOUR_MS) / MINUTE_MS)} min`;
  }
  return `${Math.floor(held / DAY_MS)} d ${Math.floor((held % DAY_MS) / HOUR_MS)} h`;
}

/**
 * The name of a saved picture: "LOT1 2026-01-07 12-03-05.jpg", which every file system takes and sorts.
 * @param {string} cameraId
 * @param {number} ms when it was taken
 */
export function snapshotName(cameraId, ms) {
  const at = new Date(ms);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('-');
  return `${cameraId} ${day} ${time}.jpg`;
}
