// axe-core finds nothing serious on a page: contrast, names, roles, focus.
//
//   await assertAccessible(page);                      // the whole page as it is now
//   await assertAccessible(page, { exclude: ['.x'] });

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const SERIOUS = ['serious', 'critical'];

/** @type {Promise<string> | undefined} */
let source;

/**
 * @param {import('playwright-core').Page} page
 * @param {{ exclude?: string[] }} options selectors of what is not ours
 */
export async function assertAccessible(page, { exclude = [] } = {}) {
  source ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // As the debugger does it: the page's own policy forbids foreign scripts.
  await page.evaluate(`if (globalThis.axe === undefined) { ${await source} }`);
  const violations = await page.evaluate(async (exclude) => {
    const { axe } = /** @type {any} */ (globalThis);
    const found = await axe.run({ exclude }, { resultTypes: ['violations'] });
    return found.violations.map((/** @type {any} */ { id, impact, help, nodes }) => ({
      id, impact, help, nodes: nodes.map((/** @type {any} */ node) => `${node.html} ${node.failureSummary}`),
    }));
  }, exclude);
  const serious = violations.filter((/** @type {{ impact: string }} */ { impact }) => SERIOUS.includes(impact));
  assert.deepEqual(serious, [], `axe: ${JSON.stringify(serious, null, 2)}`);
}
