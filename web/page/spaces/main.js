// The entry of the spaces editor.

import { openSpacesPage } from './spaces_page.js';

void openSpacesPage();
