"""An image without alt text stops the build, named, written in HTML or drawn in a cell; one with it keeps its place."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).parents[2] / "book/_ext"
CONF = """
extensions = ["myst_nb", "images"]
exclude_patterns = ["_build"]
nb_execution_mode = "off"
root_doc = "named"
"""
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
TOC = "\n```{toctree}\nraw\ndrawn\n```\n"


def drawn(cell_metadata):
    """A notebook whose only cell drew a dot."""
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/png": DOT, "text/plain": "<Figure>"}}
    cell = {"cell_type": "code", "execution_count": 1, "metadata": cell_metadata, "outputs": [output], "source": "draw()"}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Drawn"}
    return json.dumps({"cells": [title, cell], "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 4})


def build(folder, pages):
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    for name, text in {"conf.py": CONF, "a.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="3pt" height="6pt"/>', **pages}.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", folder, folder / "_build"]
    environment = os.environ | {"PYTHONPATH": str(EXTENSIONS)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


def test_an_image_without_words_stops_the_build(tmp_path):
    pages = {
        "named.md": f"# Named\n\n![](a.svg)\n{TOC}",
        "raw.md": '# Raw\n\n<p><img src="a.svg" alt="a.svg"></p>\n',
        "drawn.ipynb": drawn({}),
    }
    run = build(tmp_path, pages)
    assert run.returncode != 0
    assert [sum(name in line and "no alt text" in line for line in run.stderr.splitlines()) for name in pages] == [1] * 3


def test_an_image_with_words_passes(tmp_path):
    run = build(tmp_path, {
        "named.md": f"# Named\n\n![A dot.](a.svg)\n{TOC}",
        "raw.md": '# Raw\n\n<p><img src="a.svg" alt="A dot."></p>\n',
        "drawn.ipynb": drawn({"mystnb": {"image": {"alt": "A dot."}}}),
    })  # fmt: skip
    assert run.returncode == 0, run.stderr
    for page, place in {"named": 'width="4" height="8"', "drawn": 'width="1" height="1"'}.items():
        assert place in (tmp_path / f"_build/{page}.html").read_text(encoding="utf-8")
