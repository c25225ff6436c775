// What an answer means to whoever changes cameras.

import { ApiError, errorText } from '../api.js';
import { texts } from '../texts.js';

/** @param {unknown} error */
export function changeErrorText(error) {
  if (error instanceof ApiError) {
    const known = /** @type {Record<string, string>} */ (texts.cameras.errors)[error.code];
    if (known !== undefined) {
      const details = error.errors.map(({ path, message }) => `${path}: ${message}`);
      return [known, ...(error.code === 'invalid_configuration' ? details : [])].join(' ');
    }
  }
  return errorText(error);
}

/**
 * Whether it is one in what was written into the form, told by field in `errors`.
 * @param {ApiError} error
 */
export function isMistake(error) {
  return error.status === 422 || error.code === 'bad_camera_id';
}

/**
 * Why a camera gave no picture: the server's reason, in the words of the form where it speaks of the configuration.
 * @param {string} reason
 */
export function testErrorText(reason) {
  const { testErrors } = texts.cameras;
  const [, status, words] = /^(\d{3})(?:: (.*))?$/.exec(reason) ?? [];
  if (status !== undefined) {
    return testErrors.status(words ?? testErrors.otherStatus, status);
  }
  const known = Object.entries(testErrors.known).find(([part]) => reason.includes(part));
  return known?.[1] ?? reason;
}

/**
 * Of a change that was made: processes that do not work with it yet.
 * @param {any} body of the answer
 * @returns {string} '': all do
 */
export function missingText(body) {
  return Array.isArray(body?.missing) && body.missing.length > 0 ? texts.cameras.missing(body.missing.join(', ')) : '';
}
