"""The author's check of a lab: it pays what is right, refuses what is wrong, and nothing was dropped since it was found good.

A lab called NAME in a folder has, beside its questions (a module of this package, or NAME.py in that folder)

    solutions/NAME.ipynb         the solved notebook
    labs/NAME.ipynb              the student's, made from it by ``optimlab labs build``
    solutions/answers/NAME.py    right and wrong submissions, each under ``@worth(...)``
    solutions/answers/NAME.json  the record: every case and what every mistake keeps, as the author last approved them
"""

import contextlib
import importlib.util
import io
import json
import re
from pathlib import Path

import numpy as np

from . import load
from .build import BuildError, read, unsolved
from .play import play
from .question import Failure, judge, score

SEEDS = (0, 1, 2)
RIGHT, WRONG = 5, 10  # submissions that a lab is tried with, at least


def worth(**points):
    """Mark a function whose result, a dict like ``locals()``, is a submission; of these questions it earns only ``points``.

    Others earn full marks. What the submission leaves out is taken from the solved notebook.

    >>> @worth(sgd=0)
    ... def it_walks_uphill():
    ...     def sgd(theta, g, state, *, lr, weight_decay=0):
    ...         return theta + lr * (g + weight_decay * theta), {}
    ...     return locals()
    >>> it_walks_uphill.worth
    {'sgd': 0}
    """

    def mark(submission):
        submission.worth = points
        return submission

    return mark


def names(folder):
    """The labs that ``folder`` holds a solution of."""
    return sorted(path.stem for path in Path(folder, "solutions").glob("lab[0-9][0-9]_*.ipynb"))


def find(folder, name):
    """The Lab ``name`` of a folder: the one defined there, else the course's."""
    own = Path(folder, f"{name}.py")
    return load(own if own.is_file() else name)


def verify(folder, name):
    """Yield a sentence for each fault of the lab ``name`` in ``folder``; none for a good one."""
    lab, folder = find(folder, name), Path(folder)
    try:
        solved = read(folder / "solutions" / f"{name}.ipynb")
        handed_out = read(folder / "labs" / f"{name}.ipynb")
        yield from _form(lab, solved)
        yield from _is_current(solved, handed_out)
        tried = submissions(folder, name)
        yield from verify_questions(lab, defined(solved, folder), defined(handed_out, folder), tried)
        recorded = json.loads(_beside(folder, name, ".json").read_text(encoding="utf-8"))
    except (BuildError, FileNotFoundError) as error:
        yield str(error)
        return
    yield from differences(recorded, record(lab))


def verify_questions(lab, solved, handed_out, tried):
    """The same for the questions alone, from what the two notebooks define and submissions, to be tried."""
    for question in lab.questions:
        yield from _pays(question, solved, question.points, "the solution")
        yield from _pays(question, handed_out, 0, "the lab as it is handed out")
        yield from _mistakes(question)
    right = [submission for submission in tried if not submission.worth]
    for kind, least, found in (("right", RIGHT, right), ("wrong", WRONG, [s for s in tried if s.worth])):
        if len(found) < least:
            yield f"it is tried with {len(found)} {kind} submissions; {least} are the least"
    for submission in tried:
        own = submission()
        if lacking := [question.name for question in lab.questions if not submission.worth and question.name not in own]:
            yield f"{submission.__name__} is to be right throughout but has no {', '.join(lacking)}"
        for question in lab.questions:
            if question.name not in {*own, *submission.worth}:
                continue  # it is the solution's
            due = submission.worth.get(question.name, question.points)
            yield from _pays(question, {**solved, **own}, due, submission.__name__)


def record(lab):
    """What a later check is compared with: for each question the size of every case's answers, the points mistakes keep."""
    return {
        question.name: {
            "cases": {case.name: _size(case.expected) for case in question.cases(0)},
            "mistakes": {m.name: grade(question, {question.name: m.body}, 0).score for m in question.mistakes},
        }
        for question in lab.questions
    }


def summary(folder, name):
    """What a sound lab was tried with, in a line."""
    lab, tried = find(folder, name), submissions(folder, name)
    mistakes, right = sum(len(question.mistakes) for question in lab.questions), sum(not s.worth for s in tried)
    return (
        f"sound; the solution gets {lab.max_score:g} points, the unsolved lab 0; {mistakes} mistakes caught,"
        f" {right} right and {len(tried) - right} wrong submissions paid as they should be"
    )


