"""What one can take along is whole: PDF, EPUB and zip are made of the built book, and no link leads nowhere."""

import io
import re
import shutil
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

import pytest
from pages import Page, images_without_words, requests_that_leave_the_site

ROOT = Path(__file__).parents[2]
TITLE = "The whole of it"
XHTML = "{http://www.w3.org/1999/xhtml}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def carry():
    """The modules that make the files."""
    pytest.importorskip("bs4", reason="needs jupyter-book: make test")
    sys.path[:0] = [str(ROOT / "book/carry"), str(ROOT / "book/_ext")]
    import epub
    import parts
    import pdf
    import take_along

    yield type("Carry", (), {"epub": epub, "parts": parts, "pdf": pdf, "take_along": take_along})
    del sys.path[:2]


@pytest.fixture(scope="module")
def all_parts(book, carry):
    return carry.parts.parts(book.html)


def test_every_page_is_a_part_in_the_order_of_the_book(all_parts, book):
    assert [part.name for part in all_parts if part.name not in ("hints", "answers")] == book.toc


def test_no_anchor_occurs_twice_and_no_link_leads_nowhere(all_parts):
    anchors = [tag["id"] for part in all_parts for tag in [part.body, *part.body.select("[id]")]]
    links = {link["href"][1:] for part in all_parts for link in part.body.select('a[href^="#"]')}
    assert len(anchors) == len(set(anchors)) and len(links) > 300
    assert links - set(anchors) == set()
    assert {link["href"].partition(":")[0] for part in all_parts for link in part.body.select("a[href]")
            if not link["href"].startswith("#")} <= {"http", "https"}  # fmt: skip


@pytest.fixture(scope="module")
def printed(book, carry, tmp_path_factory):
    """The PDF, read by pypdf."""
    pypdf = pytest.importorskip("pypdf", reason="needs pypdf: make test")
    if not any(map(shutil.which, carry.pdf.CHROMIUM)) and not carry.pdf.ON_MACOS.exists():
        pytest.skip("needs Chromium: apt install chromium, or Google Chrome on macOS and Windows")
    target = tmp_path_factory.mktemp("pdf") / "book.pdf"
    carry.pdf.write(book.html, target, TITLE, "Somebody")
    return pypdf.PdfReader(target)


def bookmarks(outline):
    for entry in outline:
        yield from bookmarks(entry) if isinstance(entry, list) else [" ".join(entry.title.split())]


def test_the_bookmarks_of_the_pdf_lead_to_every_chapter(printed, all_parts):
    found = set(bookmarks(printed.outline))
    plain = [part.title for part in all_parts if not re.search(r"[\\_^]", part.title)]
    assert len(plain) > 20 and [title for title in plain if title not in found] == []


def test_the_pdf_holds_text_formulas_and_page_numbers(printed):
    assert 100 < len(printed.pages) < 900
    assert printed.metadata.title == TITLE
    assert all(re.search(rf"(?m)^{number + 1}$", printed.pages[number].extract_text()) for number in (10, 50, 90))
    text = "".join(page.extract_text() for page in printed.pages)
    for words in ("bias correction", "Cauchy", "def adam(theta, g, state"):
        assert words in text
    assert "θ" in text and "β" in text and "\\frac" not in text


def test_links_within_the_pdf_stay_within(printed):
    notes = [note.get_object() for page in printed.pages for note in page.get("/Annots", [])]
    addresses = [note["/A"]["/URI"] for note in notes if "/URI" in note.get("/A", {})]
    assert not [address for address in addresses if address.startswith("file:")]
    assert len(notes) - len(addresses) > 300


def test_the_pdf_is_printed_without_a_request(book, carry):
    page = Page(carry.pdf.document(book.html, TITLE, "Somebody"))
    assert list(requests_that_leave_the_site(page)) == [] == list(images_without_words(page))
    images = [unquote(attributes["src"]) for tag, attributes in page.tags if tag == "img"]
    assert len(images) > 30 and all((book.html / image).is_file() for image in images)


@pytest.fixture(scope="module")
def packed(book, carry, tmp_path_factory):
    """The EPUB: its path and its files."""
    target = tmp_path_factory.mktemp("epub") / "book.epub"
    carry.epub.write(book.html, target, TITLE, "Somebody")
    with zipfile.ZipFile(target) as archive:
        return target, {name: archive.read(name) for name in archive.namelist()}


def test_the_epub_is_an_epub(packed):
    path, files = packed
    first = zipfile.ZipFile(path).infolist()[0]
    assert (first.filename, first.compress_type, files["mimetype"]) == ("mimetype", 0, b"application/epub+zip")
    opf = ElementTree.fromstring(files["book/book.opf"])
    listed = {item.get("href") for item in opf.iter("{http://www.idpf.org/2007/opf}item")}
    assert listed == {name.removeprefix("book/") for name in files if name.startswith("book/")} - {"book.opf"}


