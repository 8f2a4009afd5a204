"""Run a chapter's own code cells, so that the tests assert on the very experiments the reader sees."""

import re
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import pytest

BOOK = Path(__file__).parents[2] / "book"
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
OPTIONS = re.compile(r"\A---\n.*?^---\n|\A(?::[^\n]*\n)+", re.DOTALL | re.MULTILINE)


def code_cells(chapter):
    """The code cells of book/<chapter>.md in order, without their option headers."""
    text = (BOOK / f"{chapter}.md").read_text(encoding="utf-8")
    return [OPTIONS.sub("", cell) for cell in CELL.findall(text)]


@pytest.fixture(scope="session")
def run_chapter():
    """``run_chapter("07-adam")``: the namespace its cells leave behind, and ``.glued``, the numbers the prose quotes."""
    matplotlib.use("agg")
    done = {}

    def run(chapter):
        if chapter not in done:
            namespace, glued = {"__name__": "__main__"}, {}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("myst_nb.glue", lambda name, value, display=True: glued.__setitem__(name, value))
                for number, cell in enumerate(code_cells(chapter), 1):
                    exec(compile(cell, f"{chapter}.md, cell {number}", "exec"), namespace)
            done[chapter] = SimpleNamespace(**namespace, glued=glued)
        return done[chapter]

    return run
