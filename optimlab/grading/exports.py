"""The gradebook as files others read: grades.csv, a row a student, and questions.csv, a row a student and question."""

import csv
import io
import os
from pathlib import Path

GRADES = ("student", "lab", "score", "max_score", "status", "submission_sha256", "suite_sha256")
QUESTIONS = ("student", "lab", "question", "score", "max_score", "status", "diagnosis")


def write_csvs(out, book, marks):
    """Write both files for these marks. Where the grader failed and nobody decided a score is blank, never 0."""
    out, lab = Path(out), book.lab
    whole = [
        (m.student, lab, m.score, m.max_score, m.status, m.grade.submission_sha256, book.sha256)
        for m in sorted(marks, key=lambda mark: mark.student)
    ]
    parts = [
        (m.student, lab, name, m.points[name], outcome.max_score, outcome.status, outcome.diagnosis)
        for m in sorted(marks, key=lambda mark: mark.student)
        for name, outcome in m.grade.outcomes.items()
    ]
    write(out / "grades.csv", csv_text(GRADES, whole))
    write(out / "questions.csv", csv_text(QUESTIONS, parts))


def csv_text(header, rows):
    """A CSV file as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(entry) for entry in row] for row in rows)
    return text.getvalue()


def write(path, contents):
    """Write a file, of text or bytes, beside its name, then give it the name: nobody ever reads half of one."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    with open(part, "wb") as file:
        file.write(contents.encode() if isinstance(contents, str) else contents)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def cell(entry):
    """An entry as text that no spreadsheet takes for a formula; a sign alone is none.

    >>> cell("=1+2"), cell("-"), cell(-0.5), cell(20.0), cell(None)
    ("'=1+2", '-', '-0.5', '20', '')
    """
    if entry is None:
        return ""
    if not isinstance(entry, str):
        return f"{entry:.10g}"
    return f"'{entry}" if len(entry) > 1 and entry.startswith(("=", "+", "-", "@", "\t", "\r")) else entry
