// Numbers as people read them.

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const whole = new Intl.NumberFormat('en');

/** @param {number} count */
export function formatCount(count) {
  return whole.format(count);
}

/**
 * "85 ms", "1.4 s", "12 s", "3 min 20 s", "2 h 5 min", "4 d 3 h".
 * @param {number} ms
 */
export function formatAge(ms) {
  const age = Math.max(0, ms);
  if (age < SECOND_MS) {
    return `${Math.round(age)} ms`;
  }
  if (age < 10 * SECOND_MS) {
    return `${(Math.floor(age / 100) / 10).toFixed(1)} s`;
  }
  if (age < MINUTE_MS) {
    return `${Math.floor(age / SECOND_MS)} s`;
  }
  if (age < HOUR_MS) {
    return `${Math.floor(age / MINUTE_MS)} min ${Math.floor((age % MINUTE_MS) / SECOND_MS)} s`;
  }
  if (age < DAY_MS) {
    return `${Math.floor(age / HOUR_MS)} h ${Math.floor((age % HOUR_MS) / MINUTE_MS)} min`;
  }
  return `${Math.floor(age / DAY_MS)} d ${Math.floor((age % DAY_MS) / HOUR_MS)} h`;
}

/** @param {number} perSecond */
export function formatRate(perSecond) {
  return perSecond < 9.95 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

/**
 * "830 B", "1.2 kB", "45 MB": 1000 to the next unit, as links are measured.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
