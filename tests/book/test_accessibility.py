"""Every page for every reader: axe-core finds nothing, all is reached by the keyboard, the page can be doubled in size.

Formulas are left out of what axe looks at: MathML for a screen reader, boxes hidden from it for the eye, hundreds on a
page; tests/book/test_katex.py is about them. A word of the same size stands in for each, for axe walks what it leaves out.
"""

from pathlib import Path

import pytest
from test_browser import browser, served  # noqa: F401: a fixture

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RUN = """async rules => (await axe.run({exclude: [['.katex']]}, {resultTypes: ['violations'],
    ...(rules && {runOnly: {type: 'rule', values: rules}})}))
  .violations.flatMap(fault => fault.nodes.map(node => `${fault.id} (${fault.impact}): ${node.html.slice(0, 200)}`))"""
STAND_IN = """() => {
  const sizes = [...document.querySelectorAll('.katex')].map(formula => [formula, formula.getBoundingClientRect()]);
  for (const [formula, {width, height}] of sizes) {
    formula.textContent = 'formula';
    Object.assign(formula.style, {display: 'inline-block', overflow: 'hidden', width: `${width}px`, height: `${height}px`});
  }
}"""
SETTLE = """width => {
  const frame = () => new Promise(requestAnimationFrame);
  window.settled = (async () => {
    while (innerWidth !== width) await frame();
    await frame();  // scripts have been told of the new width
    await new Promise(done => setTimeout(done, 400));  // the theme looks for what scrolls 300 ms later
  })();
}"""
AT_ONCE = 8  # pages: they wait together
VIEWS = [  # width, theme, the rules that can say something new there
    (1280, "light", None),
    (390, "dark", None),
    (390, "light", ["link-in-text-block", "scrollable-region-focusable", "target-size"]),
    (1280, "dark", ["color-contrast", "link-in-text-block"]),
]


def faults_of(pages):
    """What axe-core finds on open pages, given by name, at both widths and in both themes."""
    for page in pages.values():
        page.evaluate(AXE.read_text(encoding="utf-8"))
        page.evaluate(STAND_IN)
    for width, theme, rules in VIEWS:
        for page in pages.values():
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            page.evaluate(SETTLE, width)
        for page in pages.values():
            page.evaluate("() => window.settled")
        for name, page in pages.items():
            yield from (f"{name} at {width} px, {theme}: {fault}" for fault in page.evaluate(RUN, rules))


@pytest.fixture(scope="module")
def sound(browser):  # noqa: F811
    if not AXE.exists():
        pytest.skip("needs axe-core: npm ci")
    return browser


def test_axe_finds_nothing_on_any_page(sound, book):
    names = sorted(path.relative_to(book.html).as_posix() for path in book.html.rglob("*.html"))
    names = [name for name in names if name != "index.html" and not name.startswith("_static/")]
    assert {f"{page}.html" for page in book.toc} <= set(names)
    context = sound.new_context(reduced_motion="reduce")
    faults = []
    with served(book.html) as site:
        for start in range(0, len(names), AT_ONCE):
            pages = {name: context.new_page() for name in names[start : start + AT_ONCE]}
            for name, page in pages.items():
                page.goto(site + name)
            faults += faults_of(pages)
            for page in pages.values():
                page.close()
    context.close()
    assert faults == []


@pytest.mark.parametrize(
    "fault, html",
    [
        ("image-alt", '<img src="data:,">'),
        ("color-contrast", '<p style="color: #999; background: #fff">pale</p>'),
        ("region", "</main><p>outside</p>"),
        ("empty-table-header", "<table><tr><th></th><th>a</th></tr><tr><td>1</td><td>2</td></tr></table>"),
        ("scrollable-region-focusable", '<div style="overflow: auto; height: 9px"><p>much<br>more</p></div>'),
        ("label-content-name-mismatch", '<button aria-label="Open">Close</button>'),
    ],
)
def test_axe_finds_a_planted_fault(fault, html, sound):
    page = sound.new_page()
    page.set_content(f'<html lang="en"><title>x</title><main><h1>x</h1>{html}</main></html>')
    assert any(f": {fault} (" in found for found in faults_of({"x": page}))
    page.close()


