"""Whatever a submission does it loses its own questions, those and no others, and the grader goes on."""

import builtins
import json
import sys

import numpy as np
import pytest

from optimlab.grading import grader, session
from optimlab.grading.jail import Limits
from optimlab.grading.sitting import Sitting
from optimlab.grading.submission import Submission, Unreadable
from optimlab.labs.question import Call, Case, Lab, Outcome, Question, Ref

from .conftest import DOUBLE, QUICK, TINY, WALK
from .notebooks import hand_in, notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")
STEP = 'x + s.get("t", 0) + 1, {"t": 1}'
LOOP, EXIT = "while True: pass", "import os; os._exit(0)"


def summary(grade):
    return grade.status, grade.score, {name: outcome.status for name, outcome in grade.outcomes.items()}


@pytest.mark.parametrize(
    ("cells", "status", "score", "double", "walk"),
    [
        ([DOUBLE, WALK], "pass", 5, "pass", "pass"),
        ([], "missing", 0, "missing", "missing"),
        ([DOUBLE, "def walk(x, state):\n    raise NotImplementedError()"], "missing", 2, "pass", "missing"),
        ([DOUBLE.replace("2 *", "3 *"), WALK], "wrong", 3, "wrong", "pass"),
        ([DOUBLE, "def walk(x, state):\n    return x +"], "syntax", 2, "pass", "syntax"),
        ([DOUBLE, WALK, "this is not Python"], "pass", 5, "pass", "pass"),
        ([DOUBLE, WALK.replace('"t", 0', "[]")], "exception", 2, "pass", "exception"),
        (["import nothing_of_the_sort\n" + DOUBLE, WALK], "exception", 3, "exception", "pass"),
        (["import sys; sys.exit()", DOUBLE, WALK], "pass", 5, "pass", "pass"),
        (["import sys; sys.exit()\n" + DOUBLE, WALK], "exited", 3, "exited", "pass"),
        ([DOUBLE.replace("return", "import sys; sys.exit(); return"), WALK], "exited", 3, "exited", "pass"),
        ([EXIT, DOUBLE, WALK], "exited", 5, "pass", "pass"),
        ([EXIT + "\n" + DOUBLE, WALK], "exited", 3, "exited", "pass"),
        ([DOUBLE.replace("return", EXIT + "; return"), WALK], "exited", 3, "exited", "pass"),
        ([LOOP, DOUBLE, WALK], "timeout", 5, "pass", "pass"),
        ([DOUBLE + "\n" + LOOP, WALK], "timeout", 3, "timeout", "pass"),
        ([DOUBLE.replace("return", LOOP + "\n    return"), WALK], "timeout", 3, "timeout", "pass"),
        (["def double(x):\n    y = [x]\n    while True: y += y", WALK], "memory", 3, "memory", "pass"),
        (["import numpy as np\nbig = np.ones(10**12)\n" + DOUBLE, WALK], "memory", 3, "memory", "pass"),
        ([EXIT, DOUBLE, LOOP, WALK, "import numpy as np; np.ones(10**12)"], "exited", 5, "pass", "pass"),
        ([DOUBLE, WALK + "\ndel walk"], "missing", 2, "pass", "missing"),
        ([DOUBLE, "walk = 3"], "exception", 2, "pass", "exception"),
    ],
)  # fmt: skip
def test_a_question_is_lost_by_what_its_own_cell_does(examine, cells, status, score, double, walk):
    assert summary(examine(*cells)) == (status, score, {"double": double, "walk": walk})


