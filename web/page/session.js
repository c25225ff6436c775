// Who looks at the page, and what may he see: the server says it (GET /api/session). Where it asks for tokens
// and the page has none, or a wrong one, a form asks for it; the page begins anew with the new one.
//
// Pages get theirs from page/shell.js:
//   const shell = startPage({ page: 'cameras', needs: 'admin' });
//   const session = await shell.session;      // never resolves for who may not see the page
//   if (session.may('admin')) { … }           // 'viewer', 'publisher' or 'admin'; admins may everything
//   session.mayCamera('LOT1')

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
}

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
 * @param {HTMLInputElement} input
 * @param {HTMLElement} mistake
 */
async function logIn(input, mistake) {
  const before = pageToken() ?? '';
  setPageToken(input.value.trim());
  try {
    const session = await askSession();
    if (session.role !== null) {
      location.reload();
      return;
    }
    write(mistake, texts.common.tokenWrong);
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
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void logIn(input, mistake);
  });
  const dialog = make('dialog', { className: 'dialog', id: 'login', 'aria-labelledby': 'login-title' }, form);
  // There is nothing behind it. A browser lets a second Escape close it all the same.
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('close', () => dialog.showModal());
  document.body.append(dialog);
  dialog.showModal();
}

export function signOut() {
  setPageToken('');
  location.reload();
}

/**
 * @param {(reason: string) => void} waiting called while the server does not answer
 * @returns {Promise<Session>} never resolves without a valid token where one is needed
 */
export async function openSession(waiting) {
  const had = pageToken() !== undefined;
  let wrong = had ? texts.common.tokenWrong : '';
  onUnauthorized(() => showLogin(wrong));
  const session = await waitForSession(waiting);
  if (session.role !== null) {
    wrong = texts.common.tokenOver;
    return session;
  }
  showLogin(wrong);
  return new Promise(() => {});
}
