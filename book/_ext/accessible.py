"""Sphinx extension: what the theme and MyST-NB write is mended where a screen reader or a keyboard would stumble.

tests/book/test_accessibility.py holds every page to the rules of axe-core; each repair here is for one of them.
"""

import re

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
    return body


def repair(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = repaired(context["body"])


def setup(app):
    app.connect("html-page-context", repair)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
