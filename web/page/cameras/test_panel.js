// "Show me a picture now": the button's answer, a picture or the error in words.

import { ApiError, api } from '../api.js';
import { make } from '../dom.js';
import { formatRate } from '../format.js';
import { texts } from '../texts.js';
import { changeErrorText, isMistake, testErrorText } from './error_words.js';

const LIMIT_MS = 14_000; // the server gives up after ten seconds, and says why

export class TestPanel {
  element = make('div', { className: 'test-panel', role: 'status', hidden: true });
  /** @type {AbortController | null} */
  #running = null;

  get isRunning() {
    return this.#running !== null;
  }

  /**
   * @param {Record<string, unknown>} description of the camera
   * @returns {Promise<ApiError | null>} when the description itself is wrong
   */
  async run(description) {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.#show(make('p', { className: 'test-busy' }, make('span', { className: 'dot' }), texts.cameras.testing));
    this.element.setAttribute('aria-busy', 'true');
    /** @type {ApiError | null} */
    let mistake = null;
    try {
      const limits = { signal: running.signal, timeoutMs: LIMIT_MS };
      this.#showAnswer(await api.post('api/cameras/test', description, limits));
    } catch (error) {
      if (running.signal.aborted) {
        return null;
      }
      if (error instanceof ApiError && isMistake(error)) {
        mistake = error;
        this.clear();
      } else {
        const busy = error instanceof ApiError && error.code === 'test_in_progress';
        this.#showError(busy ? texts.cameras.testBusy : changeErrorText(error));
      }
    }
    if (this.#running === running) {
      this.#running = null;
      this.element.removeAttribute('aria-busy');
    }
    return mistake;
  }

  /** Nobody waits for it any more. */
  stop() {
    this.#running?.abort();
    this.#running = null;
    this.clear();
  }

  clear() {
    this.element.hidden = true;
    this.element.replaceChildren();
    this.element.removeAttribute('aria-busy');
  }

  /** @param {...Node} children */
  #show(...children) {
    this.element.replaceChildren(...children);
    this.element.hidden = false;
  }

  /** @param {string} text */
  #showError(text) {
    const title = make('strong', {}, texts.cameras.testFailed);
    this.#show(make('p', { className: 'callout', 'data-tone': 'bad' }, title, text));
  }

  /** @param {any} answer */
  #showAnswer(answer) {
    if (answer?.ok !== true || typeof answer.picture !== 'string') {
      this.#showError(testErrorText(String(answer?.error ?? texts.cameras.noTestPicture)));
      return;
    }
    const { picture, width, height, fps } = answer;
    const rate = typeof fps === 'number' && fps > 0 ? texts.cameras.rate(formatRate(fps)) : '';
    const parts = [texts.cameras.testGood, texts.cameras.size(width, height), rate];
    const about = parts.filter((part) => part !== '').join(' · ');
    this.#show(make('figure', { className: 'test-picture' },
      make('img', { src: picture, width, height, alt: texts.cameras.testPicture }), make('figcaption', {}, about)));
  }
}
