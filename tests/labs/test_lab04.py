"""Lab 4 gives every right solution full marks, names every known mistake and takes its points; its race is torch's."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from optimlab import mistakes, rules
from optimlab.descent import minimize
from optimlab.labs import lab04, load, names
from optimlab.labs.play import play
from optimlab.labs.question import Ref, judge, score
from optimlab.labs.verify import submissions
from optimlab.problems import rosenbrock


LAB = lab04.LAB
QUESTIONS = {question.name: question for question in LAB.questions}
RULES = [name for name in QUESTIONS if name != "conclusion"]
RECORDED = json.loads(Path(__file__).with_name("torch.json").read_text(encoding="utf-8"))
WRONG = [(question, mistake) for question in LAB.questions for mistake in question.mistakes]
RIGHT = [s for s in submissions(Path(__file__).parents[2], "lab04_race") if not s.worth]


def grade(question, function, seed):
    cases = question.cases(seed)
    with np.errstate(all="ignore"):
        return score(question, [judge(question, case, play(function, case.calls)) for case in cases])


def test_the_lab_is_worth_twenty_points():
    assert "lab04_race" in names() and load("lab04_race") is LAB and LAB.max_score == 20


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_the_shipped_rule_gets_full_marks(name, seed):
    assert grade(QUESTIONS[name], getattr(rules, name), seed).status == "pass"


@pytest.mark.parametrize("solution", RIGHT)
@pytest.mark.parametrize("name", RULES)
def test_a_right_solution_gets_full_marks_however_it_is_written(solution, name):
    function = solution()[name]
    assert {grade(QUESTIONS[name], function, seed).status for seed in range(25)} == {"pass"}


@pytest.mark.parametrize(("question", "mistake"), WRONG, ids=lambda x: x.name)
def test_visible_cases_alone_tell_a_mistake_from_the_truth_and_from_all_others(question, mistake):
    visible = [case for case in question.cases(0) if not case.hidden]
    for other in [None, *question.mistakes]:
        if other is not mistake:
            truth = [case.expected if other is None else case.variants[other.name] for case in visible]
            assert any(far_apart(case, case.variants[mistake.name], t) for case, t in zip(visible, truth))


def far_apart(case, a, b):
    """Whether two lists of answers differ by ten times the tolerance somewhere, or blow up at different steps."""
    for expected, x, y in zip(case.expected, a, b):
        if isinstance(expected, dict):
            return any(abs(x[key] - y[key]) > 10 * case.rtol * abs(expected[key]) for key in expected)
        x, y = (theta_of(expected, answer) for answer in (x, y))
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            return np.isfinite(x).all() != np.isfinite(y).all()
        if (np.abs(x - y) > 10 * (case.atol + case.rtol * np.abs(expected))).any():
            return True
    return False


def theta_of(expected, answer):
    if isinstance(answer, tuple) and not hasattr(answer, "status"):
        answer = answer[0]
    return np.full(np.shape(expected), np.nan) if hasattr(answer, "status") else np.asarray(answer, dtype=float)


@pytest.mark.parametrize("name", RULES)
def test_hidden_cases_alone_catch_every_mistake_that_generic_numbers_can_show(name):
    question = QUESTIONS[name]
    for seed in range(5):
        hidden = [case for case in question.cases(seed) if case.hidden]
        for mistake in question.mistakes:
            assert any(judge(question, case, case.variants[mistake.name]).status != "pass" for case in hidden)


@pytest.mark.parametrize("name", RULES)
def test_cases_are_drawn_from_the_seed_and_from_nothing_else(name):
    def inputs(seed):
        QUESTIONS[name].cases.cache_clear()
        return [(case.hidden, case.name, repr(case.calls)) for case in QUESTIONS[name].cases(seed)]

    assert inputs(7) == inputs(7)
    assert [case for case in inputs(7) if not case[0]] == [case for case in inputs(8) if not case[0]]
    assert not {case[2] for case in inputs(7) if case[0]} & {case[2] for case in inputs(8) if case[0]}


@pytest.mark.parametrize("name", RULES)
def test_a_trajectory_compares_theta_only_and_passes_the_state_on_unseen(name):
    for case in QUESTIONS[name].cases(0):
        assert case.item == 0 and case.calls[0].args[2] == {}
        for k, call in enumerate(case.calls[1:]):
            assert call.args[0] == Ref(k, 0) and call.args[2] == Ref(k, 1)


@pytest.mark.parametrize("name", RULES)
def test_playing_a_case_leaves_it_as_it_was(name):
    def vandal(theta, g, state, **hyper):
        state["v"] = 1.0
        theta, g = np.asarray(theta), np.asarray(g)
        for array in (theta, g):
            if array.ndim:
                array[...] = 0
        return theta, state

    before = repr(QUESTIONS[name].cases(0))
    for case in QUESTIONS[name].cases(0):
        play(vandal, case.calls)
    assert repr(QUESTIONS[name].cases(0)) == before


@pytest.mark.parametrize("answer", ["standing still", "nothing", "not a pair"])
@pytest.mark.parametrize("name", RULES)
def test_an_empty_answer_earns_nothing(name, answer):
    functions = {
        "standing still": lambda theta, g, state, **hyper: (theta, state),
        "nothing": lambda theta, g, state, **hyper: None,
        "not a pair": lambda theta, g, state, **hyper: theta - hyper.get("lr", 1e-3) * g,
    }
    assert grade(QUESTIONS[name], functions[answer], 0)[:2] == ("wrong", 0)


def test_the_race_is_what_torch_gives():
    assert lab04.RACE.keys() == RECORDED["race"].keys()
    for key, number in RECORDED["race"].items():
        assert lab04.RACE[key] == pytest.approx(number, rel=1e-9)


@pytest.mark.parametrize("key", ["sgd_distance", "adamw_distance"])
def test_the_loss_that_is_taken_for_the_distance_is_the_loss(key):
    run = minimize(rosenbrock, key.partition("_")[0], lr=1e-3, steps=5000)
    assert lab04.LOSSES[key] == pytest.approx(run.loss[-1], rel=1e-6)


def test_a_conclusion_is_paid_by_the_number_and_needs_three_figures():
    conclusion = QUESTIONS["conclusion"]
    rounded = {key: float(f"{number:.3g}") for key, number in lab04.RACE.items()}
    assert grade(conclusion, lambda: rounded, 0).score == 5
    assert grade(conclusion, lambda: lab04.RACE, 0).score == 5
    assert grade(conclusion, lambda: {**rounded, "more": "text"}, 0).score == 5
    for key in rounded:
        assert grade(conclusion, lambda: {**rounded, key: rounded[key] * 1.02}, 0).score == 4
        assert grade(conclusion, lambda: {k: v for k, v in rounded.items() if k != key}, 0).score == 4
    assert grade(conclusion, dict, 0).score == 0


def test_rounding_does_not_change_the_number_of_steps_of_the_race():
    [adam] = [submission()["adam"] for submission in RIGHT if submission.__name__ == "float32"]
    assert adam(np.zeros(2), np.ones(2), {})[0].dtype == np.float32
    assert np.argmax(minimize(rosenbrock, adam, lr=1e-3, steps=4300).distance < 0.1) == lab04.RACE["adam_step"]


def test_every_signature_is_the_rules_own():
    for name in RULES:
        given = str(inspect.signature(getattr(rules, name).body))
        for number, written in [("0.001", "1e-3"), ("1e-08", "1e-8"), ("0.01", "1e-2")]:
            given = given.replace(number, written)
        assert given == QUESTIONS[name].signature


def test_questions_know_the_mistakes_of_their_rules():
    for name in RULES:
        assert QUESTIONS[name].mistakes == mistakes.of(name)
