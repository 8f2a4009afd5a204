// What the reader has done, kept in this browser; where it may not be kept, it lives as long as the page.

const KEY = "optimlab.drills";
const EMPTY = { version: 1, asks: {} };
let memory = EMPTY;

/** A question's state, from anything: {tries, hints, done, text}, the text being what was typed last. */
const clean = state => ({
  tries: Math.min(Math.trunc(state?.tries) || 0, 9999),
  hints: Math.min(Math.trunc(state?.hints) || 0, 9),
  done: state?.done === true,
  text: typeof state?.text === "string" ? state.text.slice(0, 5000) : "",
});

const isRecord = x => typeof x === "object" && x !== null && !Array.isArray(x);

function checked(data) {
  if (!isRecord(data) || data.version !== 1 || !isRecord(data.asks)) throw new Error("not progress of this book");
  const known = Object.entries(data.asks).filter(([name]) => /^[\w-]{1,80}$/.test(name)).slice(0, 1000);
  return { version: 1, asks: Object.fromEntries(known.map(([name, state]) => [name, clean(state)])) };
}

export function load() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept ? checked(JSON.parse(kept)) : memory;
  } catch {
    return memory;
  }
}

/** Keep it; false where the browser does not let us. */
function save(progress) {
  memory = progress;
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
    return true;
  } catch {
    return false;
  }
}

export function stateOf(name) {
  return clean(load().asks[name]);
}

/** Change a question's state with `change`, a function of the old one. */
export function note(name, change) {
  const progress = load();
  return save({ ...progress, asks: { ...progress.asks, [name]: clean(change(stateOf(name))) } });
}

export const exported = () => JSON.stringify(load(), null, 1);
export const reset = () => save(EMPTY);

/** Join what another browser exported; what is done in either is done. */
export function imported(text) {
  let other;
  try {
    other = checked(JSON.parse(text));
  } catch {
    throw new Error("This file is no progress exported from this book.");
  }
  const asks = { ...load().asks };
  for (const [name, state] of Object.entries(other.asks)) {
    const mine = clean(asks[name]);
    asks[name] = {
      tries: Math.max(mine.tries, state.tries), hints: Math.max(mine.hints, state.hints), done: mine.done || state.done,
      text: mine.text || state.text,
    };
  }
  save({ version: 1, asks });
  return Object.keys(other.asks).length;
}
