"""The book ships the styles and icons that its pages use; tests/book/test_browser.py weighs what a page loads."""

import doctest
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


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
        (".set-by-script{x:y}.a-script-top{x:y}", ".set-by-script{x:y}.a-script-top{x:y}"),
        (".fa-tv{x:y}", ""),
    ],
)
def test_a_rule_stays_where_a_page_or_a_script_names_its_classes(css, kept, trim):
    assert trim.keep_rules(css, {"a"}, {"set-by-script", "a-script", "fa"}) == kept


def test_the_icons_come_from_a_small_font(book):
    fonts = list((book.html / "_static/vendor/fontawesome/webfonts").iterdir())
    assert {font.suffix for font in fonts} == {".woff"} and sum(font.stat().st_size for font in fonts) < 20_000
    assert not (book.html / "_static/scripts/fontawesome.js").exists()
