// The server's JSON interface, as the pages use it: paths are relative to the pages' root wherever a proxy has
// put it, the token goes along, and what went wrong comes as an ApiError with words that can be shown.
//
//   const { cameras } = await api.get('api/cameras');
//   await api.put(`api/cameras/${id}/spaces`, spaces, { headers: { 'If-Match': etag } });
//   try { … } catch (error) { notify(errorText(error), 'bad'); }
//
//   const { body, headers, status } = await api.ask('GET', 'api/cameras');   // with the fields of the answer
//   error.status, error.code, error.errors ([{ path, field, message }] of 422 and 400), error.body

import { texts } from './texts.js';
import { tokenFields } from './token.js';

/** Of the pages: where `/` is, also behind a proxy and below a base path. */
export const ROOT = new URL('..', import.meta.url);

const ANSWER_LIMIT_MS = 15_000;

/**
 * @typedef {object} RequestOptions
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {number} [timeoutMs] default: 15 s
 */

/** @typedef {{ path: string, field: string, message: string }} FieldError */
/** @typedef {{ status: number, headers: Headers, body: any }} Answer */

/** @param {string} path of the server, without a slash before it: `api/cameras`, `camera/LOT1` */
export function pageUrl(path) {
  return new URL(path, ROOT).href;
}

/** @param {string} cameraId */
export function cameraUrl(cameraId) {
  return pageUrl(`camera/${encodeURIComponent(cameraId)}`);
}

/** What the server refused, or that it cannot be reached. Its message is made to be shown. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0: there was no answer
   * @param {any} body of the answer; null without one
   */
  constructor(message, status = 0, body = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
    /** @type {string} */
    this.code = typeof body?.error?.code === 'string' ? body.error.code : '';
    /** @type {FieldError[]} each mistake in what was sent */
    this.errors = Array.isArray(body?.errors) ? body.errors : [];
  }
}

/** @param {unknown} error */
export function errorText(error) {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return texts.common.noAnswer;
  }
  return error instanceof Error ? error.message : String(error);
}

/** @type {(error: ApiError) => void} */
let unauthorizedHandler = () => {};

/**
 * The token is not valid (any more). page/session.js asks for another one.
 * @param {(error: ApiError) => void} handler
 */
export function onUnauthorized(handler) {
  unauthorizedHandler = handler;
}

/**
 * @param {number} status
 * @param {any} body
 */
function refusal(status, body) {
  const said = body?.error?.message ?? body?.detail;
  return new ApiError(typeof said === 'string' && said !== '' ? said : texts.common.badAnswer(status), status, body);
}

/**
 * The answer, whatever it is.
 * @param {string} method
 * @param {string} path
 * @param {BodyInit | null} body
 * @param {RequestOptions} options
 */
async function send(method, path, body, { headers = {}, signal, timeoutMs = ANSWER_LIMIT_MS }) {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await fetch(new URL(path, ROOT), {
      method,
      body,
      headers: { ...tokenFields(), ...headers },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    if (error instanceof DOMException) {
      throw error; // aborted, or too late
    }
    throw new ApiError(texts.common.noServer);
  }
}

/** @param {Response} answer */
async function check(answer) {
  if (answer.ok) {
    return answer;
  }
  const body = await answer.json().catch((error) => {
    if (error instanceof DOMException && error.name !== 'SyntaxError') {
      throw error; // aborted, or too late
    }
    return null;
  });
  const error = refusal(answer.status, body);
  if (answer.status === 401) {
    unauthorizedHandler(error);
  }
  throw error;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] becomes JSON; undefined: none
 * @param {RequestOptions} [options]
 * @returns {Promise<Answer>}
 * @throws {ApiError}
 */
async function ask(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await check(await send(method, path, body === undefined ? null : JSON.stringify(body), {
    ...options, headers: { ...json, ...options.headers },
  }));
  const text = await answer.text();
  try {
    return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) };
  } catch {
    throw new ApiError(texts.common.badAnswer(answer.status), answer.status);
  }
}

export const api = {
  ask,

  /** @param {string} path @param {RequestOptions} [options] @returns {Promise<any>} */
  get: async (path, options) => (await ask('GET', path, undefined, options)).body,

  /** @param {string} path @param {unknown} [body] @param {RequestOptions} [options] @returns {Promise<any>} */
  post: async (path, body, options) => (await ask('POST', path, body, options)).body,

  /** @param {string} path @param {unknown} body @param {RequestOptions} [options] @returns {Promise<any>} */
  put: async (path, body, options) => (await ask('PUT', path, body, options)).body,

  /** @param {string} path @param {RequestOptions} [options] @returns {Promise<any>} */
  delete: async (path, options) => (await ask('DELETE', path, undefined, options)).body,

  /**
   * What is no JSON, such as a snapshot: `await (await api.fetch('api/cameras/A/snapshot.jpg')).blob()`.
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  fetch: async (path, options = {}) => check(await send('GET', path, null, options)),
};