@pytest.mark.parametrize(
    "cells",
    [
        [WALK, DOUBLE],
        [DOUBLE, DOUBLE, WALK, WALK],
        ["def double(x): return 0", WALK, DOUBLE],
        ["def d(x):\n    return 2 * x", "double = d", WALK],
        ["double = lambda x: x + x", "def walk(x, s):\n    return (x + len(s) + 1, [*s, x])"],
        [DOUBLE, f"class Walk:\n    def __call__(self, x, s):\n        return {STEP}", "walk = Walk()"],
        [DOUBLE, 'def walk(x, s):\n    s = s or type("Memory", (), {"t": 0})()\n    s.t += 1\n    return [x + s.t, s]'],
        [DOUBLE, "def walk(x, s):\n    n = s.send(None) if s else 1\n    return x + n, (k for k in [2, 3])"],
        [DOUBLE, "def walk(x, s):\n    t = s.get((1, 2), 0) + 1\n    return x + t, {(1, 2): t, 3: [open] * 10**6}"],
        [
            f"import numpy as np\n{DOUBLE.replace('2', 'np.int8(2)')}",
            "def walk(x, s): return np.float64(2 * x), np.ma.ones(3)",
        ],
        ["%matplotlib inline\n" + DOUBLE, "!pip install numpy", "%%time\n" + WALK],
        [DOUBLE, WALK, "from optimlab.check import check\nif check(double): print('well done')"],
    ],
)
def test_a_right_answer_is_right_however_it_is_laid_out(examine, cells):
    assert summary(examine(*cells)) == ("pass", 5, {"double": "pass", "walk": "pass"})


@pytest.mark.parametrize(
    "answer",
    [
        "print",
        "x.__class__",
        "'4.0'",
        "b'4'",
        "None",
        "(2 * x, 1)",
        "[2 * x]",
        "{'x': 2 * x}",
        "True",
        "2j * x",
        "float('nan')",
        "__import__('numpy').ma.masked_array([2 * x])",
        "__import__('fractions').Fraction(4)",
        "[[[[[]]]]] * 10**5",
        "'x' * 10**8",
        "__import__('numpy').zeros(3 * 10**6)",
        "(lambda l: l.append(l) or l)([])",
        "type('F', (float,), {'__eq__': lambda *a: True})(4.0)",
        "type('E', (), {'__eq__': lambda *a: True, '__array__': lambda *a: 4.0})()",
        "__import__('numpy').array([2 * x], dtype=object)",
    ],
)
def test_an_answer_of_another_kind_is_wrong_and_nothing_more(examine, answer):
    grade = examine(f"def double(x): return {answer}", WALK)
    assert summary(grade) == ("wrong", 3, {"double": "wrong", "walk": "pass"})
    assert len(grade.outcomes["double"].diagnosis) < 400


def test_the_cell_that_defines_a_lost_function_is_named_in_its_diagnosis(examine):
    def why(*cells):
        return examine(*cells).outcomes["double"].diagnosis

    assert (
        why("import nothing\n" + DOUBLE)
        == "the cell that defines it failed: ModuleNotFoundError: No module named 'nothing'"
    )
    assert why(DOUBLE + "\n" + LOOP) == "the cell that defines it failed: it took longer than 2 s"
    assert why(DOUBLE + "\n" + EXIT) == "the cell that defines it failed: its process ended, with exit code 0"
    assert (
        why("x = 1\ndef double(x)\n    return x")
        == "the cell that defines it failed: SyntaxError: expected ':', line 2"
    )
    assert why("x = 1") == "there is no function double"
    assert why("raise NotImplementedError()\n" + DOUBLE) == "there is no function double"


def test_cells_that_had_to_be_left_out_are_noted(examine):
    grade = examine(DOUBLE, EXIT, WALK, LOOP)
    assert grade.note.split("; ") == [
        "code cell 2 was left out: its process ended, with exit code 0",
        "code cell 4 was left out: it took longer than 2 s",
    ]


def test_cells_tagged_experiment_do_not_run(examine, suite):
    book = json.loads(notebook(DOUBLE, LOOP, WALK))
    book["cells"][1]["metadata"]["tags"] = ["experiment"]
    assert examine(data=json.dumps(book).encode()).status == "pass"


def test_a_whole_submission_has_one_time_to_live(suite):
    zygote = session.Zygote("unsafe", QUICK._replace(total_seconds=2, cell_seconds=10, call_seconds=10))
    try:
        grade = grader._examine(Submission("ada", None), notebook(DOUBLE, LOOP, WALK), suite, zygote)
    finally:
        zygote.close()
    assert summary(grade) == ("timeout", 0, {"double": "timeout", "walk": "timeout"})
    assert "its time for everything was up" in grade.note


