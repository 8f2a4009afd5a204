// Starts the explorers of a page when the reader comes near, or at once where the address holds the state of one.
const folder = new URL(".", document.currentScript.src);

function start() {
  if (start.done) return;
  start.done = true;
  const script = document.createElement("script");
  script.src = new URL("explorer.lazy.js", folder);
  document.head.append(script);
}

const near = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && start(), {
  rootMargin: "800px",
});
for (const each of document.querySelectorAll(".explorer")) {
  near.observe(each);
  if (location.hash.startsWith(`#${each.id}?`)) start();
}
