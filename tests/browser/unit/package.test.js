// The client library as others get it: packed, installed into an empty folder, imported, and used from TypeScript.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { TSC, packClient } from '../pack_client.js';

const USER = `
import { CanvasStreamRenderer, WebSocketStreamManager } from 'ringcast-client';
import type { Frame } from 'ringcast-client/frame_container.js';

const canvas = document.getElementById('stream-canvas') as HTMLCanvasElement;
const renderer = new CanvasStreamRenderer(canvas, { overlay: { conf: 0.5 } });
const user: { uid: string } | null = null as any;

const binary = new WebSocketStreamManager({ cameraId: 'CAM1', userId: user?.uid, conf: 0.25, fps: 10, skipFrames: 2 });
binary.onFrame((picture, frame: Frame) => renderer.renderFrame(picture, frame));
binary.onFrame((frame) => console.log(frame.jpeg.length + frame.capturedMs, frame.kind === 'raw'));
binary.onMetadata((metadata, frame) => renderer.renderDetections(metadata, frame));
binary.onState((status) => status === 'open');
// @ts-expect-error there is no such status
binary.onState((status) => status === 'closed');

const text = new WebSocketStreamManager({ binary: false });
text.onFrame((base64: string) => renderer.renderFrame(base64));
text.subscribe('CAM1', { kind: 'raw', metadata: true });
text.set({ conf: 0.5 });
// @ts-expect-error a camera must be named
text.unsubscribe();
// @ts-expect-error with binary: true it is no string
binary.onFrame((base64: string) => renderer.renderFrame(base64));
const blob: Blob | null = renderer.snapshot();
const rate: number | null = text.stats.fps;
export { blob, rate };
`;

test('packed, installed, imported and type-checked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringcast-user-'));
  try {
    const file = packClient(folder);
    await writeFile(join(folder, 'package.json'), '{"type": "module", "private": true}');
    execFileSync('npm', ['install', '--silent', '--offline', '--no-audit', '--no-fund', file], { cwd: folder });
    const names = await readdir(join(folder, 'node_modules/ringcast-client'));
    assert.ok(['README.md', 'LICENSE', 'index.js', 'decode_worker.js', 'types'].every((name) => names.includes(name)), `${names}`);
    assert.deepEqual(names.filter((name) => !/\.js$|^types$|^README\.md$|^LICENSE$|^package\.json$/.test(name)), []);

    const script = "const { decodeFrame } = await import('ringcast-client'); console.log(typeof decodeFrame)";
    const said = execFileSync('node', ['--input-type=module', '--eval', script], { cwd: folder });
    assert.equal(said.toString(), 'function\n');

    await writeFile(join(folder, 'user.ts'), USER);
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom'];
    execFileSync(TSC, [...options, 'user.ts'], { cwd: folder, stdio: 'pipe' });
  } catch (error) {
    assert.fail(`${error}\n${/** @type {any} */ (error).stdout ?? ''}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
