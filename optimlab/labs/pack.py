"""The labs as one zip to hand out: to unpack, to open in Colab, or to push as the template of a GitHub classroom.

It holds the notebooks, each with a first cell that installs optimlab where it is missing; requirements.txt; a README; and
.github/workflows/check.yml, which runs ``optimlab check`` on every push.
"""

import zipfile
from pathlib import Path

import nbformat

from .build import read

INSTALL = """try:
    import optimlab
except ImportError:
    %pip install --quiet {requirement}"""
README = """# Labs

* **On your machine:** `pip install -r requirements.txt jupyterlab`, then `jupyter lab` in this folder; or open it in VS Code.
* **In Colab:** upload a notebook; its first cell installs what is needed.
* **On GitHub:** push, and the tab *Actions* says what `check` says of each lab that you have begun.
"""
WORKFLOW = """name: check
on: [push, workflow_dispatch]
permissions: {contents: read}
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    strategy:
      fail-fast: false
      matrix:
        lab: [LABS]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install -r requirements.txt
      - run: optimlab check ${{ matrix.lab }}.ipynb
"""


def pack(names, labs_dir, out, requirement):
    """Write the zip ``out`` with these labs; ``requirement`` is what pip shall install. The same labs give the same bytes."""
    files = {f"{name}.ipynb": _with_install(read(Path(labs_dir, f"{name}.ipynb")), requirement) for name in names}
    files["requirements.txt"] = f"{requirement}\n"
    files["README.md"] = README
    files[".github/workflows/check.yml"] = WORKFLOW.replace("LABS", ", ".join(names))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)  # dated 1980, whenever it is made
    return Path(out)


def _with_install(notebook, requirement):
    """The notebook as text, the installing cell first; tagged so that a grader leaves it out."""
    cell = nbformat.v4.new_code_cell(INSTALL.format(requirement=requirement), id="install", metadata={"tags": ["experiment"]})
    notebook.cells.insert(0, cell)
    return nbformat.writes(notebook)
