// Where spaces are kept: got and saved through the server, and never over what somebody else has saved meanwhile.

import { ApiError, api } from '../api.js';
import { sameList } from './space_list.js';

/** @typedef {import('./space_list.js').StoredSpace} StoredSpace */

/**
 * @typedef {object} StoredCamera
 * @property {string} name
 * @property {string} source
 * @property {readonly StoredSpace[]} spaces
 * @property {string} revision of all cameras' configuration
 */

/** Somebody else has changed the spaces of this camera. */
export class ConflictError extends Error {
  /** @param {StoredCamera} theirs */
  constructor(theirs) {
    super('changed meanwhile');
    this.theirs = theirs;
  }
}

/** @param {Headers} headers a proxy that compresses may have made it a weak one */
function revisionOf(headers) {
  return (headers.get('ETag') ?? '').replace(/^W\//, '');
}

export class SpaceStore {
  #path;
  #revision = '';

  /** @param {string} cameraId */
  constructor(cameraId) {
    this.#path = `api/cameras/${encodeURIComponent(cameraId)}`;
  }

  /** @returns {Promise<StoredCamera>} */
  async load() {
    const { body, headers } = await api.ask('GET', this.#path);
    const revision = revisionOf(headers);
    this.#revision ||= revision;
    return { name: body.name, source: body.source, spaces: body.spaces, revision };
  }

  /** What has been loaded is what the next change is made of. @param {StoredCamera} camera */
  accept({ revision }) {
    this.#revision = revision;
  }

  /**
   * @param {readonly StoredSpace[]} spaces
   * @param {readonly StoredSpace[]} known what the server had when editing began
   * @returns {Promise<{ spaces: readonly StoredSpace[], missing: string[] }>} missing: processes that do not
   *   work with it yet
   * @throws {ConflictError | ApiError}
   */
  async save(spaces, known) {
    try {
      return await this.#put(spaces);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) {
        throw error;
      }
    }
    // The revision is that of all cameras: it may have been another one.
    const now = await this.load();
    if (!sameList(now.spaces, known)) {
      throw new ConflictError(now);
    }
    this.accept(now);
    return this.#put(spaces);
  }

  /** @param {readonly StoredSpace[]} spaces */
  async #put(spaces) {
    /** @type {Record<string, string>} */
    const condition = this.#revision === '' ? {} : { 'If-Match': this.#revision };
    const { body, headers } = await api.ask('PUT', `${this.#path}/spaces`, { spaces }, { headers: condition });
    this.#revision = revisionOf(headers);
    return { spaces: body.camera.spaces, missing: Array.isArray(body.missing) ? body.missing.map(String) : [] };
  }
}
