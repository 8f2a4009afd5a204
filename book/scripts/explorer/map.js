// The map: contours of the loss, the paths of the rules, and the start, which one drags or moves with the arrow keys.
import { contours } from "d3-contour";
import { drag } from "d3-drag";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { SURFACES } from "kernels";
import { surfaceOf } from "./descend.js";
import { el, ink, lineOf, marker, svg } from "./dom.js";
import { rounded } from "./state.js";
import { short } from "./words.js";

const LEVELS = 14;
const GRID = [128, 96]; // points at which the contours are worked out
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function createMap(id, moved) {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const paths = svg("g");
  const axes = svg("g", { class: "axis" });
  const minima = svg("path", { class: "minimum", d: "M-6-6L6 6M-6 6L6-6" });
  const handle = svg(
    "g",
    { class: "start", tabindex: 0, role: "button", "aria-describedby": `${id}-start-help` },
    svg("circle", { class: "reach", r: 22 }),
    svg("circle", { class: "ring", r: 9 }),
    svg("circle", { class: "dot", r: 2.5 }),
  );
  const picture = svg("svg", {}, axes, paths, minima, handle);
  const help = el(
    "span",
    { id: `${id}-start-help`, hidden: true },
    "Arrow keys move the start, with Shift ten times as far.",
  );
  const element = el("div", { class: "map" }, canvas, picture, help);
  let x, y, start, drawn;

  handle.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const far = event.shiftKey ? 0.5 : 0.05;
    moveTo(start[0] + far * arrow[0], start[1] + far * arrow[1]);
  });
  select(handle).call(
    drag()
      .container(picture)
      .subject(() => ({ x: x(start[0]), y: y(start[1]) }))
      .on("start.focus", () => handle.focus({ preventScroll: true }))
      .on("drag", (event) => moveTo(x.invert(event.x), y.invert(event.y))),
  );
  picture.addEventListener("click", (event) => {
    if (event.defaultPrevented || handle.contains(event.target)) return;
    const box = picture.getBoundingClientRect();
    moveTo(x.invert(event.clientX - box.left), y.invert(event.clientY - box.top));
  });

  /** The start goes there, as far as the map reaches. */
  function moveTo(toX, toY) {
    const held = (value, [low, high]) => rounded(Math.max(low, Math.min(high, value)));
    start = [held(toX, x.domain()), held(toY, y.domain())]; // at once: the next key may come before the next frame
    moved(...start);
  }

  function draw(state, runs) {
    const [width, height] = [element.clientWidth, element.clientHeight];
    if (!width || !height) return;
    const [left, right, bottom, top] = SURFACES[state.surface].view;
    x = scaleLinear([left, right], [0, width]);
    y = scaleLinear([bottom, top], [height, 0]);
    start = state.start;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawContours(state, width, height);
    axes.replaceChildren(...ticks(x, y, width, height));
    paths.replaceChildren(...runs.flatMap((run) => pathOf(run, state)));
    const [lowX, lowY] = surfaceOf(state).minimum;
    minima.setAttribute("transform", `translate(${x(lowX)} ${y(lowY)})`);
    handle.setAttribute("transform", `translate(${x(start[0])} ${y(start[1])})`);
    handle.setAttribute("aria-label", `Start, at ${short(start[0], 3)}, ${short(start[1], 3)}`);
  }

  function pathOf(run, state) {
    const points = run.path.slice(0, state.at + 1).map(([a, b]) => [x(a), y(b)]);
    const line = lineOf(points);
    const every = Math.max(1, Math.round(state.steps / 12));
    const shown = points.filter((point, t) => (t % every === 0 || t === state.at) && point.every(inside));
    return [
      svg("polyline", { class: "halo", points: line }),
      svg("polyline", { class: "line", points: line, stroke: ink(run), "stroke-dasharray": run.dash }),
      ...shown.map(([a, b], i) => marker(run, a, b, i === shown.length - 1 ? 11 : 7)),
    ];
  }

  const inside = (value) => value > -50 && value < 5000;

  /** The contours as figures.path draws them: evenly spaced in the logarithm of the loss. */
  function drawContours(state, width, height) {
    const style = getComputedStyle(element);
    const colors = ["--low", "--high", "--contour"].map((name) => style.getPropertyValue(name).trim());
    const key = [state.surface, ...Object.values(state.numbers), width, height, devicePixelRatio, ...colors].join();
    if (key === drawn) return;
    drawn = key;
    const { loss } = surfaceOf(state);
    const [columns, rows] = GRID;
    const values = new Float64Array(columns * rows);
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        values[j * columns + i] = loss([
          x.invert(((i + 0.5) * width) / columns),
          y.invert(((j + 0.5) * height) / rows),
        ]);
      }
    }
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const level = (value) => Math.log10(value - low + 1e-3 * (high - low));
    const [from, to] = [level(low), level(high)];
    const thresholds = Array.from({ length: LEVELS }, (_, k) => from + ((to - from) * k) / LEVELS);
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    const pen = canvas.getContext("2d");
    pen.scale(canvas.width / columns, canvas.height / rows);
    pen.lineWidth = (0.6 * columns) / width;
    contours()
      .size(GRID)
      .thresholds(thresholds)(Array.from(values, level))
      .forEach(({ coordinates }, k) => {
        pen.beginPath();
        for (const ring of coordinates.flat()) ring.forEach(([a, b], i) => (i ? pen.lineTo(a, b) : pen.moveTo(a, b)));
        pen.fillStyle = `color-mix(in oklab, ${colors[1]} ${Math.round((100 * k) / LEVELS)}%, ${colors[0]})`;
        pen.strokeStyle = colors[2];
        pen.fill("evenodd");
        pen.stroke();
      });
  }

  return { element, draw };
}

function ticks(x, y, width, height) {
  const along = x
    .ticks(5)
    .slice(1, -1)
    .map((tick) => svg("text", { x: x(tick), y: height - 6, "text-anchor": "middle" }, short(tick)));
  const up = y
    .ticks(5)
    .slice(1, -1)
    .map((tick) => svg("text", { x: 6, y: y(tick) + 4 }, short(tick)));
  return [
    ...along,
    ...up,
    svg("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, "θ₁"),
    svg("text", { x: 6, y: 16 }, "θ₂"),
  ];
}
