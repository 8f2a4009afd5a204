"""The solved labs are pages of the book where SOLUTIONS=1 asks for them, as they stand; no other build keeps a trace of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import Page

from optimlab.labs import load, names

ROOT = Path(__file__).parents[2]
CONF = """
extensions = ["myst_nb", "sphinx_external_toc", "lab_solutions", "images"]
external_toc_exclude_missing = True
nb_execution_mode = "force"
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath", "html_image"]
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Build a book of one page, with SOLUTIONS as given; always into the same folder, which is returned."""
    pytest.importorskip("sphinx_external_toc", reason="needs jupyter-book: make test")
    folder = tmp_path_factory.mktemp("solved")
    (folder / "solutions").symlink_to(ROOT / "solutions")
    for name, text in {"conf.py": CONF, "_toc.yml": "root: intro\n", "intro.md": "# Hello\n"}.items():
        (folder / name).write_text(text)

    def build(solutions):
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "-d", folder / "doctrees", folder, folder / "_build"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "book/_ext"), "SOLUTIONS": solutions}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
        assert run.returncode == 0, run.stderr
        return folder / "_build"

    return build


def traces(folder):
    return [path.name for path in folder.rglob("*") if path.is_file() and b"lab04" in path.read_bytes()]


def test_they_come_when_asked_for_and_leave_no_trace_afterwards(build):
    assert traces(build("")) == []
    solved = build("1")
    links = {attributes.get("href") for tag, attributes in Page((solved / "intro.html").read_text()).tags if tag == "a"}
    for name in names():
        text = (solved / f"solutions/{name}.html").read_text()
        assert f"solutions/{name}.html" in links
        assert "BEGIN SOLUTION" in text and text.count("<img") == 2 and f"{load(name).max_score:g}" in text
    assert not (solved / "solutions/drills").exists()
    assert traces(build("0")) == []
