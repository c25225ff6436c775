// What was chosen on this device, kept for the next time.

const KEY = 'ringcast.publish';

/** @typedef {{ cameraId: string, userId: string, device: string, height: number, rate: number }} Choices */

export const HEIGHTS = [360, 480, 720, 1080];
export const RATES = [1, 2, 5, 10, 15, 30];

/** Eight letters and digits. */
function randomName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {string | null} kept @param {() => string} random @returns {Choices} */
export function readChoices(kept, random = randomName) {
  /** @type {Partial<Record<keyof Choices, unknown>>} */
  let before = {};
  try {
    before = Object(JSON.parse(kept ?? '{}'));
  } catch {
    // Somebody else's, or an older form: begin anew.
  }
  const { cameraId, userId, device, height, rate } = before;
  return {
    cameraId: typeof cameraId === 'string' ? cameraId : `device-${random().slice(0, 4)}`,
    userId: typeof userId === 'string' ? userId : `device-${random()}`,
    device: typeof device === 'string' ? device : 'facing:environment',
    height: HEIGHTS.find((each) => each === height) ?? 720,
    rate: RATES.find((each) => each === rate) ?? 10,
  };
}

export function loadChoices() {
  return readChoices(localStorage.getItem(KEY));
}

/** @param {Choices} choices */
export function keepChoices(choices) {
  localStorage.setItem(KEY, JSON.stringify(choices));
}
