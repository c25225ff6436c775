// Every text that the pages show, in one table: one section per page, and `common` for what they share. A
// visible text that does not come from here is a mistake. What takes a value is a function.

export const texts = {
  common: {
    brand: 'ringcast',
    home: 'ringcast, start page',
    skip: 'Skip to the content',
    pages: 'Pages',
    page: { wall: 'Wall', cameras: 'Cameras', publish: 'Publish', health: 'Health' },
    role: { viewer: 'viewer', publisher: 'publisher', admin: 'admin' },
    unknown: '–',
    close: 'Close',
    cancel: 'Cancel',
    save: 'Save',
    retry: 'Try again',
    login: 'Sign in',
    token: 'Token',
    tokenHint: 'The person who runs this server has it. It is kept until this tab is closed.',
    tokenWrong: 'This token is not valid.',
    signOut: 'Sign out',
    signOutUser: (/** @type {string} */ user) => `Sign out ${user}`,
    notAllowed: 'This page is not for you',
    notAllowedDetail: (/** @type {string} */ user, /** @type {string} */ role) =>
      `${user} has the role ${role}. It needs a token that may do more.`,
    otherToken: 'Sign in with another token',
    noServer: 'The server cannot be reached.',
    noAnswer: 'The server did not answer in time.',
    badAnswer: (/** @type {number} */ status) => `The server gave an answer that makes no sense here (${status}).`,
    noConnection: 'No connection to the server',
    reconnecting: 'The picture comes back by itself.',
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
  },

  // --- / ---
  wall: {
    title: 'Wall',
  },

  // --- /camera/ID ---
  camera: {
    noCameras: 'No cameras yet',
    noCamerasDetail: 'Add one to the configuration, or post frames for any camera id.',
    noCameraChosen: 'No camera',
    camerasUnknown: 'The list of cameras cannot be loaded',
    camerasUnknownDetail: 'The server does not answer. Trying again.',
    waiting: 'Waiting for frames',
    waitingFrom: (/** @type {string} */ name) => `Nothing has come from ${name} yet.`,
    waitingForDetector: (/** @type {string} */ name) =>
      `${name} is online, but no detector has sent a picture of it yet.`,
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
  },

  // --- /camera/ID/spaces ---
  spaces: {
    title: 'Spaces',
  },

  // --- /cameras ---
  cameras: {
    title: 'Cameras',
  },

  // --- /publish ---
  publish: {
    title: 'Publish',
  },

  // --- /health ---
  health: {
    title: 'Health',
  },
};

/** @param {string | null} state of a camera */
export function stateText(state) {
  const known = /** @type {Record<string, string>} */ (texts.common.state);
  return state === null ? texts.common.unknown : known[state] ?? state;
}

/** @param {import('../lib/stream_manager.js').ConnectionStatus} status */
export function connectionText(status) {
  return texts.common.connection[status];
}
