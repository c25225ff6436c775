// Ids of cameras and spaces.

/**
 * The rule that the server has: it would refuse any other for ever.
 * @param {string} text
 */
export function isId(text) {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(text);
}

/**
 * An id of the letters and digits of a name, that nobody has. Accents are left out: "Süd 1" is "sud-1".
 * @param {string} name
 * @param {ReadonlySet<string>} taken
 * @param {string} otherwise for a name without any
 */
export function freeId(name, taken, otherwise) {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_.]+/g, '-')
    .replace(/^[-_.]+|-+$/g, '')
    .slice(0, 56);
  const base = plain || otherwise;
  let free = base;
  for (let number = 2; taken.has(free); number++) {
    free = `${base}-${number}`;
  }
  return free;
}
