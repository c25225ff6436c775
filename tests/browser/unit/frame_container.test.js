import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameFormatError, decodeFrame } from '../../../web/lib/index.js';

/** A container as docs/protocol.md describes it; `change` spoils it. */
function container(fields = {}, change = (_view) => {}) {
  const { camera = 'CAM1', metadata = '{"vehicle_count":3}', jpeg = [0xff, 0xd8, 0xff, 0xd9] } = fields;
  const id = new TextEncoder().encode(camera);
  const text = typeof metadata === 'string' ? new TextEncoder().encode(metadata) : metadata;
  const header = Math.ceil((64 + id.length) / 8) * 8;
  const bytes = new Uint8Array(header + text.length + jpeg.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('RCF1'));
  view.setUint8(4, 1);
  view.setUint16(6, header);
  view.setUint32(8, text.length);
  view.setUint32(12, jpeg.length);
  view.setBigUint64(16, 77n);
  view.setBigUint64(24, 1767787845123456789n);
  view.setBigUint64(32, 1767787846000500000n);
  view.setBigUint64(40, 1767787846002000000n);
  view.setBigUint64(48, 1234n);
  view.setUint32(56, 5);
  view.setUint16(60, id.length);
  bytes.set(id, 64);
  bytes.set(text, header);
  bytes.set(jpeg, header + text.length);
  change(view);
  return bytes.buffer;
}

test('a whole frame', () => {
  const frame = decodeFrame(container());
  assert.equal(frame.cameraId, 'CAM1');
  assert.equal(frame.number, 77n);
  assert.equal(frame.generation, 1767787845123456789n); // beyond 2^53: exact
  assert.ok(Math.abs(frame.capturedMs - 1767787846000.5) < 0.001);
  assert.ok(Math.abs(frame.sentMs - frame.capturedMs - 1.5) < 0.001);
  assert.equal(frame.frameCount, 1234);
  assert.equal(frame.rendering, 5);
  assert.deepEqual(frame.metadata, { vehicle_count: 3 });
  assert.deepEqual([...frame.jpeg], [0xff, 0xd8, 0xff, 0xd9]);
});

test('the picture is a view, not a copy', () => {
  const message = container();
  assert.equal(decodeFrame(message).jpeg.buffer, message);
});

test('ids of every length', () => {
  for (let length = 1; length <= 64; length++) {
    const camera = 'c'.repeat(length);
    const frame = decodeFrame(container({ camera }));
    assert.equal(frame.cameraId, camera);
    assert.equal(frame.jpeg.length, 4);
  }
});

test('no metadata, no picture', () => {
  const frame = decodeFrame(container({ metadata: '', jpeg: [] }));
  assert.equal(frame.metadata, null);
  assert.equal(frame.jpeg.length, 0);
});

test('a message cut at every byte is refused', () => {
  const whole = container();
  for (let length = 0; length < whole.byteLength; length++) {
    assert.throws(() => decodeFrame(whole.slice(0, length)), FrameFormatError, `${length} bytes`);
  }
});

const spoiled = {
  'other magic': [{}, (view) => view.setUint8(3, 0x32)],
  'another version': [{}, (view) => view.setUint8(4, 2)],
  'a header shorter than its camera id': [{}, (view) => view.setUint16(6, 64)],
  'a camera id longer than the header': [{}, (view) => view.setUint16(60, 65535)],
  'lengths that add up beyond 2^32': [{}, (view) => view.setUint32(8, 0xffffffff)],
  'a picture longer than the message': [{}, (view) => view.setUint32(12, 5)],
  'metadata that is an array': [{ metadata: '[1]' }],
  'metadata that is null': [{ metadata: 'null' }],
  'metadata that is not JSON': [{ metadata: '{"a":' }],
  'metadata that is not UTF-8': [{ metadata: new Uint8Array([0x7b, 0xff, 0x7d]) }],
};

for (const [name, [fields, change]] of Object.entries(spoiled)) {
  test(`${name} is refused`, () => {
    assert.throws(() => decodeFrame(container(fields, change)), FrameFormatError);
  });
}
