"""The gradebook, OUT/gradebook.sqlite: every grade given to a class, what the teacher changed, and the history of both.

A grade is found again by student, lab, what was handed in and what it was asked, the last two by their sha256. So
grading again repeats nothing that is known, and a grader that was killed loses no more than what it was at work on.
What a teacher decides stands beside what the grader found and never in place of it; marks.py says what counts.
"""

import contextlib
import getpass
import os
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ..contract import nearest
from ..labs.question import Outcome
from . import Refused
from .grader import Grade
from .marks import LatePolicy, Override, mark

FILE = "gradebook.sqlite"
PART = f"{FILE}.part"
ELSEWHERE = "name a new or an empty folder for the grades"
KEY = "student, lab, submission_sha256, suite_sha256"
FIELDS = ", ".join(f'"{field}"' for field in Outcome._fields[:-1])  # the last is of cases
SCHEMA = f"""
CREATE TABLE suite (sha256 TEXT PRIMARY KEY, lab TEXT NOT NULL);  -- the last one is in force
CREATE TABLE asked (  -- what each suite asks; a question that stays the same keeps its sha256
    suite_sha256 TEXT REFERENCES suite (sha256), question TEXT, points REAL NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (suite_sha256, question)
);
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
CREATE TABLE overrides (  -- question is '' where the whole score is set
    student TEXT, question TEXT, points REAL NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (student, question)
);
CREATE TABLE class (  -- as it was last graded to the end
    student TEXT PRIMARY KEY, submission_sha256 TEXT NOT NULL, suite_sha256 TEXT NOT NULL, handed_in TEXT
);
CREATE TABLE late (due TEXT NOT NULL, percent REAL NOT NULL, grace REAL NOT NULL, cap REAL NOT NULL);  -- at most a row
CREATE TABLE history (
    at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, student TEXT NOT NULL, question TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history stays'); END;
CREATE TRIGGER history_is_not_erased BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history stays'); END;
"""


class Event(NamedTuple):
    """A line of the history: when (UTC), who, what, of which student and question, and the particulars."""

    at: str
    who: str
    what: str
    student: str
    question: str
    detail: str


