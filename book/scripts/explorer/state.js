// What an explorer shows is one plain object; here it is completed, changed, and written into the address and read from it.
//   { surface, numbers: {kappa, ...}, start: [x, y], steps, seed, at, rules: {adam: {lr, beta1, ...}, ...} }
import { RULES, SEEDS, STEPS, SURFACES } from "kernels";

const START = 10; // as far out as a start may be

const defaults = (controls) =>
  Object.fromEntries(Object.entries(controls).map(([key, control]) => [key, control.value]));

export function hyperOf(name, given = {}) {
  return { lr: 0.01, ...withoutNull(defaults(RULES[name].numbers)), ...defaults(RULES[name].choices), ...given };
}

const withoutNull = (numbers) => Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== null));

/** The settings of the page, with every hyperparameter of every rule. */
export function complete(settings) {
  const rules = Object.fromEntries(Object.entries(settings.rules).map(([name, given]) => [name, hyperOf(name, given)]));
  return { ...settings, at: settings.steps, rules };
}

/** The same rules on another surface, from that surface's own start. */
export function withSurface(state, surface) {
  const numbers = defaults(SURFACES[surface].numbers);
  for (const key of Object.keys(numbers)) numbers[key] = state.numbers[key] ?? numbers[key];
  return { ...state, surface, numbers, start: SURFACES[surface].program(numbers).start.map(rounded) };
}

/** One rule more, in book order. */
export function withRule(state, added) {
  const rules = { ...state.rules, [added]: hyperOf(added) };
  return {
    ...state,
    rules: Object.fromEntries(
      Object.keys(RULES)
        .filter((name) => rules[name])
        .map((name) => [name, rules[name]]),
    ),
  };
}

export const rounded = (x) => Math.round(x * 100) / 100 + 0;

/** The place on a slider that is nearest to a value. */
export function nearestStop(stops, value) {
  let best = 0;
  stops.forEach((stop, at) => Math.abs(stop - value) < Math.abs(stops[best] - value) && (best = at));
  return best;
}

export function encode(state) {
  const words = new URLSearchParams({ surface: state.surface, ...state.numbers, start: state.start.join() });
  for (const key of ["steps", "seed", "at"]) words.set(key, state[key]);
  for (const [name, hyper] of Object.entries(state.rules)) {
    const usual = hyperOf(name);
    const own = Object.entries(hyper).filter(([key, value]) => key === "lr" || value !== usual[key]);
    words.set(name, own.map(([key, value]) => `${key}:${value}`).join());
  }
  return words.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/** The state that an address holds for the explorer `id`, or null; what makes no sense there is left out. */
export function decode(hash, id, initial) {
  if (!hash.startsWith(`#${id}?`)) return null;
  const words = new URLSearchParams(hash.slice(id.length + 2));
  const surface = words.get("surface") in SURFACES ? words.get("surface") : initial.surface;
  const numbers = defaults(SURFACES[surface].numbers);
  for (const [key, { stops }] of Object.entries(SURFACES[surface].numbers))
    numbers[key] = onStop(stops, words.get(key), numbers[key]);
  const start = (words.get("start") ?? "").split(",").map(Number);
  const isPoint = start.length === 2 && start.every((x) => Math.abs(x) <= START);
  const steps = whole(words.get("steps"), 10, STEPS, initial.steps);
  const rules = {};
  for (const name of Object.keys(RULES))
    if (words.has(name)) rules[name] = hyperOf(name, readHyper(name, words.get(name)));
  return {
    ...structuredClone(initial),
    ...{ surface, numbers, steps, rules: Object.keys(rules).length ? rules : structuredClone(initial.rules) },
    start: isPoint ? start : SURFACES[surface].program(numbers).start.map(rounded),
    seed: whole(words.get("seed"), 0, SEEDS - 1, 0),
    at: whole(words.get("at"), 0, steps, steps),
  };
}

function readHyper(name, text) {
  const hyper = {};
  for (const word of text.split(",")) {
    const [key, value] = word.split(":");
    const { numbers, choices } = RULES[name];
    if (key in numbers) hyper[key] = onStop(numbers[key].stops, value, numbers[key].value ?? 0.01);
    if (key in choices) hyper[key] = choices[key].values.find((each) => `${each}` === value) ?? choices[key].value;
  }
  return hyper;
}

function onStop(stops, text, otherwise) {
  const value = Number(text ?? NaN);
  return Number.isFinite(value) && text !== "" ? stops[nearestStop(stops, value)] : otherwise;
}

function whole(text, low, high, otherwise) {
  const value = Number(text ?? NaN);
  return Number.isInteger(value) && value >= low && value <= high ? value : otherwise;
}
