"""Making a lab from its solution: the regions a student is to write are cut out, and what remains is run.

A solved lab, solutions/labNN_name.ipynb, is an ordinary notebook, written in Jupyter. What stands between
``### BEGIN SOLUTION`` and ``### END SOLUTION`` is cut; cells carry nbgrader's metadata (schema 3), so the same file
serves nbgrader too. ``refresh`` runs a solved lab and stores its outputs, ``build`` makes labs/labNN_name.ipynb. Both
leave out whatever differs from run to run or from machine to machine, so the same sources give the same file.
"""

import os
import re
from pathlib import Path

import nbformat

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUBS = {"code": "# YOUR CODE HERE\nraise NotImplementedError()", "markdown": "YOUR ANSWER HERE"}
STORED = "# YOUR ANSWER HERE"  # where a value is to be stored: raising would stop the notebook
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
REGION = re.compile(rf"^([ \t]*){BEGIN}[^\n]*\n.*?^[ \t]*{END}[^\n]*$", re.MULTILINE | re.DOTALL)


class BuildError(ValueError):
    """A sentence about a solved lab that no lab can be made from."""


def build(solutions_dir, labs_dir):
    """Make a lab from every solved lab in ``solutions_dir``; returns the paths written in ``labs_dir``.

    Nothing is written unless every one of them can be made: an unsolved lab must run from top to bottom.
    """
    solved = sorted(Path(solutions_dir).glob("lab[0-9][0-9]_*.ipynb"))
    if not solved:
        raise BuildError(f"{solutions_dir} holds no solved lab (a notebook named labNN_name.ipynb)")
    labs = {path: run(unsolved(read(path), path), path) for path in solved}
    return [_put(lab, labs_dir, path.name) for path, lab in labs.items()]


def build_one(path, labs_dir):
    """Make the lab of one solved lab; returns its path."""
    return _put(run(unsolved(read(path), path), path), labs_dir, Path(path).name)


def refresh(path):
    """Run one solved lab and store its outputs in the same file."""
    return _write(run(read(path), path), Path(path))


def unsolved(notebook, path="the notebook"):
    """A copy of a solved notebook whose solutions are cut out."""
    notebook = nbformat.from_dict(notebook)
    for number, cell in enumerate(notebook.cells, 1):
        if "nbgrader" in cell.metadata and cell.metadata.nbgrader.solution and not REGION.search(cell.source):
            raise BuildError(f"{path}, cell {number}: it is to be solved by the student but holds no {BEGIN} ... {END}")
        cell.source = cut(cell.source, STUBS.get(cell.cell_type, ""))
        if BEGIN in cell.source or END in cell.source:
            raise BuildError(f"{path}, cell {number}: {BEGIN} and {END} must come in pairs, each on a line of its own")
    return notebook


def cut(source, stub):
    r"""``source`` with each solution replaced by ``stub``, indented as the solution was.

    Code that is not indented, in no function, stores a value; there the stub is a comment.

    >>> print(cut("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n", STUBS["code"]))
    def f(x):
        # YOUR CODE HERE
        raise NotImplementedError()
    <BLANKLINE>
    """

    def replaced(region):
        lines = stub if region[1] or stub != STUBS["code"] else STORED
        return "\n".join(region[1] + line for line in lines.splitlines())

    return REGION.sub(replaced, source)


def run(notebook, path="the notebook"):
    """Run a notebook from top to bottom in a fresh kernel; returns it with its outputs, tidied."""
    try:
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError
    except ImportError:
        raise BuildError("running a lab needs nbclient and ipykernel: pip install nbclient ipykernel") from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    where = {"metadata": {"path": str(Path(path).parent)}} if Path(path).is_file() else {}  # as Jupyter runs it
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", record_timing=False, resources=where)
    try:
        client.execute(env={**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"})
    except CellExecutionError as error:
        number = 1 + max(i for i, cell in enumerate(notebook.cells) if cell.get("execution_count"))
        raise BuildError(f"{path}, cell {number}: it raises {error.ename}: {error.evalue}") from None
    return tidy(notebook)


def tidy(notebook):
    """The notebook without what differs between runs and machines: versions, timings, how the output was cut up."""
    notebook.metadata = nbformat.from_dict(METADATA)
    count = 0
    for cell in notebook.cells:
        kept = {key: value for key, value in cell.metadata.items() if key in ("mystnb", "nbgrader", "tags")}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    return notebook


def _joined(outputs):
    """What a cell printed as one stream: the kernel sends it in pieces whose number depends on its haste."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def read(path):
    """The notebook in a file, or a BuildError that says why there is none."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise BuildError(f"there is no notebook {path}") from None
    except Exception as error:  # nbformat's complaints are of many types
        raise BuildError(f"{path} is not a notebook: {str(error).splitlines()[0]}") from None
    return notebook


def _put(lab, labs_dir, name):
    Path(labs_dir).mkdir(parents=True, exist_ok=True)
    return _write(lab, Path(labs_dir) / name)


def _write(notebook, path):
    """Write beside the file first, so that a reader never sees half a notebook."""
    part = path.with_suffix(".part")
    part.write_text(nbformat.writes(notebook).rstrip() + "\n", encoding="utf-8", newline="\n")
    part.replace(path)
    return path
