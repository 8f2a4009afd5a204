// What students type, in the one notation the parser reads: β₁, \beta_1, beta_1 and beta1 are all beta1.

const LETTERS = {
  α: "alpha", β: "beta", γ: "gamma", δ: "delta", ε: "eps", ϵ: "eps", η: "eta", θ: "theta", ϑ: "theta", κ: "kappa",
  λ: "lambda", μ: "mu", µ: "mu", π: "pi", ρ: "rho", σ: "sigma", τ: "tau", φ: "phi", ω: "omega",
};
const SIGNS = {
  "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "∙": "*", "•": "*", "÷": "/", "∕": "/",
  "[": "(", "{": "(", "]": ")", "}": ")", "√": " sqrt ", "½": "(1/2)", "¼": "(1/4)", "\u00a0": " ", "\u2009": " ",
};
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵏⁿᵗ", LEVEL = "0123456789-+knt";
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const COMMANDS = { left: "", right: "", cdot: "*", times: "*", epsilon: "eps", varepsilon: "eps", lvert: "(", rvert: ")" };

// Each rule: a sticky pattern, and what stands in its place.
const RULES = [
  [/\*\*/y, () => "^"],
  [/\\[,;:! ]/y, () => " "],
  [/\\([A-Za-z]+)/y, found => ` ${COMMANDS[found[1]] ?? found[1]}`],
  [/_\{(\w+)\}|_(\w)/y, found => found[1] ?? found[2]],
  [/(?:np|numpy|math)\./y, () => ""],
  [new RegExp(`[${RAISED}]+`, "y"), found => `^(${[...found[0]].map(c => LEVEL[RAISED.indexOf(c)]).join("")})`],
  [new RegExp(`[${LOWERED}]`, "y"), found => String(LOWERED.indexOf(found[0]))],
  [new RegExp(`[${Object.keys(LETTERS).join("")}]`, "y"), found => LETTERS[found[0]]],
  [new RegExp(`[${Object.keys(SIGNS).map(c => `\\${c}`).join("")}]`, "y"), found => SIGNS[found[0]]],
];

/** A text that remembers, for each of its characters, where in the source it came from. */
export class Traced {
  text = "";
  from = [];
  add(piece, origin) {
    for (let i = 0; i < piece.length; i++) this.from.push(origin);
    this.text += piece;
  }
}

/** The source in plain notation. */
export function plain(source) {
  const out = new Traced();
  let bars = 0;
  for (let at = 0; at < source.length;) {
    let length = 1, piece = source[at];
    if (piece === "|") piece = bars++ % 2 ? ")" : " abs(";
    for (const [pattern, replace] of RULES) {
      pattern.lastIndex = at;
      const found = pattern.exec(source);
      if (found) {
        [length, piece] = [found[0].length, replace(found)];
        break;
      }
    }
    out.add(piece, at);
    at += length;
  }
  return out;
}
