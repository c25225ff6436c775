// The token with which the page asks: it comes in the address behind '#', which browsers keep to themselves,
// and stays with this tab.

const KEY = 'ringcast.token';

/** @returns {string | undefined} */
export function pageToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(KEY, given);
    // Nobody who looks over a shoulder, or is sent the address, gets it.
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) || undefined;
}

/** @returns {Record<string, string>} the fields of a request */
export function tokenFields() {
  const token = pageToken();
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
