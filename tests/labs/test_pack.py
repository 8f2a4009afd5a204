"""The zip of labs: notebooks that install what they need, the same marks as before, and a workflow for a classroom."""

import zipfile

import nbformat
import pytest
import yaml

from optimlab import cli
from optimlab.labs import load, names
from optimlab.labs.pack import pack

from .test_build import LABS, SOLUTIONS

REQUIREMENT = "git+https://example.org/optimlab@v1"


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    with zipfile.ZipFile(pack(names(), LABS, folder / "labs.zip", REQUIREMENT)) as archive:
        archive.extractall(folder)
    return folder


def test_the_same_labs_give_the_same_bytes(tmp_path, packed):
    assert pack(names(), LABS, tmp_path / "again.zip", REQUIREMENT).read_bytes() == (packed / "labs.zip").read_bytes()


def test_every_notebook_installs_what_is_missing_and_is_otherwise_as_it_was(packed):
    assert (packed / "requirements.txt").read_text() == f"{REQUIREMENT}\n"
    for name in names():
        first, *rest = nbformat.read(packed / f"{name}.ipynb", as_version=4).cells
        assert REQUIREMENT in first.source and first.metadata.tags == ["experiment"]
        assert rest == nbformat.read(LABS / f"{name}.ipynb", as_version=4).cells


def test_the_installing_cell_runs_where_nothing_is_missing(packed):
    from IPython.core.interactiveshell import InteractiveShell

    first = nbformat.read(packed / f"{names()[0]}.ipynb", as_version=4).cells[0]
    InteractiveShell.instance().run_cell(first.source).raise_error()


def test_the_workflow_checks_every_lab_by_a_command_that_is_there(packed):
    workflow = yaml.safe_load((packed / ".github" / "workflows" / "check.yml").read_text())
    [job] = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["lab"] == names()
    assert job["steps"][-1]["run"].startswith("optimlab check ") and "check" in cli.cli.commands


def test_a_packed_and_solved_lab_gets_full_marks(tmp_path, monkeypatch, capfd):
    pack(["lab01_contract"], SOLUTIONS, tmp_path / "solved.zip", REQUIREMENT)
    zipfile.ZipFile(tmp_path / "solved.zip").extractall(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main(["check", str(tmp_path / "lab01_contract.ipynb")])
    assert end.value.code == 0 and capfd.readouterr().out.endswith(f"{load('lab01_contract').max_score} of 20 points\n")
