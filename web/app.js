// The entry of the live page.

import { LivePage } from './page/live_page.js';

new LivePage().start();
