// Beside the picture: the list of names, the fields of the selected space, the fields of a row.

import { make, write } from '../dom.js';
import { texts } from '../texts.js';
import { ROW_MAX } from './editor.js';
import { showEach } from './svg.js';

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {import('./space_list.js').Space} Space */
/** @typedef {import('./stage_view.js').SpaceState} SpaceState */

/**
 * @typedef {object} SideHost
 * @property {Editor} editor
 * @property {import('./commands.js').Commands} commands
 * @property {(space: Space) => SpaceState} stateOf
 * @property {() => void} reveal what is selected comes into sight
 * @property {() => void} focus the keyboard goes where the selection is on the picture
 * @property {boolean} readOnly
 */

/** @param {HTMLInputElement} input @param {string} value */
function fill(input, value) {
  if (input.value !== value) {
    input.value = value;
  }
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} hint
 * @param {Record<string, string | number>} [properties]
 */
function makeField(id, label, hint = '', properties = {}) {
  const described = `${id}-hint ${id}-error`;
  const input = make('input', {
    id, type: 'text', autocomplete: 'off', spellcheck: false, 'aria-describedby': described, ...properties,
  });
  const about = make('p', { className: 'field-hint', id: `${id}-hint` }, hint);
  const mistake = make('p', { className: 'field-error', id: `${id}-error` });
  const field = make('div', { className: 'field' }, make('label', { htmlFor: id }, label), input, about, mistake);
  return { field, input, mistake };
}

