// What somebody asks of the library, checked where it is asked: a browser does not say why a server refused an
// address, and what is misspelt would be missed without a word.

/** @typedef {import('./subscriptions.js').StreamParameters} StreamParameters */

/** As docs/protocol.md has them. @type {Record<string, { least: number, most: number, whole?: boolean }>} */
const NUMBERS = {
  conf: { least: 0.05, most: 0.95 },
  fps: { least: 0.1, most: 60 },
  skipFrames: { least: 1, most: 100, whole: true },
  quality: { least: 10, most: 100, whole: true },
};
const SWITCHES = ['showLabels', 'metadata'];
const PARAMETERS = [...Object.keys(NUMBERS), ...SWITCHES];
const OPTIONS = [
  'url', 'cameraId', 'userId', 'autoReconnect', 'binary', 'pauseHidden', 'adaptive', 'token', 'platform', ...PARAMETERS,
];
const DEFAULT_PATH = '/ws/viewer/detection';
const DEFAULT_ADDRESS = `..${DEFAULT_PATH}`; // wherever a proxy has put it and this library

/** @param {string} name */
const plain = (name) => name.toLowerCase().replace(/[^a-z]/g, '');

/**
 * @param {string[]} names
 * @param {string[]} known
 */
function checkNames(names, known) {
  for (const name of names.filter((one) => !known.includes(one))) {
    const meant = known.find((one) => plain(one) === plain(name));
    throw new TypeError(`there is no option ${name}${meant === undefined ? `: known are ${known.join(', ')}` : `: it is ${meant}`}`);
  }
}

/** @param {object} options of a stream manager @throws {TypeError} one that there is not */
export function checkOptions(options) {
  checkNames(Object.keys(options), OPTIONS);
}

/**
 * Without what is not given: null is taken for that.
 * @param {Record<string, unknown>} given
 * @returns {StreamParameters}
 * @throws {TypeError | RangeError} what no server takes
 */
export function checkParameters(given) {
  checkNames(Object.keys(given), PARAMETERS);
  const known = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  for (const [name, value] of known) {
    const bounds = NUMBERS[name];
    if (bounds === undefined) {
      if (typeof value !== 'boolean') {
        throw new TypeError(`${name} must be true or false, and is ${JSON.stringify(value)}`);
      }
    } else if (typeof value !== 'number' || !(value >= bounds.least && value <= bounds.most) ||
        (bounds.whole && !Number.isInteger(value))) {
      const what = bounds.whole ? 'a whole number' : 'a number';
      throw new RangeError(`${name} must be ${what} from ${bounds.least} to ${bounds.most}, and is ${JSON.stringify(value)}`);
    }
  }
  return Object.fromEntries(known);
}

/**
 * Where a stream manager connects to.
 * @param {string | URL | null | undefined} given
 * @throws {TypeError} what is no address of a server
 */
export function socketUrl(given) {
  if (given === undefined || given === null) {
    return withScheme(new URL(DEFAULT_ADDRESS, import.meta.url));
  }
  const text = String(given);
  if (/^[\w.-]+:\d+(\/|$)/.test(text)) {
    throw new TypeError(`url needs a scheme: ws://${text}`);
  }
  const url = withScheme(new URL(text, globalThis.document?.baseURI));
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError(`url must begin with ws://, wss://, http:// or https://, and is ${text}`);
  }
  if (url.pathname === '/') {
    url.pathname = DEFAULT_PATH;
  }
  return url;
}

/** @param {URL} url */
function withScheme(url) {
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url;
}
