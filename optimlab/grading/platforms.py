"""Marks in the forms that other systems take in: Canvas, Moodle, nbgrader, Gradescope and GitHub Classroom.

Canvas and Moodle match their own numbers, so their files are made from the roster they export and go back to it: the
gradebook of Canvas, the grading worksheet of Moodle. Where there is no score the entry is blank, which both leave alone.
"""

import base64
import json
from pathlib import Path
from typing import NamedTuple

from . import Refused, exports

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
NBGRADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip


class Source(NamedTuple):
    """What an export is made of."""

    lab: str
    marks: list
    students: dict = {}  # the roster, if there is one
    column: str = ""  # the name of the assignment in Canvas
    due: str = ""


def canvas(source):
    """The CSV that Canvas's gradebook imports: who, and one column, the assignment's."""
    rows, column = _roster(source, "Canvas exports its gradebook", "Student"), _canvas_column(source)
    marks = _by_row(source)
    worth = [("Points Possible", "", "", "", "", source.marks[0].max_score if source.marks else None)]
    lines = [
        (*(row.get(name, "") for name in CANVAS), marks[student].score if student in marks else None)
        for student, row in zip(source.students, rows)
    ]
    return exports.csv_text((*CANVAS, column), worth + lines)


def _canvas_column(source):
    """The name of the assignment as the roster has it: Canvas appends the assignment's number."""
    (first, *_), column = source.students.values(), source.column or source.lab
    likely = [name for name in first.row if name.startswith(f"{column} (")]
    return column if column in first.row or len(likely) != 1 else likely[0]


def moodle(source):
    """Moodle's grading worksheet with the grades and what to say to each student filled in."""
    rows, marks = _roster(source, "Moodle offers as its grading worksheet", "Identifier"), _by_row(source)
    header = tuple(rows[0])
    lines = []
    for student, row in zip(source.students, rows):
        if student in marks:
            mark = marks[student]
            row = row | {"Grade": mark.score, "Feedback comments": comment(mark)}
        lines.append([row[column] for column in header])
    return exports.csv_text(header, lines)


def nbgrader(source):
    """The table that ``nbgrader export`` writes."""
    lines = []
    for mark in source.marks:
        row = source.students[mark.student].row if mark.student in source.students else {}
        names = (row.get("last_name", ""), row.get("first_name", ""), row.get("email", ""))
        worth = (mark.raw, mark.penalty if mark.score is not None else None, mark.score, mark.max_score)
        lines.append((source.lab, source.due, mark.handed_in or "", mark.student, *names, *worth))
    return exports.csv_text(NBGRADER, lines)


def gradescope(source):
    """One student's results.json. Without a score it has neither score nor tests, and Gradescope reports a failed run."""
    mark = _only(source, "gradescope")
    tests = [
        {
            "name": name,
            "score": mark.points[name],
            "max_score": outcome.max_score,
            "status": "passed" if mark.points[name] == outcome.max_score else "failed",
            "output": _words(mark, name, outcome) or "right",
            "output_format": "text",
            "visibility": "visible",
        }
        for name, outcome in mark.grade.outcomes.items()
    ]
    said = {"output": comment(mark), "output_format": "text", "visibility": "visible"}
    whole = {} if mark.score is None else {"score": mark.score, "tests": tests}
    return json.dumps(whole | said, indent=2, ensure_ascii=False) + "\n"


def classroom(source):
    """One student's result for the autograding reporter of GitHub Classroom, in Base64 as it wants it in OPTIMLAB_RESULTS."""
    mark = _only(source, "classroom")
    if mark.score is None:
        raise Refused(f"{mark.student} has no score: the grader failed; grade again")
    tests = [
        {
            "name": name,
            "status": "pass" if mark.points[name] == outcome.max_score else "fail",
            "score": mark.points[name],
            "message": _words(mark, name, outcome),
            "test_code": "",
            "filename": "",
            "line_no": 0,
            "duration": 0,
        }
        for name, outcome in mark.grade.outcomes.items()
    ]
    if mark.score != sum(mark.points.values()):  # the reporter adds up the tests
        change = {"name": "late or overridden", "score": round(mark.score - sum(mark.points.values()), 6)}
        tests.append({**tests[0], **change, "status": "pass", "message": comment(mark)})
    status = "pass" if mark.score == mark.max_score else "fail"
    result = {"version": 1, "status": status, "max_score": mark.max_score, "tests": tests}
    return base64.b64encode(json.dumps(result).encode()).decode() + "\n"


TARGETS = {each.__name__: each for each in (canvas, moodle, nbgrader, gradescope, classroom)}


def remarks(target, source):
    """What a teacher should know of an export that went well."""
    if target == "canvas" and (column := _canvas_column(source)) not in next(iter(source.students.values())).row:
        yield f"{column} is no assignment in the roster: Canvas will make a new one of it, unless you name one with --column"


def comment(mark):
    """What to say to a student, a line a question, in plain text."""
    lines = [f"{name}: {_points(mark, name, o)}. {_words(mark, name, o)}" for name, o in mark.grade.outcomes.items()]
    if "" in mark.overrides:
        lines.append(f"the whole was set to {mark.score:g}: {mark.overrides[''].reason}")
    elif mark.late_days:
        lines.append(f"{mark.late_days} day{'s' * (mark.late_days != 1)} late: {mark.penalty:g} points off")
    return "\n".join(line.strip() for line in lines)


def _points(mark, name, outcome):
    return "not graded" if mark.points[name] is None else f"{mark.points[name]:g} of {outcome.max_score:g}"


def _words(mark, name, outcome):
    return mark.overrides[name].reason if name in mark.overrides else outcome.diagnosis


def _only(source, target):
    if len(source.marks) != 1:
        raise Refused(f"{target} takes one student at a time; say --student NAME")
    return source.marks[0]


def _roster(source, whose, column):
    """The rows of the roster, which must be the system's own."""
    rows = [entry.row for entry in source.students.values()]
    if not rows or column not in rows[0]:
        raise Refused(f"this needs --roster FILE, the CSV that {whose}; it has a column {column}")
    return rows


def _by_row(source):
    """The marks by the names the roster has; those of strangers cannot be handed on, which must not be silent."""
    strangers = [mark.student for mark in source.marks if mark.student not in source.students]
    if strangers:
        raise Refused(
            f"{', '.join(strangers)} cannot be found in the roster; grade with the same --roster, which knows them by "
            "the numbers in the file names"
        )
    return {mark.student: mark for mark in source.marks}


def export(target, source, path):
    """Write ``path`` in the form of ``target``, one of TARGETS."""
    exports.write(Path(path), TARGETS[target](source))
