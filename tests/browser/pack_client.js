// The client library as an npm package, with the types that its comments say: `node pack_client.js FOLDER` writes
// ringcast-client-VERSION.tgz there.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, '../..');
export const TSC = join(HERE, 'node_modules/.bin/tsc');

/** @param {string} folder @returns {string} the package's file */
export function packClient(folder) {
  const stage = mkdtempSync(join(tmpdir(), 'ringcast-client-'));
  try {
    const library = join(ROOT, 'web/lib');
    for (const name of readdirSync(library)) {
      copyFileSync(join(library, name), join(stage, name));
    }
    copyFileSync(join(ROOT, 'LICENSE'), join(stage, 'LICENSE'));
    execFileSync(TSC, ['--project', join(HERE, 'tsconfig.client.json'), '--outDir', join(stage, 'types')]);
    mkdirSync(folder, { recursive: true });
    const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', resolve(folder)], { cwd: stage });
    return join(resolve(folder), name.toString().trim());
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  console.log(packClient(argv[2] ?? '.'));
}
