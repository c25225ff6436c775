// The entry of the live wall. Its connection is made while the rest of it is on its way.

import { WebSocketStreamManager } from '../../lib/stream_manager.js';
import { pageToken } from '../token.js';

const url = new URL('../../ws/viewer/detection?follow=false', import.meta.url);
const manager = new WebSocketStreamManager({ url, token: pageToken });
manager.connect();

const { WallPage } = await import('./wall_page.js');
new WallPage(manager).start();
