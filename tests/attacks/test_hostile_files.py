"""No file in a class's folder stops the grader, makes it wait, read elsewhere, or costs another student anything."""

import sys

import pytest

from optimlab.grading import exports, grader, jail, submission
from grading.conftest import DOUBLE, TINY, WALK
from grading.notebooks import notebook

from . import run
from .hostile_files import HOSTILE
from .world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")


@pytest.fixture(scope="module")
def zygote():
    zygote = run.Zygote(jail.choose_tier(unsafe=False), run.LIMITS)
    yield zygote
    zygote.close()


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.mechanism)
def test_a_hostile_file_gets_its_status_and_its_neighbour_full_marks(hostile, zygote, tmp_path):
    suite = grader.make_suite(TINY, seed=1)
    with World() as world:
        path = tmp_path / hostile.name
        hostile.make(path, world)
        (tmp_path / "ada.ipynb").write_bytes(notebook(DOUBLE, WALK))
        grades = [grader.grade(found, suite, zygote) for found in submission.find(tmp_path, TINY.name)]
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
        texts = [text for grade in grades for text in (grade.student, grade.note, str(grade.outcomes))]
        assert not any(world.token in text for text in texts) and not world.was_changed()
    ada, others = grades_by_name(grades)
    assert (ada.status, ada.score) == ("pass", 5)
    assert [(grade.status, grade.score) for grade in others] == ([(hostile.status, 0)] if hostile.status else [])
    assert all(grade.student.isprintable() and "/" not in grade.student for grade in others)
    assert all(exports.cell(grade.student)[:1] not in "=+-@" for grade in others)


def grades_by_name(grades):
    ada = [grade for grade in grades if grade.student == "ada"]
    return ada[0], [grade for grade in grades if grade.student != "ada"]


def test_the_mechanisms_are_many_and_no_two_are_the_same():
    assert len({hostile.mechanism for hostile in HOSTILE}) == len(HOSTILE) >= 40
