// The icons of all pages: lines of a 20 by 20 grid. `makeIcon('camera')` is an <svg class="icon"> that screen
// readers pass over: what it stands for is said by the label of its button.

const SVG = 'http://www.w3.org/2000/svg';

const paths = {
  camera: 'M2.5 6.5h10v8h-10zM12.5 9.5l5-2.5v7l-5-2.5',
  close: 'M5 5l10 10M15 5L5 15',
  fullscreen: 'M3 7.5V3h4.5M12.5 3H17v4.5M17 12.5V17h-4.5M7.5 17H3v-4.5',
  fullscreenExit: 'M7.5 3v4.5H3M17 7.5h-4.5V3M12.5 17v-4.5H17M3 12.5h4.5V17',
  open: 'M8 4H4v12h12v-4M11 3h6v6M17 3l-8 8',
  layout: 'M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z',
  signOut: 'M8 3H3.5v14H8M12.5 6l4 4-4 4M16.5 10H7.5',
  lock: 'M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  warning: 'M10 3l7.5 13.5h-15zM10 8v4M10 14.2v.1',
  plus: 'M10 4v12M4 10h12',
  pencil: 'M4 16l.8-3.4L13.4 4 16 6.6 7.4 15.2z',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.7 10.5h7.6L14.5 6',
  undo: 'M7 5L3.5 8.5 7 12M4 8.5h7.5a4 4 0 0 1 0 8H8',
  redo: 'M13 5l3.5 3.5L13 12M16 8.5H8.5a4 4 0 0 0 0 8H12',
  copy: 'M7 7h10v10H7zM7 13H3V3h10v4',
  snapshot: 'M3 6h3l1.5-2h5L14 6h3v10H3zM10 13.5a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6',
  up: 'M10 16V4M5 9l5-5 5 5',
  down: 'M10 4v12M5 11l5 5 5-5',
  back: 'M12.5 4L6.5 10l6 6',
  forward: 'M7.5 4l6 6-6 6',
  refresh: 'M16 10a6 6 0 1 1-2-4.5M14.5 2.5v3.5H11',
  polygon: 'M3 6.5L15 3l2.5 9.5L5.5 17z',
  row: 'M2 14.5l3-9h11l2 9zM6.5 14.5l1.5-9M11 14.5V5.5M14.5 14.5l-1-9',
  check: 'M4 10.5l4 4 8-9',
  minus: 'M4 10h12',
  vehicle: 'M3 14v-3.5L5 6h10l2 4.5V14zM3 10.5h14M5.5 14v2M14.5 14v2',
  enlarge: 'M12 3h5v5M17 3l-6 6M8 17H3v-5M3 17l6-6',
};

/** @typedef {keyof typeof paths} IconName */

/** @param {IconName} name */
export function makeIcon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
