// A way to a server that takes at once whatever the server sends, and passes it on as slowly as it is told: what a
// proxy or a phone's network does, and nobody's kernel settings change.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export class SlowLink {
  #server = createServer((socket) => this.#lead(socket));
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();
  #port;
  url = '';
  /** Of what the server sends. */
  bytesPerSecond = Infinity;

  /** @param {number} port of the server */
  constructor(port) {
    this.#port = port;
  }

  /** @param {number} port of the server, on this machine */
  static async start(port) {
    const link = new SlowLink(port);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    const address = /** @type {import('node:net').AddressInfo} */ (link.#server.address());
    link.url = `http://127.0.0.1:${address.port}`;
    return link;
  }

  end() {
    this.#server.close();
    this.#sockets.forEach((socket) => socket.destroy());
  }

  /** @param {import('node:net').Socket} client */
  #lead(client) {
    const server = connect(this.#port, '127.0.0.1');
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(/** @type {import('node:net').Socket} */ (socket));
      socket?.on('error', () => {}); // it closes behind that
      socket?.on('close', () => other?.destroy());
    }
    client.pipe(server);
    /** @type {Buffer[]} */
    const way = [];
    server.on('data', (data) => {
      if (way.push(data) === 1) {
        void this.#carry(way, client);
      }
    });
  }

  /**
   * @param {Buffer[]} way what is on it; what arrives is taken away
   * @param {import('node:net').Socket} client
   */
  async #carry(way, client) {
    for (let data = way[0]; data !== undefined; data = way[0]) {
      if (this.bytesPerSecond < Infinity) {
        await wait((1000 * data.length) / this.bytesPerSecond);
      }
      client.write(data);
      way.shift();
    }
  }
}
