// Who looks at the page, and what may he see: the server says it (GET /api/session). Where it asks for tokens
// and the page has none, or a wrong one, a form asks for it; the page begins anew with the new one.
//
// Pages get theirs from page/shell.js:
//   const shell = startPage({ page: 'cameras', needs: 'admin' });
//   const session = await shell.session;      // never resolves for who may not see the page
//   if (session.may('admin')) { … }           // 'viewer', 'publisher' or 'admin'; admins may everything
//   session.mayCamera('LOT1')
//
// A page with something that is not saved keeps it: keepWork({ unsaved: () => editor.isChanged }).

import { ApiError, api, errorText, onUnauthorized } from './api.js';
import { make, write } from './dom.js';
import { texts } from './texts.js';
import { pageToken, setPageToken } from './token.js';

/** @typedef {'viewer' | 'publisher' | 'admin'} Role */

const RETRY_MS = 2000;

export class Session {
  /** @param {{ user: string | null, role: Role | null, cameras: string[] | null, tokens_required: boolean }} answer */
  constructor({ user, role, cameras, tokens_required }) {
    this.user = user ?? '';
    this.role = role;
    this.cameras = cameras;
    this.tokensRequired = tokens_required;
  }

  /** @param {Role} role */
  may(role) {
    return this.role === 'admin' || this.role === role;
  }

  /** @param {string} cameraId */
  mayCamera(cameraId) {
    return this.cameras === null || this.cameras.includes(cameraId);
  }

  /** Whether it may all that another one may. @param {Session} other */
  covers(other) {
    const everyCamera = other.cameras?.every((one) => this.mayCamera(one)) ?? this.cameras === null;
    return everyCamera && (this.role === other.role || this.role === 'admin');
  }
}

/**
 * What a page has that is lost when it begins anew.
 * @typedef {object} Work
 * @property {() => boolean} unsaved
 * @property {() => void} [renewed] there is another token, and the page goes on
 */

/** @type {Work | null} */
let work = null;

/** @param {Work} kept with this a page that has something unsaved does not begin anew after a login */
export function keepWork(kept) {
  work = kept;
}

/** Who was admitted to this page; null: nobody yet. @type {Session | null} */
let admitted = null;
/** @type {(session: Session) => void} */
let renewedHandler = () => {};

/** @returns {Promise<Session>} */
async function askSession() {
  return new Session(await api.get('api/session'));
}

/** @param {(reason: string) => void} waiting called while the server does not answer */
async function waitForSession(waiting) {
  for (;;) {
    try {
      return await askSession();
    } catch (error) {
      waiting(errorText(error));
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

/**
 * Another token is there: the page begins anew, or goes on where something would be lost.
 * @param {Session} session
 * @param {() => void} close of the form
 * @returns {boolean} false: the new one may less, and something is not saved
 */
function goOn(session, close) {
  if (admitted === null || !work?.unsaved()) {
    location.reload();
    return true;
  }
  if (!session.covers(admitted)) {
    return false;
  }
  admitted = session;
  close();
  renewedHandler(session);
  work.renewed?.();
  return true;
}

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} mistake
 * @param {() => void} close of the form
 */
async function logIn(input, mistake, close) {
  const before = pageToken() ?? '';
  setPageToken(input.value.trim());
  try {
    const session = await askSession();
    if (session.role !== null && goOn(session, close)) {
      return;
    }
    write(mistake, session.role === null ? texts.common.tokenWrong : texts.common.tokenLess);
  } catch (error) {
    write(mistake, error instanceof ApiError ? error.message : errorText(error));
  }
  setPageToken(before);
  input.setAttribute('aria-invalid', 'true');
  input.select();
}

/** @param {string} said why there is a form, when there was a token */
function showLogin(said) {
  if (document.getElementById('login') !== null) {
    return;
  }
  const input = make('input', {
    id: 'login-token', type: 'password', required: true, autocomplete: 'current-password', spellcheck: false,
    'aria-describedby': 'login-hint login-error',
  });
  const mistake = make('p', { className: 'field-error', id: 'login-error', role: 'alert' }, said);
  const form = make('form', { method: 'dialog' },
    make('div', { className: 'dialog-head' }, make('h1', { id: 'login-title' }, texts.common.login)),
    make('div', { className: 'dialog-body' },
      make('div', { className: 'field' },
        make('label', { htmlFor: 'login-token' }, texts.common.token),
        input,
        make('p', { className: 'field-hint', id: 'login-hint' }, texts.common.tokenHint),
        mistake)),
    make('div', { className: 'dialog-foot' },
      make('button', { className: 'button', type: 'submit', 'data-kind': 'primary' }, texts.common.login)));
  const dialog = make('dialog', { className: 'dialog', id: 'login', 'aria-labelledby': 'login-title' }, form);
  const done = new AbortController();
  const close = () => {
    done.abort();
    dialog.close();
    dialog.remove();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void logIn(input, mistake, close);
  });
  // Nobody goes on without. A browser lets a second Escape close it all the same.
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('close', () => dialog.showModal(), { signal: done.signal });
  document.body.append(dialog);
  dialog.showModal();
}

export function signOut() {
  setPageToken('');
  location.reload();
}

/**
 * @param {(reason: string) => void} waiting called while the server does not answer
 * @param {(session: Session) => void} renewed called when somebody has signed in again and the page goes on
 * @returns {Promise<Session>} never resolves without a valid token where one is needed
 */
export async function openSession(waiting, renewed) {
  const first = pageToken() === undefined ? '' : texts.common.tokenWrong;
  onUnauthorized(() => {
    const over = work?.unsaved() ? texts.common.tokenOverUnsaved : texts.common.tokenOver;
    showLogin(admitted === null ? first : over);
  });
  renewedHandler = renewed;
  const session = await waitForSession(waiting);
  if (session.role !== null) {
    admitted = session;
    return session;
  }
  showLogin(first);
  return new Promise(() => {});
}
