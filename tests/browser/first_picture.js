// What a phone loads until it has drawn its first picture: `node first_picture.js URL LOADS` prints a line of JSON
// for each load of the page, all with an empty cache.

import { startChromium } from './harness/chromium.js';
import { PHONE, loadFirstPicture } from './harness/first_picture.js';

const [url = '', loads = ''] = process.argv.slice(2);

const browser = await startChromium();
try {
  for (let i = 0; i < Number(loads); i++) {
    console.log(JSON.stringify(await loadFirstPicture(browser, url, PHONE)));
  }
} finally {
  await browser.close();
}
