"""Every known mistake differs from its rule and from the others, and the figures in its sentence are measured."""

import functools
import inspect
import re

import numpy as np
import pytest

from optimlab import mistakes, ops, rules
from optimlab.contract import RULES
from optimlab.labs.play import play
from optimlab.labs.question import Question, judge, score
from optimlab.labs.trajectories import trajectory
from optimlab.mistakes import MISTAKES, SCHEDULED, edited, named, of

# One setting at least for every hyperparameter that matters; a spike at step one for AMSGrad; ten steps for RAdam;
# for Muon a tall matrix, a wide one and gradients as small as the least norm it divides by.
SETTINGS = {
    "sgd": [{"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.3}],
    "momentum": [{"lr": 0.1}, {"lr": 0.1, "beta": 0.5}],
    "nesterov": [{"lr": 0.1}, {"lr": 0.1, "beta": 0.5}],
    "adagrad": [{"lr": 0.1}, {"lr": 0.1, "eps": 0.5}],
    "rmsprop": [{"lr": 0.1, "beta": 0.8, "eps": 0.5}, {"lr": 0.1, "debias": True}, {"lr": 0.1, "centered": True}],
    "amsgrad": [
        {"lr": 0.1},
        {"lr": 0.2, "beta1": 0.5, "beta2": 0.8, "eps": 0.5},
        {"lr": 0.2, "beta1": 0.5, "beta2": 0.8, "eps": 0.5, "debias": "before"},
        {"lr": 0.2, "debias": "none"},
    ],
    "radam": [{"lr": 0.1}, {"lr": 0.1, "beta2": 0.95, "eps": 0.5}],
    "schedule_free_sgd": [{"lr": 0.1}, {"lr": 0.2, "beta": 0.6}],
    "schedule_free_adamw": [{"lr": 0.1}, {"lr": 0.2, "beta1": 0.6, "beta2": 0.8, "eps": 0.5, "weight_decay": 0.3}],
    "muon": [{"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.3, "beta": 0.8}, {"lr": 0.1, "nesterov": False, "steps": 2}],
}
DEFAULT = [{"lr": 0.1}, {"lr": 0.2, "beta1": 0.5, "beta2": 0.8, "eps": 0.5}]
ARRAYS = {"muon": [((4, 2), 1), ((2, 3), 1), ((3, 2), 1e-7)]}  # shape and size of gradients that are no vector of 3
RULED = list(dict.fromkeys(mistake.rule for mistake in MISTAKES))


def gradients(rng, shape, size):
    g = size * rng.normal(size=(10, *shape))
    g[0] *= 5
    return list(g)


@functools.cache
def question(rule):
    """A question on any rule whose cases take the rule itself for the truth."""

    def truth(theta, gradients, **hyper):
        state = {}
        for gradient in gradients:
            theta, state = RULES[rule](theta, gradient, state, **hyper)
            yield theta

    known, cases, rng = of(rule), [], np.random.default_rng(5)
    for shape, size in ARRAYS.get(rule, [((3,), 1)]):
        theta, gs = rng.normal(size=shape), gradients(rng, shape, size)
        cases += [trajectory(str(hyper), truth, known, theta, gs, **hyper) for hyper in SETTINGS.get(rule, DEFAULT)]
    return Question(rule, 1, "", "", lambda seed: cases, known), cases


def verdict(asked, cases, function):
    with np.errstate(all="ignore"):
        return score(asked, [judge(asked, case, play(function, case.calls)) for case in cases])


def test_every_rule_of_the_ladder_has_known_mistakes():
    assert RULED == list(RULES)


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


def test_sources_are_threads_of_public_repositories():
    cited = {mistake.source for mistake in MISTAKES + SCHEDULED} - {""}
    assert len(cited) > 50 and all(re.fullmatch(r"[\w.-]+/[\w.-]+#[1-9]\d*", source) for source in cited)


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
    ("momentum", "momentum that counts the first gradient twice", 1.0, {"lr": 0.1}, "1.9 times as long"),
    ("nesterov", "Nesterov without the gradient of this step", 1.0, {"lr": 0.1}, "0.47 times as long"),
    ("nesterov", "Nesterov that brakes", 1.0, {"lr": 0.1}, "0.053 times as long"),
    ("adam", "Adam without bias correction", 1.0, {}, "3.16 times too long"),
    ("adam", "Adam with eps inside the root", 1e-6, {}, "99 times too short"),
    ("adam", "Adam that corrects m only", 1.0, {}, "31.6 times too long"),
    ("adam", "Adam that corrects v only", 1.0, {}, "10 times too short"),
    ("adam", "Adam that counts from two", 1.0, {}, "0.74 times its length"),
    ("adam", "Adam that sums gradients into m", 1.0, {}, "10 times too long"),
    ("adam", "Adam that sums squares into v", 1.0, {}, "31.6 times too short"),
    ("adam", "Adam that corrects v by what is missing", 1.0, {}, "31.6 times too long"),
    ("adam", "Adam that begins with the first gradient", 1.0, {}, "3.16 times too short"),
    ("amsgrad", "AMSGrad without bias correction", 1.0, {}, "3.16 times too long"),
    ("amsgrad", "AMSGrad that corrects m only", 1.0, {}, "31.6 times too long"),
    ("amsgrad", "AMSGrad that corrects v only", 1.0, {}, "10 times too short"),
    ("rmsprop", "RMSProp with bias correction", 1.0, {"lr": 0.1}, "10 times shorter"),
    ("rmsprop", "RMSProp that adds the squares in full", 1.0, {"lr": 0.1}, "10 times too short"),
    ("rmsprop", "RMSProp that begins with the first square", 1.0, {"lr": 0.1}, "10 times too short"),
    ("radam", "RAdam that waits with m", 1.0, {}, "10 times too short"),
    ("schedule_free_adamw", "Schedule-Free AdamW without bias correction", 1.0, {}, "31.6 times too long"),
]


@pytest.mark.parametrize(("rule", "name", "g", "hyper", "claim"), FIRST_STEPS)
def test_the_length_of_the_first_step_is_as_the_sentence_says(rule, name, g, hyper, claim):
    mistake = named(rule, name)
    ratio = first_step(mistake.body, g, **hyper) / first_step(RULES[rule], g, **hyper)
    number, *words = claim.split()
    assert claim in mistake.sentence
    assert float(number) == pytest.approx(1 / ratio if "short" in claim else ratio, rel=0.01)


def inherited(mistake):
    """Whether another rule's mistake of the same sentence is measured in its place."""
    return "built on" in mistake.name and mistake.rule != "muon"


def test_every_ratio_in_a_sentence_is_among_those_that_are_measured():
    told = {
        (mistake.rule, mistake.name)
        for mistake in MISTAKES
        if re.search(r"[\d.]+ times (?!as large)", mistake.sentence) and not inherited(mistake)
    }
    others = {  # and these, below
        ("momentum", "momentum that fades the gradient too"),
        ("adam", "Adam with eps added before the correction"),
        ("amsgrad", "AMSGrad with eps added before the correction"),
        ("adamw", "AdamW whose decay skips the learning rate"),
        ("adamw", "AdamW whose decay is corrected as the step is"),
        ("muon", "Muon built on Newton-Schulz with coefficients that converge"),
    }
    assert told == {(rule, name) for rule, name, *_ in FIRST_STEPS} | others


def test_momentum_that_fades_the_gradient_is_0_9_times_too_short_at_every_step():
    body, right, wrong, a, b = named("momentum", "momentum that fades the gradient too").body, 0.0, 0.0, {}, {}
    for g in (1.0, -2.0, 0.5):
        (old_right, right), (old_wrong, wrong) = (right, None), (wrong, None)
        right, a = rules.momentum(old_right, g, a, lr=0.1)
        wrong, b = body(old_wrong, g, b, lr=0.1)
        assert wrong - old_wrong == pytest.approx(0.9 * (right - old_right))


@pytest.mark.parametrize(("rule", "title"), [("adam", "Adam"), ("amsgrad", "AMSGrad")])
def test_eps_before_the_correction_is_31_6_times_larger_at_the_first_step(rule, title):
    mistake = named(rule, f"{title} with eps added before the correction")
    assert "31.6 times larger" in mistake.sentence
    assert first_step(mistake.body, eps=1e-3) == pytest.approx(first_step(RULES[rule], eps=1e-3 / np.sqrt(1 - 0.999)))
    assert 1 / np.sqrt(1 - 0.999) == pytest.approx(31.6, rel=1e-3)


def test_decay_without_lr_is_a_thousand_times_too_strong_at_the_default_lr():
    body = named("adamw", "AdamW whose decay skips the learning rate").body
    assert 1 - body(1.0, 0.0, {})[0] == pytest.approx(1000 * (1 - rules.adamw(1.0, 0.0, {})[0]))


def test_the_first_decay_is_3_16_times_too_weak_if_it_is_corrected_as_the_step_is():
    mistake = named("adamw", "AdamW whose decay is corrected as the step is")
    assert "3.16 times too weak" in mistake.sentence
    right, wrong = (1 - step(1.0, 0.0, {})[0] for step in (rules.adamw, mistake.body))
    assert right / wrong == pytest.approx(3.16, rel=0.001)


def test_radam_first_rectified_step_is_multiplied_by_three_hundredths_or_without_the_root_by_seven_ten_thousandths():
    theta, memory = 0.0, {}
    for _ in range(5):
        theta, memory = rules.radam(theta, 1.0, memory)
    names = ("RAdam without the rectification", "RAdam without the root of r")
    bare, rootless = (named("radam", name).body(theta, 1.0, memory)[0] - theta for name in names)
    right = rules.radam(theta, 1.0, memory)[0] - theta
    assert right / bare == pytest.approx(0.03, abs=0.005) and rootless / bare == pytest.approx(0.0007, abs=0.00005)


def test_converging_coefficients_lift_small_singular_values_1_7_times_more_slowly():
    edits = named("muon", "Muon built on Newton-Schulz with coefficients that converge").edits
    small = np.diag([1.0, 1e-6])
    lifted = [f(small, steps=1)[1, 1] for f in (rules.newton_schulz, edited("newton_schulz", edits))]
    assert lifted[0] / lifted[1] == pytest.approx(1.7, rel=0.02)


def test_newton_schulz_without_the_norm_diverges_above_1_264_and_not_below():
    mistake = named("muon", "Muon built on Newton-Schulz without the norm")
    assert "above 1.264" in mistake.sentence
    bare = edited("newton_schulz", mistake.edits)
    with np.errstate(all="ignore"):
        assert abs(bare(np.array([[1.263]]), steps=200)) < 1.3 and not abs(bare(np.array([[1.265]]), steps=200)) < 1.3


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if "acts like" in m.sentence], ids=lambda m: m.name)
def test_eps_inside_the_root_acts_like_its_root(mistake):
    inside, outside = map(float, re.search(r"(1e-\d+) acts like (1e-\d+)", mistake.sentence).groups())
    assert RULES[mistake.rule].hyper["eps"] == inside and outside == pytest.approx(np.sqrt(inside))


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if "a tenth as far" in m.sentence], ids=lambda m: m.name)
def test_without_the_root_a_gradient_ten_times_as_large_moves_theta_a_tenth_as_far(mistake):
    hyper = {"lr": 0.1, "weight_decay": 0} if "built on" in mistake.name else {"lr": 0.1}
    assert first_step(mistake.body, 10.0, **hyper) == pytest.approx(first_step(mistake.body, 1.0, **hyper) / 10)


