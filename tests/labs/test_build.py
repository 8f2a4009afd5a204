"""labs/ is what solutions/ makes of it; a bad solution gives a sentence."""

import json
import textwrap
from pathlib import Path

import nbformat
import numpy as np
import pytest

from optimlab.labs import build as module
from optimlab.labs import load, names
from optimlab.labs.build import BuildError, build, cut, refresh, run, tidy, unsolved

ROOT = Path(__file__).parents[2]
SOLUTIONS, LABS = ROOT / "solutions", ROOT / "labs"
CODE = module.STUBS["code"]


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("folder", [SOLUTIONS, LABS], ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", names())
def test_a_notebook_is_stored_run_tidy_and_without_errors(folder, name):
    text = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert nbformat.writes(tidy(notebook)).rstrip() + "\n" == text
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs and not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert str(ROOT) not in text and "timestamp" not in text


@pytest.mark.parametrize("name", names())
def test_the_lab_keeps_everything_of_the_solution_but_the_answers(name):
    solved, lab = read(SOLUTIONS / f"{name}.ipynb"), read(LABS / f"{name}.ipynb")
    assert [cell.id for cell in solved.cells] == [cell.id for cell in lab.cells]
    for before, after in zip(solved.cells, lab.cells):
        answers = [line for region in module.REGION.finditer(before.source) for line in region[0].splitlines()]
        assert bool(answers) == (before.source != after.source)
        given = module.REGION.sub("", before.source).splitlines()  # `report = {` stands there without its answers, too
        told = {line.strip() for line in answers} - {line.strip() for line in given}
        assert bool(told) == bool(answers)
        assert not told & {line.strip() for line in after.source.splitlines()}
        assert before.metadata == after.metadata


@pytest.mark.parametrize("name", names())
def test_the_cells_carry_nbgraders_metadata_for_every_question_once(name):
    lab = load(name)
    graded = [cell.metadata.nbgrader for cell in read(SOLUTIONS / f"{name}.ipynb").cells if "nbgrader" in cell.metadata]
    assert len({entry.grade_id for entry in graded}) == len(graded)
    assert {entry.schema_version for entry in graded} == {3}
    assert all(entry.keys() >= {"grade", "locked", "solution", "task"} for entry in graded)
    asked = {question.name: question.points for question in lab.questions}
    assert [entry.grade_id for entry in graded if entry.solution] == list(asked)
    assert {entry.grade_id.removeprefix("points-"): entry.points for entry in graded if entry.grade} == asked


@pytest.mark.parametrize("name", names())
def test_the_notebook_shows_the_points_that_check_gives(name):
    for folder, share in ((SOLUTIONS, 1), (LABS, 0)):
        shown = {
            cell.id: cell.outputs[-1].data["text/plain"]
            for cell in read(folder / f"{name}.ipynb").cells
            if cell.id.startswith("points-") and cell.cell_type == "code"
        }
        assert shown == {f"points-{q.name}": str(float(share * q.points)) for q in load(name).questions}


def test_the_readme_lists_every_lab_with_its_points():
    text = (LABS / "README.md").read_text(encoding="utf-8")
    for name in names():
        [row] = [line for line in text.splitlines() if line.startswith(f"| [{name}]({name}.ipynb)")]
        assert f"| {load(name).max_score} |" in row and load(name).title.lower() in row.lower()


def test_the_valley_floor_of_lab_4_is_as_long_as_it_says():
    floor = np.linspace(-1, 1, 100_001)
    length = np.hypot(np.diff(floor), np.diff(floor**2)).sum()
    text = read(LABS / "lab04_race.ipynb").cells
    assert any(f"is {length:.2f} long" in cell.source for cell in text)


def test_cutting_keeps_the_indentation_and_every_region_is_cut():
    source = f"a = 1\n{SOLVED}\nif a:\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION"
    stub = CODE.replace("\n", "\n    ")
    assert cut(source, CODE) == f"a = 1\n{module.STORED}\nif a:\n    {stub}"


def notebook(*sources, **metadata):
    cells = [nbformat.v4.new_code_cell(source, id=f"c{k}") for k, source in enumerate(sources)]
    for cell in cells:
        cell.metadata.update(metadata)
    return nbformat.v4.new_notebook(cells=cells)


SOLVED = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"


@pytest.mark.parametrize(
    "source", ["### BEGIN SOLUTION\nx = 1", "### END SOLUTION", "x = 1 ### BEGIN SOLUTION", f"{SOLVED}\n### END SOLUTION"]
)
def test_a_marker_without_its_partner_is_an_error(source):
    with pytest.raises(BuildError, match="the notebook, cell 1: .* must come in pairs"):
        unsolved(notebook(source))


def test_a_cell_to_be_solved_without_a_solution_is_an_error():
    with pytest.raises(BuildError, match="cell 2: it is to be solved by the student but holds no ### BEGIN SOLUTION"):
        unsolved(notebook(SOLVED, "x = 1", nbgrader={"solution": True}))


def test_an_answer_in_words_is_cut_too():
    words = nbformat.v4.new_markdown_cell("Why?\n\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION")
    assert unsolved(nbformat.v4.new_notebook(cells=[words])).cells[0].source == "Why?\n\nYOUR ANSWER HERE"


def write(path, content):
    path.write_text(content if isinstance(content, str) else nbformat.writes(content), encoding="utf-8")


def test_a_lab_that_does_not_run_unsolved_is_an_error_and_nothing_is_written(tmp_path):
    pytest.importorskip("nbclient")
    write(tmp_path / "lab01_good.ipynb", notebook("x = 1"))
    write(tmp_path / "lab02_bad.ipynb", notebook("import math", "y = 0", f"{SOLVED}\nx + y"))
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "lab01_good.ipynb").write_text("as it was")
    with pytest.raises(BuildError, match=r"lab02_bad.ipynb, cell 3: it raises NameError"):
        build(tmp_path, tmp_path / "labs")
    assert [path.read_text() for path in (tmp_path / "labs").iterdir()] == ["as it was"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"cells": 1, "nbformat": 4, "nbformat_minor": 5}'])
