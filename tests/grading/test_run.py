"""Grading a folder can be stopped at any moment and goes on from there; nobody's code runs twice, nobody is lost."""

import csv
import itertools
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from optimlab import labs
from optimlab.grading import Refused, grader, jail, run, session
from optimlab.labs.question import Outcome

from .conftest import QUICK, eventually, processes
from .notebooks import hand_in, notebook, solved

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")
LAB = labs.load("lab04_race")
SGD = "def sgd(theta, g, state, *, lr, weight_decay=0):\n    return theta - lr * (g + weight_decay * theta), {}"


def grade(tmp_path, **options):
    options = {"tier": "unsafe", "limits": QUICK, "seed_file": tmp_path / "seed", "jobs": 2} | options
    graded = run.grade_folder(tmp_path / "class", LAB, tmp_path / "out", **options)
    return {mark.student: mark for mark in graded.marks}


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def canary(tmp_path):
    """A cell that leaves a line each time it runs, and the lines so far."""
    file = tmp_path / "canary"
    file.touch()
    return lambda student: f"with open({str(file)!r}, 'a') as f: f.write('{student}\\n')", lambda: sorted(
        file.read_text().split()
    )


def test_what_is_graded_is_not_run_again_and_what_is_new_is(tmp_path, canary, monkeypatch):
    cell, ran = canary
    hand_in(tmp_path / "class", ada=notebook(cell("ada"), SGD), emmy=notebook(cell("emmy")), broken=b"{")
    first = grade(tmp_path)
    assert ran() == ["ada", "emmy"] and first["ada"].score == 2 and first["emmy"].score == 0

    files = [(tmp_path / "out" / name).read_bytes() for name in ("grades.csv", "questions.csv")]
    with monkeypatch.context() as patch:
        patch.setattr(session.subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
        assert grade(tmp_path) == first
    assert ran() == ["ada", "emmy"]
    assert files == [(tmp_path / "out" / name).read_bytes() for name in ("grades.csv", "questions.csv")]

    hand_in(tmp_path / "class", emmy=notebook(cell("emmy"), SGD), sofja=notebook(cell("sofja")))
    again = grade(tmp_path)
    assert ran() == ["ada", "emmy", "emmy", "sofja"]
    assert again["emmy"].score == 2 and len(rows(tmp_path / "out" / "grades.csv")) == 4


def test_a_grader_that_is_killed_half_way_is_finished_by_the_next(tmp_path, canary):
    cell, ran = canary
    students = [f"student{n}" for n in range(8)]
    slow = "import time; time.sleep(0.4)"
    hand_in(tmp_path / "class", **{student: notebook(cell(student), SGD, slow) for student in students})
    command = [
        sys.executable,
        "-m",
        "optimlab",
        "grade",
        tmp_path / "class",
        "--lab",
        LAB.name,
        "--out",
        tmp_path / "out",
    ]
    command += ["--unsafe", "--seed-file", tmp_path / "seed", "--jobs", "2"]
    scratch = {**os.environ, "TMPDIR": str(tmp_path)}
    grading = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=scratch)
    assert eventually(lambda: len(ran()) >= 5, 60)
    grading.kill()
    grading.wait()
    assert eventually(lambda: not processes(str(tmp_path / "optimlab-")))

    assert not list((tmp_path / "out").glob("*.csv")) and not list((tmp_path / "out").glob("*.html"))
    with closing(sqlite3.connect(tmp_path / "out" / "gradebook.sqlite")) as db:
        kept = db.execute("SELECT student, graded_at, rowid FROM grades").fetchall()
    assert 0 < len(kept) < 8
    before = ran()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.startswith("lab04_race: 8 students, mean 2.0 of 20 points")
    assert sorted(ran()) == sorted(before + [s for s in students if s not in {row[0] for row in kept}])
    with closing(sqlite3.connect(tmp_path / "out" / "gradebook.sqlite")) as db:
        now = db.execute("SELECT student, graded_at, rowid FROM grades").fetchall()
    assert now[: len(kept)] == kept and sorted(row[0] for row in now) == students
    assert [row["student"] for row in rows(tmp_path / "out" / "grades.csv")] == students
    assert [row["score"] for row in rows(tmp_path / "out" / "grades.csv")] == ["2"] * 8


def test_a_grader_that_failed_leaves_a_blank_and_tries_again(tmp_path, monkeypatch):
    hand_in(tmp_path / "class", ada=notebook(SGD), emmy=notebook())
    with monkeypatch.context() as patch:
        judge = grader.judge
        patch.setattr(grader, "judge", lambda q, case, answers: 1 / 0 if q.name == "sgd" else judge(q, case, answers))
        assert grade(tmp_path)["ada"].score is None
    assert {row["student"]: row["score"] for row in rows(tmp_path / "out" / "grades.csv")} == {"ada": "", "emmy": "0"}
    blank = [
        row for row in rows(tmp_path / "out" / "questions.csv") if row["student"] == "ada" and row["question"] == "sgd"
    ]
    assert blank[0]["score"] == "" and blank[0]["status"] == "grader-error"
    assert grade(tmp_path)["ada"].score == 2
    assert {row["student"]: row["score"] for row in rows(tmp_path / "out" / "grades.csv")} == {"ada": "2", "emmy": "0"}


