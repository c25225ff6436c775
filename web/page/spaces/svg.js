// Parts of a drawing, changed only where they differ.

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {import('./geometry.js').Point} Point */
/** @typedef {Record<string, string | number | boolean | undefined>} Attributes */

/**
 * Undefined and false take an attribute away.
 * @template {Element} T
 * @param {T} target
 * @param {Attributes} attributes
 * @returns {T}
 */
export function setAttributes(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) {
      target.removeAttribute(name);
    } else if (target.getAttribute(name) !== String(value)) {
      target.setAttribute(name, String(value));
    }
  }
  return target;
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Element} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function draw(tag, attributes = {}, ...children) {
  const made = setAttributes(document.createElementNS(SVG, tag), attributes);
  made.append(...children);
  return made;
}

/** @param {readonly Point[]} points */
export function pointsText(points) {
  return points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
}

/**
 * As many children as there are items: those that exist are used again.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {() => Element} makeChild
 * @param {(child: Element, item: T, index: number) => void} show
 */
export function showEach(parent, items, makeChild, show) {
  while (parent.childElementCount > items.length) {
    parent.lastElementChild?.remove();
  }
  items.forEach((item, i) => show(parent.children[i] ?? parent.appendChild(makeChild()), item, i));
}