@pytest.mark.parametrize(
    "fault, view, style",
    [
        ("color-contrast", "1280 px, dark", "@media (min-width: 800px) { [data-theme=dark] p { color: #333 } }"),
        ("color-contrast", "390 px, dark", "@media (max-width: 800px) { [data-theme=dark] p { color: #333 } }"),
        ("scrollable-region-focusable", "390 px, light", "[data-theme=light] div { height: 9px; overflow: auto }"),
    ],
)
def test_axe_finds_a_fault_of_one_view_on_one_of_several_pages(fault, view, style, sound):
    pages = {name: sound.new_page() for name in ("sound", "faulty")}
    html = "<main><h1>x</h1><div><p>much<br>more</p></div></main>"
    for name, page in pages.items():
        look = "[data-theme=dark] { background: #000; color: #fff }" + style * (name == "faulty")
        page.set_content(f'<html lang="en"><title>x</title><style>{look}</style>{html}')
    found = list(faults_of(pages))
    assert [text for text in found if text.startswith(f"faulty at {view}: {fault} (")]
    assert not [text for text in found if text.startswith("sound")]
    for page in pages.values():
        page.close()


@pytest.fixture
def page(browser, book):  # noqa: F811
    """A page at the introduction of the book, served."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    with served(book.html) as site:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(site + "book/07-adam.html")
        yield page
    context.close()


FOCUSED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), look = getComputedStyle(at);
  const ring = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) > 0;
  return {name: (at.getAttribute('aria-label') || at.innerText || at.tagName).trim().slice(0, 40), ring,
          seen: box.width > 0 && box.height > 0, tag: at.tagName, href: at.href};
}"""


def tabbed(page, limit=600):
    """What has the focus after each press of Tab, until the page is left."""
    found = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["tag"] == "BODY":
            return found
        found.append(at)
        if at["tag"] == "TEXTAREA":
            page.keyboard.press("Escape")  # an editor indents with Tab until then, and says so
    raise AssertionError(f"{limit} presses of Tab do not leave the page")


def test_tab_reaches_all_that_can_be_pressed_and_shows_where_it_is(page):
    found = tabbed(page)
    assert found[0]["name"] == "Skip to main content"
    assert [at for at in found if not (at["seen"] and at["ring"])] == []
    links = {at["href"] for at in found}
    there = page.evaluate("""() => [...document.querySelectorAll('a[href], button, summary')].filter(e =>
        e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.tabIndex >= 0)
        .map(e => e.href ?? '')""")
    assert {href for href in there if href} <= links
    assert len(found) >= len(there) - 3  # one button appears only once the page has scrolled


def test_the_keyboard_opens_the_search_the_menus_and_the_dark(page):
    page.keyboard.press("Control+k")
    assert page.locator("#pst-search-dialog[open] input").evaluate("input => input === document.activeElement")
    page.keyboard.press("Escape")
    assert page.locator("#pst-search-dialog[open]").count() == 0

    switch = page.locator(".article-header-buttons .theme-switch-button")
    switch.focus()  # once: a pressed button keeps the focus
    themes = set()
    for _ in range(3):
        page.keyboard.press("Enter")
        themes.add(page.evaluate("document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}

    menu = page.locator(".dropdown-download-buttons > button")
    menu.focus()
    page.keyboard.press("Enter")
    assert page.locator(".dropdown-download-buttons .dropdown-menu.show").count() == 1

    page.locator(".primary-toggle").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("getComputedStyle(document.querySelector('#pst-primary-sidebar')).visibility === 'hidden'")


def test_a_formula_that_is_wider_than_a_phone_scrolls_by_keyboard(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("document.querySelectorAll('.katex-display[tabindex]').length > 0")
    box = page.locator(".katex-display[tabindex]").first
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())


def test_a_code_cells_source_opens_by_keyboard(page):
    summary = page.locator("details.hide summary").first
    assert summary.inner_text().strip() == "Show code cell source"
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.hide").first.evaluate("details => details.open")
