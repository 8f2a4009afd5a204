"""The CSV files hold a row a student, mean the same in every program, and are whole whenever they are there."""

import csv

import pytest

from optimlab.grading import exports
from optimlab.grading.gradebook import Gradebook
from optimlab.grading.grader import Grade
from optimlab.labs.question import Outcome

PASS, FAILED = Outcome("pass", 2, 2), Outcome("grader-error", 0, 3, "oops")
WRONG = Outcome("wrong", 1 / 3, 3, '=cmd|"/c calc"!A1, "quoted"\nand on two lines', "", None)


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def out(tmp_path, suite):
    grades = [
        Grade("zoë", "wrong", {"double": PASS, "walk": WRONG}, "z" * 64),
        Grade("ada", "grader-error", {"double": PASS, "walk": FAILED}, "a" * 64),
        Grade(
            "=HYPERLINK()",
            "missing",
            {name: Outcome("missing", 0, 2, "nothing was handed in") for name in ("double", "walk")},
        ),
    ]
    with Gradebook(tmp_path / "out", suite) as book:
        for grade in grades:
            book.record(grade)
        book.set_class([(grade.student, grade.submission_sha256, None) for grade in grades])
        exports.write_csvs(tmp_path, book, book.marks())
    return tmp_path


def test_grades_have_a_row_a_student_and_the_columns_that_were_promised(out, suite):
    rows = read(out / "grades.csv")
    assert list(rows[0]) == ["student", "lab", "score", "max_score", "status", "submission_sha256", "suite_sha256"]
    assert [tuple(row.values()) for row in rows] == [
        ("'=HYPERLINK()", "lab00_tiny", "0", "5", "missing", "", suite.sha256),
        ("ada", "lab00_tiny", "", "5", "grader-error", "a" * 64, suite.sha256),
        ("zoë", "lab00_tiny", "2.333333", "5", "wrong", "z" * 64, suite.sha256),
    ]


def test_questions_have_a_row_a_question(out):
    rows = read(out / "questions.csv")
    assert list(rows[0]) == ["student", "lab", "question", "score", "max_score", "status", "diagnosis"]
    assert [(row["student"], row["question"], row["score"], row["status"]) for row in rows[2:]] == [
        ("ada", "double", "2", "pass"),
        ("ada", "walk", "", "grader-error"),
        ("zoë", "double", "2", "pass"),
        ("zoë", "walk", "0.3333333333", "wrong"),
    ]
    assert rows[-1]["diagnosis"] == "'" + WRONG.diagnosis


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(text):
    assert exports.cell(text) == "'" + text


def test_numbers_are_never_taken_for_formulas():
    assert [exports.cell(x) for x in (-1, -0.5, 20.0, 1e-3, 0, None)] == ["-1", "-0.5", "20", "0.001", "0", ""]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(out, monkeypatch):
    before = (out / "grades.csv").read_bytes()
    monkeypatch.setattr(exports.os, "fsync", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exports.write(out / "grades.csv", "student,score\n")
    assert (out / "grades.csv").read_bytes() == before
