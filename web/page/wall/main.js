// The entry of the live wall.

import { WallPage } from './wall_page.js';

new WallPage().start();