def test_a_question_that_ended_the_process_is_not_tried_again(suite, zygote):
    tried = []
    sitting = Sitting(notebook("import os\ndef double(x): os._exit(0)", WALK), zygote)
    answers = sitting.answers
    sitting.answers = lambda name, case: tried.append(name) or answers(name, case)
    for question in TINY.questions:
        list(grader._try(sitting, question, suite.cases[question.name]))
    sitting.close()
    assert tried == ["double", "walk"]


def test_a_submission_that_kills_what_forked_it_loses_that_question_only(examine, zygote):
    started = zygote.started
    grade = examine("def double(x):\n    import os, time; os.kill(os.getppid(), 9); time.sleep(60)", WALK)
    assert summary(grade) == ("exited", 3, {"double": "exited", "walk": "pass"})
    assert zygote.started > started


def test_a_zygote_that_dies_once_costs_nobody_anything(suite, zygote, monkeypatch):
    """Another submission's left-over, or the kernel short of memory, may kill it at any time."""
    sitting, killed = Sitting(notebook(DOUBLE, WALK), zygote), []
    ask = session.Child.ask

    def ask_once_too_often(child, *request, **terms):
        if request[0] == "call" and not killed:
            zygote.process.kill()
            killed.append(zygote.process.wait())
        yield from ask(child, *request, **terms)

    monkeypatch.setattr(session.Child, "ask", ask_once_too_often)
    assert sitting.answers("double", suite.cases["double"][0]) == [4.0] and killed
    sitting.close()


# --------------------------------------------------------------------------------------------------- believing nothing


@pytest.mark.parametrize(
    "reply",
    [
        None,
        3,
        [],
        [True],
        [True, 1, 2],
        [1, 2],
        [False, "pass", ""],
        [False, "grader-error", "x"],
        [False, "timeout", ""],
        [False, "unreadable", ""],
        [False, 3, ""],
        [False, "exception", 3],
        {"a": 1},
        "xy",
        np.array([1.0, 2.0]),
        [False, np.array([1.0, 2.0]), ""],
        [np.bool_(True), 1.0],
        [False, "exception", "m", 4],
    ],
    ids=repr,
)
def test_a_reply_that_no_agent_gives_ends_the_child(zygote, suite, reply):
    sitting = Sitting(notebook(DOUBLE, WALK), zygote)
    sitting.answers("double", suite.cases["double"][0])
    sitting.child.ask = lambda *request, **terms: iter([reply])
    (answer,) = sitting.answers("double", suite.cases["double"][0])
    assert answer == ("exited", "it wrote to the grader's channel itself")
    assert sitting.child is None


def test_hidden_cases_tell_nothing_a_student_wrote(examine, suite):
    (secret,) = suite.cases["double"][2].calls[0].args
    leak = "def double(x):\n    if x is not None and not hasattr(x, 'shape') and x != 2.0: {}\n    return 2 * x"
    for what in (
        "raise Exception(f'CANARY{x}')",
        "raise type(f'CANARY{x}', (Exception,), {})()",
        "return f'CANARY{x}'",
        "return x + 7",
    ):
        outcome = examine(leak.format(what), WALK).outcomes["double"]
        assert outcome.status in ("wrong", "exception") and outcome.diagnosis.startswith("on a hidden case it")
        for text in map(str, outcome):
            assert "CANARY" not in text and str(secret)[:6] not in text and str(secret + 7)[:6] not in text


def test_a_student_who_changes_numpy_and_builtins_changes_nothing_here(examine):
    before = np.asarray, np.abs, np.isfinite, builtins.abs, np.ndarray.__eq__, sys.modules["json"]
    patch = (
        "import numpy as np, builtins, sys, json\nnp.abs = np.asarray = np.isfinite = lambda *a, **k: np.zeros(())\n"
        "np.allclose = np.array_equal = lambda *a, **k: True\nbuiltins.abs = builtins.round = lambda *a: 0\n"
        "json.loads = None"
    )
    assert summary(examine(patch, DOUBLE.replace("2 *", "3 *"), WALK))[:2] == ("wrong", 3)
    assert before == (np.asarray, np.abs, np.isfinite, builtins.abs, np.ndarray.__eq__, sys.modules["json"])
    assert summary(examine(DOUBLE, WALK))[:2] == ("pass", 5)