def write_record(folder, name):
    """Approve the lab as it is: write its record."""
    path = _beside(folder, name, ".json")
    path.write_text(json.dumps(record(find(folder, name)), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def grade(question, space, seed):
    """The Outcome of one question for a namespace, as a grader with that seed would give it."""
    cases = question.cases(seed)
    if question.name not in space:
        return score(question, [judge(question, case, [Failure("missing")]) for case in cases])
    answer = space[question.name]
    with np.errstate(all="ignore"):
        return score(question, [judge(question, case, play(answer, case.calls)) for case in cases])


def defined(notebook, folder="."):
    """What a notebook's cells define, run as a grader runs them: without the experiments."""
    space = {"__name__": "__main__"}
    with contextlib.chdir(Path(folder, "solutions")), contextlib.redirect_stdout(io.StringIO()):
        for number, cell in enumerate(notebook.cells, 1):
            if cell.cell_type == "code" and not {"experiment", "check"} & set(cell.metadata.get("tags", [])):
                try:
                    exec(compile(cell.source, f"<cell {number}>", "exec"), space)
                except Exception as error:
                    raise BuildError(f"cell {number} raises {type(error).__name__}: {error}") from None
    return space


def _pays(question, space, due, who):
    for seed in SEEDS:
        outcome = grade(question, space, seed)
        if outcome.score != due:
            yield (
                f"{question.name}: {who} gets {outcome.score:g} points, not {due:g}"
                f" (seed {seed}{f'; {outcome.diagnosis}' if outcome.diagnosis else ''})"
            )
            return


def _mistakes(question):
    """Each mistake loses points, and is called by its name and no other."""
    for mistake in question.mistakes:
        for seed in SEEDS:
            outcome = grade(question, {question.name: mistake.body}, seed)
            if outcome.score >= question.points:
                yield f"{question.name}: {mistake.name!r} passes (seed {seed})"
            elif outcome.matches != (mistake.name,):
                yield f"{question.name}: {mistake.name!r} is taken for {outcome.matches or 'no known mistake'} (seed {seed})"
            else:
                continue
            break


def _is_current(solved, handed_out):
    made = unsolved(solved)
    if [(cell.source, cell.metadata) for cell in made.cells] != [(c.source, c.metadata) for c in handed_out.cells]:
        yield "the lab is not what its solution makes of it; run: optimlab labs build"


def _form(lab, solved):
    """What every lab has: its time and points, a figure and a prediction first, hints, the points at the end."""
    opening, cells = solved.cells[0].source, {cell.id: cell for cell in solved.cells}
    for said in (lab.title, f"**Time:** {lab.minutes} minutes", f"**Points:** {lab.max_score:g}"):
        if said not in opening:
            yield f"its first cell does not say {said!r}"
    order = [cell.id for cell in solved.cells]
    first = min((order.index(question.name) for question in lab.questions if question.name in order), default=0)
    before = solved.cells[:first]
    if not any("image/png" in output.get("data", {}) for cell in before for output in cell.get("outputs", [])):
        yield "no figure stands before its first question"
    if not any("prediction" in cell.metadata.get("tags", []) for cell in before):
        yield "no cell tagged prediction stands before its first question"
    for question in lab.questions:
        if question.name not in cells:
            yield f"no cell has the id {question.name!r}"
            continue
        above = cells[order[order.index(question.name) - 1]]
        if above.source.count("<details>") < 1:
            yield f"{question.name}: the cell above it has no hint that opens (<details>)"
        if f"points-{question.name}" not in cells:
            yield f"no cell has the id 'points-{question.name}'"
        if question.signature and f"def {question.name}{question.signature}:" not in cells[question.name].source:
            yield f"{question.name}: its cell does not begin with def {question.name}{question.signature}:"
        if not question.tolerance:
            yield f"{question.name}: the reason of its tolerance is not given"


def differences(old, new):
    """A sentence for each case or mistake that is not as recorded."""
    for question in old.keys() | new.keys():
        for kind in ("cases", "mistakes"):
            was, now = (side.get(question, {}).get(kind, {}) for side in (old, new))
            for key in sorted(was.keys() | now.keys()):
                if was.get(key) != now.get(key):
                    yield f"{question}: {kind[:-1]} {key!r} was {was.get(key)}, now {now.get(key)}; if meant, --record it"


def _size(expected):
    """The sum of all absolute values of a case's answers, to six figures."""
    values = [list(entry.values()) if isinstance(entry, dict) else [entry] for entry in expected]
    return float(f"{sum(float(np.abs(np.asarray(x, dtype=float)).sum()) for entry in values for x in entry):.6g}")


def _beside(folder, name, suffix):
    return Path(folder, "solutions", "answers", name + suffix)


def submissions(folder, name):
    """The functions of solutions/answers/NAME.py that are marked with what they are worth."""
    path = _beside(folder, name, ".py")
    spec = importlib.util.spec_from_file_location(re.sub(r"\W", "_", f"answers_{name}"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for value in vars(module).values() if hasattr(value, "worth")]
