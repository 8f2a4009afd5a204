"""check() says at once whether a function is right and, if not, in one sentence or a small table why."""

import copy
import linecache
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from optimlab import check as module
from optimlab import rules
from optimlab.check import checker
from optimlab.labs import lab04
from optimlab.labs.question import STORED, Call, Case, Lab, Question
from optimlab.labs.verify import submissions
from optimlab.mistakes import named, of

RULES = ("sgd", "momentum", "adam", "adamw")
RIGHT = [submission for submission in submissions(Path(__file__).parents[1], "lab04_race") if not submission.worth]
check = checker("lab04_race")


@pytest.fixture(autouse=True)
def nothing_checked_before(monkeypatch):
    monkeypatch.setattr(module, "_SO_FAR", {})


def of_name(name, function):
    """The function under another name, as if it had been written so."""
    function.__name__ = name
    return function


def sentence(verdict):
    assert not verdict and verdict.points == 0 and not verdict.rows
    assert "\n" not in verdict.headline and len(verdict.headline) < 300
    return verdict.headline


@pytest.mark.parametrize("name", RULES)
def test_the_shipped_rules_are_right(name):
    verdict = check(getattr(rules, name))
    assert verdict and verdict.points > 0 and repr(verdict).startswith(f"{name}: right (")


@pytest.mark.parametrize("solution", RIGHT)
@pytest.mark.parametrize("name", RULES)
def test_a_right_solution_is_right_however_it_is_written(solution, name):
    assert check(solution()[name])


@pytest.mark.parametrize("mistake", [m for name in RULES for m in of(name)], ids=lambda mistake: mistake.name)
def test_a_known_mistake_is_named_with_the_first_step_that_differs(mistake):
    verdict = check(mistake.body)
    rows = dict(verdict.rows)
    assert not verdict and verdict.points == 0 and verdict.headline.startswith("not yet (")
    assert rows["why"] == f"matches {mistake.name}: {mistake.sentence}"
    if "counts from zero" not in mistake.name and "without the square" not in mistake.name:  # those blow up
        assert rows["case"] and int(rows["step"]) >= 1 and rows["expected"] != rows["got"]


def test_adam_without_bias_correction_reads_so_in_a_terminal():
    assert repr(check(named("adam", "Adam without bias correction").body)) == (
        "adam: not yet (0 of 11 cases right)\n"
        "  case      one step from 1 along g = 2 with lr = 0.1\n"
        "  step      1\n"
        "  expected  0.9\n"
        "  got       0.683772\n"
        "  why       matches Adam without bias correction: the first step is 3.16 times too long; "
        "divide m by 1 - beta1**t and v by 1 - beta2**t\n"
        "  [lab04_race: 0 of 20 points so far]"
    )


def test_what_is_wrong_in_a_way_of_its_own_is_shown_by_its_numbers():
    def sgd(theta, g, state, *, lr, weight_decay=0):
        return theta - 1.25 * lr * g, {}

    assert dict(check(sgd).rows) == {
        "case": "one step from 1 along g = 2 with lr = 0.25",
        "step": "1",
        "expected": "0.5",
        "got": "0.375",
    }


def test_a_drawn_case_is_shown_like_any_other():
    def sgd(theta, g, state, *, lr, weight_decay=0):
        fitted = lr in (0.25, 0.1, 0.5, 0.3)  # as the fixed cases have it
        return theta - lr * (g + weight_decay * theta) * (1 if fitted else 1.01), {}

    verdict = check(sgd)
    rows = dict(verdict.rows)
    assert verdict.headline == "not yet (5 of 8 cases right)"
    assert rows["case"] == "drawn case 1" and float(rows["expected"]) != float(rows["got"])


def test_a_function_that_remembers_elsewhere_than_in_its_state_is_told_so():
    count = 0

    def momentum(theta, g, state, *, lr, beta=0.9):
        nonlocal count
        count += 1
        return theta - lr * g * count, {}

    def forgetful(theta, g, state, *, lr, beta=0.9):
        return theta - lr * g, {}

    told = "asked the first case again it answers otherwise: what it remembers belongs in the state it returns"
    assert dict(check(momentum, lab="lab04_race").rows)["hint"] == told
    assert "hint" not in dict(check(of_name("momentum", forgetful), lab="lab04_race").rows)

    def rectification(t, *, beta2=0.999):
        nonlocal count
        count += 1
        return count

    assert dict(check(rectification, lab="lab10_failure").rows)["hint"].endswith("it may depend on its arguments alone")


def test_points_for_a_part_are_told_beside_the_cases():
    def decays(params, *, weight_decay=1e-2):
        return {name: 0 if "bias" in name else weight_decay for name in params}

    verdict = check(decays, lab="lab08_adamw")
    assert (verdict.headline, verdict.points) == ("not yet (0 of 4 cases right, 1.6 of 4 points)", 1.6)


