// A typed expression: read with mathjs, kept to arithmetic and a few functions, evaluated and set in TeX.
import { create, parseDependencies } from "mathjs/number";
import { plain, Traced } from "./notation.js";

const { parse } = create(parseDependencies);

const FUNCTIONS = {
  sqrt: Math.sqrt, exp: Math.exp, ln: Math.log, log: Math.log, log2: Math.log2, log10: Math.log10,
  abs: Math.abs, sign: Math.sign, max: Math.max, min: Math.min,
};
const OPERATORS = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  pow: (a, b) => a ** b, unaryMinus: a => -a, unaryPlus: a => a,
};
const CONSTANTS = { pi: Math.PI, e: Math.E };
const ALIASES = { lr: "eta", epsilon: "eps", lam: "lambda", decay: "lambda", wd: "lambda", b1: "beta1", b2: "beta2" };
const GREEK = /^(alpha|beta|gamma|delta|eps|eta|theta|kappa|lambda|mu|pi|rho|sigma|tau|phi|omega)(\d*)$/;
const LONGEST = 300; // characters; no drill asks for more than 60

/** What was typed cannot be read; `message` is a sentence for the one who typed it. */
export class Unreadable extends Error {}

/** Read `source` as an expression in the symbols `names`: {value: point -> number, tex}. */
export function read(source, names) {
  if (typeof source !== "string" || !source.trim()) throw new Unreadable("Nothing is written yet.");
  if (source.length > LONGEST) throw new Unreadable(`That is longer than any answer here: ${source.length} characters.`);
  const typed = rightSide(source);
  const words = withKnownWords(plain(typed), typed, names);
  let tree;
  try {
    tree = parse(words.text);
  } catch (problem) {
    throw new Unreadable(whereItFails(problem, words, typed));
  }
  const value = compiled(tree);
  return { value, tex: tree.toTex({ parenthesis: "auto", implicit: "hide", handler: texOf }) };
}

/** Of "beta2 = 1 - x" the answer is what stands right of the sign. */
function rightSide(source) {
  const sides = source.split("=");
  if (sides.length > 2) throw new Unreadable("There are two equals signs; write one expression.");
  if (/[<>≤≥≠≈]/.test(source)) throw new Unreadable("A comparison is no expression; write what it is equal to.");
  return sides.at(-1);
}

/** Every word resolved: a symbol, a function before its parenthesis, or symbols written together. */
function withKnownWords(input, typed, names) {
  const out = new Traced();
  const word = /\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z][A-Za-z0-9]*|\S|\s+/gy;
  for (let found; (found = word.exec(input.text));) {
    const origin = input.from[found.index];
    if (!/^[A-Za-z]/.test(found[0])) {
      if (!/^[\d.\s+\-*/^(),]/.test(found[0])) throw new Unreadable(`“${[...typed.slice(origin)][0]}” means nothing here.`);
      out.add(found[0], origin);
      continue;
    }
    if (Object.hasOwn(FUNCTIONS, found[0]) && !names.includes(found[0])) {
      const opens = /^\s*\(/.test(input.text.slice(word.lastIndex));
      if (!opens) throw new Unreadable(`Write the argument of ${found[0]} in parentheses: ${found[0]}(...).`);
      out.add(` ${found[0]}`, origin);
    } else {
      const parts = symbolsIn(found[0], names);
      if (!parts) throw new Unreadable(unknown(found[0], names));
      // a symbol in parentheses of its own is never taken for a function: h(1 - x) is a product
      out.add(` ${parts.map(part => `(${part})`).join(" ")} `, origin);
    }
  }
  return out;
}

/** The symbols that make up a word, the longest first, or undefined: etah is eta h; a Greek letter is never cut. */
function symbolsIn(word, names) {
  const known = [...names, ...Object.keys(CONSTANTS)];
  if (known.includes(word)) return [word];
  if (names.includes(ALIASES[word])) return [ALIASES[word]];
  if (GREEK.test(word)) return undefined;
  for (const name of [...names].sort((a, b) => b.length - a.length)) {
    const rest = word.startsWith(name) && symbolsIn(word.slice(name.length), names);
    if (rest) return [name, ...rest];
  }
  return undefined;
}

function unknown(word, names) {
  if (!names.length) return `“${word}” is no number; the answer here is a number.`;
  const all = [...names, ...Object.keys(FUNCTIONS)];
  const far = name => distance(word.toLowerCase(), name);
  const nearest = all.reduce((best, name) => (far(name) < far(best) ? name : best));
  const guess = far(nearest) <= Math.max(1, nearest.length / 2) ? `; did you mean ${nearest}?` : ".";
  return `“${word}” is not one of the symbols ${names.join(", ")}${guess}`;
}

/** How many letters must change to make one word of the other (Levenshtein). */
function distance(a, b) {
  let row = [...Array(b.length + 1).keys()];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}

function whereItFails(problem, words, typed) {
  const at = (problem.char ?? words.text.length + 1) - 1;
  const open = [...words.text].reduce((depth, c) => depth + (c === "(") - (c === ")"), 0);
  if (at >= words.text.trimEnd().length) {
    return open > 0 ? "A closing parenthesis is missing." : "It ends too early: something must follow the last sign.";
  }
  const origin = words.from[at];
  return `I cannot read on at character ${origin + 1}: “${typed.slice(origin, origin + 8)}”.`;
}

/** The tree as a function of a point {name: number}; whatever is no arithmetic is refused. */
function compiled(node) {
  if (node.isParenthesisNode) return compiled(node.content);
  if (node.isConstantNode && typeof node.value === "number") return () => node.value;
  if (node.isSymbolNode) {
    if (Object.hasOwn(CONSTANTS, node.name)) return point => point[node.name] ?? CONSTANTS[node.name];
    return point => point[node.name];
  }
  const f = node.isOperatorNode ? OPERATORS[node.fn] : node.isFunctionNode ? FUNCTIONS[node.fn.name] : undefined;
  if (!f) throw new Unreadable("Only + - * / ^, parentheses and the functions named below can be used.");
  const parts = node.args.map(compiled);
  if (node.isFunctionNode && f.length === 1 && parts.length !== 1) {
    throw new Unreadable(`${node.fn.name} takes one argument; decimals are written with a point.`);
  }
  return point => f(...parts.map(part => part(point)));
}

function texOf(node, options) {
  if (node.isSymbolNode) {
    const [, letter, digits] = GREEK.exec(node.name) ?? /^([A-Za-z]+?)(\d*)$/.exec(node.name);
    const base = letter === "eps" ? "\\epsilon" : GREEK.test(letter) ? `\\${letter}` : letter;
    return digits ? ` ${base}_{${digits}}` : ` ${base}`;
  }
  if (node.isFunctionNode && /^(ln|log|sign)$/.test(node.fn.name)) {
    const name = node.fn.name === "sign" ? "\\operatorname{sign}" : "\\ln";
    return ` ${name}\\left(${node.args.map(part => part.toTex(options)).join(",")}\\right)`;
  }
  return undefined;
}
