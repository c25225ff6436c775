// What the stream manager needs of the browser, in one place: a test brings its own.

/**
 * @typedef {object} Platform
 * @property {(url: string, protocols: string[]) => WebSocket} openSocket
 * @property {(task: () => void, ms: number) => number} setTimer
 * @property {(timer: number) => void} clearTimer
 * @property {() => number} now ms of a clock that never jumps
 * @property {() => number} random
 * @property {() => boolean} online
 * @property {() => boolean} hidden whether nobody sees the page
 * @property {(listener: (event: PlatformEvent) => void) => () => void} listen returns what ends it
 */

/**
 * `online`, `offline`: the network; `hidden`, `visible`: another tab covers this one, it is looked at
 * again; `leave`, `return`: the page goes, or comes back out of the browser's cache.
 * @typedef {'online' | 'offline' | 'hidden' | 'visible' | 'leave' | 'return'} PlatformEvent
 */

/** @param {(event: PlatformEvent) => void} listener */
function listenToPage(listener) {
  const ended = new AbortController();
  const options = { signal: ended.signal };
  addEventListener('online', () => listener('online'), options);
  addEventListener('offline', () => listener('offline'), options);
  addEventListener('pagehide', () => listener('leave'), options);
  addEventListener('pageshow', (event) => event.persisted && listener('return'), options);
  document.addEventListener('visibilitychange', () => listener(document.hidden ? 'hidden' : 'visible'), options);
  return () => ended.abort();
}

/** @returns {Platform} */
export function browserPlatform() {
  return {
    openSocket: (url, protocols) => new WebSocket(url, protocols),
    setTimer: (task, ms) => setTimeout(task, ms),
    clearTimer: (timer) => clearTimeout(timer),
    now: () => performance.now(),
    random: Math.random,
    online: () => navigator.onLine,
    hidden: () => document.hidden,
    listen: listenToPage,
  };
}
