// What a tile says of its picture: one word, how good that is, and what stands in the place of a picture. Never
// does a picture that is not what the camera sees now look alive. Pure.

import { formatAge } from '../format.js';
import { judgePicture } from '../picture_state.js';
import { connectionText, stateText, texts } from '../texts.js';
import { connectionTones, stateTone } from '../tones.js';

/** @typedef {import('../tones.js').Tone} Tone */
/** @typedef {import('../../lib/stream_manager.js').ConnectionStatus} ConnectionStatus */

/**
 * @typedef {object} TileFacts
 * @property {ConnectionStatus} connection
 * @property {string | null} cameraState
 * @property {boolean} bySnapshot nothing streams: pictures are asked for now and then
 * @property {number | null} ageMs of the picture; null: there is none
 * @property {number | null} intervalMs between frames
 * @property {boolean} isFetched by the server
 * @property {boolean} ended the stream has
 * @property {string} failure why there is no snapshot; ''
 */

/**
 * @typedef {object} TileState
 * @property {'live' | 'stale' | 'snapshot' | 'none'} picture
 * @property {string} word the state
 * @property {Tone} tone
 * @property {string} notice over a picture that is not live
 * @property {string} message in the place of a picture
 */

/** How old an asked-for picture may be before it says so in the middle of itself. */
const SNAPSHOT_LIMIT_MS = 120_000;

/**
 * @param {TileFacts} facts
 * @returns {TileState}
 */
function snapshotState({ connection, cameraState, ageMs, failure }) {
  const gone = cameraState === 'offline' || connection === 'waiting' || connection === 'offline';
  if (ageMs === null) {
    return {
      picture: 'none', word: texts.common.onDemand, tone: failure === '' ? 'muted' : 'warn', notice: '',
      message: failure === '' ? texts.wall.fetching : failure,
    };
  }
  const old = gone || failure !== '' || ageMs > SNAPSHOT_LIMIT_MS;
  return {
    picture: old ? 'stale' : 'snapshot',
    word: texts.common.onDemand,
    tone: old ? 'warn' : 'muted',
    notice: old ? texts.wall.old(formatAge(ageMs)) : '',
    message: '',
  };
}

/**
 * @param {TileFacts} facts
 * @returns {TileState}
 */
function missingState({ connection, cameraState, isFetched, ended }) {
  if (connection !== 'open') {
    return {
      picture: 'none', word: connectionText(connection), tone: connectionTones[connection], notice: '', message: '',
    };
  }
  const word = cameraState === null ? texts.common.connection.connecting : stateText(cameraState);
  const message = cameraState === 'online' ? texts.wall.waiting
    : cameraState === 'offline' ? (isFetched ? texts.wall.unreachable : texts.wall.nobodySends)
      : ended ? texts.wall.ended : '';
  return { picture: 'none', word, tone: stateTone(cameraState), notice: '', message };
}

/**
 * @param {TileFacts} facts
 * @returns {TileState}
 */
export function tileState(facts) {
  const { connection, cameraState, ageMs, intervalMs } = facts;
  if (facts.bySnapshot) {
    return snapshotState(facts);
  }
  if (ageMs === null) {
    return missingState(facts);
  }
  const { picture, cause } = judgePicture({ connection, cameraState, hasPicture: true, ageMs, intervalMs });
  if (picture !== 'stale') {
    return { picture, word: texts.common.live, tone: 'good', notice: '', message: '' };
  }
  const notice = texts.wall.old(formatAge(ageMs));
  switch (cause) {
    case 'connection':
      return { picture, word: connectionText(connection), tone: connectionTones[connection], notice, message: '' };
    case 'camera':
      return {
        picture, word: stateText(cameraState), tone: stateTone(cameraState), message: '',
        // The bytes are fresh, what they show is not: their age would lie.
        notice: cameraState === 'frozen' ? texts.wall.frozen : notice,
      };
    default:
      return { picture, word: texts.common.delayed, tone: 'bad', notice, message: '' };
  }
}