def test_everyone_on_the_roster_has_a_row(tmp_path):
    hand_in(tmp_path / "class", lovelaceada_12_345_lab04_race=notebook(SGD), stranger=notebook())
    (tmp_path / "class" / "emmy").mkdir()
    (tmp_path / "roster.csv").write_text("student,lms_id\nada,12\nemmy,13\nsofja,14\n")
    grades = grade(tmp_path, roster_file=tmp_path / "roster.csv")
    assert {student: (mark.status, mark.score, mark.grade.note) for student, mark in grades.items()} == {
        "ada": ("missing", 2, ""),
        "emmy": ("missing", 0, "no notebook named lab04_race.ipynb was handed in"),
        "sofja": ("missing", 0, "nothing was handed in"),
        "stranger": ("missing", 0, ""),
    }
    assert len(rows(tmp_path / "out" / "questions.csv")) == 4 * 5


def test_of_two_submissions_with_one_name_one_is_graded_and_the_teacher_is_told(tmp_path):
    hand_in(tmp_path / "class", ada=notebook(SGD))
    hand_in(tmp_path / "class" / "ada", lab04_race=notebook())
    (ada,) = grade(tmp_path).values()
    assert ada.grade.note == "2 files were handed in; graded lab04_race.ipynb, the latest" and ada.score == 0


def test_names_that_spreadsheets_would_run_are_escaped(tmp_path):
    hand_in(tmp_path / "class", **{"=cmd": notebook(SGD), "@x": notebook(SGD)})
    grade(tmp_path)
    assert [row["student"] for row in rows(tmp_path / "out" / "grades.csv")] == ["'=cmd", "'@x"]


def test_hidden_cases_change_with_the_seed_and_grades_of_the_right_do_not(tmp_path):
    hand_in(tmp_path / "class", ada=solved())
    first = grade(tmp_path)
    with pytest.raises(Refused, match="with another seed or other questions"):
        grade(tmp_path, seed_file=tmp_path / "other-seed")
    assert first["ada"].score == 20
    one, two = (grader.make_suite(LAB, seed).cases["adam"][-1] for seed in (1, 2))
    assert one.hidden and two.hidden and str(one.calls) != str(two.calls)


def test_an_answer_learnt_by_heart_from_the_visible_cases_fails_the_hidden_ones(tmp_path):
    cheat = f"{SGD}\nright = sgd\ndef sgd(theta, g, state, **k):\n    theta, state = right(theta, g, state, **k)\n" + (
        "    return (theta if k['lr'] in (0.25, 0.1, 0.5, 0.3) else theta + 1), state"
    )
    hand_in(tmp_path / "class", cheat=notebook(cheat))
    outcome = grade(tmp_path)["cheat"].grade.outcomes["sgd"]
    assert outcome == Outcome("wrong", 0, 2, "on a hidden case its answer is not right", "a hidden case")


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_files_do_not_depend_on_how_many_run_at_a_time(tmp_path, jobs):
    hand_in(tmp_path / "class", **{f"s{n}": notebook(SGD if n % 2 else "x") for n in range(6)})
    grade(tmp_path, jobs=jobs)
    assert [row["score"] for row in rows(tmp_path / "out" / "grades.csv")] == ["0", "2"] * 3


def test_stopping_while_submissions_run_leaves_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    hand_in(tmp_path / "class", **{f"s{n}": notebook("import time; time.sleep(1.5)") for n in range(4)})

    class Stopped(Exception):
        pass

    @contextmanager
    def watch(results, count):
        yield results
        raise Stopped

    def stopped_after_one(results, count):
        return watch(itertools.islice(results, 1), count)

    with pytest.raises(Stopped):
        grade(tmp_path, watch=stopped_after_one)
    assert eventually(lambda: not processes(str(tmp_path / "optimlab-"))) and not list(tmp_path.glob("optimlab-*"))


def test_without_a_jail_nothing_is_graded_but_what_is_trusted_and_on_windows_nothing(monkeypatch):
    monkeypatch.setattr(jail.probe.platform, "machine", lambda: "riscv64")
    with pytest.raises(Refused, match="the jail knows the system calls of x86-64, and this processor is riscv64"):
        jail.choose_tier(unsafe=False)
    assert jail.choose_tier(unsafe=True) == "unsafe"
    monkeypatch.setattr(jail.sys, "platform", "win32")
    with pytest.raises(Refused, match="on Windows run it in WSL2 or in a Linux virtual machine"):
        jail.choose_tier(unsafe=True)
