// A formula that is wider than the page scrolls in its own box; the keyboard must be able to reach it to scroll it.
// (The theme does the same for code and tables.)
function reachWhatScrolls() {
  for (const box of document.querySelectorAll(".katex-display")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

document.addEventListener("DOMContentLoaded", reachWhatScrolls);
document.fonts.ready.then(reachWhatScrolls);
window.addEventListener("resize", reachWhatScrolls);
document.addEventListener("toggle", reachWhatScrolls, true);
