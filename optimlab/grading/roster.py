"""The class list, a CSV file: our own with a column ``student``, or what Canvas or Moodle export.

| | student | number in the learning management system | handed in at (if you like) |
|---|---|---|---|
| ours | ``student`` | ``lms_id`` (if you like) | ``handed_in`` |
| the Canvas gradebook | ``Student`` | ``ID`` | |
| the Moodle grading worksheet | ``Full name`` | ``Identifier``: Participant 12 | |
"""

import csv
import re
from collections import Counter
from typing import NamedTuple

from . import Refused
from .marks import moment

OURS, CANVAS, MOODLE = "student", "Student", "Identifier"  # the column by which each is known


class Entry(NamedTuple):
    """A student's line: the number in the learning management system, when the work came in, and the line itself."""

    lms_id: str = ""
    handed_in: str = ""
    row: dict = {}


def read(path):
    """The students in the file, a dict from student to Entry, in its order."""
    rows = table(path)
    columns = [column for column in rows[0] if column]
    if OURS in columns:
        return _ours(path, rows)
    if CANVAS in columns and "ID" in columns:
        return _named([(row["Student"], row["ID"], row) for row in rows if row["ID"]])
    if MOODLE in columns and "Full name" in columns:
        return _named([(row["Full name"], re.sub(r"\D", "", row[MOODLE]), row) for row in rows])
    raise Refused(
        f"the roster {path} has the columns {', '.join(columns)}; it needs one named student, and may have lms_id, "
        "or be the gradebook that Canvas exports or Moodle's grading worksheet"
    )


def table(path):
    """The rows of a CSV file as dicts, at least one; Refused if it cannot be read."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [
                {column: (entry or "").strip() for column, entry in row.items() if column is not None}
                for row in csv.DictReader(file, skipinitialspace=True)
            ]
    except OSError as error:
        raise Refused(f"the roster {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise Refused(f"the roster {path} is not a CSV file in UTF-8") from None
    if not rows:
        raise Refused(f"the roster {path} has no rows below its first line, which names the columns")
    return rows


def _ours(path, rows):
    students, taken = {}, set()
    for number, row in enumerate(rows, 2):
        student, lms_id, handed_in = row["student"], row.get("lms_id", ""), row.get("handed_in", "")
        if not student:
            raise Refused(f"the roster {path} names no student in line {number}")
        if student in students or lms_id and lms_id in taken:
            twice = student if student in students else f"the lms_id {lms_id}"
            raise Refused(f"the roster {path} has {twice} twice, the second time in line {number}")
        if handed_in:
            handed_in = moment(handed_in, f"handed_in in line {number} of the roster {path}")
        students[student] = Entry(lms_id, handed_in, row)
        taken.add(lms_id)
    return students


def _named(lines):
    """Students of a learning management system, where two may have the same name: their numbers tell them apart."""
    names = Counter(name for name, _, _ in lines)
    return {name if names[name] == 1 else f"{name} {lms_id}": Entry(lms_id, "", row) for name, lms_id, row in lines}
