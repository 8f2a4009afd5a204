// Every explorer of the page comes to life: its state, its controls, and the drawing that follows them.
import { GRID, RULES } from "kernels";
import { createControls } from "./controls.js";
import { createCurve } from "./curve.js";
import { descend, tune } from "./descend.js";
import { createMap } from "./map.js";
import { complete, decode, encode, withRule, withSurface } from "./state.js";
import { sentence, tableOf, tuned } from "./words.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const SECONDS = 6; // that a run takes to play

function explore(root) {
  const initial = complete(JSON.parse(root.dataset.settings));
  let state = decode(location.hash, root.id, initial) ?? structuredClone(initial);
  const live = document.createElement("div");
  live.className = "explorer-live";
  root.prepend(live);

  const map = createMap(root.id, moveStart);
  const curve = createCurve();
  const controls = createControls(root.id, {
    set: (change) => update(change(state)),
    surface: (name) => update(withSurface(state, name)),
    add: (name) => update(withRule(state, name)),
    remove: (name) =>
      update({ ...state, rules: Object.fromEntries(Object.entries(state.rules).filter(([key]) => key !== name)) }),
    scrub: (at) => (pause(), (state.at = at), draw(), report()),
    play,
    step: () => (pause(), (state.at = state.at < state.steps ? state.at + 1 : 0), draw(), report()),
    tune: tuneAll,
    reset: () => (pause(), update(structuredClone(initial))),
    share,
    table: draw,
  });
  live.append(...controls.place(map.element, curve.element));
  root.classList.add("started");

  let runs = [];
  let timer = 0;
  let frame = 0;
  let playing = false;

  function run() {
    runs = Object.entries(state.rules).map(([name, hyper]) => ({
      name,
      ...RULES[name],
      ...descend(name, hyper, state),
    }));
  }

  /** Take a new state: run it, draw it, say it. */
  function update(next) {
    const longer = next.steps !== state.steps && state.at === state.steps; // what was seen to its end still is
    state = { ...next, at: longer ? next.steps : Math.min(next.at, next.steps) };
    run();
    controls.show(state);
    draw();
    report();
  }

  function draw() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      map.draw(state, runs);
      curve.draw(state, runs);
      controls.results(state, runs, playing);
      controls.table(() => tableOf(state, runs));
    });
  }

  /** When the reader rests, say what came of it. */
  function report() {
    clearTimeout(timer);
    controls.stale();
    timer = setTimeout(() => settle(sentence(state, runs)), 600);
  }

  /** Say it, and put the state into the address. */
  function settle(words) {
    clearTimeout(timer);
    controls.say(words);
    history.replaceState(history.state, "", `#${root.id}?${encode(state)}`);
  }

  function moveStart(x, y) {
    update({ ...state, start: [x, y] });
  }

  function play() {
    if (playing) return pause();
    if (still.matches) {
      state.at = state.steps;
      draw();
      return report();
    }
    playing = true;
    const from = state.at >= state.steps ? 0 : state.at;
    const pace = Math.max(8, state.steps / SECONDS); // steps a second
    let began;
    const advance = (now) => {
      if (!playing) return;
      began ??= now;
      state.at = Math.min(state.steps, from + Math.floor(((now - began) / 1000) * pace));
      if (state.at >= state.steps) playing = false;
      draw();
      if (playing) requestAnimationFrame(advance);
      else report();
    };
    requestAnimationFrame(advance);
  }

  function pause() {
    if (!playing) return;
    playing = false;
    draw();
    report();
  }

  async function tuneAll() {
    pause();
    controls.busy(true);
    const best = {};
    for (const [name, hyper] of Object.entries(state.rules)) {
      await new Promise((resolve) => setTimeout(resolve)); // a rule at a time, so that the page stays awake
      best[name] = tune(name, hyper, state);
    }
    controls.busy(false);
    const rules = Object.entries(state.rules).map(([name, hyper]) => [name, { ...hyper, lr: best[name] ?? hyper.lr }]);
    update({ ...state, rules: Object.fromEntries(rules) });
    settle(`${tuned(state, GRID.length)} ${sentence(state, runs)}`);
  }

  async function share() {
    settle("The link to this state is now in the address bar.");
    await navigator.clipboard?.writeText(location.href).then(
      () => controls.say("The link to this state is copied."),
      () => {}, // not allowed here; the address bar has it
    );
  }

  run();
  controls.show(state);
  draw();
  controls.say(sentence(state, runs));
  new ResizeObserver(draw).observe(live);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  addEventListener("hashchange", () => {
    const next = decode(location.hash, root.id, initial);
    if (next) update(next);
  });
  if (location.hash.startsWith(`#${root.id}?`)) root.scrollIntoView({ block: "start" });
}

document.querySelectorAll(".explorer").forEach(explore);
