// axe-core: what would keep people with a screen reader, or without a mouse, from using a page.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const SOURCE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/**
 * What is serious or critical, in words; pages that forbid foreign scripts are looked at all the same.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string[]>}
 */
export async function findSerious(page) {
  await page.evaluate(await readFile(SOURCE, 'utf8'));
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run({ resultTypes: ['violations'] }));
  return violations
    .filter((/** @type {any} */ { impact }) => impact === 'serious' || impact === 'critical')
    .map((/** @type {any} */ { id, nodes }) =>
      `${id}: ${nodes.slice(0, 3).map((/** @type {any} */ { html }) => html.slice(0, 160)).join(' | ')}`);
}
