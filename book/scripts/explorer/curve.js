// The curve: the loss above the minimum against the step, logarithmic.
import { scaleLinear, scaleLog } from "d3-scale";
import { el, ink, lineOf, marker, svg } from "./dom.js";

const EDGE = { left: 44, right: 12, top: 26, bottom: 28 };
const FLOOR = 1e-16; // below is rounding
const ROOM = 100; // what diverges is followed so many times above the start, then leaves through the top

export function createCurve() {
  const picture = svg("svg", { "aria-hidden": "true" });
  const element = el("div", { class: "curve" }, picture);

  function draw(state, runs) {
    const [width, height] = [element.clientWidth, element.clientHeight];
    if (!width || !height) return;
    const x = scaleLinear([0, state.steps], [EDGE.left, width - EDGE.right]);
    const y = scaleLog(rangeOf(runs), [height - EDGE.bottom, EDGE.top]).clamp(false);
    const now = svg("line", { class: "now", x1: x(state.at), x2: x(state.at), y1: EDGE.top, y2: height - EDGE.bottom });
    const part = { x: 0, y: EDGE.top - 6, width, height: height - EDGE.top - EDGE.bottom + 12 };
    const inside = { ...part, viewBox: Object.values(part).join(" "), overflow: "hidden" };
    const lines = svg("svg", inside, ...runs.flatMap((run) => lineOfRun(run, state, x, y)));
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.replaceChildren(...axes(x, y, width, height), now, lines);
  }

  return { element, draw };
}

/** From the lowest loss to the highest start, and further up where a run diverges. */
function rangeOf(runs) {
  const positive = runs.flatMap((run) => run.loss).filter((loss) => loss > FLOOR && Number.isFinite(loss));
  const highest = Math.max(FLOOR * 10, ...runs.map((run) => run.loss[0])) * ROOM;
  const top = Math.min(highest, Math.max(...positive, FLOOR * 10));
  return [Math.min(...positive, top / 10), top * 1.3];
}

function lineOfRun(run, state, x, y) {
  const points = run.loss.map((loss, t) => [
    x(t),
    Number.isNaN(loss) ? NaN : y(Math.min(Math.max(loss, FLOOR), 1e300)),
  ]);
  const at = points[state.at];
  const past = lineOf(points.slice(0, state.at + 1));
  return [
    svg("polyline", { class: "ahead", points: lineOf(points), stroke: ink(run), "stroke-dasharray": run.dash }),
    svg("polyline", { class: "line", points: past, stroke: ink(run), "stroke-dasharray": run.dash }),
    ...(Number.isFinite(at[1]) ? [marker(run, ...at)] : []),
  ];
}

function axes(x, y, width, height) {
  const [low, high] = y.domain().map(Math.log10);
  const every = Math.max(1, Math.ceil((high - low) / 6));
  const decades = [];
  for (let k = Math.ceil(low); k <= high; k++) if (k % every === 0) decades.push(k);
  const rows = decades.flatMap((k) => [
    svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(10 ** k), y2: y(10 ** k) }),
    svg(
      "text",
      { x: EDGE.left - 6, y: y(10 ** k) + 4, "text-anchor": "end" },
      "10",
      svg("tspan", { dy: -5, "font-size": 9 }, `${k}`.replace("-", "−")),
    ),
  ]);
  const columns = x.ticks(4).map((tick) => svg("text", { x: x(tick), y: height - 8, "text-anchor": "middle" }, tick));
  return [
    svg("g", { class: "axis" }, ...rows, ...columns, svg("text", { x: 4, y: 14 }, "loss above the minimum, by step")),
  ];
}
