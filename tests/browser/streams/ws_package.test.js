// npm's `ws`, which shares no code with ours: as a viewer on every path and in every form, and as a camera.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';

import { decodeFrame } from '../../../web/lib/frame_container.js';
import { Broadcaster, ROOT, assertGoneAtOnce } from '../harness/broadcaster.js';
import { Worker, metadataOf } from '../harness/worker.js';

const LIMIT_MS = 10_000;
const PICTURES = 50;
const FRAMES = 5;
const RATE_FPS = 20;
const PATHS = ['/ws/viewer/detection', '/ws/stream/detect', '/ws/stream/raw'];
const FORMS = ['ringcast.binary.v1', 'ringcast.json.v1', undefined];

/** Told apart by a comment in front. @type {Buffer[]} */
let pictures;
/** @type {Broadcaster} */
let broadcaster;
/** @type {Worker} */
let worker;
/** @type {Camera} */
let camera;

class Client {
  /** @type {Buffer[]} */
  frames = [];
  /** What was said beside them. @type {any[]} */
  words = [];

  /** @param {string} address @param {string} [form] */
  constructor(address, form) {
    this.socket = new WebSocket(broadcaster.url.replace('http', 'ws') + address, form === undefined ? [] : [form]);
    this.socket.binaryType = 'arraybuffer';
    this.socket.on('message', (data, isBinary) => this.#take(data, isBinary));
    this.ended = new Promise((done) => this.socket.once('close', done));
  }

  /** @param {any} data @param {boolean} isBinary */
  #take(data, isBinary) {
    if (isBinary) {
      this.frames.push(Buffer.from(decodeFrame(data).jpeg));
      return;
    }
    const text = Buffer.from(data).toString();
    const word = text.startsWith('{') ? JSON.parse(text) : { type: text };
    if (word.type === 'frame') {
      this.frames.push(Buffer.from(word.data ?? word.frame.split(',')[1], 'base64'));
    } else {
      this.words.push(word);
    }
  }

  /** Until it is so: looked at with every event of this name. @param {string} event @param {() => boolean} so */
  until(event, so) {
    return new Promise((done, failed) => {
      const limit = setTimeout(() => failed(new Error(`not so: ${so}; said: ${JSON.stringify(this.words)}`)), LIMIT_MS);
      const look = () => {
        if (so()) {
          clearTimeout(limit);
          this.socket.off(event, look);
          done(undefined);
        }
      };
      this.socket.on(event, look);
      look();
    });
  }

  open() {
    return this.until('open', () => this.socket.readyState === WebSocket.OPEN);
  }

  /** @param {number} count */
  wait(count) {
    return this.until('message', () => this.frames.length >= count);
  }

  close() {
    this.socket.close(1000);
    return this.ended;
  }
}

/** Sends the pictures of LOT in turn, every other one as text. */
class Camera extends Client {
  #sent = 0;

  constructor() {
    super('/ws/streamer?camera_id=LOT&user_id=phone');
    this.timer = setInterval(() => this.#send(), 1000 / RATE_FPS);
  }

  #send() {
    if (this.socket.readyState === WebSocket.OPEN && this.socket.bufferedAmount === 0) {
      const picture = pictures[this.#sent++ % PICTURES] ?? Buffer.of();
      this.socket.send(this.#sent % 2 === 0 ? picture
        : JSON.stringify({ frame: `data:image/jpeg;base64,${picture.toString('base64')}` }));
    }
  }

  close() {
    clearInterval(this.timer);
    return super.close();
  }
}

/** @param {Buffer} jpeg @param {number} number */
function numbered(jpeg, number) {
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, 0xfe, 0, 3, number), jpeg.subarray(2)]);
}

/** Each is one of the pictures, byte for byte, and in its turn. @param {Buffer[]} frames */
function assertPictures(frames) {
  const places = frames.map((frame) => pictures.findIndex((picture) => picture.equals(frame)));
  assert.ok(!places.includes(-1), `places: ${places}`);
  const steps = places.slice(1).map((place, i) => (place - (places[i] ?? 0) + PICTURES) % PICTURES);
  assert.ok(steps.every((step) => step > 0 && step < PICTURES / 2), `places: ${places}`);
}

