"""The gradebook as files others read: grades.csv, a row a student, and questions.csv, a row a student and question."""

import csv
import os
from pathlib import Path

GRADES = ("student", "lab", "score", "max_score", "status", "submission_sha256", "suite_sha256")
QUESTIONS = ("student", "lab", "question", "score", "max_score", "status", "diagnosis")


def write_csvs(out, suite, grades):
    """Write both files for these grades, sorted by student. Where the grader failed the score is blank, never 0."""
    out, lab = Path(out), suite.lab
    grades = sorted(grades, key=lambda grade: grade.student)
    whole = [(g.student, lab.name, g.score, lab.max_score, g.status, g.submission_sha256, suite.sha256) for g in grades]
    parts = [
        (g.student, lab.name, name, _points(o), o.max_score, o.status, o.diagnosis)
        for g in grades
        for name, o in g.outcomes.items()
    ]
    write_csv(out / "grades.csv", GRADES, whole)
    write_csv(out / "questions.csv", QUESTIONS, parts)


def _points(outcome):
    return None if outcome.status == "grader-error" else outcome.score


def write_csv(path, header, rows):
    """Write a whole CSV file beside its name, then give it the name: nobody ever reads half of one."""
    part = path.with_name(f".{path.name}.part")
    with open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([cell(entry) for entry in row] for row in rows)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def cell(entry):
    """An entry as text that no spreadsheet takes for a formula.

    >>> cell("=1+2"), cell(-0.5), cell(20.0), cell(None)
    ("'=1+2", '-0.5', '20', '')
    """
    if entry is None:
        return ""
    if not isinstance(entry, str):
        return f"{entry:.10g}"
    return f"'{entry}" if entry.startswith(("=", "+", "-", "@", "\t", "\r")) else entry