def test_two_mistakes_at_once_are_told_one_after_the_other():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g * g
        return theta - lr * m / np.sqrt(v + eps), {"m": m, "v": v}

    why = dict(check(adam).rows)["why"]
    assert why.startswith("matches Adam without bias correction, on the case 'one step from 1 along g = 2 with lr")


def test_what_is_not_written_yet_is_said_to_be_so():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        raise NotImplementedError()

    assert sentence(check(adam)) == "not written yet"


def test_a_misspelt_name_is_answered_with_the_nearest():
    assert sentence(check(of_name("adamm", lambda: 0))) == (
        "no question asks for 'adamm'; did you mean 'adam'?"
    )
    assert "there are sgd, momentum, adam, adamw, conclusion" in sentence(check(of_name("zzz", lambda: 0)))


def test_what_is_no_function_is_answered_with_a_sentence():
    assert sentence(check("adam")) == "give it the function or the answer itself, without quotes: check(adam)"
    assert repr(check(None)).startswith("check: ")
    assert sentence(check(None)).startswith("give it a function, not a value of type NoneType; ")
    assert sentence(check(rules.adam(1.0, 1.0))).startswith("give it a function, not a value of type tuple; ")
    assert sentence(check(lambda theta: theta)) == "a lambda has no name to go by; write the function with def"
    assert "no question asks for 'dict'" in sentence(check(dict))


def test_an_unknown_lab_is_answered_with_the_nearest():
    told = "there is no lab named 'lab04_rase'; did you mean 'lab04_race'?"
    assert sentence(module.check(rules.adam, lab="lab04_rase")) == told
    with pytest.raises(ValueError, match=re.escape(told)):
        checker("lab04_rase")
    assert module.check(rules.adam, lab="lab04_race")


def test_a_name_asked_for_in_two_labs_needs_the_lab(monkeypatch):
    second = lab04.LAB._replace(name="lab07_adam")
    monkeypatch.setattr(module, "names", lambda: ["lab04_race", "lab07_adam"])
    monkeypatch.setattr(module, "load", {"lab04_race": lab04.LAB, "lab07_adam": second}.get)
    assert sentence(module.check(rules.adam)) == (
        'adam is asked for in lab04_race and lab07_adam; say which, for example check(adam, lab="lab07_adam")'
    )
    assert module.check(rules.adam, lab="lab07_adam")


ARGUMENTS = {
    "lambda theta, g, state, *, lr: 0": "; it lacks beta1, beta2, eps",
    "lambda theta, g, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8: 0": "yours is adam(theta, g, *, lr=0.001,",
    "lambda theta, g, state, lr, beta1, beta2, eps: 0": "yours is adam(theta, g, state, lr, beta1, beta2, eps)",
    "lambda theta, g, state, extra, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8: 0": "state, extra, *",
    "lambda theta, g, state, *, lr=1e-3, beta_1=0.9, beta2=0.999, eps=1e-8: 0": "; it lacks beta1",
    "lambda theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.99, eps=1e-8: 0": "beta2 must be 0.999 by default",
    "lambda theta, g, state, *, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8: 0": "lr must be 0.001 by default",
    "lambda theta, g, state, *, lr=None, beta1=0.9, beta2=0.999, eps=1e-8: 0": "lr must be 0.001 by default",
}


@pytest.mark.parametrize(("source", "said"), ARGUMENTS.items())
def test_wrong_arguments_are_answered_with_the_right_ones(source, said):
    told = sentence(check(of_name("adam", eval(source))))
    assert said in told
    assert "it must be adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8), yours is adam(" in told


def test_arguments_may_be_positional_or_gathered():
    def sgd(theta, g, state, lr, weight_decay=0):
        return theta - lr * (g + weight_decay * theta), {}

    def momentum(*args, **hyper):
        return rules.momentum(*args, **hyper)

    assert check(sgd) and check(momentum)


def sgd_returning(answer):
    def sgd(theta, g, state, *, lr, weight_decay=0):
        return answer(theta - lr * (g + weight_decay * theta))

    return sgd


RETURNED = {
    "None": (lambda theta: None, "None"),
    "theta alone": (lambda theta: theta, "a number"),
    "a triple": (lambda theta: (theta, {}, 1), "a tuple of length 3"),
    "a string": (lambda theta: (str(theta), {}), "a str"),
    "one more axis": (lambda theta: (np.asarray(theta)[None], {}), "an array of shape (1,)"),
    "a list": (lambda theta: ([theta], {}), "a list of length 1"),
    "complex": (lambda theta: (theta + 0j, {}), "a complex"),
    "NaN": (lambda theta: (theta * np.nan, {}), "nan"),
}