class Gradebook:
    """The gradebook of the folder ``out``, ours alone until the end of the with block.

    With a ``suite`` it is made if need be. Refused, with nothing in the folder touched, if it is not a new folder, an
    empty one or the gradebook of this suite; one that differs in the questions ``again`` alone takes its place.
    Without a suite it must be there, and what its suite asks is known, though not the cases.
    """

    def __init__(self, out, suite=None, again=()):
        self.out, self.suite, self.again = Path(out), suite, frozenset(again)

    def __enter__(self):
        with contextlib.ExitStack() as opened:
            opened.callback(os.close, self._lock())
            if self._is_new():
                self._make()
            self.db = opened.enter_context(contextlib.closing(sqlite3.connect(self.out / FILE)))
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self._take_suite()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_):
        self._opened.close()

    # ------------------------------------------------------------------------------------------------ what is known

    def known(self, again=()):
        """The (student, submission sha256) not to be graded again: all that is complete, but of the students ``again``.

        Where the grader failed, it is to try again; where questions are to be asked again, everyone is.
        """
        if self.again:
            return frozenset()
        rows = self.db.execute(
            "SELECT student, submission_sha256 FROM grades"
            " WHERE lab = ? AND suite_sha256 = ? AND submission_sha256 != '' AND status != 'grader-error'",
            (self.lab, self.sha256),
        )
        return frozenset(row for row in rows if row[0] not in again)

    def kept(self, again=()):
        """The Outcomes to keep of what is not known as a whole: those of a question that has stayed the same.

        A dict from (student, submission sha256) to a dict from question to Outcome.
        """
        known, kept = self.known(), defaultdict(dict)
        rows = self.db.execute(
            f"SELECT student, submission_sha256, question, {FIELDS} FROM questions"
            " JOIN asked USING (suite_sha256, question) JOIN asked AS now USING (question, sha256)"
            " WHERE lab = ? AND now.suite_sha256 = ? AND submission_sha256 != '' AND status != 'grader-error'"
            " ORDER BY questions.rowid",
            (self.lab, self.sha256),
        )
        for student, sha256, question, *entries in rows:
            if (student, sha256) not in known and student not in again and question not in self.again:
                kept[student, sha256][question] = _outcome(entries)
        return dict(kept)

    def grade(self, student, sha256, suite_sha256=None):
        """A grade that was recorded."""
        key = (student, self.lab, sha256, suite_sha256 or self.sha256)
        where = f"WHERE ({KEY}) = (?, ?, ?, ?)"
        rows = self.db.execute(f"SELECT question, {FIELDS} FROM questions {where} ORDER BY rowid", key)
        outcomes = {name: _outcome(entries) for name, *entries in rows}
        ((status, note, cpu),) = self.db.execute(f"SELECT status, note, cpu FROM grades {where}", key)
        return Grade(student, status, outcomes, sha256, note, cpu)

    def marks(self):
        """The Mark of each student of the class as it was last graded to the end, by name."""
        policy, overrides = self.late_policy(), defaultdict(dict)
        for student, question, points, reason in self.db.execute("SELECT * FROM overrides"):
            overrides[student][question] = Override(points, reason)
        return [
            mark(self.grade(student, sha256, suite), self._asked(suite), overrides[student], policy, handed_in)
            for student, sha256, suite, handed_in in self.db.execute("SELECT * FROM class ORDER BY student").fetchall()
        ]

    def late_policy(self):
        """The LatePolicy in force, None if there is none."""
        row = self.db.execute("SELECT due, percent, grace, cap FROM late").fetchone()
        return row and LatePolicy(*row)

    def history(self, student=None):
        """The Events so far, of one student or of all, in order."""
        where, values = ("", ()) if student is None else (" WHERE student = ?", (student,))
        columns = ", ".join(Event._fields)
        return [Event(*row) for row in self.db.execute(f"SELECT {columns} FROM history{where} ORDER BY rowid", values)]

    # ---------------------------------------------------------------------------------------------- what is written

    def record(self, grade):
        """Write one grade, for good when this returns; it takes the place of an earlier one with the same key."""
        key = (grade.student, self.lab, grade.submission_sha256, self.sha256)
        whole = (grade.status, grade.score, sum(self.asked.values()), grade.note, grade.cpu)
        with self.db:
            before = self.db.execute(f"SELECT score FROM grades WHERE ({KEY}) = (?, ?, ?, ?)", key).fetchone()
            if before is None:
                self._event("graded", grade.student, "", f"{_points(grade.score)}, {grade.status}")
            elif grade.submission_sha256 or before[0] != grade.score:
                change = f"{_points(before[0])} -> {_points(grade.score)}, {grade.status}"
                self._event("graded again", grade.student, "", change)
            self._insert("grades", f"{KEY}, status, score, max_score, note, cpu", key + whole)
            for name, outcome in grade.outcomes.items():
                entries = outcome._replace(matches="\n".join(outcome.matches))[:-1]
                self._insert("questions", f"{KEY}, question, {FIELDS}", (*key, name, *entries))

    def set_class(self, rows):
        """Say who is in the class: (student, sha256 of what is graded of theirs, when it was handed in or None)."""
        with self.db:
            self.db.execute("DELETE FROM class")
            rows = [(student, sha256, self.sha256, handed_in) for student, sha256, handed_in in rows]
            self.db.executemany("INSERT INTO class VALUES (?, ?, ?, ?)", rows)

    def set_late_policy(self, policy):
        """Take points off what is late from now on; None takes off nothing."""
        if policy == self.late_policy():
            return
        with self.db:
            self.db.execute("DELETE FROM late")
            if policy is not None:
                self._insert("late", "due, percent, grace, cap", policy)
            self._event("late policy", "", "", policy.sentence() if policy else "none")

    def override(self, student, question, points, reason):
        """Set what ``question`` counts for a student, or the whole score where question is ""; Refused if it cannot be.

        ``points`` None takes the override back.
        """
        self._check_override(student, question, points, reason)
        key = (student, question)
        with self.db:
            before = self.db.execute(
                "SELECT points FROM overrides WHERE (student, question) = (?, ?)", key
            ).fetchone()
            if points is None:
                if before is None:
                    raise Refused(f"nothing was overridden for {student}{question and f' in {question}'}")
                self.db.execute("DELETE FROM overrides WHERE (student, question) = (?, ?)", key)
                self._event("override withdrawn", *key, reason)
            else:
                self._insert("overrides", "student, question, points, reason", (*key, points, reason))
                self._event("override", *key, f"{points:g}: {reason}")

    def exported(self, target, path):
        """Note that marks were handed on."""
        with self.db:
            self._event("exported", "", "", f"{target}: {path}")

    # -------------------------------------------------------------------------------------------------------- within

    def _check_override(self, student, question, points, reason):
        students = [row[0] for row in self.db.execute("SELECT student FROM class")]
        if student not in students:
            raise Refused(f"there is no student {student!r} in {self.out}; {nearest(student, students)}")
        if question and question not in self.asked:
            raise Refused(f"{self.lab} has no question {question!r}; {nearest(question, self.asked)}")
        most = self.asked[question] if question else sum(self.asked.values())
        if points is not None and not 0 <= points <= most:
            raise Refused(f"{question or self.lab} is worth 0 to {most:g} points, not {points:g}")
        if not reason.strip():
            raise Refused("an override needs a reason, which is kept in the gradebook")

    def _event(self, what, student, question, detail):
        now = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
        self._insert("history", ", ".join(Event._fields), (now, _whoami(), what, student, question, detail))

    def _insert(self, table, columns, row):
        self.db.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", row)

    def _lock(self):
        """The folder, open and locked: two graders would each grade the whole class."""
        import fcntl  # which Windows does not have; there nothing is graded

        try:
            if self.suite is not None:
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
        """Whether the folder is empty. If not, it must hold a gradebook that this suite may go on with."""
        there = {path.name for path in self.out.iterdir()}
        if FILE not in there:
            if self.suite is None:
                raise Refused(f"{self.out} holds no gradebook; name the folder that was given to --out")
            if there - {PART, f"{PART}-journal"}:
                raise Refused(f"{self.out} holds other files and no gradebook; {ELSEWHERE}")
            return True
        try:
            how = "mode=rw" if f"{FILE}-wal" in there else "immutable=1"  # no trace, unless a killed grader left one
            uri = f"{(self.out / FILE).resolve().as_uri()}?{how}"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
                sha256, lab = db.execute("SELECT sha256, lab FROM suite ORDER BY rowid DESC").fetchone()
                asked = dict(db.execute("SELECT question, sha256 FROM asked WHERE suite_sha256 = ?", (sha256,)))
        except (sqlite3.Error, ValueError, TypeError):
            raise Refused(f"{self.out / FILE} is not a gradebook; {ELSEWHERE}") from None
        if self.suite is not None:
            self._compare(lab, sha256, asked)
        return False

    def _compare(self, lab, sha256, asked):
        """Refuse a suite that the gradebook cannot go on with."""
        ours, remedy = self.suite, "name another folder"
        if lab != ours.lab.name:
            raise Refused(f"{self.out} holds grades of {lab}, not of {ours.lab.name}; {remedy}")
        changed = [name for name, digest in ours.questions.items() if asked.get(name) != digest]
        if sha256 == ours.sha256 or changed and set(changed) <= self.again:
            return
        if self.again and set(changed) - self.again:
            others = ", ".join(name for name in changed if name not in self.again)
            raise Refused(f"in {self.out} {others} changed as well; ask all of them again, or {remedy}")
        remedy += ", or give the --seed-file it was made with"
        raise Refused(f"{self.out} holds grades with another seed or other questions; {remedy}")

    def _make(self):
        """An empty gradebook, whole from the moment it has its name, with the suite in it and not in a journal."""
        part = self.out / PART
        part.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(part)) as self.db:
            self.db.executescript(SCHEMA)
            with self.db:
                self._add_suite()
        part.rename(self.out / FILE)

    def _add_suite(self):
        sha256, lab = self.suite.sha256, self.suite.lab
        self.db.execute("INSERT OR REPLACE INTO suite VALUES (?, ?)", (sha256, lab.name))
        rows = [(sha256, q.name, q.points, self.suite.questions[q.name]) for q in lab.questions]
        self.db.executemany("INSERT OR REPLACE INTO asked VALUES (?, ?, ?, ?)", rows)
        self._event("suite", "", "", f"{lab.name} {sha256}")

    def _take_suite(self):
        """The suite in force from now on: its lab, its sha256, and the points of what it asks."""
        last = "SELECT sha256, lab FROM suite ORDER BY rowid DESC"
        if self.suite is not None and self.db.execute(last).fetchone()[0] != self.suite.sha256:
            with self.db:
                self._add_suite()
        self.sha256, self.lab = self.db.execute(last).fetchone()
        self.asked = self._asked(self.sha256)

    def _asked(self, sha256):
        asked = "SELECT question, points FROM asked WHERE suite_sha256 = ? ORDER BY rowid"
        return dict(self.db.execute(asked, (sha256,)))


def _outcome(entries):
    outcome = Outcome(*entries)
    return outcome._replace(matches=tuple(outcome.matches.split("\n")) if outcome.matches else ())


def _points(score):
    return "no score" if score is None else f"{score:g}"


def _whoami():
    """Whoever runs this, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
