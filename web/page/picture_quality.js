// How good pictures are asked for. Where one is shown small nobody sees the difference, and the link of a phone
// carries two of them in the time of one.

const SMALL_PX = 600; // of style sheets: about as much of somebody's sight on every screen
const SMALL_QUALITY = 60;
const BEST_QUALITY = 100; // as good as the server makes them

/** @param {number} width of the picture on the page; 0: not known yet */
export function qualityFor(width) {
  return width > 0 && width < SMALL_PX ? SMALL_QUALITY : BEST_QUALITY;
}
