"""What a learner calls in a lab: ``check(adam)`` says at once whether it is right and, if not, where it first errs.

It asks the questions the grader will ask, with inputs that may be seen, in the learner's own process. It also insists
on what the contract promises and numbers cannot show: no argument changed, a state that is a dict. A loop over entries
where arrays were meant is right all the same and draws a remark.
"""

import ast
import contextlib
import copy
import functools
import html
import inspect
import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .contract import nearest
from .labs import load, names
from .labs.play import play
from .labs.question import judge, plain, score

__all__ = ["Verdict", "check", "checker"]

SEED = 0  # of the drawn cases; the grader draws its own
RIGHT, WRONG = "#009E73", "#D55E00"
FORGETFUL = "asked the first case again it answers otherwise: what it remembers belongs in the state it returns"
IMPURE = "asked the first case again it answers otherwise: it may depend on its arguments alone"
_SO_FAR = {}  # name of a lab -> {question: points}, as last checked in this process


@dataclass(frozen=True, eq=False)
class Verdict:
    """The answer of ``check``: true or false, and a small table that says why, for terminals and for notebooks."""

    name: str
    passed: bool
    headline: str
    rows: tuple = ()  # of (label, text)
    points: float = 0.0
    progress: str = ""  # how far the lab is

    def __bool__(self):
        return self.passed

    def __repr__(self):
        width = max((len(label) for label, _ in self.rows), default=0)
        rows = [f"  {label:{width}}  {text}" for label, text in self.rows]
        progress = [f"  [{self.progress}]"] if self.progress else []
        return "\n".join([f"{self.name}: {self.headline}", *rows, *progress])

    def _repr_html_(self):
        cell = '<td style="text-align: left; background: transparent; vertical-align: top">'
        rows = "".join(
            f"<tr>{cell}{html.escape(label)}</td>{cell}{html.escape(text)}</td></tr>" for label, text in self.rows
        )
        mark, color = ("✓", RIGHT) if self.passed else ("✗", WRONG)
        return (
            f'<div style="border-left: 4px solid {color}; padding-left: 0.8em">'
            f"{mark} <b>{html.escape(self.name)}</b>: {html.escape(self.headline)}"
            f"{f'<table>{rows}</table>' if rows else ''}"
            f"{f'<div><small>{html.escape(self.progress)}</small></div>' if self.progress else ''}</div>"
        )


def check(function=None, lab=None, **stored):
    """Try ``function`` on the cases of the question that has its name, and say what came of it.

    An answer that is no function but a value in a variable is checked by its name: ``check(edge=edge)``. ``lab``
    ("lab04_race") says which lab is meant where several ask for that name; see ``checker``. The verdict is true if all
    is right; where it is not, it shows the first differing step and names the mistake, if it is a known one.

    >>> def sgd(theta, g, state, *, lr, weight_decay=0):
    ...     return theta + lr * (g + weight_decay * theta), {}
    >>> check(sgd, lab="lab04_race")
    sgd: not yet (0 of 8 cases right)
      case      one step from 1 along g = 2 with lr = 0.25
      step      1
      expected  0.5
      got       1.5
      why       matches gradient ascent: the gradient points uphill, so its step is subtracted
      [lab04_race: 0 of 20 points so far]
    >>> def sgd(theta, g, state, *, lr, weight_decay=0):
    ...     return theta - lr * (g + weight_decay * theta), {}
    >>> check(sgd, lab="lab04_race")
    sgd: right (8 cases)
      [lab04_race: 2 of 20 points so far]
    """
    name = plain(next(iter(stored), None) or getattr(function, "__name__", "check"), 40)
    try:
        labs = _labs(lab)
        name, answer = _named(function, stored, labs)
        lab, question = _question(name, labs)
        _insist_on_kind(answer, question)
    except _Complaint as complaint:
        return Verdict(name, False, str(complaint))
    verdict = _try(question, answer)
    so_far = _SO_FAR.setdefault(lab.name, {})
    so_far[question.name] = verdict.points
    total = sum(so_far.values())
    return replace(verdict, progress=f"{lab.name}: {total:.3g} of {lab.max_score:g} points so far")


def checker(lab):
    """``check`` for the questions of one lab, so that it need not be named again.

    >>> check = checker("lab04_race")
    >>> check(3.0)
    check: give it a function, not a value of type float; a stored answer by its name, check(name=value)
    """
    load(lab)  # an unknown lab is told now
    return functools.partial(check, lab=lab)


