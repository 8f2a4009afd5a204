"""Notebooks run side by side before Sphinx reads the pages, once, and one that raises stops the build."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).parents[2] / "book/_ext"
CONF = """
extensions = ["myst_nb", "execution"]
exclude_patterns = ["_build"]
nb_execution_mode = "cache"
nb_execution_show_tb = True
root_doc = "one"
"""
NOTEBOOK = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---

# {name}

```{{code-cell}}
{code}
```

{prose}
"""
MEET = """
import time
from pathlib import Path

with open("log.txt", "a") as log:
    print("{name}", file=log)
deadline = time.monotonic() + 60
while "{other}" not in Path("log.txt").read_text():
    assert time.monotonic() < deadline, "the other notebook does not run"
    time.sleep(0.1)
print(6 * 7)
"""


def build(folder, cells, prose=""):
    """Build a book of the notebooks {name: code}, the first of which leads to the others; every warning is an error."""
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    (folder / "conf.py").write_text(CONF)
    for name, code in cells.items():
        (folder / f"{name}.md").write_text(NOTEBOOK.format(name=name, code=code, prose=prose))
    with open(folder / "one.md", "a") as root:
        root.write("\n```{toctree}\n" + "\n".join(name for name in cells if name != "one") + "\n```\n")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", folder, folder / "_build/html"]
    environment = os.environ | {"PYTHONPATH": str(EXTENSIONS)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def test_notebooks_run_side_by_side_and_once(tmp_path):
    cells = {"one": MEET.format(name="one", other="two"), "two": MEET.format(name="two", other="one")}
    for prose in ("", "More prose."):
        run = build(tmp_path, cells, prose)
        assert run.returncode == 0, run.stderr
        page = (tmp_path / "_build/html/two.html").read_text()
        assert "42" in page and prose in page
        assert sorted((tmp_path / "log.txt").read_text().split()) == ["one", "two"]
    assert {path.name for path in tmp_path.iterdir()} == {"conf.py", "one.md", "two.md", "log.txt", "_build"}


def test_a_notebook_that_raises_stops_the_build_and_says_where(tmp_path):
    run = build(tmp_path, {"one": "print(6 * 7)", "two": "1 / 0"})
    assert run.returncode != 0 and "ZeroDivisionError" in run.stderr and "two.md" in run.stderr
