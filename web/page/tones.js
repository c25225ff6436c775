// How good a state is, as the style sheets know it: data-tone.

/** @typedef {'good' | 'warn' | 'bad' | 'muted'} Tone */

/** @type {Record<import('../lib/stream_manager.js').ConnectionStatus, Tone>} */
export const connectionTones = { idle: 'muted', connecting: 'warn', open: 'good', waiting: 'bad', offline: 'bad' };

/** @type {Record<string, Tone>} */
const stateTones = { online: 'good', connecting: 'warn', stale: 'warn', frozen: 'bad', offline: 'bad' };

/** Of a camera in a list, as cameraText() says it. @param {{ state: string, capture?: string }} camera @returns {Tone} */
export function cameraTone({ state, capture }) {
  return state === 'connecting' && capture === 'on_demand' ? 'muted' : stateTone(state);
}

/** @param {string | null} state of a camera */
export function stateTone(state) {
  return stateTones[state ?? ''] ?? 'muted';
}
