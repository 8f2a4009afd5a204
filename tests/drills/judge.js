// Judge many answers in Node with the very script the pages load: JSON lines [spec, answer] in, verdicts out.
const [, , script] = process.argv;
require(script);
const { judge, understood } = globalThis.optimlab;
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
for (const line of lines) {
  const [spec, answer] = JSON.parse(line);
  const started = performance.now();
  const result = judge(spec, answer);
  const ms = performance.now() - started;
  const preview = spec.kind === "expression" || spec.kind === "number" ? understood(spec, answer) : {};
  console.log(JSON.stringify({ ...result, preview, ms }));
}
