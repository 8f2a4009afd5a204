"""Every known mistake differs from its rule and from the others, and the figures in its sentence are measured."""

import inspect
import re

import numpy as np
import pytest

from optimlab import mistakes, ops, rules
from optimlab.contract import RULES
from optimlab.labs.play import play
from optimlab.labs.question import Question, judge, score
from optimlab.labs.trajectories import trajectory
from optimlab.mistakes import MISTAKES, edited, named, of

# One setting at least for every hyperparameter that matters; a spike at step one for AMSGrad; ten steps for RAdam.
SETTINGS = {
    "sgd": [{"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.3}],
    "momentum": [{"lr": 0.1}, {"lr": 0.1, "beta": 0.5}],
    "nesterov": [{"lr": 0.1}, {"lr": 0.1, "beta": 0.5}],
    "adagrad": [{"lr": 0.1}, {"lr": 0.1, "eps": 0.5}],
    "rmsprop": [{"lr": 0.1, "beta": 0.8, "eps": 0.5}, {"lr": 0.1, "debias": True}, {"lr": 0.1, "centered": True}],
    "radam": [{"lr": 0.1}, {"lr": 0.1, "beta2": 0.95, "eps": 0.5}],
}
DEFAULT = [{"lr": 0.1}, {"lr": 0.2, "beta1": 0.5, "beta2": 0.8, "eps": 0.5}]
RULED = list(dict.fromkeys(mistake.rule for mistake in MISTAKES))


def question(rule):
    """A question on any rule whose cases take the rule itself for the truth."""
    rng = np.random.default_rng(5)
    theta, g = rng.normal(size=3), rng.normal(size=(10, 3))
    g[0] *= 5

    def truth(theta, gradients, **hyper):
        state = {}
        for gradient in gradients:
            theta, state = RULES[rule](theta, gradient, state, **hyper)
            yield theta

    known = of(rule)
    cases = [trajectory(str(hyper), truth, known, theta, list(g), **hyper) for hyper in SETTINGS.get(rule, DEFAULT)]
    return Question(rule, 1, "", "", lambda seed: cases, known), cases


def verdict(asked, cases, function):
    with np.errstate(all="ignore"):
        return score(asked, [judge(asked, case, play(function, case.calls)) for case in cases])


def test_every_rule_of_the_ladder_has_known_mistakes():
    assert set(RULES) - set(RULED) <= {"muon", "schedule_free_sgd", "schedule_free_adamw"}


@pytest.mark.parametrize("rule", RULED)
def test_no_mistake_is_found_in_the_rule_itself(rule):
    asked, cases = question(rule)
    assert verdict(asked, cases, RULES[rule])[:4] == ("pass", 1, 1, "")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_every_mistake_is_caught_and_named(mistake):
    asked, cases = question(mistake.rule)
    outcome = verdict(asked, cases, mistake.body)
    assert outcome.status != "pass" and outcome.matches == (mistake.name,)
    assert outcome.diagnosis == f"matches {mistake.name}: {mistake.sentence}"


def test_names_are_unique_within_a_rule_and_sentences_fit_a_line():
    assert len({(mistake.rule, mistake.name) for mistake in MISTAKES}) == len(MISTAKES)
    for mistake in MISTAKES:
        assert 20 < len(mistake.sentence) < 120 and mistake.sentence[-1] != "." and mistake.sentence.isascii()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_has_the_signature_of_its_rule(mistake):
    assert inspect.signature(mistake.body) == inspect.signature(RULES[mistake.rule].body)


def first_step(function, g=1.0, **hyper):
    theta, state = function(0.0, g, {}, **hyper)
    return -theta


# (rule, mistake, gradient, hyperparameters): how many times the first step is too long or too short, or what fraction.
FIRST_STEPS = [
    ("momentum", "momentum as an average", 1.0, {"lr": 0.1}, "10 times too short"),
    ("momentum", "Nesterov's momentum", 1.0, {"lr": 0.1}, "1.9 times as long"),
    ("nesterov", "Nesterov without the gradient of this step", 1.0, {"lr": 0.1}, "0.47 times as long"),
    ("adam", "Adam without bias correction", 1.0, {}, "3.16 times too long"),
    ("adam", "Adam with eps inside the root", 1e-6, {}, "99 times too short"),
    ("adam", "Adam that corrects m only", 1.0, {}, "31.6 times too long"),
    ("adam", "Adam that corrects v only", 1.0, {}, "10 times too short"),
    ("adam", "Adam that counts from two", 1.0, {}, "0.74 times its length"),
    ("adam", "Adam that sums gradients into m", 1.0, {}, "10 times too long"),
    ("adam", "Adam that sums squares into v", 1.0, {}, "31.6 times too short"),
    ("amsgrad", "AMSGrad without bias correction", 1.0, {}, "3.16 times too long"),
    ("rmsprop", "RMSProp with bias correction", 1.0, {"lr": 0.1}, "10 times shorter"),
    ("radam", "RAdam that waits with m", 1.0, {}, "10 times too short"),
]


@pytest.mark.parametrize(("rule", "name", "g", "hyper", "claim"), FIRST_STEPS)
def test_the_length_of_the_first_step_is_as_the_sentence_says(rule, name, g, hyper, claim):
    mistake = named(rule, name)
    ratio = first_step(mistake.body, g, **hyper) / first_step(RULES[rule], g, **hyper)
    number, *words = claim.split()
    assert claim in mistake.sentence
    assert float(number) == pytest.approx(1 / ratio if "short" in claim else ratio, rel=0.01)


def test_every_ratio_in_a_sentence_is_among_those_that_are_measured():
    told = {
        (mistake.rule, mistake.name)
        for mistake in MISTAKES
        if re.search(r"[\d.]+ times (?!as large)", mistake.sentence) and "built on" not in mistake.name
    }
    others = {  # and these, below
        ("momentum", "momentum that fades the gradient too"),
        ("adam", "Adam with eps added before the correction"),
        ("adamw", "AdamW whose decay skips the learning rate"),
    }
    assert told == {(rule, name) for rule, name, *_ in FIRST_STEPS} | others


def test_momentum_that_fades_the_gradient_is_0_9_times_too_short_at_every_step():
    body, right, wrong, a, b = named("momentum", "momentum that fades the gradient too").body, 0.0, 0.0, {}, {}
    for g in (1.0, -2.0, 0.5):
        (old_right, right), (old_wrong, wrong) = (right, None), (wrong, None)
        right, a = rules.momentum(old_right, g, a, lr=0.1)
        wrong, b = body(old_wrong, g, b, lr=0.1)
        assert wrong - old_wrong == pytest.approx(0.9 * (right - old_right))


def test_eps_before_the_correction_is_31_6_times_larger_at_the_first_step():
    body = named("adam", "Adam with eps added before the correction").body
    assert first_step(body, eps=1e-3) == pytest.approx(first_step(rules.adam, eps=1e-3 / np.sqrt(1 - 0.999)))
    assert 1 / np.sqrt(1 - 0.999) == pytest.approx(31.6, rel=1e-3)


def test_decay_without_lr_is_a_thousand_times_too_strong_at_the_default_lr():
    body = named("adamw", "AdamW whose decay skips the learning rate").body
    assert 1 - body(1.0, 0.0, {})[0] == pytest.approx(1000 * (1 - rules.adamw(1.0, 0.0, {})[0]))


def test_radam_first_rectified_step_is_multiplied_by_three_hundredths():
    right, wrong, memory = 0.0, named("radam", "RAdam without the rectification").body, {}
    for t in range(1, 7):
        before, held = right, dict(memory)
        right, memory = rules.radam(before, 1.0, held)
    assert (right - before) / (wrong(before, 1.0, held)[0] - before) == pytest.approx(0.03, abs=0.005)


def test_shrinking_after_the_step_shrinks_the_step_by_lr_times_decay_of_its_length():
    body, hyper = named("adamw", "AdamW that shrinks after the step").body, {"lr": 0.1, "weight_decay": 0.5}
    step = first_step(rules.adamw, **hyper)
    assert first_step(body, **hyper) == pytest.approx(step * (1 - 0.1 * 0.5))


def test_an_edit_that_no_longer_fits_the_source_is_an_error():
    with pytest.raises(ValueError, match="the source of sgd does not hold 'beta'"):
        edited("sgd", [("beta", "gamma")])


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_every_edit_changes_the_code(mistake):
    assert all(old != new for old, new in mistake.edits)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match="there is no rule named 'adm'; did you mean 'adam'?"):
        of("adm")
    with pytest.raises(ValueError, match="did you mean 'Adam without bias correction'?"):
        named("adam", "Adam without bias correction!")


def test_making_the_mistakes_changes_no_rule():
    assert RULES["adam"] is rules.adam and rules.sqrt is ops.sqrt
    assert mistakes.edited("adam", []) is not rules.adam.body
    assert first_step(rules.adamw) == pytest.approx(1e-3)
