// Small helpers for the DOM. A policy forbids inline styles and scripts: elements are made here, never out
// of text that came from somewhere.
//
//   element('save', HTMLButtonElement)       the element of the page with that id, or an error
//   make('p', { className: 'hint' }, 'text', child)
//   write(target, 'text')                    only when it differs: screen readers read what is written
//   showRows(list, values, makeRow, fillRow) the same for a list

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`the page has no ${type.name} "${id}"`);
  }
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | EventListener | undefined>} [properties] those of the element
 *   (`className`, `type`, `onclick`); with a dash, or `role`: attributes (`aria-label`, `data-tone`)
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) {
      continue;
    }
    if (name.includes('-') || !(name in made)) {
      made.setAttribute(name, String(value));
    } else {
      Reflect.set(made, name, value);
    }
  }
  made.append(...children);
  return made;
}

/**
 * @param {Element} target
 * @param {string} text
 */
export function write(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/**
 * A list that follows a list of values: what is there is kept, so that nothing flickers, no focus is lost, and a
 * screen reader reads only what changed.
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
