"""Sphinx extension: what a published book has besides its pages: sitemap.xml, 404.html, and ways to open a lab.

``make book SITE=https://owner.github.io/repository/`` names the address; without it the book is one to read here, names
none and needs no sitemap. A server shows 404.html in place of any missing page, at whatever depth: relative links on it
count from the site's root.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import nbformat
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

LABS = Path(__file__).parents[2] / "labs"
LOST = """<h1>This page is not in the book</h1>
<p>It may have been renamed. The <a href="{root}">first page</a> lists what there is,
and the <a href="{search}">search</a> looks in all of it.</p>"""


def take_site(app, config):
    site = os.environ.get("SITE", "")
    if site and urlsplit(site).scheme not in ("http", "https"):
        raise ValueError(f"SITE is the address of the published book, https://...; it is {site!r}")
    if site:
        config.html_baseurl = site.rstrip("/") + "/"


def lost_page(app):
    context = {"title": "Not found", "body": LOST.format(
        root=app.builder.get_relative_uri("404", app.config.root_doc),
        search=app.builder.get_relative_uri("404", "search"))}  # fmt: skip
    yield "404", context, "page.html"


def count_from_root(app, pagename, templatename, context, doctree):
    if pagename == "404" and app.config.html_baseurl:
        base = f'<base href="{urlsplit(app.config.html_baseurl).path}404.html">'
        context["metatags"] = base + context.get("metatags", "")


def write_sitemap(app, exception):
    site = app.config.html_baseurl
    if exception or app.builder.name != "html" or not site:
        return
    pages = [site + app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)]
    rows = "".join(f"<url><loc>{escape(page)}</loc></url>\n" for page in pages)
    (Path(app.outdir) / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</urlset>\n',
        encoding="utf-8",
    )


class LabLinks(SphinxDirective):
    """``{lab-links}``: for each notebook in labs/, its title and where to open it."""

    def run(self):
        self.env.note_dependency(str(LABS))
        url, branch = repository(self.config)
        colab = url.replace("https://github.com/", "https://colab.research.google.com/github/")
        rows = ["| lab | here | in the cloud | file |", "|---|---|---|---|"]
        for path in sorted(LABS.glob("lab[0-9][0-9]_*.ipynb")):
            self.env.note_dependency(str(path))
            rows.append(
                f"| {title(path)} | [JupyterLab](http://127.0.0.1:8888/lab/tree/{path.name}) "
                f"| [Colab]({colab}/blob/{branch}/labs/{path.name}) "
                f"| {{download}}`{path.name} </labs/{path.name}>` |"
            )
        return self.parse_text_to_nodes("\n".join(rows))


class InstallLine(SphinxDirective):
    """``{install-line}``: the cell that installs the package from the repository the book names."""

    def run(self):
        url, branch = repository(self.config)
        line = f"%pip install --quiet git+{url}@{branch}"
        return [nodes.literal_block(line, line, language="text")]


def repository(config):
    return config.html_theme_options["repository_url"].rstrip("/"), config.html_theme_options["repository_branch"]


def title(path):
    """The first heading of a notebook, without its #."""
    cells = nbformat.read(path, as_version=4).cells
    return next(line[2:] for cell in cells for line in cell.source.splitlines() if line.startswith("# "))


def setup(app):
    app.add_directive("lab-links", LabLinks)
    app.add_directive("install-line", InstallLine)
    app.connect("config-inited", take_site)
    app.connect("html-collect-pages", lost_page)
    app.connect("html-page-context", count_from_root)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
