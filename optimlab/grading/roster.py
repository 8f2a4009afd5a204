"""The class list: a CSV file with a column ``student`` and, if the files come from Canvas or Moodle, ``lms_id``."""

import csv

from . import Refused

COLUMNS = ("student", "lms_id")


def read(path):
    """The students in the file, a dict from student to LMS id ("" where none is given)."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
            columns = [column for column in (rows[0] if rows else ()) if column]
    except OSError as error:
        raise Refused(f"the roster {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise Refused(f"the roster {path} is not a CSV file in UTF-8") from None
    if not rows:
        raise Refused(f"the roster {path} has no rows below its first line, which names the columns")
    if "student" not in columns:
        raise Refused(
            f"the roster {path} has the columns {', '.join(columns)}; it needs one named student, and may have lms_id"
        )
    return _students(path, rows)


def _students(path, rows):
    students, taken = {}, set()
    for number, row in enumerate(rows, 2):
        student, lms_id = ((row.get(column) or "").strip() for column in COLUMNS)
        if not student:
            raise Refused(f"the roster {path} names no student in line {number}")
        if student in students or lms_id and lms_id in taken:
            twice = student if student in students else f"the lms_id {lms_id}"
            raise Refused(f"the roster {path} has {twice} twice, the second time in line {number}")
        students[student] = lms_id
        taken.add(lms_id)
    return students
