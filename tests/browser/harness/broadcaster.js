// The real broadcaster as a process of its own, in a folder of its own, on a free port.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const BUILD = process.env.RINGCAST_PROGRAMS ?? join(ROOT, 'build');

const START_LIMIT_MS = 10_000;
const LOG_LIMIT_MS = 10_000;
// Long before pings tell; a browser has to find time for its end. That the server needs none is judged by
// page/connection.test.js, beside a socket of the same tab, and by tests/system/test_viewers.py without a clock.
export const GONE_LIMIT_MS = 5000;

export class Broadcaster {
  #folder;
  #config;
  #settings;
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  #told = new EventEmitter().setMaxListeners(0);
  log = '';
  port = 0;

  /**
   * @param {string} folder
   * @param {object} config
   * @param {object} settings of its section
   */
  constructor(folder, config, settings) {
    this.#folder = folder;
    this.#config = config;
    this.#settings = settings;
  }

  /**
   * @param {object} cameras as in the configuration file
   * @param {object} [settings] further ones of the broadcaster
   * @param {object} [sections] further ones of the configuration
   */
  static async start(cameras, settings = {}, sections = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'ringcast-browser-'));
    const broadcaster = new Broadcaster(folder, {
      run_dir: join(folder, 'run'),
      state_dir: join(folder, 'state'),
      cameras,
      ...sections,
    }, settings);
    await broadcaster.restart();
    return broadcaster;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process; a second time on the port of the first. */
  async restart() {
    const file = join(this.#folder, 'ringcast.json');
    const settings = { listen: `127.0.0.1:${this.port}`, web_dir: join(ROOT, 'web'), ...this.#settings };
    await writeFile(file, JSON.stringify({ ...this.#config, broadcaster: settings }));
    const child = spawn(join(BUILD, 'ringcast-broadcaster'), ['-c', file, '--ready-fd', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stderr?.on('data', (text) => {
      this.log += text;
      this.#told.emit('log');
    });
    await new Promise((ready, failed) => {
      const limit = setTimeout(() => failed(new Error(`not ready: ${this.log}`)), START_LIMIT_MS);
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`ended with ${code}: ${this.log}`)));
      child.stdio[3]?.once('data', () => {
        clearTimeout(limit);
        ready(undefined);
      });
    });
    const said = [...this.log.matchAll(/ port=(\d+)/g)].at(-1);
    this.port = Number(said?.[1]);
  }

  /** @param {NodeJS.Signals} signal */
  async kill(signal) {
    const child = this.#process;
    this.#process = null;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill(signal);
      await ended;
    }
  }

  async end() {
    await this.kill('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** How many viewers the broadcaster counts on a camera. @param {string} cameraId */
  async viewers(cameraId) {
    const answer = await fetch(`${this.url}/api/broadcast-status`);
    const { broadcasters } = await answer.json();
    return broadcasters.find((/** @type {any} */ one) => one.camera_id === cameraId)?.viewers ?? 0;
  }

  /**
   * What the log says, as soon as it does.
   * @param {RegExp} pattern
   * @returns {Promise<RegExpExecArray>}
   */
  waitForLog(pattern) {
    return new Promise((found, failed) => {
      const limit = setTimeout(() => failed(new Error(`nothing like ${pattern} in\n${this.log}`)), LOG_LIMIT_MS);
      const look = () => {
        const match = pattern.exec(this.log);
        if (match !== null) {
          clearTimeout(limit);
          this.#told.off('log', look);
          found(match);
        }
      };
      this.#told.on('log', look);
      look();
    });
  }

  /**
   * Ends a viewer, and waits until the broadcaster says that it is gone: how many ms that took, and why it
   * was gone.
   * @param {string} user the viewer's user_id, which no other has had
   * @param {() => unknown} end
   */
  async endViewer(user, end) {
    const came = await this.waitForLog(new RegExp(`viewer came id=(\\S+) .*user=${user} `));
    await end();
    const ended = performance.now();
    const gone = await this.waitForLog(new RegExp(`viewer gone id=${came[1]} reason=(\\S+)`));
    return { ms: performance.now() - ended, reason: gone[1] ?? '' };
  }
}

/** Of viewers that have closed. @param {number[]} times in ms until each was known to be gone */
export function assertGoneAtOnce(times) {
  assert.ok(Math.max(...times) < GONE_LIMIT_MS, `ms: ${times.map(Math.round)}`);
}
