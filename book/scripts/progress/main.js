// The page of progress: what is done, to be kept in a file, brought from one, and begun again.
import { exported, imported, reset, stateOf } from "../drills/store.js";

const list = document.querySelector(".drill-progress");
const marks = [...list.querySelectorAll(".drill-mark")];
const bar = document.querySelector(".drill-bar");

function show() {
  let done = 0;
  for (const mark of marks) {
    const states = mark.dataset.asks.split(" ").map(stateOf);
    const tries = states.reduce((sum, state) => sum + state.tries, 0);
    const whole = states.every(state => state.done);
    done += whole;
    mark.dataset.state = whole ? "done" : tries ? "begun" : "";
    mark.textContent = whole ? " done" : tries ? ` begun, ${tries} ${tries === 1 ? "try" : "tries"}` : "";
  }
  bar.querySelector("output").textContent = `${done} of ${marks.length} drills done`;
  bar.querySelector("progress").value = done;
}

function download(text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "optimlab-progress.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

bar.innerHTML = `<p><output></output> <progress aria-label="Drills done" max="${marks.length}"></progress></p>
  <p><button type="button" data-do="export">Export</button>
  <button type="button" data-do="import">Import</button>
  <button type="button" data-do="reset">Reset</button>
  <input type="file" accept="application/json,.json" aria-label="A file that was exported" hidden></p>
  <p role="status"></p>`;
const say = text => (bar.querySelector("[role=status]").textContent = text);
const file = bar.querySelector("input");
const actions = {
  export: () => download(exported()),
  import: () => file.click(),
  reset() {
    if (!confirm("Forget which drills you have done in this browser, and what you typed?")) return;
    reset();
    show();
    say("Forgotten.");
  },
};
bar.addEventListener("click", event => actions[event.target.dataset?.do]?.());
file.addEventListener("change", async () => {
  try {
    say(`Joined with the states of ${imported(await file.files[0].text())} questions.`);
    show();
  } catch (problem) {
    say(problem.message);
  }
  file.value = "";
});
show();
addEventListener("pageshow", show);
