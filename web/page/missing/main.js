// The page of every address where nothing is: says so, and leads back.

import { pageUrl } from '../api.js';
import { element, make } from '../dom.js';
import { makeIcon } from '../icons.js';
import { startPage } from '../shell.js';
import { texts } from '../texts.js';

const words = texts.missing;

startPage({ title: words.title, needs: null });
element('main', HTMLElement).replaceChildren(make('section', { className: 'empty' },
  makeIcon('warning'),
  make('h1', {}, words.title),
  make('p', {}, words.detail(location.pathname)),
  make('div', { className: 'actions' },
    make('a', { className: 'button', 'data-kind': 'primary', href: pageUrl('./') }, words.back))));
