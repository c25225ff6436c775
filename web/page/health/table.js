// A table whose rows have a key each: what is the same stays in the document, so that neither focus nor
// selection nor a screen reader's place is lost with every answer.

import { make, write } from '../dom.js';

/** @typedef {import('../tones.js').Tone} Tone */
/** @typedef {{ text: string, tone?: Tone, href?: string, pill?: boolean }} Cell */
/** @typedef {{ label: string, className?: string }} Column */
/** @typedef {{ key: string, cells: Cell[], action?: { label: string, text: string, run: () => void } }} Row */

/** @param {HTMLTableCellElement} cell @param {Cell} content */
function writeCell(cell, { text, tone, href, pill }) {
  if (pill) {
    if (cell.firstElementChild === null) {
      cell.append(make('span', { className: 'pill' }, make('span', { className: 'dot' }), make('span')));
    }
    const shown = /** @type {HTMLElement} */ (cell.firstElementChild);
    shown.dataset.tone = tone ?? 'muted';
    write(/** @type {Element} */ (shown.lastElementChild), text);
    return;
  }
  if (tone === undefined || tone === 'muted') {
    delete cell.dataset.tone;
  } else {
    cell.dataset.tone = tone;
  }
  if (href !== undefined && cell.firstElementChild === null) {
    cell.replaceChildren(make('a', { href }));
  }
  write(cell.firstElementChild ?? cell, text);
  if (cell.classList.contains('nowrap') && cell.title !== text) {
    cell.title = text; // it may be cut off
  }
}

export class KeyedTable {
  #columns;
  #body = make('tbody');
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  element;

  /**
   * @param {string} label of the table, for screen readers
   * @param {Column[]} columns
   * @param {string} [actionLabel] of a last column with buttons
   */
  constructor(label, columns, actionLabel) {
    this.#columns = columns;
    const heads = columns.map((column) => make('th', { scope: 'col', className: column.className ?? '' }, column.label));
    if (actionLabel !== undefined) {
      heads.push(make('th', { scope: 'col' }, make('span', { className: 'visually-hidden' }, actionLabel)));
    }
    // It scrolls sideways on a phone: the keyboard has to be able to.
    this.element = make('div', { className: 'table-scroll', tabIndex: 0, role: 'group', 'aria-label': label },
      make('table', { className: 'table' }, make('thead', {}, make('tr', {}, ...heads)), this.#body));
  }

  /** @param {Row[]} rows in the order in which they are to stand */
  show(rows) {
    const wanted = new Set(rows.map(({ key }) => key));
    const isWithin = this.#body.contains(document.activeElement);
    for (const [key, row] of this.#rows) {
      if (!wanted.has(key)) {
        row.remove();
        this.#rows.delete(key);
      }
    }
    if (isWithin && !this.#body.contains(document.activeElement)) {
      this.element.focus(); // the row that had it is gone
    }
    rows.forEach((row, place) => {
      const shown = this.#rows.get(row.key) ?? this.#makeRow(row);
      row.cells.forEach((cell, i) => writeCell(/** @type {HTMLTableCellElement} */ (shown.cells[i]), cell));
      if (this.#body.rows[place] !== shown) {
        this.#body.insertBefore(shown, this.#body.rows[place] ?? null);
      }
    });
  }

  /** @param {Row} row */
  #makeRow({ key, action }) {
    const row = make('tr', {}, ...this.#columns.map(({ className }) => make('td', { className: className ?? '' })));
    if (action !== undefined) {
      row.append(make('td', {}, make('button', {
        className: 'button', type: 'button', 'aria-label': action.label, onclick: action.run,
      }, action.text)));
    }
    this.#rows.set(key, row);
    return row;
  }
}
