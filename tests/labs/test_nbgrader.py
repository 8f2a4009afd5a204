"""nbgrader takes the labs as they are: it accepts their metadata, makes the same lab, validates and autogrades each."""

import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from optimlab.labs import load, names

pytest.importorskip("nbgrader")
ROOT = Path(__file__).parents[2]
NAMES = names()


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def course(tmp_path_factory, patch):
    """A course with every lab as an assignment: released from its solution, handed in solved by ada and untouched by bob."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    folder = tmp_path_factory.mktemp("course")
    patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # nbgrader calls alembic
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder}/gradebook.db"
    api = NbGraderAPI(config=config)
    for name in NAMES:
        place(ROOT / "solutions", folder / "source" / name, name)
        place(ROOT / "solutions", folder / "submitted" / "ada" / name, name)
        place(ROOT / "labs", folder / "submitted" / "bob" / name, name)
    return api, folder


def place(source, target, name):
    target.mkdir(parents=True)
    shutil.copy(source / f"{name}.ipynb", target)


@pytest.mark.parametrize("folder", ["solutions", "labs"])
@pytest.mark.parametrize("name", NAMES)
def test_the_metadata_are_valid(name, folder):
    from nbgrader.nbgraderformat import MetadataValidator

    notebook = nbformat.read(ROOT / folder / f"{name}.ipynb", as_version=4)
    MetadataValidator().validate_nb(notebook)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_released_and_autograded_for_full_marks_and_for_none(course, name):
    api, folder = course
    made = api.generate_assignment(name)
    assert made["success"], made["log"]
    ours, theirs = (nbformat.read(p / f"{name}.ipynb", as_version=4) for p in (ROOT / "labs", folder / "release" / name))
    assert [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in ours.cells] == [
        cell.metadata.get("nbgrader", {}).get("grade_id") for cell in theirs.cells
    ]
    for student, share in (("ada", 1), ("bob", 0)):
        graded = api.autograde(name, student, force=True)
        assert graded["success"], graded["log"]
        with api.gradebook as gradebook:
            submission = gradebook.find_submission(name, student)
            assert (submission.score, submission.max_score) == (20 * share, 20)
            grades = {grade.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades}
        assert grades == {f"points-{q.name}": share * q.points for q in load(name).questions}


def test_a_solved_lab_validates_and_an_untouched_one_does_not():
    from nbgrader.validator import Validator

    results = [Validator().validate(str(ROOT / folder / "lab04_race.ipynb")) for folder in ("solutions", "labs")]
    assert "failed" not in results[0]
    assert len(results[1]["failed"]) == len(load("lab04_race").questions)
