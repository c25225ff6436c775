// The token with which the page asks: it comes in the address behind '#', which browsers keep to themselves,
// or from the login form, and stays with this tab.

const KEY = 'ringcast.token';

/** @returns {string | undefined} */
export function pageToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    setPageToken(given);
    // Nobody who looks over a shoulder, or is sent the address, gets it.
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) || undefined;
}

/** @param {string} token '': none any more */
export function setPageToken(token) {
  if (token === '') {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, token);
  }
}

/** @returns {Record<string, string>} the fields of a request */
export function tokenFields() {
  const token = pageToken();
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
