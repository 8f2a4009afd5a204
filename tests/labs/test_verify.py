"""Every lab is sound by its author's check; and that check finds each wrong oracle, each case that was dropped, and more."""

from pathlib import Path

import numpy as np
import pytest

from optimlab.labs import load, names, verify
from optimlab.labs.build import read

ROOT = Path(__file__).parents[2]
QUESTIONS = [(name, question.name) for name in names() for question in load(name).questions]


@pytest.mark.parametrize("name", names())
def test_a_lab_is_sound(name):
    assert list(verify.verify(ROOT, name)) == []


def test_every_solved_lab_has_its_questions():
    assert verify.names(ROOT) == names()


def only(name, question):
    """A lab reduced to one question, and what its solution defines."""
    lab = load(name)
    [kept] = [q for q in lab.questions if q.name == question]
    return lab._replace(questions=(kept,)), verify.defined(read(ROOT / "solutions" / f"{name}.ipynb"), ROOT)


def recased(lab, change):
    """The lab with its one question's cases changed."""
    [question] = lab.questions
    return lab._replace(questions=(question._replace(cases=lambda seed: change(question.cases(seed))),))


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_a_wrong_oracle_fails_the_solution(name, question):
    lab, solved = only(name, question)

    for index in range(len(lab.questions[0].cases(0))):
        spoilt = recased(lab, lambda cases: (*cases[:index], just_off(cases[index]), *cases[index + 1 :]))
        assert "the solution gets" in next(verify.verify_questions(spoilt, solved, {}, []))


def just_off(case):
    """The case with all its answers off by three times what is tolerated."""
    return moved(case, lambda x: x + 3 * (case.atol + case.rtol * np.abs(x)) + 1e-12)


def moved(case, by):
    def each(expected):
        if isinstance(expected, dict):
            return {key: each(number) for key, number in expected.items()}
        return by(np.asarray(expected, dtype=float))

    return case._replace(expected=tuple(map(each, case.expected)))


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_a_dropped_or_changed_case_differs_from_the_record(name, question):
    lab, _ = only(name, question)
    lab = lab._replace(questions=(lab.questions[0]._replace(mistakes=()),))
    recorded = verify.record(lab)
    for index, case in enumerate(lab.questions[0].cases(0)):
        dropped = recased(lab, lambda cases: cases[:index] + cases[index + 1 :])
        assert [case.name in fault for fault in verify.differences(recorded, verify.record(dropped))] == [True]
    changed = recased(lab, lambda cases: tuple(moved(case, lambda x: np.abs(x) + 1) for case in cases))
    assert len(list(verify.differences(recorded, verify.record(changed)))) == len(lab.questions[0].cases(0))


def faults(lab, solved, handed_out=None, tried=()):
    return list(verify.verify_questions(lab, solved, handed_out or {}, tried))


def test_each_kind_of_fault_is_found():
    lab, solved = only("lab04_race", "sgd")
    [sgd] = lab.questions
    right, first = solved["sgd"], sgd.mistakes[0]
    assert faults(lab, solved) == [
        "it is tried with 0 right submissions; 5 are the least",
        "it is tried with 0 wrong submissions; 10 are the least",
    ]
    assert "handed out gets 2 points, not 0" in faults(lab, solved, solved)[0]
    assert "the solution gets 0 points, not 2" in faults(lab, {"sgd": first.body})[0]

    harmless = sgd._replace(mistakes=(first._replace(body=right),))
    assert faults(lab._replace(questions=(harmless,)), solved)[0] == f"sgd: {first.name!r} passes (seed 0)"
    twice = sgd._replace(mistakes=(first, first._replace(name="the same again")))
    assert "is taken for" in faults(lab._replace(questions=(twice,)), solved)[0]

    @verify.worth(sgd=1)
    def half():
        return {"sgd": right}

    @verify.worth()
    def lacking():
        return {}

    found = faults(lab, solved, tried=[half, lacking])
    assert "sgd: half gets 2 points, not 1 (seed 0)" in found
    assert "lacking is to be right throughout but has no sgd" in found


def test_a_lab_without_its_parts_is_told_which(tmp_path):
    assert list(verify.verify(tmp_path, "lab04_race")) == [f"there is no notebook {tmp_path}/solutions/lab04_race.ipynb"]
