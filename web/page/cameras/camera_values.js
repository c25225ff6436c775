// Between what the API says of a camera, what stands in the fields of the form, and what is sent. Texts of the
// form only: nothing here knows the page.

import { freeId } from '../ids.js';

/**
 * What the API says of a camera to an admin.
 * @typedef {object} ListedCamera
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {string} source mjpeg, snapshot, file, push; post: nobody has configured it
 * @property {number} width 0: not known yet
 * @property {number} height
 * @property {number} fps
 * @property {object[]} spaces
 * @property {string} [origin] file, changed or added
 * @property {Record<string, unknown>} [settings]
 */

/** @typedef {Record<string, string | boolean>} FormValues */

/** Those that are numbers. */
const numbers = ['fps', 'max_fps', 'skip_frames', 'source_fps', 'linger_s'];

/** Those that a source has nothing to do with. @type {Record<string, string[]>} */
const without = {
  mjpeg: ['source_fps'],
  snapshot: [],
  push: ['url', 'user', 'password', 'tls_verify', 'capture', 'linger_s', 'source_fps'],
  file: ['source', 'url', 'user', 'password', 'tls_verify'],
};

/** All that can be given, in the order of the form. */
export const fieldNames = [
  'name', 'source', 'url', 'user', 'password', 'tls_verify', 'detect', 'fps', 'skip_frames', 'max_fps', 'capture',
  'linger_s', 'source_fps',
];

/** @param {string} source @returns {Set<string>} the fields that mean something */
export function fieldsOfSource(source) {
  const left = without[source] ?? [];
  return new Set(fieldNames.filter((name) => !left.includes(name)));
}

/** @returns {FormValues} of a camera that is new: empty means the default of the configuration */
export function newValues() {
  return {
    name: '', source: 'mjpeg', url: '', user: '', password: '', noPassword: false, tls_verify: true, detect: '',
    fps: '', skip_frames: '', max_fps: '', capture: '', linger_s: '', source_fps: '',
  };
}

/** @param {ListedCamera} camera @returns {FormValues} */
export function valuesOf({ name, source, settings = {} }) {
  /** @type {FormValues} */
  const values = { ...newValues(), name, source };
  for (const [key, value] of Object.entries(settings)) {
    if (key in values) {
      values[key] = typeof value === 'boolean' ? value : value === null ? '' : String(value);
    }
  }
  return values;
}

/**
 * @param {string} name
 * @param {string | boolean | undefined} value
 * @returns {unknown} as the API takes it; null: the default
 */
function sent(name, value) {
  if (typeof value === 'boolean') {
    return value;
  }
  const text = (value ?? '').trim();
  if (text === '') {
    return null;
  }
  return numbers.includes(name) && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * The members of a request: of a new camera those that are given, of another one those that differ.
 * @param {FormValues} values
 * @param {FormValues | null} before as the form was filled; null: the camera is new
 * @returns {Record<string, unknown>}
 */
export function changesOf(values, before) {
  const meant = fieldsOfSource(String(values.source));
  /** @type {Record<string, unknown>} */
  const changes = {};
  for (const name of fieldNames) {
    const value = meant.has(name) ? sent(name, values[name]) : null;
    const same = before !== null &&
      (meant.has(name) ? values[name] === before[name] : values.source === before.source || before[name] === '');
    if (name !== 'password' && !same && !(before === null && value === null)) {
      changes[name] = value;
    }
  }
  // The server does not send the user that it has to another address: whoever leaves it in the form means it.
  if (before !== null && 'url' in changes && typeof changes.url === 'string' && values.user !== '') {
    changes.user = sent('user', values.user);
  }
  if (meant.has('password')) {
    if (values.noPassword === true) {
      changes.password = null;
    } else if (values.password !== '') {
      changes.password = values.password;
    }
  } else if (before !== null && values.source !== before.source) {
    changes.password = null;
  }
  return changes;
}

/**
 * Fields that are to be changed and that somebody else has changed meanwhile.
 * @param {Record<string, unknown>} changes
 * @param {FormValues} before as the form was filled
 * @param {FormValues} now as the server has them
 * @returns {string[]}
 */
export function overtaken(changes, before, now) {
  return Object.keys(changes).filter((name) => name !== 'password' && now[name] !== before[name]);
}

/** @param {string} name @param {readonly string[]} ids */
export function proposeId(name, ids) {
  return name.trim() === '' ? '' : freeId(name, new Set(ids), 'camera');
}

/**
 * What the server says of fields, by their names in the form; '' has what belongs to none of them.
 * @param {readonly { path?: unknown, field?: unknown, message?: unknown }[]} errors
 * @returns {Map<string, string>}
 */
export function errorsByField(errors) {
  const known = new Set([...fieldNames, 'id']);
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const { path, field, message } of errors) {
    const last = String(field ?? '') || String(path ?? '').split('.').at(-1) || '';
    const name = last.replace(/\[.*$/, '');
    const key = known.has(name) ? name : '';
    const text = key === '' && path ? `${path}: ${message}` : String(message);
    found.set(key, found.has(key) ? `${found.get(key)}. ${text}` : text);
  }
  return found;
}

/**
 * What can be said of an address before anybody is asked.
 * @param {string} url
 * @returns {'rtsp' | 'scheme' | 'page' | null}
 */
export function judgeAddress(url) {
  const text = url.trim().toLowerCase();
  if (/^rtsps?:/.test(text)) {
    return 'rtsp';
  }
  if (/^[a-z][a-z0-9+.-]*:/.test(text) && !/^https?:/.test(text) && !/^[^/]*:\d/.test(text)) {
    return 'scheme';
  }
  return /^https?:\/\/[^/]+\/?$/.test(text) ? 'page' : null;
}
