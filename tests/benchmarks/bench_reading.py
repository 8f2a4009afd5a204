"""What it costs to open a page of the book: bytes, layout shift, the longest task; printed, nothing is asserted.

Run by `make bench` on the book that `make book` built. A task is measured by the processor time of the page's main
thread, so that what else the machine does is left out; the second figure is the clock's.
"""

import gzip
import json
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/book"))
from test_browser import SWITCHES, executable, served  # noqa: E402

HTML = ROOT / "_build/html"
PAGES = sys.argv[1:] or [path.relative_to(HTML).as_posix() for path in sorted(HTML.glob("book/*.html"))]
LIMITS = "a chapter may have: 1500 kB, 600 kB packed, shift 0.02, 200 ms on 150 formulas"
WATCH = """window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => { if (!entry.hadRecentInput) shift += entry.value; }))
  .observe({type: 'layout-shift', buffered: true});"""


def measure(browser, address):
    """Open a page for the first time: bytes, bytes when packed, formulas, shift, longest task by processor and clock."""
    bodies = []
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(WATCH)
    page.on("response", lambda answer: bodies.append(answer))
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    page.goto(address, wait_until="load")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    tasks = tasks_of(json.loads(browser.stop_tracing()))
    bodies = [answer.body() for answer in bodies if answer.status == 200]
    packed = sum(min(len(body), len(gzip.compress(body))) for body in bodies)
    formulas = page.evaluate("document.querySelectorAll('.bd-article .katex').length")
    shift = page.evaluate("shift")
    page.context.close()
    return sum(map(len, bodies)), packed, formulas, shift, *(max(times) / 1000 for times in zip(*tasks, strict=True))


def tasks_of(trace):
    """(processor time, clock time) in microseconds of every task of the threads that lay out pages."""
    events = trace["traceEvents"]
    main = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"}
    return [
        (event.get("tdur", event["dur"]), event["dur"]) for event in events
        if "RunTask" in event["name"] and "dur" in event and (event["pid"], event["tid"]) in main
    ]  # fmt: skip


def main():
    if not HTML.is_dir():
        sys.exit("there is no book in _build/html: make book")
    print(f"{'page':36} {'kB':>6} {'packed':>6} {'formulas':>8} {'shift':>6} {'task, ms':>8} {'by clock':>8}")
    with sync_playwright() as playwright, served(HTML) as site:
        browser = playwright.chromium.launch(executable_path=executable(), args=SWITCHES)
        for name in PAGES:
            raw, packed, formulas, shift, task, clock = measure(browser, site + name)
            print(f"{name:36} {raw / 1000:6.0f} {packed / 1000:6.0f} {formulas:8} {shift:6.3f} {task:8.0f} {clock:8.0f}")
        browser.close()
    print(LIMITS)


if __name__ == "__main__":
    main()
