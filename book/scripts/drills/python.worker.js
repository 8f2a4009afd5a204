// Runs a reader's Python function in Pyodide, away from the page; the page stops it when it takes too long.
import RUN from "./run.py";

const home = new URL("../../pyodide/", import.meta.url);
let runner;

async function start() {
  const { loadPyodide } = await import(new URL("pyodide.mjs", home).href);
  const python = await loadPyodide({ indexURL: home.href });
  runner = python.runPython(RUN);
  postMessage({ ready: true });
}

const started = start().catch(problem => postMessage({ failed: String(problem?.message ?? problem) }));

onmessage = async ({ data }) => {
  await started;
  postMessage({ id: data.id, answer: JSON.parse(runner(data.source, data.name, JSON.stringify(data.cases))) });
};
