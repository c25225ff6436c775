// Saving: the button and what is said beside it, what is refused before it is tried, whose spaces are kept when
// somebody else was sooner.

import { ApiError, errorText } from '../api.js';
import { make, write } from '../dom.js';
import { texts } from '../texts.js';
import { notify } from '../toast.js';
import { askConflict } from './conflict_dialog.js';
import { ConflictError } from './space_store.js';

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {import('./space_store.js').SpaceStore} SpaceStore */
/** @typedef {import('./space_store.js').StoredCamera} StoredCamera */

/**
 * @typedef {object} SavingHost
 * @property {Editor} editor
 * @property {SpaceStore} store
 * @property {() => void} reveal what is selected comes into sight
 * @property {() => void} saved the server has other spaces now
 * @property {() => void} changed show() is to be called
 */

export class Saving {
  state = make('p', { className: 'pill', id: 'save-state', role: 'status', 'data-tone': 'muted' });
  button = make('button', {
    className: 'button', type: 'button', id: 'save', 'data-kind': 'primary',
  }, texts.common.save);
  wrong = make('p', { className: 'callout', id: 'wrong', role: 'alert', 'data-tone': 'bad', hidden: true });
  #host;
  #busy = false;
  #refused = false;

  /** @param {SavingHost} host */
  constructor(host) {
    this.#host = host;
    this.button.addEventListener('click', () => void this.save());
  }

  show() {
    const { isChanged, problems } = this.#host.editor;
    this.button.setAttribute('aria-disabled', String(this.#busy || !isChanged)); // it keeps the keyboard's place
    this.#showState(this.#busy ? 'saving' : problems.length > 0 ? 'wrong' : isChanged ? 'changed' : 'saved');
    if (this.#refused) {
      this.#showRefusal();
    }
  }

  /** @param {keyof typeof texts.spaces.saveState} state */
  #showState(state) {
    this.state.dataset.tone = { saving: 'muted', wrong: 'bad', changed: 'warn', saved: 'muted' }[state];
    write(this.state, texts.spaces.saveState[state]);
  }

  /** It goes when nothing is wrong any more. */
  #showRefusal() {
    const { problems, spaces } = this.#host.editor;
    const first = problems[0];
    const name = spaces.find(({ key }) => key === first?.key)?.name.trim() || texts.spaces.nameless;
    this.#refused = first !== undefined;
    this.wrong.hidden = first === undefined;
    if (first !== undefined) {
      write(this.wrong, texts.spaces.refused(name, texts.spaces.problem[first.kind]));
    }
  }

  async save() {
    const { editor, reveal, changed } = this.#host;
    const first = editor.problems[0];
    if (this.#busy || !editor.isChanged) {
      return;
    }
    if (first !== undefined) {
      this.#refused = true;
      editor.select(first.key);
      reveal();
      changed();
      return;
    }
    this.#busy = true;
    changed();
    try {
      await this.#put(editor.stored);
    } catch (error) {
      this.#tellFailure(error);
    }
    this.#busy = false;
    changed();
  }

  /** @param {readonly import('./space_list.js').StoredSpace[]} known what the server is thought to have */
  async #put(known) {
    const { editor, store, saved } = this.#host;
    try {
      const { spaces, missing } = await store.save(editor.document, known);
      saved();
      editor.setStored(spaces);
      if (missing.length === 0) {
        notify(texts.spaces.saved, 'good', 'save');
      } else {
        notify(texts.spaces.savedWithout(missing.join(', ')), 'warn', 'save');
      }
    } catch (error) {
      if (!(error instanceof ConflictError)) {
        throw error;
      }
      await this.#settle(error.theirs);
    }
  }

  /**
   * Somebody else has saved meanwhile.
   * @param {StoredCamera} theirs
   */
  async #settle(theirs) {
    const { editor, store } = this.#host;
    const answer = await askConflict(theirs.spaces.length, editor.spaces.length);
    if (answer === 'theirs') {
      store.accept(theirs);
      editor.settle(theirs.spaces, 'theirs');
    } else if (answer === 'mine') {
      store.accept(theirs);
      editor.settle(theirs.spaces, 'mine');
      await this.#put(theirs.spaces);
    }
  }

  /**
   * Where the server complains of one space, that one is shown.
   * @param {unknown} error
   */
  #tellFailure(error) {
    const { editor } = this.#host;
    const about = error instanceof ApiError ? error.errors[0] : undefined;
    const index = /spaces\[(\d+)\]/.exec(about?.path ?? '')?.[1];
    const space = index === undefined ? undefined : editor.spaces[Number(index)];
    if (space !== undefined && about !== undefined) {
      editor.select(space.key);
      notify(texts.spaces.refused(space.name, about.message), 'bad', 'save');
    } else {
      notify(texts.spaces.notSaved(about?.message ?? errorText(error)), 'bad', 'save');
    }
  }
}
