"""Answers are judged whatever they are; a hidden case gives nothing away; a question is worth its worst case."""

import numpy as np
import pytest

from optimlab.labs.play import Variants
from optimlab.labs.question import STATUSES, Call, Case, Failure, Opaque, Outcome, Question, Ref, judge, plain, score
from optimlab.mistakes import Mistake


def half(theta, g, state):
    return theta - g / 2, {}


def whole(theta, g, state):
    return theta - g, {}


def lost(theta, g, state):
    return theta / 0, {}


MISTAKES = (Mistake("halve", "the whole step", "divide by two", whole), Mistake("halve", "no step", "it fails", lost))
CALLS = (Call((np.array([1.0, 2.0]), np.array([1.0, 1.0]), {})), Call((Ref(0, 0), np.array([0.0, 2.0]), Ref(0, 1))))
EXPECTED = (np.array([0.5, 1.5]), np.array([0.5, 0.5]))
CASE = Case("two steps", CALLS, EXPECTED, rtol=1e-6, atol=1e-6, item=0, variants=Variants(MISTAKES, CALLS))
NUMBERS = Case("numbers", (Call(),), ({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0},), rtol=1e-2, atol=0)
HALVE = Question("halve", 4, "(theta, g, state)", "half a step", lambda seed: (CASE,), MISTAKES)


def right():
    return [(EXPECTED[0], {}), (EXPECTED[1], {})]


def test_the_right_answers_pass_whatever_the_state_is():
    for state in ({}, {"v": 1}, None, "memory", Opaque("dict"), np.zeros(3)):
        outcome = judge(HALVE, CASE, [(EXPECTED[0], state), [EXPECTED[1], state]])
        assert outcome[:3] == ("pass", 4, 4)


