// The controls: native inputs with labels, made once for each set of rules and surface, then only told what to show.
import { RULES, SEEDS, STEPS, SURFACES } from "kernels";
import { isNoisy } from "./descend.js";
import { el, swatch } from "./dom.js";
import { nearestStop, rounded } from "./state.js";
import { outcome, short } from "./words.js";

const NOISE_DRAW = { label: "draw of the noise", stops: [...Array(SEEDS).keys()] };
const BUDGET = { label: "steps", stops: Array.from({ length: STEPS / 10 }, (_, k) => 10 * (k + 1)) };

export function createControls(id, on) {
  const surfaceMenu = el("select", { id: `${id}-surface`, onchange: () => on.surface(surfaceMenu.value) });
  for (const [name, { label }] of Object.entries(SURFACES)) surfaceMenu.append(el("option", { value: name }, label));
  const surfaceLine = el("div", { class: "line" }, el("label", { for: surfaceMenu.id }, "Surface"), surfaceMenu);
  const numbers = el("div", { class: "numbers" });
  const list = el("ul", { class: "rules" });
  const adder = el("select", { id: `${id}-add`, onchange: () => adder.value && on.add(adder.value) });
  const addLine = el("div", { class: "line" }, el("label", { for: adder.id }, "Add a rule"), adder);

  const playButton = el("button", { type: "button", class: "play", onclick: on.play }, "Play");
  const scrubber = el("input", {
    type: "range",
    id: `${id}-at`,
    min: 0,
    oninput: () => on.scrub(scrubber.valueAsNumber),
  });
  const place = el("output", { for: scrubber.id });
  const transport = el(
    "div",
    { class: "transport" },
    playButton,
    el("button", { type: "button", onclick: on.step }, "Step"),
    el("label", { for: scrubber.id, class: "visually-hidden" }, "step shown"),
    scrubber,
    place,
  );
  const tuneButton = el("button", { type: "button", onclick: on.tune }, "Tune each fairly");
  const buttons = el(
    "div",
    { class: "buttons" },
    tuneButton,
    el("button", { type: "button", onclick: on.reset }, "Reset"),
    el("button", { type: "button", onclick: on.share }, "Copy link"),
  );
  const summary = el("p", { class: "summary", "aria-live": "polite" });
  const holder = el("div", {
    class: "numbers-table",
    tabindex: 0,
    role: "region",
    "aria-label": "Loss above the minimum by step",
  });
  const table = el(
    "details",
    { class: "table-of-run", ontoggle: on.table },
    el("summary", {}, "The run as a table"),
    holder,
  );

  let sliders = [];
  let results = {};
  let shown = "";

  /** A slider over `stops`, told what to show by `read` and telling the state by `write`. */
  function slider(key, { label, stops }, whose, read, write) {
    const input = el("input", { type: "range", id: `${id}-${key}`, min: 0, max: stops.length - 1, step: 1 });
    const output = el("output", { for: input.id });
    const digits = label.includes("rate") ? 2 : 4;
    input.addEventListener("input", () => on.set((state) => write(state, stops[input.valueAsNumber])));
    sliders.push((state) => {
      const value = read(state);
      input.value = nearestStop(stops, value);
      output.textContent = short(value, digits);
      input.setAttribute("aria-valuetext", short(value, digits));
    });
    return el("div", { class: "line" }, labelled(input.id, label, whose), input, output);
  }

  function choice(key, { label, values }, whose, read, write) {
    const menu = el(
      "select",
      { id: `${id}-${key}` },
      ...values.map((value) => el("option", { value: `${value}` }, named(value))),
    );
    menu.addEventListener("change", () => on.set((state) => write(state, values[menu.selectedIndex])));
    sliders.push((state) => (menu.selectedIndex = values.indexOf(read(state))));
    return el("div", { class: "line" }, labelled(menu.id, label, whose), menu);
  }

  function coordinate(i) {
    const input = el("input", { type: "number", id: `${id}-start-${i}`, step: 0.05, min: -10, max: 10 });
    input.addEventListener("change", () => {
      if (!input.validity.badInput && input.value !== "" && Math.abs(input.valueAsNumber) <= 10)
        on.set((state) => ({ ...state, start: state.start.with(i, rounded(input.valueAsNumber)) }));
    });
    sliders.push((state) => document.activeElement !== input && (input.value = rounded(state.start[i])));
    return [el("label", { for: input.id }, ["start θ₁", "θ₂"][i]), input];
  }

  function ruleRow(name) {
    const { label, numbers, choices } = RULES[name];
    const of = (key) => [
      (state) => state.rules[name][key],
      (state, value) => ({ ...state, rules: { ...state.rules, [name]: { ...state.rules[name], [key]: value } } }),
    ];
    const more = [
      ...Object.entries(numbers)
        .filter(([key]) => key !== "lr")
        .map(([key, spec]) => slider(`${name}-${key}`, spec, label, ...of(key))),
      ...Object.entries(choices).map(([key, spec]) => choice(`${name}-${key}`, spec, label, ...of(key))),
      el("button", { type: "button", onclick: () => on.remove(name) }, `Remove ${label}`),
    ];
    results[name] = el("span", { class: "result" });
    return el(
      "li",
      {},
      el("div", { class: "head" }, swatch(RULES[name]), el("span", { class: "name" }, label), results[name]),
      slider(`${name}-lr`, numbers.lr, label, ...of("lr")),
      el("details", {}, el("summary", {}, "more", el("span", { class: "visually-hidden" }, ` of ${label}`)), ...more),
    );
  }

  /** Made anew where there are other rules, another surface or noise; then every control shows the state. */
  function show(state) {
    const now = [state.surface, isNoisy(state), ...Object.keys(state.rules)].join();
    if (now !== shown) rebuild(state);
    shown = now;
    surfaceMenu.value = state.surface;
    scrubber.max = state.steps;
    for (const each of sliders) each(state);
  }

  function rebuild(state) {
    const focused = document.activeElement?.id;
    const open = new Set(
      [...list.children].filter((row) => row.querySelector("details")?.open).map((row) => row.dataset.rule),
    );
    sliders = [];
    results = {};
    const ofNumber = (key) => [
      (each) => each.numbers[key],
      (each, value) => ({ ...each, numbers: { ...each.numbers, [key]: value } }),
    ];
    const ofKey = (key) => [(each) => each[key], (each, value) => ({ ...each, [key]: value })];
    numbers.replaceChildren(
      ...Object.entries(SURFACES[state.surface].numbers).map(([key, spec]) => slider(key, spec, "", ...ofNumber(key))),
      ...(isNoisy(state) ? [slider("seed", NOISE_DRAW, "", ...ofKey("seed"))] : []),
      slider("steps", BUDGET, "", ...ofKey("steps")),
      el("div", { class: "line point" }, ...coordinate(0), ...coordinate(1)),
    );
    list.replaceChildren(
      ...Object.keys(state.rules).map((name) => {
        const row = ruleRow(name);
        row.dataset.rule = name;
        row.querySelector("details").open = open.has(name);
        return row;
      }),
    );
    const others = Object.entries(RULES).filter(([name]) => !(name in state.rules));
    adder.replaceChildren(
      el("option", { value: "" }, "choose …"),
      ...others.map(([name, { label }]) => el("option", { value: name }, label)),
    );
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  return {
    show,
    place: (map, curve) => [
      el("div", { class: "stage" }, map, curve),
      transport,
      list,
      el("div", { class: "surface" }, surfaceLine, numbers, addLine),
      buttons,
      summary,
      table,
    ],
    results(state, runs, playing) {
      playButton.textContent = playing ? "Pause" : "Play";
      scrubber.value = state.at;
      scrubber.setAttribute("aria-valuetext", `${state.at} of ${state.steps}`);
      place.textContent = `${state.at} of ${state.steps}`;
      for (const run of runs) {
        const { lost, text } = outcome(run, state.at);
        results[run.name].textContent = `${lost ? "diverges" : "loss"} ${text}`;
        results[run.name].classList.toggle("lost", lost);
      }
    },
    table: (make) => table.open && holder.replaceChildren(make()),
    say: (words) => {
      summary.textContent = words;
      summary.removeAttribute("aria-busy");
    },
    stale: () => summary.setAttribute("aria-busy", "true"),
    busy: (is) => ((tuneButton.disabled = is), (tuneButton.textContent = is ? "Tuning …" : "Tune each fairly")),
  };
}

const labelled = (id, label, whose) =>
  el("label", { for: id }, label, ...(whose ? [el("span", { class: "visually-hidden" }, `, ${whose}`)] : []));

const named = (value) => ({ true: "yes", false: "no" })[value] ?? value;
