// `make demo` on a free port: two simulated car parks and the demo model.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { ROOT } from './broadcaster.js';
import { endProcess, waitForOutput } from './pipeline.js';

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => found(port));
    });
  });
}

export class Demo {
  /** @type {import('node:child_process').ChildProcess} */
  #process;
  url;

  /**
   * @param {import('node:child_process').ChildProcess} process
   * @param {string} url
   */
  constructor(process, url) {
    this.#process = process;
    this.url = url;
  }

  static async start() {
    const { DISPLAY, WAYLAND_DISPLAY, CAMERA, SCENE, MODEL, ...environment } = process.env;
    const child = spawn(join(ROOT, 'tests/demo'), [], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...environment, LISTEN: `127.0.0.1:${await freePort()}` },
    });
    return new Demo(child, await waitForOutput(child, child.stdout, /Open +(http:\/\/[^/]+)/));
  }

  end() {
    return endProcess(this.#process);
  }
}
