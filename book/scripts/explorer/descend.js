// Runs, worked out by the printed rules and surfaces alone. Nothing here draws, so that the tests run it in Node.
import { GRID, NOISE, RULES, SEEDS, STEPS, SURFACES } from "kernels";

const draws = new Float64Array(Uint8Array.from(atob(NOISE), (letter) => letter.charCodeAt(0)).buffer);

/** The noise of step t = 1, 2, ...: what NumPy's default_rng(seed) draws there. */
function noiseAt(seed, t) {
  const at = (seed * STEPS + t - 1) * 2;
  return [draws[at], draws[at + 1]];
}

export function surfaceOf({ surface, numbers }, libm = Math) {
  return SURFACES[surface].program(numbers, libm);
}

export function ruleOf(name, hyper, libm = Math) {
  const { choices, programs } = RULES[name];
  return programs[
    Object.keys(choices)
      .map((key) => hyper[key])
      .join()
  ](hyper, libm);
}

/**
 * The path of a rule and its loss above the minimum, the start first. Where a rule keeps an average x, that is shown, for x
 * is what it hands out. `gone` is the first step that is no longer finite, or null.
 */
export function descend(name, hyper, settings, seed = settings.seed, libm = Math) {
  const surface = surfaceOf(settings, libm);
  const rule = ruleOf(name, hyper, libm);
  const floor = surface.loss(surface.minimum);
  let theta = settings.start;
  let state = rule.birth(theta);
  const path = [theta];
  const loss = [surface.loss(theta) - floor];
  let gone = null;
  for (let t = 1; t <= settings.steps; t++) {
    const g = surface.sample ? surface.sample(theta, noiseAt(seed, t)) : surface.grad(theta);
    [theta, state] = rule.step(theta, g, state);
    const shown = state.x ?? theta;
    path.push(shown);
    loss.push(surface.loss(shown) - floor);
    if (gone === null && !(Number.isFinite(shown[0]) && Number.isFinite(shown[1]))) gone = t;
  }
  return { path, loss, gone };
}

/** Whether gradients are noisy, so that one draw of the noise is not the other. */
export function isNoisy(settings) {
  return settings.numbers.sigma > 0;
}

/** The learning rate of GRID whose run ends lowest; where there is noise, on the mean over all its draws. */
export function tune(name, hyper, settings) {
  const seeds = isNoisy(settings) ? [...Array(SEEDS).keys()] : [0];
  let best = { lr: hyper.lr, end: Infinity };
  for (const lr of GRID) {
    const ends = seeds.map((seed) => descend(name, { ...hyper, lr }, settings, seed).loss.at(-1));
    const end = ends.reduce((sum, each) => sum + each, 0) / seeds.length;
    if (end < best.end) best = { lr, end };
  }
  return best.lr;
}