def test_every_link_and_picture_of_the_epub_is_in_it(packed, book):
    pages = {name.removeprefix("book/"): ElementTree.fromstring(text) for name, text in packed[1].items()
             if name.endswith(".xhtml")}  # fmt: skip
    assert len(pages) > len(book.toc)
    anchors = {name: {tag.get("id") for tag in page.iter() if tag.get("id")} for name, page in pages.items()}
    for name, page in pages.items():
        for link in page.iter(f"{XHTML}a"):
            file, anchor = urldefrag(link.get("href") or f"{name}")
            assert ":" in file or (file in pages and anchor in {"", *anchors[file]}), f"{name}: {link.get('href')}"
        assert not [tag for tag in ("noscript", "script", "form", "input", "button") for _ in page.iter(XHTML + tag)]
        for image in page.iter(f"{XHTML}img"):
            assert f"book/{image.get('src')}" in packed[1] and image.get("alt")
    assert sum(1 for page in pages.values() for _ in page.iter(f"{MATHML}math")) > 1000


SITE = {
    "index.html": '<meta http-equiv="Refresh" content="0; url=book/a.html" />',
    "book/a.html": """<nav class="bd-links"><p class="caption">Rungs</p>
        <a class="reference internal" href="b.html">B</a></nav>
        <article class="bd-article"><section id="a"><h1>A<a class="headerlink" href="#a">#</a></h1>
        <a href="b.html#b">on</a> <a href="../f.zip">file</a></section></article>""",
    "book/b.html": """<article class="bd-article"><section id="b"><h1>B</h1><section class="drill" id="ex">
        <p class="drill-title">Drill 1 First</p><form class="drill-ask"><div class="drill-prompt">How long?</div>
        <div class="drill-controls"><input><button>Check</button></div></form>
        <details class="drill-hint"><summary>Hint 1</summary><p>Think.</p></details>
        <details class="drill-answer"><summary>Worked answer</summary><p>Two, by <a href="a.html">A</a>.</p></details>
        </section></section></article>""",
}


@pytest.fixture
def small(tmp_path):
    for name, text in SITE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_hints_and_answers_stand_at_the_end_with_links_there_and_back(small, carry):
    a, b, hints, answers = carry.parts.parts(small)
    assert [part.title for part in (a, b, hints, answers)] == ["A", "B", "Hints", "Worked answers"]
    assert "Think." not in str(b.body) and "Two" not in str(b.body) and "How long?" in str(b.body)
    assert not b.body.select("form, input, button, details")
    links = ["#hints--book-b--ex-hint-1", "#answers--book-b--ex-worked-answer"]
    assert [link["href"] for link in b.body.select("a")] == links
    assert hints.body.select_one("#hints--book-b--ex-hint-1").get_text(" ", strip=True).endswith("hint 1 Think.")
    assert [link["href"] for link in answers.body.select("a")] == ["#book-b--ex", "#book-a"]
    assert b.body.select_one("#book-b--ex")


def test_a_link_to_a_file_becomes_plain_text(small, carry):
    a = carry.parts.parts(small)[0]
    assert [link["href"] for link in a.body.select("a")] == ["#book-b--b"] and "file" in a.body.get_text()


def test_a_file_is_linked_once_it_is_there_and_no_longer(tmp_path, carry):
    page = tmp_path / "book/take-along.html"
    page.parent.mkdir()
    page.write_text(f"<p>{carry.take_along.place('optimlab.pdf')} {carry.take_along.place('optimlab.zip')}</p>")
    plain = page.read_text()
    (tmp_path / "optimlab.pdf").write_bytes(b"x" * 1_200_000)
    for _ in range(2):
        carry.take_along.link(tmp_path)
        assert re.findall(r'href="([^"]+)"', page.read_text()) == ["../optimlab.pdf"] and "(1.2 MB)" in page.read_text()
    assert carry.take_along.without_links(page.read_text()) == plain
    (tmp_path / "optimlab.pdf").unlink()
    carry.take_along.link(tmp_path)
    assert page.read_text() == plain


def test_the_zip_is_the_site_and_links_to_nothing_it_leaves_out(tmp_path, carry):
    import importlib.util

    spec = importlib.util.spec_from_file_location("carry_main", ROOT / "book/carry/__main__.py")
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    site = tmp_path / "html"
    (site / "book").mkdir(parents=True)
    for name in ("index.html", "404.html", "optimlab.pdf", "optimlab.zip"):
        (site / name).write_text(name)
    (site / "book/take-along.html").write_text(carry.take_along.place("optimlab.pdf", 5_000_000))
    buffer = io.BytesIO()
    main.write_zip(site, buffer)
    with zipfile.ZipFile(buffer) as archive:
        assert archive.namelist() == ["optimlab/book/take-along.html", "optimlab/index.html"]
        assert b"href" not in archive.read("optimlab/book/take-along.html")
