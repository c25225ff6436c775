// The pages name the modules that they need: `npm run preloads` writes that down.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readPages } from '../preloads.js';

const MISSING_MOST = 0.25; // one that is missing costs time only; one that is not used is asked for in vain

test('each page asks for the modules that it needs, and for no others', async () => {
  const pages = await readPages();
  assert.ok(pages.length >= 6);
  for (const { file, preloaded, wanted } of pages) {
    const missing = wanted.filter((path) => !preloaded.includes(path));
    assert.deepEqual(preloaded.filter((path) => !wanted.includes(path)), [], `${file}: npm run preloads`);
    assert.ok(missing.length <= MISSING_MOST * wanted.length, `${file} lacks ${missing}: npm run preloads`);
  }
});
