"""Sphinx extension: with SOLUTIONS=1 in the environment the solved labs are pages of the book, else of no book.

They are shown as they are in solutions/, with the outputs stored there: their tests hold those to what the cells print.
"""

import os
import shutil
from pathlib import Path

from sphinx_external_toc.api import Document, FileItem, TocTree


def add_pages(app, config):
    config.with_lab_solutions = os.environ.get("SOLUTIONS", "") not in ("", "0")
    if not config.with_lab_solutions:
        return
    names = [f"solutions/{path.stem}" for path in sorted(Path(app.srcdir, "solutions").glob("lab[0-9][0-9]_*.ipynb"))]
    contents = config.external_site_map
    contents.root.subtrees.append(TocTree([FileItem(name) for name in names], caption="The labs, solved"))
    for name in names:
        contents[name] = Document(name)
    excluded = [pattern for pattern in config.exclude_patterns if pattern.removesuffix(".ipynb") not in names]
    config.exclude_patterns = excluded
    config.nb_execution_excludepatterns = [*config.nb_execution_excludepatterns, "solutions/*.ipynb"]


def forget_pages(app):
    """Sphinx leaves the pages of an earlier build where they are: a book that had the solutions is made anew."""
    if not app.config.with_lab_solutions and Path(app.outdir, "solutions").exists():
        shutil.rmtree(app.outdir)
        Path(app.outdir).mkdir()


def setup(app):
    app.add_config_value("with_lab_solutions", False, "env", bool)  # every page lists the contents: all are read again
    app.connect("config-inited", add_pages, priority=901)  # after the table of contents, which excludes what it lacks
    app.connect("builder-inited", forget_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
