// The Python of the function drills: a worker that is started on the first run and ended when it takes too long.

export const LIMIT = 10; // seconds a run may take

const here = new URL(".", document.currentScript?.src ?? location.href);
let worker, ready, count = 0;
const waiting = new Map();

function start() {
  worker = new Worker(new URL("python.worker.js", here), { type: "module" });
  ready = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.ready) resolve();
      else if (data.failed) reject(new Error(data.failed));
      else waiting.get(data.id)?.(data.answer);
    };
    worker.onerror = event => reject(new Error(event.message || "the worker did not start"));
  });
  ready.catch(stop);
}

function stop() {
  worker?.terminate();
  worker = ready = undefined;
}

/** Run `name` of the Python `source` on the cases: {results, printed} or {error}. */
export async function runPython(source, { name, cases }, progress) {
  if (location.protocol === "file:") {
    return { error: "Python runs only in a book that is served: `make serve`, or the book on the web." };
  }
  if (!worker) {
    progress("Starting Python; the first time this takes a few seconds.");
    start();
  }
  try {
    await ready;
  } catch (problem) {
    return { error: `Python did not start: ${problem.message}` };
  }
  progress("Running.");
  const id = ++count;
  return new Promise(resolve => {
    const timer = setTimeout(() => {
      stop();
      finish({ error: `Stopped after ${LIMIT} seconds: does it loop for ever?` });
    }, LIMIT * 1000);
    const finish = answer => {
      clearTimeout(timer);
      waiting.delete(id);
      resolve(answer);
    };
    waiting.set(id, finish);
    worker.postMessage({ id, source, name, cases });
  });
}