def test_what_is_no_notebook_is_an_error(tmp_path, content):
    write(tmp_path / "lab01_bad.ipynb", content)
    with pytest.raises(BuildError, match="lab01_bad.ipynb is not a notebook: ") as caught:
        build(tmp_path, tmp_path / "labs")
    assert "\n" not in str(caught.value) and not (tmp_path / "labs").exists()


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_solutions_is_an_error(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildError, match="holds no solved lab"):
        build(tmp_path / folder, tmp_path / "labs")


def test_building_makes_a_lab_of_every_solution(tmp_path):
    pytest.importorskip("nbclient")
    for name in ("lab01_a", "lab02_b"):
        write(tmp_path / f"{name}.ipynb", notebook("import math", "def f():\n" + textwrap.indent(SOLVED, "    ")))
    paths = build(tmp_path, tmp_path / "labs")
    assert paths == [tmp_path / "labs" / "lab01_a.ipynb", tmp_path / "labs" / "lab02_b.ipynb"]
    assert "raise NotImplementedError()" in paths[0].read_text() and "x = 1" not in paths[0].read_text()
    first = paths[0].read_bytes()
    build(tmp_path, tmp_path / "labs")
    assert paths[0].read_bytes() == first


def test_refreshing_a_tidy_notebook_changes_nothing(tmp_path):
    pytest.importorskip("nbclient")
    path = tmp_path / "lab01_x.ipynb"
    write(path, notebook("for k in range(3):\n    print(k, flush=True)", "[1, 2]", tags=["experiment"], secret="x"))
    refresh(path)
    first = path.read_bytes()
    assert json.loads(first)["cells"][0]["metadata"] == {"tags": ["experiment"]}
    assert [o["text"] for o in json.loads(first)["cells"][0]["outputs"]] == [["0\n", "1\n", "2\n"]]
    refresh(path)
    assert path.read_bytes() == first and list(tmp_path.iterdir()) == [path]


def test_running_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nbclient", None)
    with pytest.raises(BuildError, match="pip install nbclient ipykernel"):
        run(notebook("x = 1"))