def check_notebook(notebook, lab):
    """The Verdict on each question of a lab, the notebook's cells run in this process: for systems that cannot fork.

    A cell that fails is left out, as the grader leaves it out; what it was to define is not there.
    """
    space = {"__name__": "__main__", "display": lambda *shown: None}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            if cell.cell_type == "code" and "experiment" not in cell.metadata.get("tags", []):
                with contextlib.suppress(Exception):
                    exec(compile(cell.source, "<cell>", "exec"), space)
    return [
        _try(question, space[question.name])
        if question.name in space and callable(space[question.name]) != question.stored
        else Verdict(question.name, False, "not written yet")
        for question in lab.questions
    ]


def _try(question, answer):
    """The Verdict on an answer of the right kind, by the cases that may be seen."""
    cases = [case._replace(hidden=False) for case in question.cases(SEED)]
    if question.stored:
        return verdict(question, [judge(question, case, [answer]) for case in cases])
    try:
        _insist_on_arguments(answer, question)
    except _Complaint as complaint:
        return Verdict(question.name, False, str(complaint))
    watched = _Watched(answer, list(_signature(question).parameters))
    with np.errstate(all="ignore"):
        outcomes = [judge(question, case, play(watched, case.calls)) for case in cases]
        again = judge(question, cases[0], play(watched, cases[0].calls))
    found = verdict(question, outcomes, watched.complaint)
    if found.rows and again != outcomes[0]:
        return replace(found, rows=(*found.rows, ("hint", FORGETFUL if watched.steps else IMPURE)))
    if found and question.arrays and _loops(answer):
        return replace(found, rows=(*found.rows, ("remark", LOOPS)))
    return found


class _Complaint(Exception):
    """A sentence about how check was called, or about the function as such."""


def _labs(lab):
    try:
        return [load(lab)] if lab is not None else [load(name) for name in names()]
    except ValueError as error:
        raise _Complaint(str(error)) from None


def _named(function, stored, labs):
    """The name of what is to be checked, and itself."""
    if len(stored) + (function is not None) > 1:
        raise _Complaint("one at a time: a function, check(adam), or a stored answer by its name, check(name=value)")
    if stored:
        return next(iter(stored.items()))
    if isinstance(function, str):
        name = plain(function, 40)
        form = f"{name}={name}" if name in [q.name for lab in labs for q in lab.questions if q.stored] else name
        raise _Complaint(f"give it the function or the answer itself, without quotes: check({form})")
    if not callable(function):
        asked = [question.name for lab in labs for question in lab.questions if question.stored]
        form = f"check({asked[0]}={asked[0]})" if len(set(asked)) == 1 else "check(name=value)"
        raise _Complaint(f"give it a function, not a value of type {_type(function)}; a stored answer by its name, {form}")
    name = getattr(function, "__name__", "<object>")
    if name == "<lambda>":
        raise _Complaint("a lambda has no name to go by; write the function with def")
    return name, function


def _question(name, labs):
    found = [(lab, question) for lab in labs for question in lab.questions if question.name == name]
    if not found:
        asked = dict.fromkeys(question.name for lab in labs for question in lab.questions)
        raise _Complaint(f"no question asks for {plain(name, 40)!r}; {nearest(name, asked)}")
    if len(found) > 1:
        where = " and ".join(lab.name for lab, _ in found)
        form = f"{name}={name}" if found[-1][1].stored else name
        raise _Complaint(f'{name} is asked for in {where}; say which, for example check({form}, lab="{found[-1][0].name}")')
    return found[0]


def _insist_on_kind(answer, question):
    name = question.name
    if question.stored and callable(answer):
        raise _Complaint(f"{name} must hold the answer itself, not a function; check it with check({name}={name})")
    if not question.stored and not callable(answer):
        raise _Complaint(f"{name} must be a function, {name}{question.signature}, not a value of type {_type(answer)}")


def _type(value):
    return plain(type(value).__name__, 40)


LOOPS = "it loops over entries in Python; NumPy does whole arrays at once, and many times faster (no points are lost)"


def _loops(function):
    """Whether a function loops over the entries of its arguments: over one of them, or over a range of numbers."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # written where no source can be had
        return False
    arguments = {name for name in inspect.signature(function).parameters if name != "state"}
    loops = (node.iter for node in ast.walk(tree) if isinstance(node, (ast.For, ast.comprehension)))
    names = {getattr(node, "id", getattr(node, "attr", None)) for loop in loops for node in ast.walk(loop)}
    return bool(names & (arguments | {"range", "ndindex", "ndenumerate", "nditer", "flat"}))


def _signature(question):
    """The signature that is asked for; its text is the lab's own, so evaluating it is safe."""
    return inspect.signature(eval(f"lambda {question.signature[1:-1]}: None"))


