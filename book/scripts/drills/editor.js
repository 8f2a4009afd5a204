// A textarea that indents: Tab and Shift-Tab move lines, Enter keeps the depth; Escape gives Tab back to the browser.

const STEP = "    ";

/** Replace a part of the text such that the browser's undo still works. */
function replace(area, start, end, text) {
  area.setSelectionRange(start, end);
  if (!document.execCommand(text ? "insertText" : "delete", false, text)) area.setRangeText(text, start, end, "end");
}

function indent(area, back) {
  const { value, selectionStart, selectionEnd } = area;
  const first = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const lines = value.slice(first, selectionEnd).split("\n");
  const moved = lines.map(line => (back ? line.replace(/^ {1,4}/, "") : STEP + line));
  replace(area, first, selectionEnd, moved.join("\n"));
  if (selectionStart === selectionEnd) {
    const at = Math.max(first, selectionStart + moved[0].length - lines[0].length);
    area.setSelectionRange(at, at);
  } else {
    area.setSelectionRange(first, first + moved.join("\n").length);
  }
}

function newLine(area) {
  const before = area.value.slice(0, area.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const depth = /^ */.exec(line)[0] + (/:\s*$/.test(line) ? STEP : "");
  replace(area, area.selectionStart, area.selectionEnd, `\n${depth}`);
}

export function wireEditor(area) {
  let leaving = false;
  area.addEventListener("focus", () => (leaving = false));
  area.addEventListener("keydown", event => {
    if (event.ctrlKey || event.altKey || event.metaKey) {
      if (event.key === "Enter" && !event.altKey) area.form.requestSubmit();
      return;
    }
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab" && !leaving) {
      event.preventDefault();
      indent(area, event.shiftKey);
    } else if (event.key === "Enter") {
      event.preventDefault();
      newLine(area);
    } else if (event.key !== "Shift" && event.key !== "Tab") leaving = false;
  });
}