before(async () => {
  const jpeg = await readFile(join(ROOT, 'docs/demo.jpg'));
  pictures = Array.from({ length: PICTURES }, (_, number) => numbered(jpeg, number));
  broadcaster = await Broadcaster.start({ LOT: { source: 'push' } });
  const posted = pictures.map((picture) => picture.toString('base64'));
  worker = new Worker(broadcaster.url, 'LOT', posted, metadataOf({ car: 1 }), RATE_FPS);
  camera = new Camera();
  await camera.until('message', () => camera.words.some((word) => word.type === 'streamer_connected'));
});

after(async () => {
  await worker?.end();
  await camera?.close();
  await broadcaster?.end();
});

for (const path of PATHS) {
  for (const form of FORMS) {
    test(`${path}, ${form ?? 'no subprotocol'}`, async () => {
      const user = `${path.split('/').at(-1)}-${form ?? 'none'}`;
      const client = new Client(`${path}?camera_id=LOT&fps=${RATE_FPS}&skip_frames=1&user_id=${user}`, form);
      await client.open();
      assert.equal(client.socket.protocol, form ?? '');
      let ponged = false;
      client.socket.on('pong', (data) => (ponged = data.toString() === 'here'));
      client.socket.ping('here');
      client.socket.send('ping');
      client.socket.send(JSON.stringify({ type: 'ping', t: 7 }));
      await client.wait(FRAMES);
      await client.until('pong', () => ponged);
      await client.until('message', () => client.words.some((word) => word.type === 'pong' && word.t === 7));
      assert.ok(client.words.some((word) => word.type === 'pong' && word.t === undefined));
      assertPictures(client.frames);
      const { reason } = await broadcaster.endViewer(user, () => client.close());
      assert.equal(reason, 'peer-closed');
      assert.equal(await client.ended, 1000);
    });
  }
}

test('/ws/stream/raw: paused, and resumed', async () => {
  const client = new Client('/ws/stream/raw?camera_id=LOT&user_id=pausing');
  await client.wait(FRAMES);
  client.socket.send(JSON.stringify({ type: 'pause' }));
  client.socket.send(JSON.stringify({ type: 'ping', t: 1 }));
  await client.until('message', () => client.words.some((word) => word.t === 1));
  const paused = client.frames.length;
  const other = new Client('/ws/stream/raw?camera_id=LOT');
  await other.wait(FRAMES); // time passes by frames
  assert.equal(client.frames.length, paused);
  client.socket.send(JSON.stringify({ type: 'resume' }));
  await client.wait(paused + FRAMES);
  await Promise.all([client.close(), other.close()]);
});

for (const [how, end] of /** @type {const} */ ([
  ['that say so', (/** @type {WebSocket} */ socket) => socket.close()],
  ['without a word', (/** @type {WebSocket} */ socket) => socket.terminate()],
])) {
  test(`ten of ten that go ${how} are gone at once`, async () => {
    const users = Array.from({ length: 10 }, (_, i) => `${how.replaceAll(" ", "-")}-${i}`);
    const clients = users.map((user) => new Client(`/ws/stream/detect?camera_id=LOT&user_id=${user}`));
    await Promise.all(clients.map((client) => client.wait(2)));
    const times = [];
    for (const [i, client] of clients.entries()) {
      times.push((await broadcaster.endViewer(users[i] ?? '', () => end(client.socket))).ms);
    }
    assertGoneAtOnce(times);
    const answer = await (await fetch(`${broadcaster.url}/debug/streams`)).json();
    assert.equal(answer.active_streams, 0, JSON.stringify(answer));
  });
}

test('a camera that goes ends its stream', async () => {
  const client = new Client('/ws/stream/raw?camera_id=LOT');
  await client.wait(1);
  assert.equal(await camera.close(), 1000);
  await client.until('message', () => client.words.some((word) => word.type === 'stream_ended'));
  assert.deepEqual(camera.words.filter((word) => word.type === 'error'), []);
  await client.close();
});
