// Why there is no picture, in words: what a browser's error about the camera means for who stands before it.

import { texts } from '../texts.js';

/** @typedef {{ title: string, detail: string }} Problem */

const words = texts.publish.problem;

/** The errors of getUserMedia by their names. @type {Record<string, Problem>} */
const problems = {
  NotAllowedError: words.denied,
  SecurityError: words.denied,
  NotFoundError: words.noCamera,
  OverconstrainedError: words.noCamera,
  NotReadableError: words.inUse,
  AbortError: words.inUse,
};

/** @param {unknown} error of getUserMedia @returns {Problem} */
export function cameraProblem(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const message = error instanceof Error ? error.message : String(error);
  return problems[name] ?? { title: words.other, detail: message };
}

/**
 * Why this page may not use a camera at all; null when it may ask for one.
 * @param {boolean} secure
 * @param {boolean} hasCameras whether the browser has an interface for them
 * @returns {Problem | null}
 */
export function placeProblem(secure, hasCameras) {
  if (!secure) {
    return words.notSecure;
  }
  return hasCameras ? null : words.noInterface;
}

/** The server has a limit that is reached: it passes, but nobody would know why it does not go on. @param {{ status: number }} refusal */
export function isFull({ status }) {
  return status === 429 || status === 503;
}

/**
 * Why the server does not take the pictures. null: for a reason that passes by itself.
 * @param {{ status: number, code: string, message: string }} refusal of a request to the streamer's path
 * @returns {Problem | null}
 */
export function refusalProblem({ status, code, message }) {
  if (code === 'camera_in_use') {
    return words.cameraInUse;
  }
  if (code === 'captured_camera') {
    return words.capturedCamera;
  }
  return status >= 400 && status < 500 && status !== 426 && status !== 429 && status !== 408
    ? { title: words.refused, detail: message }
    : null;
}
