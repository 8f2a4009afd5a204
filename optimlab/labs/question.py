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
BLEW_UP = (
    "ZeroDivisionError", "FloatingPointError", "OverflowError", "ValueError: math domain", "ValueError: expected a non"
)  # fmt: skip


class Ref(NamedTuple):
    """Entry ``item`` (or all) of what call number ``call``, from 0, returned. It never leaves the student's process."""

    call: int
    item: int | None = None


class Call(NamedTuple):
    """One call ``f(*args, **kwargs)``; an argument may be a Ref. With ``args`` None nothing is called: see STORED."""

    args: tuple | None = ()
    kwargs: Mapping[str, Any] = {}


STORED = Call(None)  # a look at what a variable holds, where an answer is stored and not worked out by a function


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
    keeps: float = 0.0  # the share of the points that a solution keeps which fails here and nowhere else


class Question(NamedTuple):
    """One function that a student writes, or (signature "") one value that is left in a variable.

    ``cases(seed)``: fixed visible cases, then hidden ones drawn from seed; those of a stored answer look at STORED.
    """

    name: str  # of the function or the variable
    points: float
    signature: str  # "(theta, g, state, *, lr, beta=0.9)"
    prompt: str  # what to write, in one sentence
    cases: Callable[[int], tuple[Case, ...]]
    mistakes: tuple = ()  # of optimlab.mistakes.Mistake: each has name, sentence and body, a function or a stored answer
    tolerance: str = ""  # why the cases' tolerances are what they are, in one sentence
    arrays: bool = False  # arrays are meant: a Python loop over entries is right but draws a remark

    @property
    def stored(self):
        return not self.signature


class Lab(NamedTuple):
    """A notebook of questions."""

    name: str  # "lab04_race", also the notebook's
    title: str
    questions: tuple[Question, ...]
    minutes: int = 60  # that a student who knows NumPy needs

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
    numbers: int = 0  # that a case asks for in all


def judge(question, case, answers):
    """The Outcome of one case, from one answer a call: what was returned, or a Failure.

    Answers may be anything: what is no finite number of the right shape is wrong, and a sentence says why.

    >>> case = Case("squares", (Call((1.0,)), Call((2.0,))), expected=(1.0, 4.0), rtol=1e-6, atol=0)
    >>> square = Question("square", 2, "(x)", "the square of x", lambda seed: (case,))
    >>> judge(square, case, [1.0, 4.0])[:3]
    ('pass', 2, 2)
    >>> judge(square, case, [1.0, 3.0]).diagnosis
    'squares, call 2: it gave 3, expected 4'
    """
    answers = list(answers)[: len(case.calls)]
    answers += [Failure("missing", "no answer came")] * (len(case.calls) - len(answers))
    for step, (expected, answer) in enumerate(zip(case.expected, answers), 1):
        if question.stored and _is_blank(answer):
            answer = Failure("missing", NOT_WRITTEN)
        if fault := _fault(case, expected, answer):
            return _outcome(question, case, step, fault, _known(case, answers))
    return Outcome("pass", question.points, question.points, case=case.name)


def score(question, outcomes):
    """The Outcome of a question from those of its cases: it is worth its worst case.

    Where the first worst case matches known mistakes, the diagnosis names the one that explains most of the others too;
    none if one number agrees and most cases do not, which may be chance.
    """
    failed = [outcome for outcome in outcomes if outcome.status != "pass"]
    errors = [outcome.diagnosis for outcome in failed if outcome.status == "grader-error"]
    if errors or not outcomes:
        return Outcome("grader-error", 0, question.points, errors[0] if errors else "no case was judged")
    if not failed:
        return Outcome("pass", question.points, question.points)
    worst = min(failed, key=lambda outcome: outcome.score)._replace(numbers=0)
    explains = {name: sum(name in outcome.matches for outcome in failed) for name in worst.matches}
    if not explains:
        return worst
    name = max(explains, key=explains.get)
    if 2 * explains[name] < len(failed) and sum(o.numbers for o in failed if name in o.matches) == 1:
        return worst._replace(matches=())
    sentence = next(mistake.sentence for mistake in question.mistakes if mistake.name == name)
    only = "" if explains[name] == len(failed) else f", on the case {worst.case!r} at least"
    return worst._replace(diagnosis=f"matches {name}{only}: {sentence}", matches=(name,))


def plain(text, limit=200):
    """Text from a student, made safe to show: one line, printable, no addresses, at most ``limit`` characters.

    >>> plain("<f at 0x7f3a>" + chr(10) + "two")
    '<f> two'
    """
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", str(text)[: 4 * limit])
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