def test_answers_cannot_be_given_for_other_questions(examine):
    """A child that answers everything with what one question wants is wrong in the others."""
    assert summary(examine(DOUBLE, "def walk(x, state): return double(x)"))[1] == 2


def test_arguments_that_are_changed_show_when_the_same_ones_are_given_again(zygote):
    """Nobody asks the child whether it changed them: the second answer differs from the first."""
    first, step = Call((1.0, {})), Call((Ref(0, 0), Ref(0, 1)))
    case = Case("the same step twice", (first, step, step), (2.0, 4.0, 4.0), 1e-9, 0.0, item=0)
    lab = Lab("lab00_twice", "", (Question("walk", 3, "(x, state)", "", lambda seed: (case,)),))
    twice = grader.make_suite(lab, seed=1)
    changing = 'def walk(x, state):\n    state["t"] = state.get("t", 0) + 1\n    return x + state["t"], state'
    fair, foul = (
        grader._examine(Submission("ada", None), notebook(source), twice, zygote) for source in (WALK, changing)
    )
    assert (fair.status, fair.score) == ("pass", 3)
    assert (foul.status, foul.score) == ("wrong", 0) and foul.outcomes["walk"].step == 3


# ------------------------------------------------------------------------------------------------------------- a class


def grades_of(class_dir, suite, **options):
    found = [Submission(path.stem, path) for path in sorted(class_dir.iterdir())]
    options = {"tier": "unsafe", "limits": QUICK, "jobs": 2} | options
    return {grade.student: grade for grade in grader.grade_class(found, suite, **options)}


def test_no_submissions_fate_touches_anothers(tmp_path, suite):
    evil = {
        "loop": LOOP,
        "exit": EXIT,
        "killer": "import os; os.kill(os.getppid(), 9)",
        "flood": "import os\nwhile True: os.write(3, b'x' * 9999)",
        "bomb": "x = [0]\nwhile True: x += x",
        "patch": "import builtins; builtins.len = None",
        "fork": "import os\nif os.fork() == 0: os._exit(0)",
    }
    notebooks = {f"good{n}": notebook(DOUBLE, WALK) for n in range(6)}
    notebooks |= {f"{name}{n}": notebook(cell, DOUBLE, WALK) for n, (name, cell) in enumerate(evil.items())}
    notebooks["corrupt"] = b"{"
    grades = grades_of(hand_in(tmp_path / "class", **notebooks), suite)
    assert grades.keys() == notebooks.keys()
    assert all(
        grade.status == "pass" and grade.score == 5 for student, grade in grades.items() if student.startswith("good")
    )
    assert grades["corrupt"].status == "unreadable" and grades["corrupt"].score == 0


def test_what_is_known_is_not_run_again(tmp_path, suite, monkeypatch):
    class_dir = hand_in(tmp_path / "class", ada=notebook(DOUBLE), emmy=notebook(WALK), nobody=b"{")
    first = grades_of(class_dir, suite)
    known = frozenset((grade.student, grade.submission_sha256) for grade in first.values())
    monkeypatch.setattr(session.Zygote, "_start", lambda self: pytest.fail("a process was started"))
    found = [Submission(path.stem, path) for path in class_dir.iterdir()]
    assert set(grader.grade_class(found, suite, "unsafe", QUICK, 2, known)) == known


def test_where_no_process_can_be_started_nobody_gets_a_zero(tmp_path, suite, monkeypatch):
    def fail(zygote):
        raise session.Broken("there is no more memory")

    monkeypatch.setattr(session.Zygote, "_start", fail)
    grades = grades_of(hand_in(tmp_path / "class", ada=notebook(DOUBLE), emmy=b"{"), suite)
    assert {(g.status, g.score, g.note) for g in grades.values()} == {("grader-error", None, "there is no more memory")}


