// Elements in one line.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** The colour of a rule; the black one is the page's ink, which is white in the dark. */
export const ink = ({ color }) => (color === "#000000" ? "var(--ink)" : color);

/** A rule's marker, `size` pixels wide. */
export function marker(rule, x, y, size = 9) {
  const transform = `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size})`;
  return svg("path", { class: "marker", d: rule.marker, transform, fill: ink(rule) });
}

/** A rule's line as it stands in a legend. */
export function swatch(rule) {
  const line = { x1: 1, x2: 33, y1: 8, y2: 8, stroke: ink(rule), "stroke-width": 2, "stroke-dasharray": rule.dash };
  return svg(
    "svg",
    { class: "swatch", width: 34, height: 16, viewBox: "0 0 34 16", "aria-hidden": "true" },
    svg("line", line),
    marker(rule, 17, 8),
  );
}

/** A polyline through points of the screen; what is far outside is held at its edge, what is not finite ends it. */
export function lineOf(points) {
  const held = (x) => Math.max(-9999, Math.min(9999, x)).toFixed(1);
  const end = points.findIndex(([x, y]) => Number.isNaN(x) || Number.isNaN(y));
  return (end < 0 ? points : points.slice(0, end)).map(([x, y]) => `${held(x)},${held(y)}`).join(" ");
}
