"""The built book, as files: no warning, every page there and whole, nothing loaded from outside."""

import re

import pytest
from pages import Page, foreign_in_css, images_without_words, leftovers, requests_that_leave_the_site


@pytest.fixture(scope="module")
def pages(book):
    found = {path.relative_to(book.html).as_posix(): Page(path.read_text()) for path in book.html.rglob("*.html")}
    return {name: page for name, page in found.items() if not name.startswith("_static/")}


def faults(pages, check):
    return [f"{name}: {fault}" for name, page in pages.items() for fault in check(page)]


def test_the_book_builds_without_a_warning(book):
    warnings = [line for line in book.log.splitlines() if re.search(r": (WARNING|ERROR|CRITICAL): ", line)]
    assert warnings == []
    assert book.status == 0, book.log[-4000:]  # with -W any warning of Sphinx makes it 1


def test_every_page_of_the_contents_exists(book, pages):
    assert [name for name in book.toc if f"{name}.html" not in pages] == []
    assert len(book.toc) > 9


def test_the_front_door_leads_to_the_introduction(book):
    assert "url=book/intro.html" in (book.html / "index.html").read_text()


def test_no_page_shows_markup_or_an_error(pages):
    assert faults(pages, leftovers) == []


def test_every_image_is_put_in_words(pages):
    assert faults(pages, images_without_words) == []


def test_no_page_loads_anything_from_outside(book, pages):
    assert faults(pages, requests_that_leave_the_site) == []
    styles = {path.name: path.read_text() for path in book.html.rglob("*.css")}
    assert [f"{name}: {fault}" for name, css in styles.items() for fault in foreign_in_css(css)] == []
    assert "course.css" in styles


@pytest.mark.parametrize(
    "check, html",
    [
        (requests_that_leave_the_site, '<script src="https://cdn.example/x.js"></script>'),
        (requests_that_leave_the_site, '<script src="//cdn.example/x.js"></script>'),
        (requests_that_leave_the_site, '<link rel="preload stylesheet" href="http://cdn.example/x.css">'),
        (requests_that_leave_the_site, '<p style="background: url(https://cdn.example/x.png)">'),
        (requests_that_leave_the_site, "<style>@import '//cdn.example/x.css';</style>"),
        (images_without_words, '<img src="a.png">'),
        (images_without_words, '<img src="a.png" alt=" ">'),
        (images_without_words, '<img src="a.png" alt="../_images/a.png">'),
        (leftovers, "<p>see {doc}`07-adam`</p>"),
        (leftovers, "<p>the step is {glue:text}`step:.2f`</p>"),
        (leftovers, "<p>Traceback (most recent call last)</p>"),
        (leftovers, '<div class="output traceback">'),
        (leftovers, '<span class="problematic">x</span>'),
    ],
)
def test_a_planted_fault_is_found(check, html):
    assert list(check(Page(html)))


@pytest.mark.parametrize("check", [requests_that_leave_the_site, images_without_words, leftovers])
def test_a_sound_page_has_no_fault(check):
    html = """<link rel="stylesheet" href="x.css"><a href="https://example.org">there</a><img src="a.png" alt="A path.">
    <pre>Traceback (most recent call last)</pre><code>{doc}`x`</code><script src="x.js"></script>"""
    assert list(check(Page(html))) == []
