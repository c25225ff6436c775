// The entry of the page that streams this device's camera.

import { startPage } from '../shell.js';
import { texts } from '../texts.js';
import { PublishPage } from './publish_page.js';

const shell = startPage({ page: 'publish', title: texts.publish.title, needs: 'publisher' });
const page = new PublishPage(shell);
void shell.session.then((session) => page.start(session));
