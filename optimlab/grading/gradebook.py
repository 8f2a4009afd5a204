"""The gradebook, OUT/gradebook.sqlite: every grade given to a class for one suite, written as soon as it is known.

A grade is found again by student, lab, what was handed in and what it was asked, the last two by their sha256. So
grading again repeats nothing that is known, and a grader that was killed loses no more than what it was at work on.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from ..labs.question import Outcome
from . import Refused
from .grader import Grade

FILE = "gradebook.sqlite"
PART = f"{FILE}.part"
ELSEWHERE = "name a new or an empty folder for the grades"
KEY = "student, lab, submission_sha256, suite_sha256"
SCHEMA = f"""
CREATE TABLE suite (sha256 TEXT PRIMARY KEY, lab TEXT NOT NULL);
CREATE TABLE grades (
    student TEXT, lab TEXT, submission_sha256 TEXT, suite_sha256 TEXT REFERENCES suite (sha256),
    status TEXT NOT NULL, score REAL, max_score REAL NOT NULL,  -- a score is NULL where the grader failed
    note TEXT NOT NULL, cpu REAL NOT NULL, graded_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY ({KEY})
);
CREATE TABLE questions (
    student TEXT, lab TEXT, submission_sha256 TEXT, suite_sha256 TEXT, question TEXT,
    status TEXT NOT NULL, score REAL NOT NULL, max_score REAL NOT NULL, diagnosis TEXT NOT NULL,
    "case" TEXT NOT NULL, step INTEGER, expected TEXT NOT NULL, got TEXT NOT NULL, matches TEXT NOT NULL,
    PRIMARY KEY ({KEY}, question)
);
"""


class Gradebook:
    """The gradebook of the folder ``out`` for one suite, made if need be, ours alone until the end of the with block.

    Refused, with nothing in the folder touched, if it is not a new folder, an empty one or the gradebook of this suite.
    """

    def __init__(self, out, suite):
        self.out, self.suite = Path(out), suite
        self.key = suite.lab.name, suite.sha256

    def __enter__(self):
        with contextlib.ExitStack() as opened:
            opened.callback(os.close, self._lock())
            if self._is_new():
                self._make()
            self.db = opened.enter_context(contextlib.closing(sqlite3.connect(self.out / FILE)))
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_):
        self._opened.close()

    def known(self):
        """The (student, submission sha256) not to be graded again; where the grader failed, it is to try again."""
        rows = self.db.execute(
            "SELECT student, submission_sha256 FROM grades"
            " WHERE lab = ? AND suite_sha256 = ? AND submission_sha256 != '' AND status != 'grader-error'",
            self.key,
        )
        return frozenset(rows)

    def record(self, grade):
        """Write one grade, for good when this returns; it takes the place of an earlier one with the same key."""
        key = (grade.student, self.key[0], grade.submission_sha256, self.key[1])
        whole = (grade.status, grade.score, self.suite.lab.max_score, grade.note, grade.cpu)
        with self.db:
            self._insert("grades", f"{KEY}, status, score, max_score, note, cpu", key + whole)
            for name, outcome in grade.outcomes.items():
                fields = ", ".join(f'"{field}"' for field in Outcome._fields)
                entries = outcome._replace(matches="\n".join(outcome.matches))
                self._insert("questions", f"{KEY}, question, {fields}", (*key, name, *entries))

    def grade(self, student, sha256):
        """A grade that was recorded."""
        key = (student, self.key[0], sha256, self.key[1])
        where = f"WHERE ({KEY}) = (?, ?, ?, ?)"
        fields = ", ".join(f'"{field}"' for field in Outcome._fields)
        outcomes = {}
        for name, *entries in self.db.execute(f"SELECT question, {fields} FROM questions {where} ORDER BY rowid", key):
            outcome = Outcome(*entries)
            outcomes[name] = outcome._replace(matches=tuple(outcome.matches.split("\n")) if outcome.matches else ())
        ((status, note, cpu),) = self.db.execute(f"SELECT status, note, cpu FROM grades {where}", key)
        return Grade(student, status, outcomes, sha256, note, cpu)

    def _insert(self, table, columns, row):
        self.db.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", row)

    def _lock(self):
        """The folder, open and locked: two graders would each grade the whole class."""
        import fcntl  # which Windows does not have; there nothing is graded

        try:
            self.out.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.out, os.O_RDONLY | os.O_DIRECTORY)
        except (FileExistsError, NotADirectoryError):
            raise Refused(f"{self.out} is a file or lies in one; name a new folder for the grades") from None
        except OSError as error:
            raise Refused(f"{self.out} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(folder)
            raise Refused(f"another grader is at work in {self.out}") from None
        return folder

    def _is_new(self):
        """Whether the folder is empty. If not, it must hold the gradebook of this suite."""
        there = {path.name for path in self.out.iterdir()}
        if FILE not in there:
            if there - {PART, f"{PART}-journal"}:
                raise Refused(f"{self.out} holds other files and no gradebook; {ELSEWHERE}")
            return True
        try:
            uri = f"{(self.out / FILE).resolve().as_uri()}?immutable=1"  # leaves no trace; the suite never changes
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
                ((sha256, lab),) = db.execute("SELECT sha256, lab FROM suite")
        except (sqlite3.Error, ValueError):
            raise Refused(f"{self.out / FILE} is not a gradebook; {ELSEWHERE}") from None
        if (lab, sha256) != self.key:
            what = "with another seed or other questions" if lab == self.key[0] else f"of {lab}, not of {self.key[0]}"
            remedy = "name another folder, or give the --seed-file it was made with"
            raise Refused(f"{self.out} holds grades {what}; {remedy}")
        return False

    def _make(self):
        """An empty gradebook, whole from the moment it has its name, with the suite in it and not in a journal."""
        part = self.out / PART
        part.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(part)) as db:
            db.executescript(SCHEMA)
            with db:
                db.execute("INSERT INTO suite VALUES (?, ?)", self.key[::-1])
        part.rename(self.out / FILE)
