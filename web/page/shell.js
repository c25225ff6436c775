// The frame of every page: the header with brand, navigation by role and the state of the connection; the
// login; what is said when somebody may not see the page.
//
// The HTML of a page (see index.html): <a class="skip" href="#main">, <header class="bar" id="shell"></header>,
// <main id="main">. Then, in the module of the page:
//
//   const shell = startPage({ page: 'health', title: texts.health.title, needs: 'admin' });
//   shell.showConnection(manager.connectionStatus);   // optional: the pill at the right
//   const session = await shell.session;              // never resolves for who may not see this page
//   shell.showTitle('North lot');                     // of the tab
//   shell.showState('Offline');                       // before it: "Offline · North lot · ringcast"

import { ApiError, api, pageUrl } from './api.js';
import { element, make, write } from './dom.js';
import { makeIcon } from './icons.js';
import { openSession, signOut } from './session.js';
import { connectionText, texts } from './texts.js';
import { connectionTones } from './tones.js';

/** @typedef {import('./session.js').Role} Role */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('../lib/stream_manager.js').ConnectionStatus} ConnectionStatus */
/** @typedef {import('./tones.js').Tone} Tone */
/** @typedef {'wall' | 'cameras' | 'publish' | 'health'} NavigationPage */

/**
 * @typedef {object} PageOptions
 * @property {string} [page] the one that the navigation marks
 * @property {string} [title]
 * @property {Role | null} [needs] default: viewer; null: whoever is known may see it
 * @property {() => void} [refused] called when the page is not for who looks
 * @property {(reason: string) => void} [turnedAway] called when the server takes no viewer, with the reason in
 *   words, and with '' when that is over
 */

/** @type {{ page: NavigationPage, path: string, needs: Role }[]} */
const pages = [
  { page: 'wall', path: './', needs: 'viewer' },
  { page: 'cameras', path: 'cameras', needs: 'admin' },
  { page: 'publish', path: 'publish', needs: 'publisher' },
  { page: 'health', path: 'health', needs: 'admin' },
];

const SVG = 'http://www.w3.org/2000/svg';
const TURNED_AWAY_MS = 5000; // so seldom the reason is asked for

/** @param {string} name @param {Record<string, string>} attributes */
function svgPart(name, attributes) {
  const part = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    part.setAttribute(key, value);
  }
  return part;
}

function makeBrand() {
  const mark = svgPart('svg', { viewBox: '0 0 32 32', width: '28', height: '28', 'aria-hidden': 'true' });
  mark.append(
    svgPart('rect', { class: 'brand-tile', width: '32', height: '32', rx: '8' }),
    svgPart('circle', { class: 'brand-ring', cx: '16', cy: '16', r: '8.5', transform: 'rotate(-60 16 16)' }),
    svgPart('circle', { class: 'brand-dot', cx: '16', cy: '16', r: '3.2' }));
  const brand = make('a', { className: 'brand', href: pageUrl('./'), 'aria-label': texts.common.home });
  brand.append(mark, make('span', {}, texts.common.brand));
  return brand;
}

/** Why the server takes no viewer, in words; '': it would take one, or does not answer. */
async function askRefusal() {
  try {
    await api.get('ws/viewer/detection?follow=false');
  } catch (error) {
    return error instanceof ApiError ? texts.common.turnedAwayBecause[error.status] ?? '' : '';
  }
  return '';
}

export class Shell {
  #bar = element('shell', HTMLElement);
  #nav = make('nav', { className: 'nav', 'aria-label': texts.common.pages, hidden: true });
  #connectionText = make('span');
  #connection = make('p', { className: 'pill', id: 'connection', role: 'status', 'data-tone': 'muted', hidden: true });
  #user = make('div', { className: 'bar-end', hidden: true });
  #end = make('div', { className: 'bar-end' }, this.#connection, this.#user);
  #title = '';
  #state = '';
  /** @type {ConnectionStatus | null} as it was said last */
  #status = null;
  #turnedAway;
  #askedAt = -Infinity;
  /**
   * As it is shown. One that is lost is not told anew with every try: a screen reader would read all of them out.
   * @type {ConnectionStatus}
   */
  connection = 'idle';
  /** @type {Promise<Session>} who looks; never resolves for who may not see the page */
  session;

