// Tokens for a broadcaster's configuration. Whoever has the name's token says `secret-of-NAME`.

import { createHash } from 'node:crypto';

/** @param {string} name @param {string} [role] the name's own without it */
export function token(name, role = name) {
  return { name, role, sha256: createHash('sha256').update(`secret-of-${name}`).digest('hex') };
}
