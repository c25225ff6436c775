// A list on the page that follows a list of values: what is there is kept, so that nothing flickers, no focus
// is lost, and a screen reader reads only what changed.

/**
 * @template T
 * @template {HTMLElement} E
 * @param {HTMLElement} list
 * @param {T[]} values
 * @param {() => E} makeRow
 * @param {(row: E, value: T, i: number) => void} fillRow
 */
export function showRows(list, values, makeRow, fillRow) {
  while (list.children.length > values.length) {
    list.lastElementChild?.remove();
  }
  values.forEach((value, i) => {
    const row = /** @type {E} */ (list.children[i] ?? list.appendChild(makeRow()));
    fillRow(row, value, i);
  });
}
