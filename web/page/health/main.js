// The entry of the health page.

import { startPage } from '../shell.js';
import { texts } from '../texts.js';
import { HealthPage } from './health_page.js';

const shell = startPage({ page: 'health', title: texts.health.title, needs: 'admin' });
const page = new HealthPage(shell);
void shell.session.then((session) => page.start(session));
