// Names for spaces that are new.

/**
 * The name that follows: A1, A2; Lot 09, Lot 10; North, North 2.
 * @param {string} name
 * @param {number} [step]
 */
export function followingName(name, step = 1) {
  const digits = /\d+$/.exec(name)?.[0];
  if (digits === undefined) {
    return `${name} ${1 + step}`;
  }
  const number = String(Number(digits) + step).padStart(digits.length, '0');
  return name.slice(0, -digits.length) + number;
}

/**
 * The first name from this one on that nobody has.
 * @param {string} name
 * @param {ReadonlySet<string>} taken
 */
export function freeName(name, taken) {
  let free = name;
  while (taken.has(free)) {
    free = followingName(free);
  }
  return free;
}
