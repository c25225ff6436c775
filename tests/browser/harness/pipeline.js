// The whole pipeline under its supervisor, on a simulated car park.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { BUILD, ROOT } from './broadcaster.js';

const START_LIMIT_MS = 60_000; // a model takes its time to load on a busy machine

/** Why it cannot run here; or false. */
export function pipelineMissing() {
  const programs = ['camsim', 'ringcast-capture', 'ringcast-detector', 'ringcast-broadcaster', 'ringcast-ctl'];
  const missing = programs.find((program) => !existsSync(join(BUILD, program)));
  return missing === undefined ? false : `${missing} is not built`;
}

/**
 * The part of the output that matches, as soon as it is there.
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.ReadableStream} stream
 * @param {RegExp} pattern
 * @returns {Promise<string>}
 */
export function waitForOutput(child, stream, pattern) {
  const seen = /** @type {string[]} */ ([]);
  return new Promise((found, failed) => {
    const limit = setTimeout(() => failed(new Error(`nothing like ${pattern}:\n${seen.join('\n')}`)), START_LIMIT_MS);
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`ended with ${code}:\n${seen.join('\n')}`)));
    createInterface({ input: stream }).on('line', (line) => {
      const match = pattern.exec(line);
      seen.push(line);
      if (match !== null) {
        clearTimeout(limit);
        found(match[1] ?? match[0]);
      }
    });
  });
}

/** @param {import('node:child_process').ChildProcess} child */
export async function endProcess(child) {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }
}

/**
 * A simulated car park, on a process of its own.
 * @typedef {object} Lot
 * @property {string} id
 * @property {string} name
 * @property {number} seed
 * @property {boolean} [spaces] whether its spaces are configured
 */

/** @type {Lot[]} */
const ONE_LOT = [{ id: 'LOT', name: 'Simulated lot', seed: 6001 }];

export class Pipeline {
  #folder = '';
  /** @type {Map<string, { process: import('node:child_process').ChildProcess, url: string }>} */
  #cameras = new Map();
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #supervisor;
  url = '';

  /** @param {{ lots?: Lot[], detects?: boolean }} [options] without a detector: raw pictures only, sooner there */
  static async start({ lots = ONE_LOT, detects = true } = {}) {
    const pipeline = new Pipeline();
    try {
      await pipeline.#start(lots, detects);
    } catch (error) {
      await pipeline.end();
      throw error;
    }
    return pipeline;
  }

  /** @param {Lot} lot @returns {Promise<[string, object]>} its id, and what the configuration says of it */
  async #startCamera({ id, name, seed, spaces = false }) {
    const scene = ['--fps', '10', '--loop', '--scene', 'carpark', '--seed', String(seed)];
    const process = spawn(join(BUILD, 'camsim'), scene, { stdio: ['ignore', 'pipe', 'ignore'] });
    const url = await waitForOutput(process, process.stdout, /^(http:\S+)/);
    this.#cameras.set(id, { process, url });
    const drawn = spaces ? { spaces: await (await fetch(new URL('/spaces.json', url))).json() } : {};
    return [id, { name, url: this.cameraUrl(id), fps: 10, ...drawn }];
  }

  /** @param {Lot[]} lots @param {boolean} detects */
  async #start(lots, detects) {
    this.#folder = await mkdtemp(join(tmpdir(), 'ringcast-browser-'));
    const cameras = Object.fromEntries(await Promise.all(lots.map((lot) => this.#startCamera(lot))));
    const config = join(this.#folder, 'ringcast.json');
    const model = join(ROOT, 'detector/demo_model/ringcast-demo');
    await writeFile(config, JSON.stringify({
      run_dir: join(this.#folder, 'run'),
      state_dir: join(this.#folder, 'state'),
      broadcaster: { listen: '127.0.0.1:0', web_dir: join(ROOT, 'web') },
      ...(detects ? { detector: { model: `${model}.onnx`, names: `${model}.names`, conf: 0.4 } } : {}),
      cameras,
    }));
    this.#supervisor = spawn(join(ROOT, 'ringcast'), ['up', '-c', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, RINGCAST_PROGRAMS: BUILD },
    });
    const port = await waitForOutput(this.#supervisor, this.#supervisor.stderr, / port=(\d+)/);
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Where a simulated camera has its stream. */
  cameraUrl(id = 'LOT') {
    return new URL('/stream', this.#cameras.get(id)?.url).href;
  }

  /** The camera is gone, as if somebody had pulled its plug. */
  async endCamera(id = 'LOT') {
    const camera = this.#cameras.get(id);
    if (camera !== undefined) {
      await endProcess(camera.process);
    }
  }

  /** Something is wrong with a camera from now on; camsim --help lists what. @param {string} id @param {string} fault */
  async breakCamera(id, fault) {
    const url = new URL('/fault', this.#cameras.get(id)?.url);
    await fetch(url, { method: 'POST', body: JSON.stringify({ fault }) });
  }

  async end() {
    if (this.#supervisor !== undefined) {
      await endProcess(this.#supervisor);
    }
    await Promise.all([...this.#cameras.keys()].map((id) => this.endCamera(id)));
    if (this.#folder !== '') {
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}