def run(step, shape=(3,), rates=(0.1,) * 8, **hyper):
    rng = np.random.default_rng(7)
    theta, state = rng.normal(size=shape), {}
    for lr, g in zip(rates, gradients(rng, shape, 1)):
        theta, state = step(theta, g, state, lr=lr, **hyper)
    return theta


@pytest.mark.parametrize("mistake", SCHEDULED, ids=lambda mistake: mistake.name)
def test_some_mistakes_show_only_when_the_learning_rate_changes(mistake):
    right, falling = RULES[mistake.rule], 0.1 / np.arange(1, 9)
    rising = falling[::-1]
    assert mistake not in of(mistake.rule) and mistake in of(mistake.rule, changing_lr=True)
    assert run(mistake.body) == pytest.approx(run(right), abs=1e-12)
    assert np.abs(run(mistake.body, rates=rising) - run(right, rates=rising)).min() > 1e-3


# What looks like a mistake and is none, or like two that are one: no case tells them apart, so one of each is listed.
TWINS = [
    (
        "nesterov",
        [("beta * v)", 'beta * state.get("v", 0))')],
        "heavy ball instead of Nesterov",
        "the gradient plus beta times the old velocity is the new velocity",
    ),
    ("adagrad", [("sqrt(s)", "abs(g)")], "AdaGrad that forgets its sum", "abs(g) is the root of one square"),
    ("amsgrad", [('"v_max": v_max', '"v_max": 0')], "AMSGrad without its maximum", "max(v, 0) is v"),
    ("radam", [("rho > threshold", "rho >= threshold")], None, "rho is nowhere exactly 5"),
    ("schedule_free_sgd", [('"t": t', '"t": 0')], "Schedule-Free that returns z", "x is the last z, and so is y"),
    (
        "muon",
        [("+ (1 - beta) * g\n", "+ g\n"), ("beta * m + (1 - beta) * g", "beta * m + g")],
        None,
        "a sum is an average times 1 / (1 - beta), and Newton-Schulz forgets the factor",
    ),
    ("newton_schulz", [("matrix.shape[0] > matrix.shape[1]", "False")], None, "X X^T X is the same either way"),
]


