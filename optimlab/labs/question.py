"""A graded question as data: the calls to make, what they must return, and how the answers are judged.

No student code runs here. ``check`` makes the calls in the learner's own process, the grader in a process of the
student's; both hand the answers to ``judge``, which trusts neither their types nor their shapes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

STATUSES = (
    "pass", "wrong", "missing", "syntax", "exception", "timeout", "memory", "exited", "unreadable", "grader-error"
)  # fmt: skip
NOT_WRITTEN = "NotImplementedError"
BLEW_UP = ("ZeroDivisionError", "FloatingPointError", "OverflowError", "ValueError: math domain", "ValueError: expected a")


class Ref(NamedTuple):
    """Entry ``item`` of what call number ``call`` (from 0) returned, or all of it. It never leaves the student's process."""

    call: int
    item: int | None = None


class Call(NamedTuple):
    """One call ``f(*args, **kwargs)``; an argument may be a Ref."""

    args: tuple = ()
    kwargs: Mapping[str, Any] = {}


class Failure(NamedTuple):
    """What stands in place of a call's answer when there is none: a status of STATUSES and what happened."""

    status: str
    message: str = ""


class Opaque(NamedTuple):
    """A value that stayed in the student's process."""

    kind: str = "object"


class Case(NamedTuple):
    """One test: calls made in order, and what each must give within ``atol + rtol * |expected|``."""

    name: str  # what is tried, for the learner
    calls: tuple[Call, ...]
    expected: tuple  # one entry a call
    rtol: float
    atol: float
    hidden: bool = False  # nothing of its inputs or answers is ever shown
    item: int | None = None  # compare only this entry of each answer; the rest (a state) is the student's own affair
    variants: Mapping[str, tuple] = {}  # known mistake -> what it answers to these calls


class Question(NamedTuple):
    """One function that a student writes. ``cases(seed)`` are the fixed visible cases and hidden ones drawn from seed."""

    name: str  # of the function
    points: float
    signature: str  # "(theta, g, state, *, lr, beta=0.9)"
    prompt: str  # what to write, in one sentence
    cases: Callable[[int], tuple[Case, ...]]
    mistakes: tuple = ()  # of optimlab.mistakes.Mistake: each has name, sentence, body


class Lab(NamedTuple):
    """A notebook of questions."""

    name: str  # "lab04_race", also the notebook's
    title: str
    questions: tuple[Question, ...]

    @property
    def max_score(self):
        return sum(question.points for question in self.questions)


class Outcome(NamedTuple):
    """What became of a case or of a whole question, in points."""

    status: str
    score: float
    max_score: float
    diagnosis: str = ""  # one sentence for the learner, "" when all is well
    case: str = ""  # where it first went wrong, and at which call (from 1); what it should have been and what came
    step: int | None = None
    expected: str = ""
    got: str = ""
    matches: tuple[str, ...] = ()  # known mistakes that would have answered the same


def judge(question, case, answers):
    """The Outcome of one case, from one answer a call: a returned value or a Failure."""
    raise NotImplementedError


def score(question, outcomes):
    """The Outcome of a question, from those of all its cases: a question is worth its worst case."""
    raise NotImplementedError