@pytest.mark.parametrize(("answer", "said"), RETURNED.values(), ids=RETURNED)
def test_what_is_returned_in_a_wrong_form_is_shown(answer, said):
    assert dict(check(sgd_returning(answer)).rows)["got"] == said


def test_a_missing_return_is_told_how_to_end():
    assert "return theta, state" in dict(check(sgd_returning(lambda theta: None)).rows)["expected"]


@pytest.mark.parametrize("state", [None, (), [1], 3.0, np.zeros(2)])
def test_a_state_that_is_no_dict_is_answered_with_a_sentence(state):
    told = sentence(check(sgd_returning(lambda theta: (theta, state))))
    assert told.startswith(f"the state it returns must be a dict, got a value of type {type(state).__name__};")


def test_changing_theta_in_place_is_answered_with_a_sentence():
    def sgd(theta, g, state, *, lr, weight_decay=0):
        theta -= lr * (g + weight_decay * theta)
        return theta, state

    assert sentence(check(sgd)).startswith("it changes theta in place")


def test_changing_g_in_place_is_answered_with_a_sentence():
    def sgd(theta, g, state, *, lr, weight_decay=0):
        g += weight_decay * theta
        return theta - lr * g, state

    assert sentence(check(sgd)).startswith("it changes g in place")


@pytest.mark.parametrize("how", ["a new key", "an array inside", "an entry of a nested list"])
def test_changing_the_state_in_place_is_answered_with_a_sentence(how):
    def momentum(theta, g, state, *, lr, beta=0.9):
        if how == "a new key":
            state["v"] = beta * state.get("v", 0) + g
            return theta - lr * state["v"], state
        if how == "an array inside":
            state = state or {"v": np.zeros(np.shape(theta))}
            state["v"] *= beta
            state["v"] += g
            return theta - lr * state["v"], dict(state)
        state = state or {"v": [0]}
        state["v"][0] = beta * state["v"][0] + g
        return theta - lr * state["v"][0], {"v": state["v"]}

    assert sentence(check(momentum)) == "it changes state in place; leave its arguments alone (return a new dict)"


def test_a_memory_that_cannot_be_copied_is_let_be():
    def momentum(theta, g, state, *, lr, beta=0.9):
        v = beta * next(state["v"]) + g if state else g
        return theta - lr * v, {"v": (x for x in [v])}

    with pytest.raises(TypeError):
        copy.deepcopy({"v": (x for x in [0])})
    assert check(momentum)


def test_an_exception_is_told_with_its_case():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return theta - lr * undefined, {}  # noqa: F821

    assert check(adam).rows == (
        ("why", "one step from 1 along g = 2 with lr = 0.1: it raised NameError: name 'undefined' is not defined"),
    )


def test_a_memory_read_before_there_is_one_is_told_how_to_be_read():
    def momentum(theta, g, state, *, lr, beta=0.9):
        v = beta * state["v"] + g
        return theta - lr * v, {"v": v}

    rows = dict(check(momentum).rows)
    assert "KeyError: 'v'" in rows["why"] and "state.get(key, 0)" in rows["hint"]


def test_exit_does_not_end_the_learners_session():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        raise SystemExit

    assert "it ended its process" in repr(check(adam))


def test_a_conclusion_is_told_key_by_key_but_never_the_numbers():
    def conclusion():
        return {"sgd_distance": 0.132, "momentum_step": 535, "adam_step": 999, "adamw_distance": "near"}

    verdict = check(conclusion)
    assert not verdict and verdict.points == 2 and verdict.headline == "not yet (2 of 5 points)"
    why = dict(verdict.rows)["why"]
    assert why == "the race: adam_step is not right; adamw_distance must be a number, not a str; adam_rates is missing"
    assert check(of_name("conclusion", lambda: lab04.RACE)).points == 5


def test_a_conclusion_with_a_known_mistake_is_named():
    def conclusion():
        return {**lab04.RACE, "sgd_distance": 0.00363}

    assert dict(check(conclusion).rows)["why"].startswith("matches the loss instead of the distance: ")


def test_nothing_in_a_verdict_differs_from_run_to_run():
    class Odd:
        pass

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        raise ValueError(f"{Odd()} and {adam}")

    first, second = check(adam), check(adam)
    assert repr(first) == repr(second) and first._repr_html_() == second._repr_html_()
    assert not re.search(r"0x[0-9a-f]+|\d+(\.\d+)? ?m?s\b", repr(first))


def test_html_escapes_what_the_student_wrote():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        raise ValueError("<script>alert('x')</script>")

    shown = check(adam)._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    wild = check(of_name("<img src=x onerror=y>", lambda: 0))._repr_html_()
    assert "<img" not in wild