class _Fault(NamedTuple):
    """What is wrong with one answer. The texts may quote the answer, so they are shown for visible cases only."""

    status: str
    sentence: str
    expected: str = ""
    got: str = ""
    share: float = 0.0  # of the points that are earned nevertheless


_SILENT = {
    "wrong": "its answer is not right",
    "missing": "there is no such function",
    "syntax": "its cell is not valid Python",
    "exception": "it raised an exception",
    "timeout": "it took too long",
    "memory": "it needed more memory than it may have",
    "exited": "it ended its process",
    "unreadable": "what it returned could not be read",
    "grader-error": "the grader failed; this is not the student's fault",
}


def _outcome(question, case, step, fault, known):
    points, earned = question.points, round(question.points * max(fault.share, case.keeps), 6)
    if fault.status == "missing":
        return Outcome("missing", 0, points, fault.sentence)
    if case.hidden:
        sentence = f"on a hidden case {_SILENT[fault.status]}"
        return Outcome(fault.status, earned, points, sentence, "a hidden case", matches=known, numbers=_size(case))
    place = case.name
    if len(case.calls) > 1:
        place += f", {'call' if case.item is None else 'step'} {step}"
    elif case.item is None:
        step = None  # there is but one call
    sentence = f"{place}: {fault.sentence}"
    texts = case.name, step, fault.expected, fault.got
    return Outcome(fault.status, earned, points, sentence, *texts, known, _size(case))


def _size(case):
    values = [entry.values() if isinstance(entry, Mapping) else [entry] for entry in case.expected]
    return sum(np.size(value) for entries in values for value in entries)


def _fault(case, expected, answer):
    """What is wrong with one answer, None if nothing is."""
    if isinstance(answer, Failure):
        return _absence(answer)
    if case.item is not None:
        if not _is_pair(answer):
            return _mismatch(_kind(answer), "a pair; end with: return theta, state")
        answer = answer[case.item]
    if isinstance(expected, Mapping):
        return _by_key(case, expected, answer)
    return _difference(case, expected, answer)


def _is_blank(answer):
    """Whether a stored answer is as the lab hands it out: None, or nothing but None."""
    entries = answer.values() if isinstance(answer, Mapping) else [answer]
    return all(entry is None for entry in entries)


def _absence(failure):
    if failure.message.startswith(NOT_WRITTEN):
        return _Fault("missing", "it is not written yet")
    status = failure.status if failure.status in _SILENT else "exception"
    quoted = f"it raised {plain(failure.message)}" if status == "exception" and failure.message else _SILENT[status]
    return _Fault(status, quoted)


def _difference(case, expected, answer):
    """Compare one number or array with the expected one."""
    expected, numbers = np.asarray(expected, dtype=float), _numbers(answer)
    if numbers is None:
        return _mismatch(_kind(answer), _kind(expected))
    if numbers.shape != expected.shape:
        return _mismatch(_kind(numbers), _kind(expected))
    off = ~_close(case, expected, numbers)
    return _mismatch(*_texts(numbers, expected, off)) if off.any() else None


def _mismatch(got, expected):
    return _Fault("wrong", f"it gave {got}, expected {expected}", expected, got)


def _by_key(case, expected, answer):
    """Compare a dict of numbers key by key. Where the call has arguments the first that differs is shown; where it has
    none the numbers are what the learner is to find, and are not told."""
    if not isinstance(answer, Mapping):
        return _mismatch(_kind(answer), f"a dict with the keys {', '.join(expected)}")
    faults, shown = [], None
    for key, number in expected.items():
        if key not in answer or answer[key] is None:
            faults.append(f"{key} is missing")
        elif _numbers(answer[key]) is None or _numbers(answer[key]).shape != np.shape(number):
            faults.append(f"{key} must be {_kind(number)}, not {_kind(answer[key])}")
        elif fault := _difference(case, number, answer[key]):
            faults.append(f"{key} is not right")
            shown = shown or (key, fault)
    if not faults:
        return None
    whole = _Fault("wrong", "; ".join(faults), share=1 - len(faults) / len(expected))
    if shown is None or not (case.calls[0].args or case.calls[0].kwargs):
        return whole
    key, fault = shown
    rest = [text for text in faults if text != f"{key} is not right"]
    got = "; ".join([f"{key} {fault.got}", *rest])
    return whole._replace(sentence=f"{key}: {fault.sentence}", expected=f"{key} {fault.expected}", got=got)


