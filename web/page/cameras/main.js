// The entry of the cameras page.

import { openCamerasPage } from './cameras_page.js';

void openCamerasPage();
