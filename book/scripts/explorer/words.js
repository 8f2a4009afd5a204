// What a run comes to, in words and in numbers: for who listens, and for who wants the figures.
import { SURFACES } from "kernels";
import { el } from "./dom.js";

const ROWS = [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300];

/** A number as a reader likes it: 0.032, 12, 3.2e−7. */
export function short(x, digits = 2) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : x > 0 ? "infinite" : "minus infinite";
  const plain = Math.abs(x) >= 1e-3 && Math.abs(x) < 1e4;
  const rounded = Number(x.toPrecision(digits));
  const text = plain ? String(rounded) : rounded.toExponential();
  return text.replace("-", "−").replace("e+", "e").replace("e-", "e−");
}

/** What became of a run by step `at`: a number, or that it is lost. */
export function outcome(run, at) {
  if (run.gone !== null && run.gone <= at) return { lost: true, text: `not finite from step ${run.gone}` };
  const loss = run.loss[at];
  return { lost: !(loss <= 10 * run.loss[0] + 1e-9), text: short(Math.max(loss, 0)) };
}

export function sentence(state, runs) {
  const told = runs.map((run) => ({ ...outcome(run, state.at), label: run.label, loss: run.loss[state.at] }));
  const alive = told.filter((each) => !each.lost).sort((a, b) => a.loss - b.loss);
  const where = `${SURFACES[state.surface].label}, from (${state.start.map((x) => short(x, 3)).join(", ")})`;
  const kept = alive.map((each, i) => `${each.label} ${i || runs.length < 2 ? "" : "is lowest, "}${each.text}`);
  const lost = told.filter((each) => each.lost);
  const diverged = lost.length
    ? ` ${lost.map((each) => each.label).join(" and ")} diverge${lost.length > 1 ? "" : "s"}.`
    : "";
  if (!runs.length) return `${where}. No rule is shown.`;
  return `${where}, loss above the minimum after ${state.at} steps: ${kept.length ? `${kept.join("; ")}.` : "none has come down."}${diverged}`;
}

export function tuned(state, count) {
  return `Each rule has the best of the same ${count} learning rates, by its loss after ${state.steps} steps.`;
}

export function tableOf(state, runs) {
  const rows = ROWS.filter((t) => t < state.steps).concat(state.steps);
  return el(
    "table",
    { class: "table" },
    el("caption", {}, "Loss above the minimum"),
    el(
      "thead",
      {},
      el("tr", {}, el("th", { scope: "col" }, "step"), ...runs.map((run) => el("th", { scope: "col" }, run.label))),
    ),
    el(
      "tbody",
      {},
      ...rows.map((t) =>
        el("tr", {}, el("th", { scope: "row" }, t), ...runs.map((run) => el("td", {}, outcome(run, t).text))),
      ),
    ),
  );
}
