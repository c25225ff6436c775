// How busy the main thread of a page is.

/**
 * The share of the main thread's time that its tasks take, in CPU time: other processes on the machine do not
 * count.
 * @param {import('playwright-core').Page} page
 * @param {number} ms how long to watch
 * @returns {Promise<number>} 0 to 1
 */
export async function mainThreadShare(page, ms) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busySeconds = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN;
  };
  const before = await busySeconds();
  const began = performance.now();
  await page.waitForTimeout(ms);
  const busy = (await busySeconds()) - before;
  const passed = (performance.now() - began) / 1000;
  await session.detach();
  return busy / passed;
}
