// For whoever reads by keyboard, on every page: formulas that scroll can be reached, and a pressed button keeps the focus.

// What is wider than the page scrolls in its own box. (The theme does this for code and tables, a moment later.)
const BOXES = ".katex-display, pre, .cell_output > .output, .pst-scrollable-table-container";

function reachWhatScrolls() {
  for (const box of document.querySelectorAll(BOXES)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

// The theme takes the focus from its buttons, for the sake of the mouse; the keyboard would lose its place.
function keepFocus() {
  for (const button of document.querySelectorAll("button")) {
    button.blur = () => button.matches(":focus-visible") || HTMLElement.prototype.blur.call(button);
  }
}

document.addEventListener("DOMContentLoaded", () => { reachWhatScrolls(); keepFocus(); });
document.fonts.ready.then(reachWhatScrolls);
window.addEventListener("resize", reachWhatScrolls);
document.addEventListener("toggle", reachWhatScrolls, true);  // what was folded has a width now
