// What goes on, asked every two seconds: processes, cameras, detectors, viewers, limits, warnings.

import { ApiError, api, errorText, pageUrl } from '../api.js';
import { confirmDialog } from '../dialog.js';
import { element, make, write } from '../dom.js';
import { Poll } from '../poll.js';
import { texts } from '../texts.js';
import { notify } from '../toast.js';
import { Rates } from './figures.js';
import {
  CameraSection, DetectorSection, LimitSection, ProcessSection, ViewerSection, WarningSection,
  watched, whoIs,
} from './sections.js';

/** @typedef {import('../session.js').Session} Session */
/** @typedef {import('../shell.js').Shell} Shell */
/** @typedef {PromiseSettledResult<any>} Asked */

const POLL_MS = 2000;
const VIEWERS_MOST = 200;
const LINKS = ['metrics', 'debug/streams', 'readyz'];

/** The answer of a request that went wrong as well: /readyz says 503 when it has reasons. @param {string} path */
async function askAnyway(path) {
  try {
    return await api.get(path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 503 && error.body !== null) {
      return error.body;
    }
    throw error;
  }
}

export class HealthPage {
  #words = texts.health;
  #shell;
  #rates = new Rates();
  #processes = new ProcessSection();
  #cameras = new CameraSection();
  #detectors = new DetectorSection();
  #viewers = new ViewerSection((viewer) => void this.#onKick(viewer));
  #limits = new LimitSection();
  #warnings = new WarningSection();
  #poll = new Poll(() => this.#ask(), POLL_MS);

  /** @param {Shell} shell */
  constructor(shell) {
    this.#shell = shell;
    write(element('title', HTMLElement), this.#words.title);
    element('links', HTMLElement).setAttribute('aria-label', this.#words.links);
  }

  /** @param {Session} session */
  start(session) {
    element('links', HTMLElement).replaceChildren(...LINKS.map((path) => make('a', {
      className: 'button', href: pageUrl(path), target: '_blank', rel: 'noopener',
      onclick: session.tokensRequired ? (event) => void this.#openWithToken(event, path) : undefined,
    }, `/${path}`)));
    element('sections', HTMLElement).replaceChildren(
      this.#warnings.element, this.#processes.element, this.#cameras.element, this.#detectors.element,
      this.#viewers.element, this.#limits.element);
    void this.#poll.now();
  }

  async #ask() {
    const [ready, processes, cameras, viewers, warnings] = await Promise.allSettled([
      askAnyway('readyz'), api.get('api/processes'), api.get('api/cameras'),
      api.get(`api/viewers?limit=${VIEWERS_MOST}`), api.get('api/warnings'),
    ]);
    const at = performance.now();
    this.#showReady(ready);
    // Where nothing is known that is said once, not by every section.
    element('sections', HTMLElement).hidden =
      [ready, processes, cameras, viewers, warnings].every(({ status }) => status === 'rejected');
    const known = processes.status === 'fulfilled' ? processes.value.processes : [];
    this.#show(this.#processes, processes, (answer) => this.#processes.show(answer, this.#rates, at));
    this.#show(this.#limits, processes, (answer) => this.#limits.show(answer.limits));
    this.#show(this.#detectors, processes, () => this.#detectors.show(known));
    this.#show(this.#cameras, cameras, (answer) => this.#cameras.show(answer.cameras, known));
    this.#show(this.#viewers, viewers, (answer) => this.#viewers.show(answer, this.#rates, at));
    this.#show(this.#warnings, warnings, (answer) => this.#warnings.show(answer.warnings));
    this.#rates.sweep(at);
  }

  /** @param {import('./sections.js').Section} section @param {Asked} asked @param {(answer: any) => void} show */
  #show(section, asked, show) {
    if (asked.status === 'fulfilled') {
      show(asked.value);
    } else {
      section.showError(errorText(asked.reason));
    }
  }

  /** @param {Asked} asked */
  #showReady(asked) {
    if (asked.status === 'rejected') {
      this.#shell.showPill(texts.common.connection.waiting, 'bad', true);
      this.#shell.showState(document.hidden ? '' : texts.common.connection.waiting);
      this.#showCallout('bad', errorText(asked.reason), [this.#words.triedAgain]);
      return;
    }
    const { ready, reasons, warnings } = asked.value;
    const tone = ready ? (warnings.length > 0 ? 'warn' : 'good') : 'bad';
    const word = ready ? this.#words.ready : this.#words.notReady;
    this.#shell.showPill(word, tone);
    this.#shell.showState(word);
    this.#showCallout(tone, ready ? this.#words.readyBut : this.#words.notReadyBecause, [...reasons, ...warnings]);
  }

  /** @param {import('../tones.js').Tone} tone good: there is nothing to say @param {string} title @param {string[]} details */
  #showCallout(tone, title, details) {
    const callout = element('ready', HTMLElement);
    callout.hidden = tone === 'good';
    callout.dataset.tone = tone;
    write(element('ready-title', HTMLElement), title);
    const said = details.join('\n');
    const list = element('ready-list', HTMLElement);
    if (list.dataset.said !== said) {
      list.dataset.said = said;
      list.replaceChildren(...details.map((text) => make('li', {}, text)));
    }
  }

  /** A link cannot bring a token along. @param {Event} event @param {string} path */
  async #openWithToken(event, path) {
    event.preventDefault();
    try {
      const answer = await api.fetch(path);
      const blob = new Blob([await answer.text()], { type: 'text/plain' });
      open(URL.createObjectURL(blob), '_blank', 'noopener');
    } catch (error) {
      notify(errorText(error), 'bad');
    }
  }

  /** @param {any} viewer */
  async #onKick(viewer) {
    const { id, user } = viewer;
    const sure = await confirmDialog({
      title: this.#words.kickTitle(whoIs(viewer), watched(viewer)), detail: this.#words.kickDetail, confirm: this.#words.kick, kind: 'danger',
    });
    if (!sure) {
      return;
    }
    try {
      await api.delete(`api/viewers/${encodeURIComponent(id)}`);
      notify(this.#words.kicked(user), 'good');
    } catch (error) {
      notify(error instanceof ApiError && error.status === 404 ? this.#words.goneAlready : errorText(error),
        error instanceof ApiError && error.status === 404 ? 'muted' : 'bad');
    }
    await this.#poll.now();
  }
}
