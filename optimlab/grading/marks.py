"""What counts: the grader's points, the teacher's overrides in their place, and less for what came late.

The grader's finding is never changed. An override of a question takes the place of its points, one of the whole score
is final; the penalty for being late is taken from the sum of the points otherwise.
"""

import math
from datetime import UTC, datetime
from typing import NamedTuple

from . import Refused
from .grader import Grade


class Override(NamedTuple):
    """What the teacher decided, and why."""

    points: float
    reason: str


class LatePolicy(NamedTuple):
    """Take ``percent`` off for each day begun after ``due`` (ISO, with its time zone) and ``grace`` hours, to ``cap``."""

    due: str
    percent: float
    grace: float = 0.0  # hours
    cap: float = 100.0  # percent

    def days(self, handed_in):
        """How many days have begun since the work was due; 0 for what was in time."""
        late = datetime.fromisoformat(handed_in) - datetime.fromisoformat(self.due)
        hours = late.total_seconds() / 3600
        return math.ceil(hours / 24) if hours > self.grace else 0

    def share(self, handed_in):
        """The share of the points that is taken off.

        >>> LatePolicy("2026-12-01T12:00+01:00", percent=10).share("2026-12-02T11:30+00:00")
        0.2
        """
        return min(self.percent * self.days(handed_in), self.cap) / 100

    def sentence(self):
        """The policy in words."""
        due = self.due.replace("T", " ")
        grace = f" and {self.grace:g} h of grace" if self.grace else ""
        cap = f", at most {self.cap:g} %" if self.cap < 100 else ""
        return f"{self.percent:g} % off for each day begun after {due}{grace}{cap}"


class Mark(NamedTuple):
    """What a student gets. ``score`` and single ``points`` are None where the grader failed and nobody decided."""

    student: str
    status: str
    score: float | None
    max_score: float
    points: dict  # question -> what it counts
    raw: float | None  # the sum of points, before anything was taken off
    late_days: int
    overrides: dict  # question, "" for the whole -> Override
    handed_in: str | None
    grade: Grade  # what the grader found

    @property
    def penalty(self):
        """Points that were taken off for being late."""
        return 0.0 if self.raw is None or self.score is None or "" in self.overrides else self.raw - self.score


def mark(grade, asked, overrides, policy=None, handed_in=None):
    """The Mark for a Grade; ``asked`` maps questions to their points, ``overrides`` to what the teacher decided."""
    points = {}
    for name in asked:
        outcome = grade.outcomes[name]
        points[name] = None if outcome.status == "grader-error" else outcome.score
        if name in overrides:
            points[name] = overrides[name].points
    blank = any(each is None for each in points.values())
    raw = None if blank else round(sum(points.values()), 6)
    days = policy.days(handed_in) if policy and handed_in else 0
    score = raw if raw is None or not days else round(raw * (1 - policy.share(handed_in)), 6)
    if "" in overrides:
        score = overrides[""].points
    return Mark(grade.student, grade.status, score, sum(asked.values()), points, raw, days, overrides, handed_in, grade)


def moment(text, what):
    """A time as ISO text with its zone, the machine's where ``text`` names none; Refused if it is no time."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused(f"{what} is {text!r}; write a time like 2026-12-01T23:59 or 2026-12-01T23:59+01:00") from None
    return when.astimezone().isoformat(timespec="seconds")


def moment_of(seconds):
    """The time of a file, as ISO text in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
