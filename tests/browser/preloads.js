// `npm run preloads`: writes into each page which modules it will need, so that a browser asks for all of them at
// once and not for one level of imports after the other. On a slow link that is most of the time to the first
// picture.

import { readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const WEB = resolve(dirname(fileURLToPath(import.meta.url)), '../../web');

const ENTRY = /^ *<script type="module" src="(\{root\}|(?:\.\.\/)*)([^"]+)"><\/script>\n/m;
const PRELOAD = /^ *<link rel="modulepreload" href="(?:\.\.\/|\{root\})*([^"]+)">\n/gm;
const IMPORT = /^(?:import|export)\s(?:[^;']*?\sfrom\s+)?'(\.[^']+)';/gm;
// Of an entry: what follows when it has begun its stream. Elsewhere: what is not needed yet.
const LATER = /\bimport\('(\.[^']+)'\)/g;

/** @param {Set<string>} found paths below web/; grows by what they import, in the order of levels */
async function follow(found) {
  for (const one of found) {
    const text = await readFile(join(WEB, one), 'utf8');
    for (const [, path] of text.matchAll(IMPORT)) {
      found.add(relative(WEB, join(WEB, dirname(one), path ?? '')));
    }
  }
}

/** @param {string} module path below web/ @returns {Promise<string[]>} what it needs, what it begins with before the rest */
async function importsOf(module) {
  const found = new Set([module]);
  await follow(found);
  for (const [, path] of (await readFile(join(WEB, module), 'utf8')).matchAll(LATER)) {
    found.add(relative(WEB, join(WEB, dirname(module), path ?? '')));
  }
  await follow(found);
  found.delete(module);
  return [...found];
}

/** @returns {Promise<{ file: string, text: string, prefix: string, entry: string, preloaded: string[], wanted: string[] }[]>} */
export async function readPages() {
  const files = (await readdir(WEB)).filter((name) => name.endsWith('.html'));
  return Promise.all(files.map(async (name) => {
    const file = join(WEB, name);
    const text = await readFile(file, 'utf8');
    const [, prefix = '', entry = ''] = ENTRY.exec(text) ?? [];
    const preloaded = [...text.matchAll(PRELOAD)].map(([, path = '']) => path);
    return { file, text, prefix, entry, preloaded, wanted: await importsOf(entry) };
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, text, prefix, wanted } of await readPages()) {
    const links = wanted.map((path) => `  <link rel="modulepreload" href="${prefix}${path}">\n`).join('');
    await writeFile(file, text.replaceAll(PRELOAD, '').replace(ENTRY, (entry) => entry + links));
  }
}
