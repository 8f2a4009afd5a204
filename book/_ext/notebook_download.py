"""Sphinx extension: a page with code offers itself as an executed notebook in the theme's download menu."""

import shutil
from pathlib import Path


def offer_notebook(app, pagename, templatename, context, doctree):
    notebook = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"  # myst-nb leaves it there
    if doctree is None or context.get("page_source_suffix") != ".md" or not notebook.exists():
        return
    target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(notebook, target)
    context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app):
    app.connect("html-page-context", offer_notebook)  # before the theme's own, at 501, which reads ipynb_source
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
