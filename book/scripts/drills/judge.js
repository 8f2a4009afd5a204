// The verdict on an answer: {verdict: right | mistake | wrong | unreadable, mistake: its number, say, tex}.
import { read, Unreadable } from "./expression.js";

const POINTS = 40;
const ENOUGH = 10; // points at which both must have a value
const CLOSE = 1e-9; // relative

/** `count` points of the domain {name: [lowest, highest, whole?]}, the same ones each time. */
export function points(domain, count = POINTS) {
  let seed = 20;
  const random = () => { // mulberry32
    seed = (seed + 0x6d2b79f5) | 0;
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const one = ([low, high, whole]) => low + (whole ? Math.floor(random() * (high - low + 1)) : random() * (high - low));
  const point = () => Object.fromEntries(Object.entries(domain).map(([name, at]) => [name, one(at)]));
  return Array.from({ length: count }, point);
}

const near = (a, b, within) => Math.abs(a - b) <= within * Math.max(Math.abs(a), Math.abs(b));

/** Equal wherever `reference` has a value. */
function same(values, reference, within = CLOSE) {
  const used = reference.map((_, i) => i).filter(i => Number.isFinite(reference[i]));
  const scale = used.reduce((sum, i) => sum + Math.abs(reference[i]), 0) / used.length;
  return used.length >= ENOUGH
    && used.every(i => Math.abs(values[i] - reference[i]) <= within * Math.max(Math.abs(reference[i]), scale * 1e-3));
}

function judgeExpression(spec, answer) {
  const names = Object.keys(spec.where), at = points(spec.where);
  const { value, tex } = read(answer, names);
  const all = source => at.map(read(source, names).value);
  const mine = at.map(value), right = all(spec.is);
  if (same(mine, right)) return { verdict: "right", tex };
  const mistake = spec.mistakes.findIndex(sources => sources.some(source => same(mine, all(source))));
  if (mistake >= 0) return { verdict: "mistake", mistake, tex };
  return { verdict: "wrong", tex, say: inGeneral(mine, right) ?? atOnePoint(at, mine, right) };
}

function inGeneral(mine, right) {
  const ratios = mine.map((value, i) => value / right[i]).filter(Number.isFinite);
  if (ratios.length < ENOUGH || !ratios.every(ratio => near(ratio, ratios[0], 1e-9))) return undefined;
  if (near(ratios[0], -1, 1e-9)) return "Right but for the sign.";
  return ratios[0] ? "Right but for a constant factor." : undefined;
}

/** Three digits are enough to see that it differs. */
function atOnePoint(at, mine, right) {
  const i = mine.findIndex((value, k) => Number.isFinite(right[k]) && !near(value, right[k], 1e-3));
  if (i < 0) return "Not equal everywhere.";
  const digits = x => String(Number(x.toPrecision(3)));
  const where = Object.entries(at[i]).map(([name, value]) => `${name} = ${digits(value)}`).join(", ");
  if (!Number.isFinite(mine[i])) return `Yours has no value at ${where}; the right one is ${digits(right[i])} there.`;
  return `Not the same: at ${where} yours is ${digits(mine[i])} and the right one ${digits(right[i])}.`;
}

/** A number without its unit; "3.16x" and "12 steps" are usual. */
function withoutUnit(answer, unit) {
  const text = answer.trim().replace(/(\d),(\d)/g, "$1.$2").replace(/^[≈~]\s*/, "");
  const units = unit === "×" ? ["×", "x", "times", "fold"] : unit ? [unit, unit.replace(/s$/, "")] : [];
  const found = units.find(each => text.toLowerCase().endsWith(each.toLowerCase()));
  return found ? text.slice(0, -found.length) : text;
}

function judgeNumber(spec, answer) {
  const { value, tex } = read(withoutUnit(answer, spec.unit), []);
  const mine = value({}), right = read(spec.is, []).value({});
  const equals = (source, within = spec.within) => Math.abs(mine - source) <= within * Math.abs(source) + 1e-12;
  if (!Number.isFinite(mine)) return { verdict: "wrong", tex, say: "That has no finite value." };
  if (equals(right)) return { verdict: "right", tex };
  const mistake = spec.mistakes.findIndex(sources => sources.some(source => equals(read(source, []).value({}))));
  if (mistake >= 0) return { verdict: "mistake", mistake, tex };
  if (equals(-right)) return { verdict: "wrong", tex, say: "Right but for the sign." };
  if (equals(right, Math.max(5 * spec.within, 0.02))) {
    return { verdict: "wrong", tex, say: "Close, but not close enough: work with more digits." };
  }
  return { verdict: "wrong", tex, say: mine > right ? "Too large." : "Too small." };
}

/** Results of a Python function: JSON values, compared number by number. */
function judgeFunction(spec, { results, error }) {
  if (error) return { verdict: "unreadable", say: error };
  const agree = (a, b) => Array.isArray(b)
    ? Array.isArray(a) && a.length === b.length && b.every((each, i) => agree(a[i], each))
    : typeof b === "number" ? typeof a === "number" && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)) : a === b;
  if (agree(results, spec.is)) return { verdict: "right" };
  const mistake = spec.mistakes.findIndex(expected => agree(results, expected));
  if (mistake >= 0) return { verdict: "mistake", mistake };
  const i = spec.is.findIndex((expected, k) => !agree(results[k], expected));
  const call = `${spec.name}(${spec.cases[i].map(each => JSON.stringify(each)).join(", ")})`;
  return { verdict: "wrong", say: `${call} gave ${JSON.stringify(results[i])}, not ${JSON.stringify(spec.is[i])}.` };
}

function judgeChoice(spec, answer) {
  const chosen = Number(answer);
  if (answer === "" || !(chosen in spec.options)) return { verdict: "unreadable", say: "Choose one first." };
  return chosen === spec.is ? { verdict: "right", mistake: chosen } : { verdict: "mistake", mistake: chosen };
}

const JUDGES = { expression: judgeExpression, number: judgeNumber, function: judgeFunction, choice: judgeChoice };

/** Judge an answer; whatever was typed, this answers and does not throw. */
export function judge(spec, answer) {
  try {
    return JUDGES[spec.kind](spec, answer);
  } catch (problem) {
    if (problem instanceof Unreadable) return { verdict: "unreadable", say: problem.message };
    return { verdict: "unreadable", say: "I cannot read that." };
  }
}

/** What was understood, for the preview: {tex} or {say}. */
export function understood(spec, answer) {
  try {
    const expression = spec.kind === "number" ? withoutUnit(answer, spec.unit) : answer;
    return { tex: read(expression, Object.keys(spec.where ?? {})).tex };
  } catch (problem) {
    return { say: problem instanceof Unreadable ? problem.message : "I cannot read that." };
  }
}
