// A detector of somebody else's: posts pictures with metadata at a steady rate.

export class Worker {
  #url;
  /** @type {Record<string, string>} */
  #fields;
  #timer;
  /** @type {Promise<void> | null} the frame on its way */
  #sending = null;
  posted = 0;

  /**
   * @param {string} url of the broadcaster
   * @param {string} cameraId
   * @param {string[]} pictures base64 of JPEGs, shown in turn
   * @param {object} metadata
   * @param {number} fps
   * @param {string} [token]
   */
  constructor(url, cameraId, pictures, metadata, fps = 10, token) {
    this.#fields = {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    this.#url = `${url}/api/broadcast-detection`;
    this.#timer = setInterval(() => {
      // One at a time: a frame that cannot go now is not worth sending later.
      this.#sending ??= this.#post(cameraId, pictures, metadata).finally(() => {
        this.#sending = null;
      });
    }, 1000 / fps);
  }

  /**
   * @param {string} cameraId
   * @param {string[]} pictures
   * @param {object} metadata
   */
  async #post(cameraId, pictures, metadata) {
    try {
      const answer = await fetch(this.#url, {
        method: 'POST',
        headers: this.#fields,
        body: JSON.stringify({
          camera_id: cameraId,
          frame_base64: pictures[this.posted % pictures.length],
          metadata: { ...metadata, timestamp: new Date().toISOString() },
        }),
      });
      this.posted += answer.ok ? 1 : 0;
      await answer.arrayBuffer();
    } catch {
      // the broadcaster is down: the next one will do
    }
  }

  /** No frame is posted after this. */
  async end() {
    clearInterval(this.#timer);
    await this.#sending;
  }
}

/**
 * Metadata with so many vehicles of each class.
 * @param {Record<string, number>} counts
 */
export function metadataOf(counts) {
  const detections = Object.entries(counts).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, i) => ({
      class: name,
      confidence: 0.9,
      bbox: [10 * i, 10, 40, 30],
      center: [10 * i + 20, 25],
    })),
  );
  return { vehicle_count: detections.length, detections };
}