def _insist_on_arguments(function, question):
    name, asked = question.name, _signature(question)
    try:
        given = inspect.signature(function)
    except (TypeError, ValueError):
        raise _Complaint("its arguments cannot be read; write the function with def") from None
    form = f"it must be {name}{question.signature}, yours is {name}{plain(given)}"
    hyper = [p for p in asked.parameters.values() if p.kind is p.KEYWORD_ONLY]
    positional = [None] * (len(asked.parameters) - len(hyper))
    keywords = set(given.parameters)
    for required_only in (False, True):
        named = {p.name: p.default for p in hyper if not required_only or p.default is p.empty}
        try:
            given.bind(*positional, **named)
        except TypeError:
            lacking = [p.name for p in hyper if p.name not in keywords]
            hint = f"; it lacks {', '.join(lacking)}" if lacking else ""
            raise _Complaint(form + hint) from None
    for p in hyper:
        own = given.parameters.get(p.name)
        if own is not None and p.default is not p.empty and not _equal(own.default, p.default):
            raise _Complaint(f"{p.name} must be {p.default:g} by default; {form}")


class _Watched:
    """A function that is watched while it works: which of its arguments it changes, what state it returns."""

    def __init__(self, function, arguments):
        self.function, self.arguments, self.complaint = function, arguments, None
        self.steps = "state" in arguments

    def __call__(self, *args, **kwargs):
        before = _copy(args)
        answer = self.function(*args, **kwargs)
        if self.complaint is None:
            self.complaint = self._changed(before, args) or self._form(answer)
        return answer

    def _changed(self, before, after):
        for name, was, now in zip(self.arguments, before, after):
            if not _equal(was, now):
                remedy = f"work on {name}.copy(), or make a new one" if name != "state" else "return a new dict"
                return f"it changes {name} in place; leave its arguments alone ({remedy})"
        return None

    def _form(self, answer):
        if self.steps and isinstance(answer, (tuple, list)) and len(answer) == 2 and not isinstance(answer[1], dict):
            return (
                f"the state it returns must be a dict, got a value of type {_type(answer[1])}; "
                "with nothing to remember, {}"
            )
        return None


def _copy(args):
    """A deep copy of each argument; one that cannot be copied stands for itself and is not watched."""
    copies = []
    for argument in args:
        try:
            copies.append(copy.deepcopy(argument))
        except Exception:
            copies.append(argument)
    return copies


def _equal(a, b):
    """Whether two arguments are the same value, NaN being itself."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, (int, float, np.ndarray, np.generic)) and isinstance(b, (int, float, np.ndarray, np.generic)):
        return bool(np.array_equal(a, b) or np.array_equal(a, b, equal_nan=np.result_type(a, b).kind in "fc"))
    return type(a) is type(b)  # of other kinds of state nothing is known


def verdict(question, outcomes, complaint=None):
    """The Verdict on a question whose cases were judged, here or by a grader; a complaint goes before them."""
    whole = score(question, outcomes)
    right = sum(outcome.status == "pass" for outcome in outcomes)
    if whole.status == "missing":
        return Verdict(question.name, False, "not written yet")
    if complaint:
        return Verdict(question.name, False, complaint)
    if whole.status == "pass":
        headline = f"right ({right} cases)" if right > 1 else "right"
        return Verdict(question.name, True, headline, points=float(whole.score))
    count, points = f"{right} of {len(outcomes)} cases right", f"{whole.score:.3g} of {whole.max_score:g} points"
    count = points if len(outcomes) == 1 else f"{count}, {points}" if whole.score else count
    rows = [("case", whole.case), ("step", whole.step), ("expected", whole.expected), ("got", whole.got)]
    rows = [(label, str(text)) for label, text in rows if text] if whole.expected else []
    if whole.matches or not rows:
        rows.append(("why", whole.diagnosis))
    if "raised KeyError" in whole.diagnosis and "state" in question.signature:
        rows.append(("hint", "the state is {} at first; state.get(key, 0) reads it with 0 where there is nothing"))
    return Verdict(question.name, False, f"not yet ({count})", tuple(rows), float(whole.score))
