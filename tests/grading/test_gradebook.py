"""A gradebook gives back what it was given, belongs to one suite, and is left alone by every other."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from optimlab.grading import Refused, grader
from optimlab.grading.gradebook import FILE, Gradebook
from optimlab.grading.grader import Grade
from optimlab.labs.question import Outcome

from .conftest import TINY

DOUBLE = Outcome("wrong", 0.5, 2, "two: it gave 3, expected 4", "two", 1, "4", "3", ("three times", "twice\tand"))
WALK = Outcome("pass", 3, 3)
ADA = Grade("ada", "wrong", {"walk": WALK, "double": DOUBLE}, "a" * 64, "a note", 0.25)
OTHER = grader.make_suite(TINY, seed=2)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else folder.read_bytes()


def test_a_grade_comes_back_as_it_was_recorded(tmp_path, suite):
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA)
        assert book.grade("ada", "a" * 64) == ADA
    with Gradebook(tmp_path / "out", suite) as book:
        again = book.grade("ada", "a" * 64)
        assert again == ADA and list(again.outcomes) == ["walk", "double"] and again.score == 3.5
        assert book.known() == {("ada", "a" * 64)}


def test_a_grade_replaces_an_earlier_one_of_the_same_submission_only(tmp_path, suite):
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA)
        book.record(ADA._replace(submission_sha256="b" * 64, status="pass"))
        book.record(ADA._replace(note="again"))
        assert book.grade("ada", "a" * 64).note == "again" and book.grade("ada", "b" * 64).status == "pass"
        assert book.known() == {("ada", "a" * 64), ("ada", "b" * 64)}
        assert book.db.execute("SELECT count(*) FROM questions").fetchone() == (4,)


def test_what_the_grader_failed_at_and_what_has_no_bytes_is_tried_again(tmp_path, suite):
    failed = {"double": Outcome("grader-error", 0, 2, "oops"), "walk": WALK}
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA._replace(status="grader-error", outcomes=failed))
        book.record(ADA._replace(student="link", status="unreadable", submission_sha256=""))
        assert book.known() == frozenset() and book.grade("ada", "a" * 64).score is None
        assert book.db.execute("SELECT score FROM grades WHERE student = 'ada'").fetchone() == (None,)


def test_a_gradebook_can_be_read_by_anyone_with_sqlite(tmp_path, suite):
    with Gradebook(tmp_path / "out", suite) as book:
        book.record(ADA)
    with contextlib.closing(sqlite3.connect(tmp_path / "out" / FILE)) as db:
        assert db.execute("SELECT student, lab, status, score, max_score FROM grades").fetchall() == [
            ("ada", "lab00_tiny", "wrong", 3.5, 5.0)
        ]
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def grades_of_another_lab(out, suite):
    with Gradebook(out, grader.make_suite(TINY._replace(name="lab99_other"), 1)) as book:
        book.record(ADA)


def grades_of_another_seed(out, suite):
    with Gradebook(out, OTHER) as book:
        book.record(ADA)


def a_file(out, suite):
    out.write_text("mine")


def someones_files(out, suite):
    out.mkdir()
    (out / "grades.csv").write_text("mine")


def a_broken_gradebook(out, suite):
    out.mkdir()
    (out / FILE).write_bytes(b"SQLite format 3\0" + b"x" * 5000)


def another_database(out, suite):
    out.mkdir()
    with contextlib.closing(sqlite3.connect(out / FILE)) as db:
        db.execute("CREATE TABLE t (x)")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (grades_of_another_lab, "holds grades of lab99_other, not of lab00_tiny; name another folder"),
        (
            grades_of_another_seed,
            "holds grades with another seed or other questions; name another folder, or give the --seed-file",
        ),
        (a_file, "is a file or lies in one; name a new folder for the grades"),
        (someones_files, "holds other files and no gradebook; name a new or an empty folder"),
        (a_broken_gradebook, "gradebook.sqlite is not a gradebook; name a new or an empty folder"),
        (another_database, "gradebook.sqlite is not a gradebook; name a new or an empty folder"),
    ],
)
def test_a_folder_that_is_not_this_suites_is_refused_and_untouched(tmp_path, suite, make, sentence):
    out = tmp_path / "out"
    make(out, suite)
    before = contents(out)
    with pytest.raises(Refused) as error, Gradebook(out, suite):
        pass
    assert str(out) in str(error.value) and sentence in str(error.value)
    assert contents(out) == before


def test_an_empty_folder_and_one_where_making_was_cut_short_are_as_good_as_new(tmp_path, suite):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / f"{FILE}.part").write_bytes(b"SQLite for")
    for out in (tmp_path / "a", tmp_path / "b"):
        with Gradebook(out, suite) as book:
            book.record(ADA)
        assert os.listdir(out) == [FILE]


def test_a_folder_under_a_file_is_refused(tmp_path, suite):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Refused, match="is a file or lies in one"), Gradebook(tmp_path / "file" / "out", suite):
        pass


def test_two_graders_do_not_share_a_folder(tmp_path, suite):
    with Gradebook(tmp_path / "out", suite) as book:
        with pytest.raises(Refused, match="another grader is at work in"), Gradebook(tmp_path / "out", suite):
            pass
        book.record(ADA)
    with Gradebook(tmp_path / "out", suite) as book:
        assert book.known() == {("ada", "a" * 64)}


def test_a_grade_once_recorded_outlives_a_grader_that_is_killed(tmp_path, suite):
    script = f"""
        import os, sys
        sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})
        from grading.test_gradebook import ADA, Gradebook, TINY, grader
        with Gradebook({str(tmp_path / "out")!r}, grader.make_suite(TINY, seed=1)) as book:
            book.record(ADA)
            os.kill(os.getpid(), 9)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=60)
    assert killed.returncode == -9
    with pytest.raises(Refused, match="another seed"), Gradebook(tmp_path / "out", OTHER):
        pass
    with Gradebook(tmp_path / "out", suite) as book:
        assert book.grade("ada", "a" * 64) == ADA
