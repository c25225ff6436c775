// Pictures of cameras that run on demand: one is asked for now and then, while somebody looks.

import { api, errorText } from '../api.js';
import { texts } from '../texts.js';

/** @typedef {import('./tile.js').Tile} Tile */

const REFRESH_MS = 30_000;
const RETRY_MS = 10_000;
const MAX_AGE_S = 5;

/** @param {string} cameraId @param {AbortSignal} signal */
async function askSnapshot(cameraId, signal) {
  const path = `api/cameras/${encodeURIComponent(cameraId)}/snapshot.jpg?max_age=${MAX_AGE_S}`;
  const answer = await api.fetch(path, { signal });
  const capturedMs = 1000 * Number(answer.headers.get('X-Timestamp'));
  return {
    cameraId, kind: /** @type {const} */ ('raw'), number: 0n, generation: 0n, capturedMs, sentMs: capturedMs, frameCount: 0,
    rendering: 0, metadata: null, jpeg: new Uint8Array(await answer.arrayBuffer()),
  };
}

export class Snapshots {
  /** When each tile is to be asked for next, ms of performance.now(). @type {Map<Tile, number>} */
  #due = new Map();
  /** @type {Map<Tile, AbortController>} */
  #asked = new Map();

  /** The tiles that are to be kept fresh; what is being asked for others is let go. @param {Tile[]} tiles */
  keep(tiles) {
    for (const [tile, controller] of this.#asked) {
      if (!tiles.includes(tile)) {
        controller.abort();
      }
    }
    for (const tile of tiles) {
      if (!this.#asked.has(tile) && performance.now() >= (this.#due.get(tile) ?? 0)) {
        void this.#ask(tile);
      }
    }
  }

  /** @param {Tile} tile */
  #next(tile, ms = REFRESH_MS) {
    this.#due.set(tile, performance.now() + ms);
  }

  /** @param {Tile} tile */
  async #ask(tile) {
    const controller = new AbortController();
    this.#asked.set(tile, controller);
    this.#next(tile);
    try {
      tile.showSnapshot(await askSnapshot(tile.id, controller.signal));
    } catch (error) {
      if (!controller.signal.aborted) {
        tile.showFailure(texts.wall.noSnapshot(errorText(error)));
      }
      this.#next(tile, controller.signal.aborted ? 0 : RETRY_MS);
    } finally {
      this.#asked.delete(tile);
    }
  }

  /** @param {Tile} tile that is gone */
  forget(tile) {
    this.#asked.get(tile)?.abort();
    this.#due.delete(tile);
  }
}
