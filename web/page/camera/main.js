// The entry of the camera page.

import { CameraPage } from './camera_page.js';

new CameraPage().start();
