"""What a page loads: the styles and icons it uses, pictures of a sane size, no more than a phone on a train can bear."""

import doctest
import gzip
import importlib.util
import re
from pathlib import Path
from urllib.parse import urldefrag

import pytest
from pages import Page

ROOT = Path(__file__).parents[2]
RAW, PACKED = 1_500_000, 600_000  # bytes of a page and all it loads at first, pictures included
CHAPTER = re.compile(r"book/\d\d-.*\.html")


@pytest.fixture(scope="module")
def trim():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    spec = importlib.util.spec_from_file_location("trim", ROOT / "book/_ext/trim.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_examples_in_trim_are_true(trim):
    assert doctest.testmod(trim).failed == 0


@pytest.mark.parametrize(
    "css, kept",
    [
        (".a{x:y}.b{x:y}", ".a{x:y}"),
        (".a,.b{x:y}", ".a{x:y}"),
        ("p .b{x:y}", ""),
        (":is(.a,.b) p{x:y}", ":is(.a,.b) p{x:y}"),
        ("@media print{.b{x:y}}p{x:y}", "p{x:y}"),
        ("@media print{.b{x:y}.a{x:y}}", "@media print{.a{x:y}}"),
        ("@font-face{src:url(b.woff)}@keyframes b{0%{x:y}}", "@font-face{src:url(b.woff)}@keyframes b{0%{x:y}}"),
        ('[class*=".b"]{x:y}', '[class*=".b"]{x:y}'),
        (".set-by-script{x:y}.script-top{x:y}", ".set-by-script{x:y}.script-top{x:y}"),
    ],
)
def test_a_rule_stays_where_a_page_or_a_script_names_its_classes(css, kept, trim):
    assert trim.keep_rules(css, {"a"}, {"set-by-script", "script"}) == kept


def loads(page, folder, known={}):  # noqa: B006: what is known of a file is known for every page
    """The files that a page loads at first, its style sheets' fonts among them: {path: (bytes, bytes when packed)}."""
    found, waiting = set(), [page]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        text = path.read_text(encoding="utf-8") if path.suffix in (".html", ".css") else ""
        if path.suffix == ".html":
            tags = Page(text).tags
            names = [tag.get("src") for _, tag in tags] + [
                tag.get("href") for name, tag in tags if name == "link" and tag.get("rel") in ("stylesheet", "icon")
            ]
        else:
            names = re.findall(r"url\([\"']?([^)\"']+)", text)
        waiting += [
            (path.parent / urldefrag(name.partition("?")[0])[0]).resolve()
            for name in names if name and not name.startswith("data:")
        ]  # fmt: skip
    for path in found - known.keys():
        content = path.read_bytes()
        known[path] = len(content), min(len(content), len(gzip.compress(content)))
    return {path: known[path] for path in found}


def test_a_chapter_and_all_it_may_load_stay_small(book):
    """An upper bound: every font that a style sheet names is counted, though a page loads only those it shows."""
    weights = {}
    for path in sorted(book.html.rglob("*.html")):
        name = path.relative_to(book.html).as_posix()
        if CHAPTER.fullmatch(name):
            files = loads(path, book.html)
            weights[name] = sum(raw for raw, _ in files.values()), sum(packed for _, packed in files.values())
    assert len(weights) > 9
    assert {name: weight for name, weight in weights.items() if weight[0] > RAW or weight[1] > PACKED} == {}


def test_the_icons_come_from_a_small_font(book):
    fonts = list((book.html / "_static/vendor/fontawesome/webfonts").iterdir())
    assert {font.suffix for font in fonts} == {".woff"} and sum(font.stat().st_size for font in fonts) < 20_000
    assert not (book.html / "_static/scripts/fontawesome.js").exists()
