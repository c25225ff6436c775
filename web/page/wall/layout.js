// Which cameras the wall shows, in which order and size, as this browser remembers it. Pure but for the two
// functions that read and write the storage.

/** @typedef {import('../camera_list.js').Camera} Camera */

/**
 * @typedef {object} Layout
 * @property {string[]} order ids; cameras that are not named come behind them, as the server has them
 * @property {string[]} hidden ids
 * @property {string[]} large ids that take two columns and two rows
 * @property {number | null} columns null: what fits best
 */

const KEY = 'ringcast.wall';
const IDS_MAX = 1000;
export const COLUMNS_MAX = 6;

/** @returns {Layout} */
export function emptyLayout() {
  return { order: [], hidden: [], large: [], columns: null };
}

/** @param {unknown} value */
function readIds(value) {
  return Array.isArray(value) ? value.filter((id) => typeof id === 'string').slice(0, IDS_MAX) : [];
}

/**
 * Whatever stands in the storage: another version, or somebody else, may have written it.
 * @param {string | null} text
 * @returns {Layout}
 */
export function readLayout(text) {
  let value;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return emptyLayout();
  }
  if (typeof value !== 'object' || value === null) {
    return emptyLayout();
  }
  const { columns } = value;
  return {
    order: readIds(value.order),
    hidden: readIds(value.hidden),
    large: readIds(value.large),
    columns: Number.isInteger(columns) && columns >= 1 && columns <= COLUMNS_MAX ? columns : null,
  };
}

/**
 * All cameras in the order of the layout, with the hidden ones.
 * @template {{ id: string }} T
 * @param {T[]} cameras
 * @param {Layout} layout
 * @returns {T[]}
 */
export function orderCameras(cameras, { order }) {
  const place = new Map(order.map((id, i) => [id, i]));
  const at = (/** @type {T} */ { id }) => place.get(id) ?? order.length;
  return [...cameras].sort((a, b) => at(a) - at(b)); // a stable sort: the server's order stays among the rest
}

/**
 * @template {{ id: string }} T
 * @param {T[]} cameras
 * @param {Layout} layout
 * @returns {T[]} those that are to be seen
 */
export function shownCameras(cameras, layout) {
  return orderCameras(cameras, layout).filter(({ id }) => !layout.hidden.includes(id));
}

/**
 * @param {Layout} layout
 * @param {'hidden' | 'large'} list
 * @param {string} id
 * @param {boolean} included
 * @returns {Layout}
 */
export function withFlag(layout, list, id, included) {
  const others = layout[list].filter((one) => one !== id);
  return { ...layout, [list]: included ? [...others, id] : others };
}

/**
 * @param {Layout} layout
 * @param {string[]} ids of all cameras, as they stand now
 * @param {string} id
 * @param {-1 | 1} step
 * @returns {Layout}
 */
export function withMoved(layout, ids, id, step) {
  const order = [...ids];
  const from = order.indexOf(id);
  const to = from + step;
  if (from < 0 || to < 0 || to >= order.length) {
    return layout;
  }
  order.splice(from, 1);
  order.splice(to, 0, id);
  return { ...layout, order };
}

/** @returns {Layout} */
export function loadLayout() {
  try {
    return readLayout(localStorage.getItem(KEY));
  } catch {
    return emptyLayout(); // a browser that forbids storage
  }
}

/** @param {Layout} layout */
export function saveLayout(layout) {
  try {
    localStorage.setItem(KEY, JSON.stringify(layout));
  } catch {
    // then it holds until the page is left
  }
}
