"""The built book as a reader meets it: every page in Chromium, on a desk, enlarged, on a phone, with the network cut."""

import contextlib
import functools
import gzip
import re
import shutil
import threading
from collections import defaultdict
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from fontTools import ttLib

WIDTHS = (1280, 640, 390)  # pixels: a desk, the same at 200% zoom, a telephone
CHAPTER = re.compile(r"book/\d\d-.*\.html")
RAW, PACKED = 1_500_000, 600_000  # bytes of a chapter and of all it loads at first
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
SWITCHES += ["--disable-background-networking", "--disable-component-update"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
CHROMIUM_ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")

ICON = re.compile("[\ue000-\uf8ff]")  # of the private use area, where such fonts have theirs

READY = "document.fonts.ready"
LOOK = """() => {
  const article = document.querySelector('.bd-article') ?? document.body;
  const inCode = node => node.parentElement.closest('pre, code, script, style, .katex');
  const texts = [], walk = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!inCode(walk.currentNode)) texts.push(walk.currentNode.data);
  const right = element => element.getBoundingClientRect().right;
  const scrolls = element => element && (right(element) <= innerWidth + 1
      && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const named = element => element.closest('.katex')?.querySelector('annotation').textContent ?? element.outerHTML;
  const seen = element => element.checkVisibility() && !element.ownerSVGElement  // a drawing cuts off what leaves it
      && !element.closest('.katex-mathml, .katex svg, .visually-hidden');
  return {
    ids: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
    links: [...document.querySelectorAll('a[href]')].map(a => a.href),
    loaded: performance.getEntriesByType('resource').map(entry => entry.name),
    text: texts.join(' '),
    unloaded: [...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src),
    unset: [...article.querySelectorAll('.math')].filter(e => !e.querySelector('.katex'))
      .map(e => e.textContent),
    icons: [...document.querySelectorAll('body *:not(.katex *)')].flatMap(e => ['::before', '::after'].map(part => {
      const look = getComputedStyle(e, part);
      return look.fontFamily.includes('Awesome') && look.content.startsWith('"') ? look.content : '';
    })).join(''),
    badMath: [...document.querySelectorAll('.katex-error')].map(e => e.textContent),
    flatMath: [...document.querySelectorAll('.katex svg')].filter(e => e.checkVisibility()
      && e.getBoundingClientRect().height < parseFloat(getComputedStyle(e.parentElement).height) / 2).map(named),
    strays: [...article.querySelectorAll('.glued > .math')].filter(e => {
      const range = document.createRange(), box = [...e.getClientRects()].pop();
      range.selectNode(e.parentElement.lastChild);
      return box && e.checkVisibility() && range.getBoundingClientRect().left < box.right - 3;
    }).map(e => e.parentElement.textContent),
    pageWidth: document.documentElement.scrollWidth,
    cut: [...article.querySelectorAll('*')]
      .filter(e => seen(e) && right(e) > innerWidth + 1 && !scrolls(e.parentElement))
      .map(e => named(e).slice(0, 120)),
  };
}"""


def executable():
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return found or (str(CHROMIUM_ON_MACOS) if CHROMIUM_ON_MACOS.exists() else None)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: make test")
    if not executable():
        pytest.skip("needs Chromium: apt install chromium, or Google Chrome on macOS and Windows")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=SWITCHES)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def served(folder):
    """The address at which the files of ``folder`` are served, on this machine only."""
    handler = functools.partial(Silent, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def crawl(browser, folder):
    """Open every page of ``folder`` at every width: {kind of fault: [sentences]}, and the files each page loads."""
    faults, ids, links, loads = defaultdict(list), {}, {}, {}
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    names = [name for name in names if name != "index.html" and not name.startswith("_static/")]
    with served(folder) as site:
        context = browser.new_context(viewport={"width": WIDTHS[0], "height": 800}, service_workers="block")
        icons = drawn(folder)
        for name in names:
            seen = visit(context, site, name, faults, icons)
            ids[name], links[name] = {*seen["ids"], "", "top"}, seen["links"]
            loads[name] = {name, *(file(each, site) for each in seen["loaded"] if each.startswith(site))}
        context.close()
    for name, targets in links.items():
        for target in (unquote(each.removeprefix(site)) for each in targets if each.startswith(site)):
            address, anchor = urldefrag(target)
            address = address.partition("?")[0] or "index.html"
            if not (folder / address).is_file():
                faults["broken link"].append(f"{name} links to {target}")
            elif anchor not in ids.get(address, {anchor}):
                faults["broken anchor"].append(f"{name} links to {target}")
    return faults, loads


def file(address, site):
    return unquote(urldefrag(address.removeprefix(site)).url.partition("?")[0])


def drawn(folder):
    """The icons that the fonts of a site hold."""
    fonts = [ttLib.TTFont(path) for path in folder.rglob("fa-*.woff*")]
    return {chr(code) for font in fonts for code in font.getBestCmap() or ()}


def visit(context, site, name, faults, icons):
    """One page: what the reader's browser says of it when it loads, and how it looks at every width."""

    def note(kind, sentence):
        faults[kind].append(f"{name}: {sentence}")

    def refuse(route):
        note("request that leaves the site", route.request.url)
        route.abort()

    page = context.new_page()
    page.route(lambda address: not address.startswith((site, "data:", "blob:")), refuse)
    page.on("console", lambda message: note("console error", message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note("console error", error.message))
    page.on("response", lambda answer: note("missing file", answer.url) if answer.status >= 400 else None)
    page.goto(site + name, wait_until="load")
    page.wait_for_load_state("networkidle")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(READY)
        seen = page.evaluate(LOOK)
        if seen["pageWidth"] > width:
            note("page wider than the screen", f"{seen['pageWidth']} pixels at {width}")
        for formula in seen["strays"]:
            note("line that begins with a formula's comma", f"at {width}: {formula}"[:200])
        for element in sorted(set(seen["cut"])):
            note("page wider than the screen", f"at {width}: {element}")
    for source in seen["unloaded"]:
        note("image that does not load", source[:200])
    for formula in seen["unset"]:
        note("formula left as TeX", formula[:200])
    for icon in sorted({sign for sign in seen["icons"] if ICON.match(sign)} - icons):
        note("icon that its font does not hold", f"U+{ord(icon):04X}")
    for formula in seen["badMath"]:
        note("formula that is an error", formula[:200])
    for formula in seen["flatMath"]:
        note("formula without its root or brace", formula[:200])
    for sign in ("$$", r"\(", r"\["):
        if sign in seen["text"]:
            at = seen["text"].index(sign)
            note("formula left as TeX", seen["text"][max(at - 60, 0) : at + 60])
    page.close()
    return seen


@pytest.fixture(scope="module")
def crawled(browser, book):
    faults, loads = crawl(browser, book.html)
    assert {f"{page}.html" for page in book.toc} <= set(loads)
    return faults, loads


@pytest.fixture(scope="module")
def found(crawled):
    """What the crawl of the book found."""
    return crawled[0]


KINDS = [
    "broken anchor",
    "broken link",
    "console error",
    "formula left as TeX",
    "formula that is an error",
    "formula without its root or brace",
    "icon that its font does not hold",
    "image that does not load",
    "line that begins with a formula's comma",
    "missing file",
    "page wider than the screen",
    "request that leaves the site",
]


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_has_a(kind, found):
    assert found[kind] == []


def test_the_crawl_looks_for_every_kind_of_fault_it_finds(found):
    assert set(found) <= set(KINDS)


def test_a_chapter_and_all_it_loads_stay_small(crawled, book):
    """Bytes, and bytes as a server packs them, pictures and fonts included, for whoever comes for the first time."""
    weights = {}
    for name, files in crawled[1].items():
        if CHAPTER.fullmatch(name):
            contents = [(book.html / file).read_bytes() for file in files]
            packed = sum(min(len(content), len(gzip.compress(content))) for content in contents)
            weights[name] = sum(map(len, contents)), packed
    assert len(weights) > 9 and min(weights.values()) > (300_000, 100_000)
    assert {name: weight for name, weight in weights.items() if weight[0] > RAW or weight[1] > PACKED} == {}


def test_the_front_door_opens_the_introduction(browser, book):
    with served(book.html) as site:
        page = browser.new_page()
        page.goto(site)
        page.wait_for_url("**/book/intro.html")
        page.close()


@pytest.mark.parametrize("system, chosen, theme", [("dark", "", "dark"), ("light", "", "light"), ("dark", "light", "light")])
def test_the_theme_is_there_before_any_file_has_come(system, chosen, theme, browser, book):
    with served(book.html) as site:
        context = browser.new_context(color_scheme=system)
        context.route("**/*.js*", lambda route: route.abort())
        context.add_init_script(f"localStorage.mode = '{chosen}'")
        page = context.new_page()
        page.goto(site + "book/intro.html")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.locator(".logo__image:visible").count() == 1
        context.close()


def searched(page, words):
    """The titles that the page of the search finds for these words."""
    page.locator("#search-results input[name=q], form.bd-search input[name=q]").last.fill(words)
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for(timeout=60_000)
    return page.locator("#search-results li a").all_inner_texts()


@pytest.mark.parametrize("how", ["served", "from a file"])
def test_the_search_finds_bias_correction(how, browser, book):
    with served(book.html) as site:
        page = browser.new_page()
        page.goto((site if how == "served" else book.html.as_uri() + "/") + "search.html")
        assert any("Adam" in title for title in searched(page, "bias correction"))
        page.close()


def test_a_chapter_read_from_a_file_is_whole(browser, book):
    """No server, as in an unpacked archive: formulas, pictures, fonts, the menus and the theme."""
    errors = []
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(error.message))
    page.on("requestfailed", lambda request: errors.append(request.url))
    page.goto((book.html / "book/07-adam.html").as_uri())
    page.evaluate(READY)
    seen = page.evaluate(LOOK)
    assert seen["unloaded"] == seen["unset"] == seen["flatMath"] == []
    for font in ("16px KaTeX_Main", '900 16px "Font Awesome 6 Free"'):
        assert page.evaluate("font => document.fonts.check(font)", font)
    page.locator(".theme-switch-button").last.click()
    page.locator("a.next-page, a.right-next").first.click()
    page.wait_for_url("**/08-what-adam-is.html")
    assert errors == []
    page.close()


PLANTED = {
    "broken anchor": '<a href="#nowhere">x</a>',
    "broken link": '<a href="nowhere.html">x</a>',
    "console error": "<script>throw new Error('planted')</script>",
    "formula left as TeX": r'<span class="math">\(x\)</span>',
    "formula that is an error": '<span class="katex-error">planted</span>',
    "formula without its root or brace": """<span class="katex"><annotation>x</annotation>
        <span style="display: block; height: 20px"><svg width="40" height="2"></svg></span></span>""",
    "icon that its font does not hold": '<p style="font-family: Awesome">x</p><style>p::before {content: "\\f0f3"}</style>',
    "image that does not load": '<img src="nowhere.png" alt="Nothing.">',
    "line that begins with a formula's comma": '<p><span class="glued"><b class="math">x</b><br>, then</span></p>',
    "missing file": '<script src="nowhere.js"></script>',
    "page wider than the screen": '<div style="overflow: hidden"><p style="width: 900px">wide</p></div>',
    "request that leaves the site": '<script src="https://cdn.example/x.js"></script>',
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_crawl_finds_a_planted(kind, browser, tmp_path):
    (tmp_path / "page.html").write_text(f"<!doctype html><title>x</title>{PLANTED[kind]}")
    faults, loads = crawl(browser, tmp_path)
    assert set(loads) == {"page.html"} and faults[kind]


def test_the_crawl_finds_nothing_on_a_sound_page(browser, tmp_path):
    (tmp_path / "page.html").write_text(
        '''<!doctype html><title>x</title><link rel="icon" href="data:,"><h1 id="a">A</h1><a href="#a">up</a>
        <a href="https://example.org">there</a><div style="overflow-x: auto"><p style="width: 900px">wide</p></div>'''
    )
    assert crawl(browser, tmp_path) == ({}, {"page.html": {"page.html"}})
