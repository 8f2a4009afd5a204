// Sets TeX for katex.py: a line of JSON in, {"tex", "options"}, a line out, {"html"} or {"error"}; ends when its input does.
const katex = require("katex");
const lines = require("readline").createInterface({ input: process.stdin });

lines.on("line", line => {
  const { tex, options } = JSON.parse(line);
  let answer;
  try {
    answer = { html: katex.renderToString(tex, options) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
