// What keys and buttons do to the spaces, each said in words to whoever does not see it.

/** @typedef {import('./editor.js').Editor} Editor */
/** @typedef {keyof typeof import('../texts.js').texts.spaces.announce} Announced */

export class Commands {
  #editor;
  #say;
  #sayMade;

  /**
   * @param {Editor} editor
   * @param {(what: Announced) => void} say
   * @param {(name: string) => void} sayMade the space that is there now
   */
  constructor(editor, say, sayMade) {
    this.#editor = editor;
    this.#say = say;
    this.#sayMade = sayMade;
  }

  undo() {
    const editor = this.#editor;
    if (editor.draft.length > 0) {
      this.takeBack();
    } else if (editor.canUndo) {
      editor.undo();
      this.#say('undone');
    }
  }

  redo() {
    if (this.#editor.canRedo) {
      this.#editor.redo();
      this.#say('redone');
    }
  }

  /** @param {() => void} command */
  #make(command) {
    const before = this.#editor.spaces.length;
    command();
    if (this.#editor.spaces.length > before) {
      this.#sayMade(this.#editor.selected?.name ?? '');
    }
  }

  copy() {
    this.#editor.copy();
    this.#say('copied');
  }

  paste() {
    this.#make(() => this.#editor.paste());
  }

  duplicate() {
    this.#make(() => this.#editor.duplicate());
  }

  finish() {
    this.#make(() => this.#editor.finish());
  }

  acceptRow() {
    this.#make(() => this.#editor.acceptRow());
  }

  /** The space, or its corner. */
  remove() {
    if (this.#editor.corner === null) {
      this.removeSpace();
    } else {
      this.removeCorner();
    }
  }

  removeCorner() {
    const editor = this.#editor;
    if (editor.canRemoveCorner) {
      editor.removeCorner();
      this.#say('cornerRemoved');
    } else if (editor.corner !== null) {
      this.#say('three');
    }
  }

  removeSpace() {
    if (this.#editor.selected !== undefined) {
      this.#editor.remove();
      this.#say('removed');
    }
  }

  /** Behind the selected corner. */
  addCorner() {
    this.#editor.insertCorner(this.#editor.corner ?? 0);
    this.#say('cornerAdded');
  }

  // --- drawing ---

  /** @param {'draw' | 'row'} mode */
  draw(mode) {
    this.#editor.startDrawing(mode);
    this.#say(mode);
  }

  /** The last corner of what is being drawn. */
  takeBack() {
    if (this.#editor.draft.length > 0) {
      this.#editor.removePoint();
      this.#say('cornerBack');
    }
  }

  cancel() {
    this.#editor.cancel();
    this.#say('cancelled');
  }
}
