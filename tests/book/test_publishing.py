"""A published book knows its address: a sitemap, a page for what is not there; and a lab opens in three ways."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import Page

ROOT = Path(__file__).parents[2]
CONF = """
extensions = ["myst_nb", "publishing"]
exclude_patterns = ["_build*", "labs"]
html_theme = "sphinx_book_theme"
html_theme_options = {"repository_url": "https://github.com/who/course", "repository_branch": "trunk"}
html_static_path = []
root_doc = "book/intro"
"""
INTRO = "# Hello\n\n```{toctree}\na page\n```\n"
LABS = "# Labs\n\n```{lab-links}\n```\n\n```{install-line}\n```\n"


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Build a book of two pages as if published at ``site``: the folder of its pages, or its complaint."""
    pytest.importorskip("sphinx_book_theme", reason="needs jupyter-book: make test")
    folder = tmp_path_factory.mktemp("published")
    (folder / "book").mkdir()
    (folder / "labs").symlink_to(ROOT / "labs")
    for name, text in {"conf.py": CONF, "book/intro.md": INTRO, "book/a page.md": LABS}.items():
        (folder / name).write_text(text)

    def build(site):
        target = folder / f"_build{len(site)}"
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", folder, target]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "book/_ext"), "SITE": site}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
        return target if run.returncode == 0 else run.stderr

    return build


@pytest.fixture(scope="module")
def published(build):
    return build("https://who.github.io/course")


def test_the_sitemap_lists_every_page_at_its_address(published):
    found = re.findall("<loc>(.*?)</loc>", (published / "sitemap.xml").read_text())
    assert found == [f"https://who.github.io/course/book/{name}.html" for name in ("a%20page", "intro")]


def test_links_of_the_missing_page_count_from_the_root_of_the_site(published):
    text = (published / "404.html").read_text()
    assert text.index('<base href="/course/404.html">') < text.index("stylesheet")
    links = {attributes.get("href") for tag, attributes in Page(text).tags if tag == "a"}
    assert {"book/intro.html", "search.html"} <= links and not any(link.startswith("/") for link in links if link)


def test_a_book_to_be_read_here_names_no_address(build):
    folder = build("")
    assert not (folder / "sitemap.xml").exists()
    assert "<base" not in (folder / "404.html").read_text()
    assert 'rel="canonical"' not in (folder / "book/intro.html").read_text()


def test_an_address_that_is_none_is_answered(build):
    assert "SITE is the address of the published book, https://...; it is 'who.github.io'" in build("who.github.io")


def test_each_lab_opens_in_jupyterlab_in_colab_and_as_a_file(published):
    text = (published / "book/a page.html").read_text()
    links = [attributes.get("href", "") for tag, attributes in Page(text).tags if tag == "a"]
    for lab in sorted((ROOT / "labs").glob("*.ipynb")):
        assert f"http://127.0.0.1:8888/lab/tree/{lab.name}" in links
        assert f"https://colab.research.google.com/github/who/course/blob/trunk/labs/{lab.name}" in links
        (file,) = [link for link in links if "_downloads" in link and link.endswith(lab.name)]
        assert (published / "book" / file).read_bytes() == lab.read_bytes()
    assert "%pip install --quiet git+https://github.com/who/course@trunk" in text
