"""Sphinx extension: {take-along}`optimlab.pdf` names a file made of the built book, and links to it once it is there.

`make book` makes the pages alone; `make pdf` and its like put a file beside them and then call ``link``. So the book
never links to a file that is not there.
"""

import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxRole

PAGE = "book/take-along"
FILES = ("optimlab.pdf", "optimlab.epub", "optimlab.zip")
PLACE = re.compile(r'<span class="take-along" data-file="([^"]+)">.*?</span>')


class TakeAlong(SphinxRole):
    def run(self):
        if self.text not in FILES:
            raise ValueError(f"take-along names one of {', '.join(FILES)}, not {self.text!r}")
        return [nodes.raw("", place(self.text), format="html")], []


def place(name, size=None):
    """Where a page names a file: as a link with its size in bytes, or, where that is None, without."""
    shown = f"<code>{name}</code>"
    if size is not None:
        shown = f'<a href="{"../" * PAGE.count("/")}{name}" download>{shown}</a> ({size / 1e6:.1f} MB)'
    return f'<span class="take-along" data-file="{html.escape(name)}">{shown}</span>'


def link(site):
    """Have the page link to the files that are there, and to no other."""
    page = Path(site) / f"{PAGE}.html"
    if not page.exists():
        return
    sizes = {name: (Path(site) / name).stat().st_size for name in FILES if (Path(site) / name).exists()}
    text = page.read_text(encoding="utf-8")
    page.write_text(PLACE.sub(lambda found: place(found[1], sizes.get(found[1])), text), encoding="utf-8")


def without_links(text):
    return PLACE.sub(lambda found: place(found[1]), text)


def link_when_built(app, exception):
    if exception is None and app.builder.name == "html":
        link(app.outdir)


def setup(app):
    app.add_role("take-along", TakeAlong())
    app.connect("build-finished", link_when_built)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