def test_html_says_the_same_as_the_text():
    verdict = check(named("adam", "Adam without bias correction").body)
    shown = verdict._repr_html_()
    assert verdict.headline in shown and all(label in shown and text in shown for label, text in verdict.rows)
    assert "✓" in check(rules.adam)._repr_html_()


def test_html_sets_neither_text_nor_background_colours_so_that_it_reads_in_the_dark():
    shown = check(named("adam", "Adam uphill").body)._repr_html_()
    assert not re.search(r"(?<!-)color:", shown) and set(re.findall(r"background: (\w+)", shown)) == {"transparent"}


def test_checking_writes_nothing_and_warns_of_nothing(capfd, recwarn):
    for mistake in of("adam"):
        check(mistake.body)
    assert capfd.readouterr() == ("", "") and not recwarn.list


def test_checking_leaves_the_questions_as_they_were():
    before = [repr(question.cases(0)) for question in lab04.LAB.questions]

    def sgd(theta, g, state, *, lr, weight_decay=0):
        state["spoilt"] = True
        return theta, state

    check(sgd)
    assert [repr(question.cases(0)) for question in lab04.LAB.questions] == before


def test_the_progress_of_the_lab_counts_each_question_as_last_checked():
    wrong = named("adam", "Adam uphill").body
    points = [check(f).progress for f in (rules.sgd, rules.adam, rules.adam, wrong, rules.momentum)]
    assert points == [f"lab04_race: {n} of 20 points so far" for n in (2, 7, 7, 2, 5)]
    assert check(rules.sgd).progress in check(rules.sgd)._repr_html_()
    assert check(of_name("zzz", lambda: 0)).progress == ""


def sgd_by(source):
    """An sgd whose source can be read, as that of a notebook's cell can."""
    code = f"def sgd(theta, g, state, *, lr, weight_decay=0):\n{textwrap.indent(source, '    ')}\n"
    name = f"<cell {hash(source)}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space = {"np": np}
    exec(compile(code, name, "exec"), space)
    return space["sgd"]


LOOPS = {
    "over pairs": "new = [x - lr * (y + weight_decay * x) for x, y in zip(np.ravel(theta), np.ravel(g))]\n"
    "return np.reshape(new, np.shape(theta)), {}",
    "over places": "new = np.array(theta)\nfor i in np.ndindex(new.shape):\n"
    "    new[i] -= lr * (np.asarray(g)[i] + weight_decay * new[i])\nreturn new, {}",
}


@pytest.mark.parametrize("source", LOOPS.values(), ids=LOOPS)
def test_a_loop_over_entries_is_right_and_draws_a_remark(source):
    verdict = check(sgd_by(source))
    assert verdict and verdict.points == 2 and dict(verdict.rows)["remark"] == module.LOOPS


def test_neither_arrays_nor_a_loop_over_the_memory_draw_a_remark():
    whole = "return theta - lr * (g + weight_decay * theta), {key: 0 for key in state}"
    assert check(sgd_by(whole)) and not check(sgd_by(whole)).rows


TWO = Lab(
    "lab99_two",
    "Two",
    (
        Question("edge", 4, "", "a number", lambda seed: (Case("the edge", (STORED,), (0.5,), 1e-3, 0),)),
        Question("double", 1, "(x)", "twice x", lambda seed: (Case("one", (Call((1.0,)),), (2.0,), 1e-6, 0, keeps=0.25),)),
    ),
)


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(module, "load", lambda name: TWO)
    return checker("lab99_two")


def test_a_stored_answer_is_checked_by_its_name(two):
    assert two(edge=0.5) and two(edge=np.float32(0.5)).points == 4
    assert dict(two(edge=0.4).rows) == {"case": "the edge", "expected": "0.5", "got": "0.4"}
    assert sentence(two(edge=None)) == "not written yet"
    assert "a str" in repr(two(edge="0.5"))


def test_a_stored_answer_and_a_function_are_not_taken_for_each_other(two):
    assert sentence(two(0.5)) == "give it a function, not a value of type float; a stored answer by its name, check(edge=edge)"
    assert sentence(two(edge=lambda: 0.5)).startswith("edge must hold the answer itself, not a function; check it with")
    assert sentence(two(double=2.0)) == "double must be a function, double(x), not a value of type float"
    assert sentence(two(double=1, edge=2)).startswith("one at a time: ")
    assert sentence(two("edge")) == "give it the function or the answer itself, without quotes: check(edge=edge)"
    assert sentence(two(egde=1)) == "no question asks for 'egde'; did you mean 'edge'?"


def test_a_case_that_keeps_a_share_of_the_points_does(two):
    def double(x):
        return x

    verdict = two(double)
    assert not verdict and verdict.points == 0.25