HOSTILE = {
    "None": None,
    "a bool": True,
    "a string": "0.5",
    "bytes": b"0.5",
    "an empty tuple": (),
    "a pair of None": (None, {}),
    "a pair of strings": ("x" * 10**6, {}),
    "a pair of lists": ([0.5, 1.5], {}),
    "a bare array": np.array([0.5, 1.5]),
    "a bare array of two rows": np.array([[0.5, 1.5], [0.0, 0.0]]),
    "a triple": (np.array([0.5, 1.5]), {}, {}),
    "a scalar": (0.5, {}),
    "a wrong shape": (np.zeros(3), {}),
    "a column": (np.array([[0.5], [1.5]]), {}),
    "no entries": (np.zeros(0), {}),
    "a huge array": (np.zeros(2_000_000), {}),
    "NaN": (np.array([np.nan, 1.5]), {}),
    "infinity": (np.array([np.inf, 1.5]), {}),
    "a huge integer": (10**400, {}),
    "booleans": (np.array([True, False]), {}),
    "complex numbers": (np.array([0.5 + 0j, 1.5]), {}),
    "objects": (np.array([object(), None], dtype=object), {}),
    "text in an array": (np.array(["0.5", "1.5"]), {}),
    "dates": (np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"), {}),
    "a record": (np.zeros(2, dtype=[("a", "f8")]), {}),
    "a dict": {"theta": 1},
    "an opaque value": Opaque("x"),
    "an opaque theta": (Opaque("x"), {}),
    "a nested tuple": ((((1,),),), {}),
    "a wrong number": (np.array([0.5, 1.6]), {}),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_whatever_is_no_right_number_is_wrong_and_a_short_sentence_says_why(answer):
    outcome = judge(HALVE, CASE, [answer, right()[1]])
    assert outcome[:3] == ("wrong", 0, 4)
    assert outcome.diagnosis.startswith("two steps, step 1: it gave ")
    assert len(outcome.diagnosis) < 300 and outcome.diagnosis.isprintable()


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_a_dict_of_numbers_is_judged_key_by_key_whatever_came(answer):
    outcome = judge(HALVE, NUMBERS, [{"a": 1.0, "b": answer, "c": np.float32(3.01), "d": 4}])
    assert outcome.status == "wrong" and outcome.score == 3 and "b " in outcome.diagnosis
    assert len(outcome.diagnosis) < 300


@pytest.mark.parametrize("answer", [value for value in HOSTILE.values() if not isinstance(value, dict)])
def test_what_is_no_dict_earns_nothing_where_a_dict_is_asked_for(answer):
    outcome = judge(HALVE, NUMBERS, [answer])
    assert outcome[:3] == ("wrong", 0, 4) and "a dict with the keys a, b, c, d" in outcome.diagnosis


def test_a_conclusion_never_tells_the_right_number():
    outcome = judge(HALVE, NUMBERS, [{"a": 7.0, "b": np.nan}])
    assert outcome.score == 0 and (outcome.expected, outcome.got) == ("", "")
    assert outcome.diagnosis == "numbers: a is not right; b is not right; c is missing; d is missing"


def test_one_number_that_agrees_among_cases_that_do_not_names_no_mistake():
    one = CASE._replace(calls=CALLS[:1], expected=(0.5,))
    agreeing = judge(HALVE, one, [(0.0, {})])._replace(matches=("the whole step",), numbers=1)
    other = judge(HALVE, CASE, [(EXPECTED[0], {}), (np.array([9.0, 9.0]), {})])
    assert other.matches == () and other.numbers == 4
    assert score(HALVE, [agreeing, other]).matches == ("the whole step",)
    assert score(HALVE, [agreeing, other, other]).matches == ()
    assert "expected 0.5" in score(HALVE, [agreeing, other, other]).diagnosis
    assert score(HALVE, [agreeing._replace(numbers=2), other, other]).matches == ("the whole step",)


def test_a_function_that_returns_numbers_by_name_is_shown_the_first_that_differs():
    case = NUMBERS._replace(calls=(Call((1.0,)),))
    outcome = judge(HALVE, case, [{"a": 1.0, "b": 7.0, "c": 9.0}])
    assert (outcome.score, outcome.expected) == (1, "b 2")
    assert outcome.got == "b 7; c is not right; d is missing"
    assert outcome.diagnosis == "numbers: b: it gave 7, expected 2"
    silent = judge(HALVE, case._replace(hidden=True), [{"a": 1.0, "b": 7.0}])
    assert (silent.expected, silent.got, silent.diagnosis) == ("", "", "on a hidden case its answer is not right")


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in ("pass", "wrong")])
def test_a_failure_keeps_its_status_and_earns_nothing(status):
    outcome = judge(HALVE, CASE, [right()[0], Failure(status, "")])
    assert (outcome.status, outcome.score) == (status, 0) and outcome.diagnosis


@pytest.mark.parametrize("answer", [True, np.True_, np.array(True), np.array([True, False])])
def test_a_truth_value_is_no_number_even_where_one_or_zero_is_right(answer):
    case = Case("one", (Call(),), (np.asarray(answer, dtype=float),), 1e-6, 1e-6)
    assert judge(HALVE, case, [answer]).status == "wrong"
    assert judge(HALVE, case, [np.asarray(answer, dtype=int)]).status == "pass"


def test_a_failure_of_unknown_status_counts_as_an_exception():
    assert judge(HALVE, CASE, [Failure("pass", "forged")]).status == "exception"
    assert judge(HALVE, CASE, [Failure("nonsense", "")]).status == "exception"


def test_a_function_that_is_not_written_is_missing():
    outcome = judge(HALVE, CASE, [Failure("exception", "NotImplementedError: ")])
    assert outcome[:4] == ("missing", 0, 4, "it is not written yet")


@pytest.mark.parametrize("answers", [[], [(EXPECTED[0], {})]])
def test_answers_that_never_came_are_missing(answers):
    assert judge(HALVE, CASE, answers).status == "missing"


def test_answers_beyond_the_calls_are_ignored():
    assert judge(HALVE, CASE, [*right(), "more", "still more"]).status == "pass"