export class SideView {
  #host;
  #list = make('ul', { className: 'space-list', id: 'space-list', 'aria-label': texts.spaces.listTitle });
  #count = make('span', { className: 'hint', id: 'space-count' });
  #empty = make('p', { className: 'hint' }, texts.spaces.empty);
  #name = makeField('space-name', texts.spaces.name);
  #id = makeField('space-id', texts.spaces.id, texts.spaces.idHint);
  #corners = make('p', { className: 'hint' });
  #inspector = make('section', { className: 'card', id: 'inspector', 'aria-label': texts.spaces.inspector });
  #shape = make('p', { className: 'field-error', id: 'shape-error' });
  #removeCorner;
  #rowName = makeField('row-name', texts.spaces.rowName);
  #rowCount = makeField('row-count', texts.spaces.rowCount, '', {
    type: 'number', min: 1, max: ROW_MAX, inputMode: 'numeric',
  });
  #across = make('input', { type: 'checkbox', id: 'row-across' });
  #accept = make('button', { className: 'button', type: 'submit', 'data-kind': 'primary', id: 'row-accept' });
  #rowError = make('p', { className: 'field-error', role: 'status' });
  #row;

  /** @param {HTMLElement} side @param {SideHost} host */
  constructor(side, host) {
    this.#host = host;
    this.#removeCorner = this.#makeButton('minusCorner', texts.spaces.removeCorner, () => host.commands.removeCorner());
    this.#row = this.#makeRow();
    if (!host.readOnly) {
      this.#inspector.append(this.#name.field, this.#shape, this.#corners,
        make('div', { className: 'actions' }, this.#removeCorner,
          this.#makeButton('plusCorner', texts.spaces.addCorner, () => host.commands.addCorner())),
        make('details', {}, make('summary', {}, texts.spaces.more), this.#id.field));
    }
    this.#name.input.addEventListener('input', () => {
      this.#edit((key, editor) => editor.rename(key, this.#name.input.value));
    });
    this.#id.input.addEventListener('input', () => {
      this.#edit((key, editor) => editor.setId(key, this.#id.input.value.trim()));
    });
    this.#name.input.addEventListener('keydown', ({ key }) => (key === 'Enter' || key === 'Escape') && host.focus());
    this.#list.addEventListener('keydown', (event) => this.#onListKey(event));
    const head = make('div', { className: 'list-head' }, make('h2', {}, texts.spaces.listTitle), this.#count);
    side.append(this.#row, this.#inspector, make('section', { className: 'card space-card' }, head, this.#empty, this.#list));
  }

  /** @param {string} id @param {string} text @param {() => void} command */
  #makeButton(id, text, command) {
    return make('button', { className: 'button', type: 'button', id, onclick: command }, text);
  }

  #makeRow() {
    const { editor } = this.#host;
    const cancel = () => {
      editor.cancel();
      this.#host.focus();
    };
    const form = make('form', { className: 'card form', id: 'row-form', hidden: true },
      make('h2', {}, texts.spaces.rowTitle),
      make('div', { className: 'row-fields' }, this.#rowCount.field, this.#rowName.field),
      make('label', { className: 'check' }, this.#across, texts.spaces.rowAcross),
      this.#rowError,
      make('div', { className: 'actions' }, this.#accept,
        make('button', { className: 'button', type: 'button', onclick: cancel }, texts.common.cancel)));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#host.commands.acceptRow();
      this.#host.focus();
    });
    const [count, name] = [this.#rowCount.input, this.#rowName.input];
    count.addEventListener('input', () => editor.changeRow({ count: count.valueAsNumber }));
    name.addEventListener('input', () => editor.changeRow({ name: name.value }));
    this.#across.addEventListener('change', () => editor.changeRow({ across: this.#across.checked }));
    return form;
  }

  /** @param {(key: number, editor: Editor) => void} change */
  #edit(change) {
    const key = this.#host.editor.selectedKey;
    if (key !== null) {
      change(key, this.#host.editor);
    }
  }

  /** The keyboard goes into the name. */
  focusName() {
    if (!this.#inspector.hidden) {
      this.#name.input.focus();
      this.#name.input.select();
    }
  }

  /** @param {KeyboardEvent} event */
  #onListKey(event) {
    const { editor, readOnly } = this.#host;
    const at = editor.spaces.findIndex(({ key }) => key === editor.selectedKey);
    const to = /** @type {Record<string, number>} */ ({
      ArrowUp: Math.max(0, at - 1), ArrowDown: at + 1, Home: 0, End: editor.spaces.length - 1,
    })[event.key];
    const space = to === undefined ? undefined : editor.spaces[Math.min(to, editor.spaces.length - 1)];
    if (space !== undefined) {
      editor.select(space.key);
      this.#host.reveal();
    } else if (!readOnly && event.key === 'F2') {
      this.focusName();
      event.preventDefault();
      return;
    } else if (!readOnly && event.key === 'Delete' && editor.selected !== undefined) {
      this.#host.commands.removeSpace();
    } else {
      return;
    }
    event.preventDefault();
    this.#focusListed();
  }

  #focusListed() {
    const listed = this.#list.querySelector('button[aria-current="true"]');
    if (listed instanceof HTMLElement) {
      listed.focus();
    }
  }

  show() {
    const { editor } = this.#host;
    /** @type {Map<number, import('./check.js').ProblemKind[]>} */
    const wrong = new Map();
    for (const { key, kind } of editor.problems) {
      wrong.set(key, [...(wrong.get(key) ?? []), kind]);
    }
    this.#showList(wrong);
    this.#showInspector(wrong);
    this.#showRow();
  }

  /** @param {Map<number, import('./check.js').ProblemKind[]>} wrong */
  #showList(wrong) {
    const { editor, stateOf } = this.#host;
    const states = editor.spaces.map((space) => stateOf(space));
    const free = states.filter((state) => state === 'free').length;
    const known = states.filter((state) => state === 'free' || state === 'occupied').length;
    write(this.#count, texts.spaces.count(editor.spaces.length, known === 0 ? null : free));
    this.#empty.hidden = editor.spaces.length > 0;
    this.#list.hidden = editor.spaces.length === 0;
    const tabStop = editor.selectedKey ?? editor.spaces[0]?.key;
    showEach(this.#list, editor.spaces, () => this.#makeItem(), (item, space, i) => {
      const button = item.firstElementChild;
      if (!(button instanceof HTMLButtonElement)) {
        return;
      }
      const selected = space.key === editor.selectedKey;
      const state = states[i] ?? null;
      const kinds = wrong.get(space.key) ?? [];
      const [name, about] = [...button.children].slice(1);
      button.dataset.key = String(space.key);
      button.dataset.state = state ?? '';
      button.tabIndex = space.key === tabStop ? 0 : -1;
      button.toggleAttribute('data-wrong', kinds.length > 0);
      if (button.getAttribute('aria-current') !== String(selected)) {
        button.setAttribute('aria-current', String(selected));
        if (selected) {
          this.#scrollTo(button);
        }
      }
      if (name !== undefined && about !== undefined) {
        write(name, space.name.trim() || texts.spaces.nameless);
        const wrongText = kinds.map((kind) => texts.spaces.problem[kind]).join('. ');
        write(about, wrongText || (state === null ? '' : texts.spaces.state[state]));
      }
    });
  }

  /** In the list, and never the page. @param {HTMLElement} button */
  #scrollTo(button) {
    const { offsetTop, offsetHeight } = button;
    const { scrollTop, clientHeight } = this.#list;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight) {
      this.#list.scrollTop = offsetTop - (clientHeight - offsetHeight) / 2;
    }
  }

  #makeItem() {
    const button = make('button', { type: 'button', className: 'space-item' },
      make('span', { className: 'swatch', 'aria-hidden': 'true' }),
      make('span', { className: 'space-name' }),
      make('span', { className: 'space-about' }));
    button.addEventListener('click', () => {
      this.#host.editor.select(Number(button.dataset.key));
      this.#host.reveal();
    });
    button.addEventListener('dblclick', () => this.focusName());
    return make('li', {}, button);
  }

  /** @param {Map<number, import('./check.js').ProblemKind[]>} wrong */
  #showInspector(wrong) {
    const { editor, readOnly } = this.#host;
    const space = editor.selected;
    this.#inspector.hidden = readOnly || space === undefined || editor.mode !== 'select';
    if (space === undefined) {
      return;
    }
    const kinds = wrong.get(space.key) ?? [];
    const textOf = (/** @type {(import('./check.js').ProblemKind)[]} */ ...of) =>
      kinds.filter((kind) => of.includes(kind)).map((kind) => texts.spaces.problem[kind]).join('. ');
    fill(this.#name.input, space.name);
    fill(this.#id.input, space.id);
    for (const [{ input, mistake }, text] of /** @type {const} */ ([
      [this.#name, textOf('unnamed', 'name', 'long')], [this.#id, textOf('id', 'form')],
    ])) {
      write(mistake, text);
      input.setAttribute('aria-invalid', String(text !== ''));
    }
    write(this.#shape, textOf('crossing', 'tiny', 'few', 'many', 'outside'));
    write(this.#corners, texts.spaces.corners(space.polygon.length, editor.corner === null ? null : editor.corner + 1));
    this.#removeCorner.setAttribute('aria-disabled', String(!editor.canRemoveCorner));
    if (kinds.includes('id') || kinds.includes('form')) {
      this.#id.field.closest('details')?.setAttribute('open', '');
    }
  }

  #showRow() {
    const { editor } = this.#host;
    const row = editor.row;
    const appears = this.#row.hidden && row !== null;
    this.#row.hidden = row === null;
    if (row === null) {
      return;
    }
    const count = editor.rowSpaces.length;
    if (!(document.activeElement === this.#rowCount.input)) {
      fill(this.#rowCount.input, String(row.count));
    }
    fill(this.#rowName.input, row.name);
    this.#across.checked = row.across;
    this.#accept.disabled = count === 0;
    write(this.#accept, texts.spaces.rowAccept(count));
    const inRange = row.count >= 1 && row.count <= ROW_MAX;
    write(this.#rowError, count > 0 ? '' : inRange ? texts.spaces.rowShape : texts.spaces.rowRange(ROW_MAX));
    if (appears) {
      this.#rowCount.input.focus();
      this.#rowCount.input.select();
    }
  }
}

/** A card with the keys, and descriptions that screen readers give with a space and a corner. */
export function makeHelp() {
  const rows = texts.spaces.keys.map(([keys = '', meaning = '']) =>
    make('div', {}, make('dt', {}, keys), make('dd', {}, meaning)));
  return make('details', { className: 'card keys' },
    make('summary', {}, texts.spaces.keysTitle), make('dl', {}, ...rows));
}