  /** @param {PageOptions} options */
  constructor({ page = '', title, needs = 'viewer', refused = () => {}, turnedAway = () => {} }) {
    this.#turnedAway = turnedAway;
    this.#connection.append(make('span', { className: 'dot' }), this.#connectionText);
    this.#bar.replaceChildren(makeBrand(), this.#nav, this.#end);
    for (const skip of document.querySelectorAll('.skip')) {
      write(skip, texts.common.skip);
    }
    if (title !== undefined) {
      this.showTitle(title);
    }
    this.session = this.#admit(page, needs, refused);
  }

  /** @param {string} title of the tab */
  showTitle(title) {
    this.#title = title;
    this.#writeTitle();
  }

  /** What is to be known among other tabs: it stands first in the title. @param {string} state '': nothing */
  showState(state) {
    this.#state = state;
    this.#writeTitle();
  }

  #writeTitle() {
    const title = [this.#state, this.#title, texts.common.brand].filter((part) => part !== '').join(' · ');
    if (document.title !== title) {
      document.title = title;
    }
  }

  /** @param {ConnectionStatus} status as the stream manager has it */
  showConnection(status) {
    if (status === 'waiting' && this.#status === 'connecting') {
      void this.#askWhy();
    } else if (status === 'open') {
      this.#turnedAway('');
    }
    this.#status = status;
    const again = status === 'connecting' && (this.connection === 'waiting' || this.connection === 'offline');
    this.connection = again ? this.connection : status;
    const busy = this.connection === 'connecting' || this.connection === 'waiting';
    this.showPill(connectionText(this.connection), connectionTones[this.connection], busy);
  }

  /** The same pill, for a page without a stream. @param {string} text @param {Tone} tone */
  showPill(text, tone, busy = false) {
    this.#connection.hidden = false;
    write(this.#connectionText, text);
    this.#connection.dataset.tone = tone;
    this.#connection.toggleAttribute('data-busy', busy);
  }

  /** A browser does not tell a page what was answered to a WebSocket that did not come about. */
  async #askWhy() {
    if (performance.now() - this.#askedAt < TURNED_AWAY_MS) {
      return;
    }
    this.#askedAt = performance.now();
    const reason = await askRefusal();
    if (this.#status !== 'open') {
      this.#turnedAway(reason);
    }
  }

  /** Nobody says who looks. A connection that is open is open all the same. */
  #showWaiting() {
    if (this.#status !== 'open') {
      this.showPill(connectionText('waiting'), connectionTones.waiting, true);
    }
  }

  /** What the page itself has said of the connection stands again. */
  #endWaiting() {
    if (this.#status === null) {
      this.#connection.hidden = true;
    } else {
      this.showConnection(this.#status);
    }
  }

  /** @param {string} page @param {Role | null} needs @param {() => void} refused @returns {Promise<Session>} */
  async #admit(page, needs, refused) {
    const session = await openSession(() => this.#showWaiting(), (renewed) => this.#showUser(renewed));
    this.#endWaiting();
    this.#showNavigation(page, session);
    this.#showUser(session);
    if (needs === null || session.may(needs)) {
      return session;
    }
    refused();
    this.#refuse(session);
    return new Promise(() => {});
  }

  /** @param {string} current @param {Session} session */
  #showNavigation(current, session) {
    const allowed = pages.filter(({ needs }) => session.may(needs));
    this.#nav.replaceChildren(...allowed.map(({ page, path }) => make('a', {
      href: pageUrl(path), 'aria-current': page === current ? 'page' : undefined,
    }, texts.common.page[page])));
    this.#nav.hidden = allowed.length < 2 && allowed[0]?.page === current; // else there is nowhere to go
  }

  /** @param {Session} session */
  #showUser(session) {
    this.#user.hidden = !session.tokensRequired;
    if (session.tokensRequired) {
      this.#user.replaceChildren(
        make('span', { className: 'bar-user' }, session.user),
        make('button', {
          className: 'icon-button', type: 'button', 'data-kind': 'quiet', title: texts.common.signOutUser(session.user),
          'aria-label': texts.common.signOutUser(session.user), onclick: signOut,
        }, makeIcon('signOut')));
    }
  }

  /** @param {Session} session */
  #refuse(session) {
    element('main', HTMLElement).replaceChildren(make('section', { className: 'empty' },
      makeIcon('lock'),
      make('h1', {}, texts.common.notAllowed),
      make('p', {}, texts.common.notAllowedDetail(session.user, texts.common.role[session.role ?? 'viewer'])),
      make('div', { className: 'actions' },
        make('button', { className: 'button', type: 'button', onclick: signOut }, texts.common.otherToken))));
  }
}

/** @param {PageOptions} options */
export function startPage(options) {
  return new Shell(options);
}
