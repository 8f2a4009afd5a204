"""Sphinx extension: what the theme and MyST-NB write is mended where a screen reader or a keyboard would stumble.

tests/book/test_accessibility.py holds every page to the rules of axe-core; each repair here is for one of them.
"""

import html
import re

HEADER = re.compile(r"<th([^>]*)>(.*?)</th>", re.DOTALL)
FORMULA = re.compile(r'<span class="katex">.*</span>', re.DOTALL)
TEX = re.compile(r'<annotation encoding="application/x-tex">(.*?)</annotation>', re.DOTALL)
REPAIRS = [
    # a header cell without words announces nothing: an empty cell does the same honestly
    (re.compile(r"<th([^>]*)>\s*(?:<p>\s*</p>)?\s*</th>"), r"<td\1></td>"),
    # the folded code of a cell says "Show code cell source" itself; the label hid that
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),
    # roles for the entries of a bibliography that ARIA has dropped, in a list that may not hold them
    (re.compile(r' role="doc-biblioentry"|(?<=<div) role="list"(?= class="citation-list")'), ""),
]


def repaired(body):
    """The page's own HTML with the repairs.

    >>> repaired('<tr><th class="head"><p></p></th><th class="head"><p>rule</p></th></tr>')
    '<tr><td class="head"></td><th class="head"><p>rule</p></th></tr>'
    """
    for fault, repair in REPAIRS:
        body = fault.sub(repair, body)
    return HEADER.sub(named, body)


def named(header):
    """A header cell of a formula alone, with its TeX as a name: axe-core does not take MathML for words."""
    attributes, content = header.groups()
    found = TEX.findall(content)
    if not found or re.sub(r"<[^>]+>", "", FORMULA.sub("", content)).strip():
        return header[0]
    name = html.escape(html.unescape(" ".join(found)))
    labelled = content.replace("<span class=\"math ", f'<span role="math" aria-label="{name}" class="math ', 1)
    return f"<th{attributes}>{labelled}</th>"


def repair(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = repaired(context["body"])


def setup(app):
    app.connect("html-page-context", repair)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