def _known(case, answers):
    """Names of the known mistakes that would have answered the same; of dicts, those that share most of the numbers."""
    dicts = any(isinstance(expected, Mapping) for expected in case.expected)
    measure = _shared if dicts else _agree
    shared = {name: measure(case, answers, wrong) for name, wrong in case.variants.items()}
    return tuple(name for name, count in shared.items() if count and count == max(shared.values()))


def _agree(case, answers, wrong):
    """Whether two lists of answers are the same, up to where both of them blow up."""
    for expected, ours, theirs in zip(case.expected, answers, wrong):
        ours, theirs = _trace(case, expected, ours), _trace(case, expected, theirs)
        if ours is None or theirs is None or ours.shape != theirs.shape:
            return False
        finite = np.isfinite(ours).all(), np.isfinite(theirs).all()
        if not all(finite):
            return not any(finite)
        if not _close(case, theirs, ours).all():
            return False
    return True


def _shared(case, answers, wrong):
    """How many entries of their dicts two lists of answers share, 0 if all of those are right."""
    count, erred = 0, False
    for expected, ours, theirs in zip(case.expected, answers, wrong):
        for key, number in expected.items():
            mine = _entry(case, ours, key)
            if _same(case, _entry(case, theirs, key), mine):
                count, erred = count + 1, erred or not _same(case, number, mine)
    return count if erred else 0


def _entry(case, answer, key):
    if case.item is not None:
        answer = answer[case.item] if _is_pair(answer) else None
    return _numbers(answer.get(key)) if isinstance(answer, Mapping) else None


def _same(case, expected, numbers):
    if expected is None or numbers is None or np.shape(expected) != numbers.shape:
        return False
    finite = np.isfinite(expected).all(), np.isfinite(numbers).all()
    return bool(_close(case, expected, numbers).all()) if all(finite) else not any(finite)


def _trace(case, expected, answer):
    """An answer as an array: NaN of the expected shape where arithmetic blew up, None where it is something else."""
    blown = np.full(np.shape(expected), np.nan)
    if isinstance(answer, Failure):
        return blown if answer.message.startswith(BLEW_UP) else None
    if case.item is not None:
        answer = answer[case.item] if _is_pair(answer) else None
    if isinstance(answer, (complex, np.complexfloating)):
        return blown
    return _numbers(answer)


def _is_pair(answer):
    return isinstance(answer, (tuple, list)) and not isinstance(answer, Opaque) and len(answer) == 2


def _numbers(answer):
    """The answer as a float64 array, None if it is not one real number or an array of them."""
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        try:
            return np.asarray(float(answer))
        except OverflowError:
            return np.asarray(np.inf)
    if isinstance(answer, (np.ndarray, np.generic)) and answer.dtype.kind in "iuf":
        with np.errstate(all="ignore"):
            return np.asarray(answer, dtype=float)
    return None


def _close(case, expected, numbers):
    with np.errstate(all="ignore"):  # NaN is close to nothing
        return np.abs(numbers - expected) <= case.atol + case.rtol * np.abs(expected)


def _kind(answer):
    """What something is, in a word or two: never its contents, which may be long."""
    if answer is None or isinstance(answer, bool):
        return repr(answer)
    if isinstance(answer, Opaque):
        return "a value that could not be sent"
    if isinstance(answer, (np.ndarray, np.generic)):
        kind = f"an array of shape {answer.shape}" if answer.ndim else "a number"
        return kind if answer.dtype.kind in "iuf" else f"{kind} of type {plain(answer.dtype, 30)}"
    if isinstance(answer, (int, float)):
        return "a number"
    length = f" of length {len(answer)}" if isinstance(answer, (tuple, list)) else ""
    name = plain(type(answer).__name__, 40)
    return f"a{'n' if name[:1] in 'aeiou' else ''} {name}{length}"


def _texts(numbers, expected, off):
    """Two arrays as short texts that differ: the whole arrays if they are small, else the first entry that is off."""
    place = ""
    if expected.size > 6:
        first = tuple(np.argwhere(off)[0].tolist())
        numbers, expected, place = numbers[first], expected[first], f" at entry {list(first)}"
    for digits in (6, 9, 12, 17):
        texts = [_text(array, digits) for array in (numbers, expected)]
        if texts[0] != texts[1]:
            break
    return texts[0] + place, texts[1] + place


def _text(array, digits):
    if np.ndim(array) == 0:
        return f"{float(array):.{digits}g}"
    return f"[{', '.join(_text(entry, digits) for entry in array)}]"