def test_a_judge_that_fails_blanks_the_score(zygote, monkeypatch, suite):
    def judge(question, case, answers):
        if question.name == "walk":
            raise ZeroDivisionError("oops")
        return Outcome("pass", question.points, question.points)

    monkeypatch.setattr(grader, "judge", judge)
    grade = grader._examine(Submission("ada", None), notebook(DOUBLE, WALK), suite, zygote)
    assert grade.status == "grader-error" and grade.score is None and grade.outcomes["double"].status == "pass"
    assert grade.outcomes["walk"].diagnosis == "the judge failed with ZeroDivisionError: oops"


def test_a_fault_of_our_own_costs_nobody_anything(tmp_path, suite, monkeypatch):
    examine = grader.examine

    def stumble(data, *args):
        return 1 / 0 if b"stumble" in data else examine(data, *args)

    monkeypatch.setattr(grader, "examine", stumble)
    grades = grades_of(hand_in(tmp_path / "class", ada=notebook(DOUBLE), emmy=notebook("stumble")), suite)
    assert (grades["ada"].score, grades["emmy"].score, grades["emmy"].status) == (2, None, "grader-error")
    assert "the grader failed with ZeroDivisionError: division by zero (" in grades["emmy"].note


def test_a_notebook_that_needs_too_much_memory_to_be_read_is_unreadable(suite):
    zygote = session.Zygote("unsafe", QUICK._replace(memory_mb=8))
    try:
        with pytest.raises(Unreadable, match="it cannot be taken apart: it needed more than the 8 MB"):
            grader._examine(Submission("ada", None), b'{"cells": [%s0]}' % (b"[]," * 10**6), suite, zygote)
    finally:
        zygote.close()


# --------------------------------------------------------------------------------------------------------- suites


def test_a_suite_is_told_by_its_sha256():
    def sha(lab=TINY, seed=1):
        return grader.make_suite(lab, seed).sha256

    def changed(**changes):
        first = TINY.questions[0]._replace(**changes)
        return sha(TINY._replace(questions=(first, *TINY.questions[1:])))

    def cases(**changes):
        return lambda seed: (TINY.questions[0].cases(seed)[0]._replace(**changes),)

    shas = [sha(), sha(seed=2), sha(TINY._replace(name="other"))]
    shas += [changed(points=3), changed(name="treble"), changed(signature="(y)"), changed(cases=cases())]
    shas += [changed(cases=cases(calls=(call,))) for call in (Call((3.0,)), Call((2.0,), {"k": 1}))]
    shas += [changed(cases=cases(**{field: 0.1})) for field in ("rtol", "atol")]
    shas += [changed(cases=cases(**change)) for change in ({"expected": (5.0,)}, {"hidden": True}, {"item": 0})]
    shas += [changed(cases=cases(name="x"))]
    assert len(set(shas)) == len(shas)
    assert sha() == shas[0] and len(shas[0]) == 64


def test_another_seed_is_another_suite_even_where_nothing_is_drawn():
    fixed = TINY._replace(questions=TINY.questions[1:])
    assert grader.make_suite(fixed, 1).cases["walk"] == grader.make_suite(fixed, 2).cases["walk"]
    assert grader.make_suite(fixed, 1).sha256 != grader.make_suite(fixed, 2).sha256


def test_a_suite_of_another_version_is_another(monkeypatch):
    before = grader.make_suite(TINY, 1).sha256
    monkeypatch.setattr(grader, "__version__", "99.0")
    assert grader.make_suite(TINY, 1).sha256 != before


def test_a_case_that_cannot_be_sent_is_found_out_when_the_suite_is_made():
    case = Case("huge", (Call((np.zeros(10**7),)),), (0.0,), 0, 0)
    lab = Lab("huge", "", (Question("f", 1, "(x)", "", lambda seed: (case,)),))
    with pytest.raises(grader.wire.WireError, match="no form or no room for a numpy array, too large"):
        grader.make_suite(lab, 1)


def test_limits_are_generous_enough_for_honest_work():
    assert Limits() == (10, 10, 60, 512, 16, 64, 64, 2000, 32)