@pytest.mark.parametrize(("name", "edits", "twin", "why"), TWINS, ids=[why for *_, why in TWINS])
def test_what_no_case_can_tell_apart_is_not_listed_twice(name, edits, twin, why):
    rule = "muon" if name == "newton_schulz" else name
    body = edited(name, edits) if rule == name else edited(rule, (), newton_schulz=edited(name, edits))
    other = named(rule, twin).body if twin else RULES[rule]
    shape = (4, 2) if rule == "muon" else (3,)
    assert run(body, shape) == pytest.approx(run(other, shape), abs=1e-9)




def test_shrinking_after_the_step_shrinks_the_step_by_lr_times_decay_of_its_length():
    body, hyper = named("adamw", "AdamW that shrinks after the step").body, {"lr": 0.1, "weight_decay": 0.5}
    step = first_step(rules.adamw, **hyper)
    assert first_step(body, **hyper) == pytest.approx(step * (1 - 0.1 * 0.5))


def test_an_edit_that_no_longer_fits_the_source_is_an_error():
    with pytest.raises(ValueError, match="the source of sgd does not hold 'beta'"):
        edited("sgd", [("beta", "gamma")])
    with pytest.raises(ValueError, match="there is no rule named 'adm'; did you mean 'adam'?"):
        edited("adm", [])


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
    assert not hasattr(rules.newton_schulz, "body")
    assert first_step(rules.adamw) == pytest.approx(1e-3)
