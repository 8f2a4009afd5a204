// The drills of a page: what is typed is judged here, hints come one after the other, and what is done is kept.
import { wireEditor } from "./editor.js";
import { runPython } from "./python.js";
import { note, stateOf } from "./store.js";

const here = new URL(".", document.currentScript.src);
const scripts = {};

/** A script beside this one, loaded once, when first needed. */
function lazily(name) {
  scripts[name] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(name, here);
    script.onload = () => resolve(globalThis.optimlab);
    script.onerror = () => {
      delete scripts[name];
      reject(new Error(`${name} could not be loaded`));
    };
    document.head.append(script);
  });
  return scripts[name];
}

const WORDS = { right: "Right.", mistake: "Not yet.", wrong: "Not yet.", unreadable: "" };

/** Say the verdict; the sentence on a known mistake is in the page already. */
function say(form, { verdict, mistake, say: sentence, printed }) {
  const region = form.querySelector(".drill-verdict");
  const parts = [];
  const add = (tag, text, className = "") => {
    const element = Object.assign(document.createElement(tag), { textContent: text, className });
    parts.push(element);
    return element;
  };
  if (WORDS[verdict]) add("strong", `${WORDS[verdict]} `);
  if (sentence) add("span", sentence);
  const known = form.querySelector(`[data-mistake="${mistake}"]`);
  if (known) add("div", "", "drill-sentence").append(...[...known.childNodes].map(each => each.cloneNode(true)));
  if (printed) add("pre", printed, "drill-printed");
  region.dataset.verdict = verdict;
  region.replaceChildren(...parts);
}

async function judged(form, spec, answer) {
  const { judge } = await lazily("judge.lazy.js");
  if (spec.kind !== "function") return judge(spec, answer);
  const ran = await runPython(answer, spec, text => say(form, { verdict: "busy", say: text }));
  return { ...judge(spec, ran), printed: ran.printed };
}

function wireAsk(form, drill) {
  const spec = JSON.parse(form.dataset.spec), name = form.dataset.ask, { answer } = form.elements;
  answer.value = stateOf(name).text || answer.value;
  form.addEventListener("input", () => note(name, was => ({ ...was, text: answer.value })));
  let busy = false;
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    try {
      const result = await judged(form, spec, answer.value);
      say(form, result);
      if (result.verdict !== "unreadable") {
        note(name, was => ({ ...was, tries: was.tries + 1, done: was.done || result.verdict === "right" }));
      }
      drill.dispatchEvent(new Event("drill-changed"));
    } catch (problem) {
      say(form, { verdict: "unreadable", say: `The check could not run: ${problem.message}.` });
    } finally {
      busy = false;
    }
  });
  if (spec.kind === "expression" || spec.kind === "number") wirePreview(form, spec);
  if (spec.kind === "function") wireEditor(answer);
}

/** While it is typed: how it is understood, set as mathematics. */
function wirePreview(form, spec) {
  const preview = form.querySelector(".drill-preview"), field = form.elements.answer;
  const load = () => Promise.all(["judge.lazy.js", "preview.lazy.js"].map(lazily));
  field.addEventListener("focus", () => field.dispatchEvent(new Event("input")), { once: true });
  field.addEventListener("input", async () => {
    const typed = field.value;
    if (!typed.trim()) preview.replaceChildren();
    try {
      await load();
    } catch {
      return; // the check itself will say what is wrong
    }
    if (!typed.trim()) return;
    if (typed !== field.value) return; // a later key is on its way
    const { tex, say: problem } = globalThis.optimlab.understood(spec, typed);
    if (tex) globalThis.optimlab.show(tex, preview);
    else preview.textContent = problem;
  });
}

/** Hint 2 appears once hint 1 is open, the answer once both are, or once all is right. */
function wireHints(drill, names) {
  const steps = [...drill.querySelectorAll(":scope > details")];
  const update = () => {
    const states = names.map(stateOf);
    const done = states.every(state => state.done), seen = Math.max(...states.map(state => state.hints));
    steps.forEach((step, i) => {
      step.hidden = !(done || step.open || i <= seen || steps[i - 1].open);
    });
    drill.querySelector(".drill-done").hidden = !done;
  };
  steps.forEach((step, i) => step.addEventListener("toggle", () => {
    if (step.open) names.forEach(name => note(name, was => ({ ...was, hints: Math.max(was.hints, i + 1) })));
    update();
  }));
  drill.addEventListener("drill-changed", update);
  update();
}

for (const drill of document.querySelectorAll(".drill")) {
  const forms = [...drill.querySelectorAll("form.drill-ask")];
  forms.forEach(form => wireAsk(form, drill));
  wireHints(drill, forms.map(form => form.dataset.ask));
}
