"""The trusted side: puts a suite's questions to each submission's process and judges what comes back.

One submission can lose nothing but its own questions: whatever it does happens to a process of its own, and a question
that ends that process is lost alone; the next is put to a new one, in which the other cells have run again.
"""

import hashlib
import queue
import threading
import traceback
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from .. import __version__
from ..labs.question import Failure, Lab, Outcome, judge, score
from . import submission, wire
from .session import Broken, Zygote
from .sitting import Sitting, on_the_wire

WORST_FIRST = (
    "grader-error", "unreadable", "exited", "timeout", "memory", "syntax", "exception", "wrong", "missing", "pass"
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Suite:
    """A lab's questions with their cases, the hidden ones drawn from the secret seed. ``sha256`` tells suites apart."""

    lab: Lab
    cases: dict  # name of a question -> its cases
    sha256: str
    questions: dict  # name of a question -> the sha256 of all it asks


class Grade(NamedTuple):
    """What became of one submission."""

    student: str
    status: str  # the worst of its questions', or of what its cells did to their process
    outcomes: dict  # name of a question -> Outcome
    submission_sha256: str = ""
    note: str = ""
    cpu: float = 0.0  # seconds, in its processes

    @property
    def score(self):
        """Points, or None where the grader failed: that is not the student's fault."""
        blank = any(outcome.status == "grader-error" for outcome in self.outcomes.values())
        return None if blank else round(sum(outcome.score for outcome in self.outcomes.values()), 6)


def make_suite(lab, seed):
    """The Suite of a lab for a seed (an int). Its sha256 covers all that can change a grade."""
    cases = {question.name: tuple(question.cases(seed)) for question in lab.questions}
    questions = {question.name: _digest(question, cases[question.name]) for question in lab.questions}
    whole = wire.pack([__version__, lab.name, str(seed), questions], whole=True)
    return Suite(lab, cases, hashlib.sha256(whole).hexdigest(), questions)


def _digest(question, cases):
    digest = hashlib.sha256(wire.pack([question.name, question.points, question.signature], whole=True))
    for case in cases:
        terms = [case.name, on_the_wire(case.calls), list(case.expected)]
        digest.update(wire.pack([*terms, case.rtol, case.atol, case.hidden, case.item, case.keeps], whole=True))
    return digest.hexdigest()


def grade_class(submissions, suite, tier, limits, jobs=1, known=frozenset(), kept=MappingProxyType({})):
    """Yield a Grade for each submission as it is ready; for those whose (student, sha256) is known, just that pair.

    ``kept`` maps such pairs to the Outcomes, by question, that are not to be found again.
    """
    todo, done, zygotes = queue.SimpleQueue(), queue.SimpleQueue(), []
    for one in submissions:
        todo.put(one)

    def work(zygote):
        while True:
            try:
                done.put(grade(todo.get_nowait(), suite, zygote, known, kept))
            except queue.Empty:
                return
            except BaseException as error:  # ours to raise, where it can be seen
                return done.put(error)

    try:
        for _ in range(max(1, min(jobs, len(submissions)))):
            zygotes.append(Zygote(tier, limits))
            threading.Thread(target=work, args=[zygotes[-1]], daemon=True).start()
        for _ in submissions:
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        for zygote in zygotes:
            zygote.close()


def grade(found, suite, zygote, known=frozenset(), kept=MappingProxyType({})):
    """The Grade of one submission, or the pair (student, sha256) if that is known."""
    data = fetch(found, suite, known)
    return grade_bytes(found, data, suite, zygote, kept) if isinstance(data, bytes) else data


def fetch(found, suite, known=frozenset()):
    """The bytes of a submission; where they need not be looked into, its Grade or the pair that is known."""
    if found.path is None:
        return _alike(found, suite, "missing", found.note)
    try:
        data = submission.read(found.path)
    except submission.Unreadable as error:
        return _alike(found, suite, "unreadable", str(error))
    pair = found.student, hashlib.sha256(data).hexdigest()
    return pair if pair in known else data


def grade_bytes(found, data, suite, zygote, kept=MappingProxyType({})):
    """The Grade of a submission whose bytes are at hand. It raises nothing."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        outcomes = kept.get((found.student, sha256), {})
        return _examine(found, data, suite, zygote, outcomes)._replace(submission_sha256=sha256)
    except submission.Unreadable as error:
        return _alike(found, suite, "unreadable", str(error), sha256)
    except Broken as error:
        return failed(found, suite, str(error), sha256)
    except Exception as error:  # a fault of ours must cost neither this student nor the rest of the class
        where = traceback.extract_tb(error.__traceback__)[-1]
        sentence = f"the grader failed with {type(error).__name__}: {error} ({where.filename}, line {where.lineno})"
        return failed(found, suite, sentence, sha256)


def failed(found, suite, sentence, sha256=""):
    """The Grade of a submission at which the grader failed: blank, to be tried again."""
    return _alike(found, suite, "grader-error", sentence, sha256)


def absent(student, suite):
    """The Grade of someone on the roster who handed nothing in."""
    return _alike(submission.Submission(student, None), suite, "missing", "nothing was handed in")


def _alike(found, suite, status, sentence, sha256=""):
    """A Grade without a run: every question has the same status and says why."""
    outcomes = {q.name: Outcome(status, 0, q.points, sentence) for q in suite.lab.questions}
    return Grade(found.student, status, outcomes, sha256, found.note or sentence)


def _examine(found, data, suite, zygote, kept=MappingProxyType({})):
    asked = [question for question in suite.lab.questions if question.name not in kept]
    judged, sitting = examine(data, suite, zygote, asked)
    new = {question.name: score(question, judged[question.name]) for question in asked}
    outcomes = {name: kept.get(name) or new[name] for name in suite.cases}
    statuses = {outcome.status for outcome in outcomes.values()} | {fate.status for fate in sitting.lost.values()}
    note = "; ".join(filter(None, [found.note, *sitting.notes]))
    return Grade(found.student, min(statuses, key=WORST_FIRST.index), outcomes, note=note, cpu=sitting.cpu)


def examine(data, suite, zygote, questions=None):
    """The Outcome of each case, by the name of its question, and the Sitting in which they came about.

    Without ``questions`` all of the suite's are asked.
    """
    sitting = Sitting(data, zygote)
    asked = suite.lab.questions if questions is None else questions
    outcomes = {q.name: list(_try(sitting, q, suite.cases[q.name])) for q in asked}
    sitting.close()
    return outcomes, sitting


def _try(sitting, question, cases):
    """The Outcomes of one question's cases. A case that ends the process is the last that is tried."""
    for case in cases:
        answers = sitting.answers(question.name, case)
        if isinstance(answers[0], Failure) and answers[0].status == "missing":
            status, sentence = sitting.why_missing(question.name)
            yield Outcome(status, 0, question.points, sentence)
            return
        try:
            yield judge(question, case, answers)
        except Exception as error:
            yield Outcome("grader-error", 0, question.points, f"the judge failed with {type(error).__name__}: {error}")
        if sitting.child is None:
            return
