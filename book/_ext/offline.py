"""Sphinx extension: no page of the book requests anything from outside; MathJax is served from the book itself."""

import shutil
from pathlib import Path

from sphinx.util import logging

MATHJAX = Path(__file__).parents[2] / "node_modules" / "mathjax" / "es5"
NEEDED = ("tex-chtml-full.js", "output/chtml/fonts/woff-v2")  # the whole of TeX in one script, and its fonts
logger = logging.getLogger(__name__)


def mute_thebe(app):
    """sphinx-thebe, which jupyter-book always loads, puts a broken script and a foreign address on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if each.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [each for each in app.registry.css_files if each[0] != "sphinx-thebe.css"]


def look_for_mathjax(app):
    if not MATHJAX.is_dir():
        logger.warning("MathJax is not in node_modules, so formulas will stay TeX; `make book` or `npm ci` brings it")


def copy_mathjax(app, exception):
    if exception or app.builder.format != "html" or not MATHJAX.is_dir():
        return
    for name in NEEDED:
        source, target = MATHJAX / name, Path(app.outdir) / "_static" / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)


def setup(app):
    mute_thebe(app)
    app.connect("builder-inited", look_for_mathjax)
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
