// Every text that the pages show, in one table.

export const texts = {
  noCameras: 'No cameras yet',
  noCamerasDetail: 'Add one to the configuration, or post frames for any camera id.',
  noCameraChosen: 'No camera',
  camerasUnknown: 'The list of cameras cannot be loaded',
  camerasUnknownDetail: 'The server does not answer. Trying again.',
  waiting: 'Waiting for frames',
  waitingFrom: (/** @type {string} */ name) => `Nothing has come from ${name} yet.`,
  waitingForDetector: (/** @type {string} */ name) =>
    `${name} is online, but no detector has sent a picture of it yet.`,
  noConnection: 'No connection to the server',
  reconnecting: 'The picture comes back by itself.',
  streamEnded: 'The stream has ended',
  streamEndedDetail: 'It shows again as soon as there are frames.',
  pictureOf: (/** @type {string} */ name) => `Live picture of ${name}`,
  pictureAge: (/** @type {string} */ age) => `This picture is ${age} old`,
  badPicture: 'A picture could not be read',
  fullscreen: 'Full screen (F)',
  vehicles: 'Vehicles',
  noVehicles: 'None in the picture',
  noCounts: 'Nobody counts on this stream',
  stream: 'Stream',
  cameraState: 'Camera',
  age: 'Age of the picture',
  rate: 'Frames per second',
  size: 'Picture size',
  frames: 'Frames',
  unknown: '–',
  live: 'Live',
  delayed: 'Delayed',
  connection: {
    idle: 'Not connected',
    connecting: 'Connecting',
    open: 'Connected',
    waiting: 'Reconnecting',
    offline: 'No network',
  },
  state: {
    connecting: 'Connecting',
    online: 'Online',
    stale: 'Stale',
    offline: 'Offline',
    frozen: 'Frozen',
  },
};

/** @param {string | null} state of a camera */
export function stateText(state) {
  const known = /** @type {Record<string, string>} */ (texts.state);
  return state === null ? texts.unknown : known[state] ?? state;
}