def test_a_hidden_case_shows_neither_inputs_nor_answers_nor_what_the_student_said():
    hidden = CASE._replace(name="secret name", hidden=True)
    for answer in (Failure("exception", "ValueError: theta was 1.25"), (np.array([0.123, 1.0]), {}), ("secret", {})):
        outcome = judge(HALVE, hidden, [answer])
        assert outcome.diagnosis.startswith("on a hidden case it")
        assert (outcome.case, outcome.step, outcome.expected, outcome.got) == ("a hidden case", None, "", "")
        assert not any(word in str(outcome) for word in ("1.25", "0.123", "secret"))


def test_numbers_within_the_tolerance_pass_and_beyond_it_do_not():
    near, far = EXPECTED[0] * (1 + 1e-6), EXPECTED[0] * (1 + 1e-5)
    assert judge(HALVE, CASE, [(near, {}), right()[1]]).status == "pass"
    assert judge(HALVE, CASE, [(far, {}), right()[1]]).status == "wrong"


def test_expected_and_got_are_written_with_enough_digits_to_differ():
    outcome = judge(HALVE, CASE, [(np.array([0.5, 1.500009]), {})])
    assert outcome.expected != outcome.got and outcome.step == 1


def test_of_a_large_array_the_first_wrong_entry_is_shown():
    expected = np.zeros((3, 4))
    case = Case("large", (Call(),), (expected,), 0, 1e-9)
    got = expected.copy()
    got[1, 2] = 5
    assert judge(HALVE, case, [got]).diagnosis == "large: it gave 5 at entry [1, 2], expected 0 at entry [1, 2]"


def test_a_known_mistake_is_named():
    from optimlab.labs.play import play

    outcome = judge(HALVE, CASE, play(whole, CALLS))
    assert outcome.matches == ("the whole step",)
    assert score(HALVE, [outcome]).diagnosis == "matches the whole step: divide by two"


@pytest.mark.parametrize(
    "first", [Failure("exception", "ZeroDivisionError: x"), (np.full(2, np.nan), {}), (np.full(2, np.inf), {})]
)
def test_arithmetic_that_blows_up_matches_a_mistake_that_blows_up_at_the_same_step(first):
    assert judge(HALVE, CASE, [first]).matches == ("no step",)


def test_another_exception_matches_no_mistake():
    assert judge(HALVE, CASE, [Failure("exception", "NameError: name 'x'")]).matches == ()


def outcome(status, points, matches=(), case="c"):
    return Outcome(status, points, 4, f"{status} here" * (status != "pass"), case, matches=matches)


def test_a_question_is_worth_its_worst_case():
    assert score(HALVE, [outcome("pass", 4), outcome("pass", 4)])[:4] == ("pass", 4, 4, "")
    assert score(HALVE, [outcome("pass", 4), outcome("wrong", 1), outcome("timeout", 0)])[:2] == ("timeout", 0)
    assert score(HALVE, [outcome("pass", 4), outcome("wrong", 3)])[:2] == ("wrong", 3)


def test_the_diagnosis_names_the_mistake_that_explains_most_cases():
    both, one = ("no step", "the whole step"), ("the whole step",)
    assert score(HALVE, [outcome("wrong", 0, both), outcome("wrong", 0, one)]).matches == one
    part = score(HALVE, [outcome("wrong", 0, one, "first"), outcome("wrong", 0, ())])
    assert part.diagnosis == "matches the whole step, on the case 'first' at least: divide by two"


def test_a_grader_error_anywhere_makes_the_question_one():
    whole = score(HALVE, [outcome("pass", 4), outcome("wrong", 0), outcome("grader-error", 0)])
    assert whole[:2] == ("grader-error", 0)
    assert score(HALVE, []).status == "grader-error"


def test_student_text_becomes_one_printable_short_line():
    text = plain("a\x00b\x1b[31m\nc\u202e <f at 0x7fab12> " + "x" * 10**6)
    assert text.startswith("a b [31m c <f> xxx") and len(text) == 200 and text.isprintable()
