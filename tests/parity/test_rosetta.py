"""optimlab/conventions.py against what torch, optax, Keras, schedulefree and the papers do: 1e-12 over 1000 steps.

A conversion that claims to be the same optimizer is run in both libraries (as recorded by rosetta.py); so is one that
claims not to be.
"""

import functools

import numpy as np
import pytest
import rosetta
from as_printed import PAPERS, muon_debiased, muon_of_keras, nadam, rmsprop_inside, schedule_free_decayed_y
from rosetta import RECORDED, SHAPES, distance, gradients, key, start, translated

from optimlab.conventions import FACTS, LIBRARIES, OTHER, cell, convert, meaning
from optimlab.rules import RULES

FILES = {library: rosetta.recorded(library) for library in RECORDED}
ENTRIES = [
    (rule, library, words, shape)
    for library in RECORDED
    for rule, words in rosetta.calls(library)
    for shape in SHAPES.get(rule, ((4,),))
]
SOUND = [entry for entry in ENTRIES if entry[2] != rosetta.BELOW_ZERO]
PAPER_CASES = [(rule, words) for rule, library, words in rosetta.cases() if library == "paper"]


def untranslatable(rule, meant, shape):
    """The path of a library whose formula no setting of ours is."""
    given, x = gradients(rule, shape), start(shape)
    hyper = {name: meant[name] for name in RULES[rule].hyper}
    if rule == "rmsprop":
        return rmsprop_inside(x, given, **hyper)
    if rule == "schedule_free_adamw":
        return schedule_free_decayed_y(x, given, **hyper)
    return muon_debiased(x, given, rms=meant["rms"], **hyper)


def path_at(rule, meant, shape=(4,)):
    path = translated(rule, meant, shape)
    return untranslatable(rule, meant, shape) if path is None else path


@functools.cache
def path_in(rule, library, words, shape):
    """Where the words of a library lead: as recorded, as printed, or by our own rule."""
    if library in RECORDED:
        return FILES[library]["theta"][key(rule, library, dict(words), shape)]
    if library == "paper":
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.array(PAPERS[rule](start(shape), gradients(rule, shape), **dict(words)))
    return path_at(rule, meaning(rule, library, dict(words)), shape)


# -------------------------------------------------------------------------------------------------------------- facts


def test_everything_is_recorded_from_the_versions_that_are_named():
    for library, made in FILES.items():
        assert made["theta"].keys() == {
            key(rule, lib, words, shape) for rule, lib, words, shape in ENTRIES if lib == library
        }
        assert made["made with"].partition("+")[0] == LIBRARIES[library]


@pytest.mark.parametrize("library", RECORDED)
def test_words_and_defaults_are_those_of_the_signatures(library):
    checked = 0
    for rule in FACTS:
        if library not in FACTS[rule]:
            continue
        there = cell(rule, library)
        known = FILES[library]["defaults"][there.called]
        for word, default in there.words.items():
            if f"{{{word}}}" in there.call:
                continue  # the argument of another call: of optax.add_decayed_weights, of keras.regularizers.L2
            stem, _, place = word.partition("[")
            if default == "must be given":
                assert stem not in known
            else:
                theirs = known[stem][int(place[:-1])] if place else known[stem]
                assert theirs == default and (theirs is None) == (default is None), f"{there.called}: {word}"
            checked += 1
    assert checked > 5


# ------------------------------------------------------------------------------------------------------------- parity


@pytest.mark.parametrize("case", SOUND, ids=lambda case: key(*case))
def test_our_rule_goes_where_the_library_went(case):
    rule, library, words, shape = case
    gap = distance(path_at(rule, meaning(rule, library, words), shape), FILES[library]["theta"][key(*case)])
    assert gap <= 1e-12, f"{key(*case)} is {gap:.1e} from what its cell means"


@pytest.mark.parametrize("rule, words", PAPER_CASES, ids=[f"{rule}-{n % 2}" for n, (rule, _) in enumerate(PAPER_CASES)])
def test_our_rule_goes_where_the_paper_goes(rule, words):
    for shape in SHAPES.get(rule, ((4,),)):
        gap = distance(
            path_at(rule, meaning(rule, "paper", words), shape), path_in(rule, "paper", tuple(words.items()), shape)
        )
        assert gap <= 1e-12


PAIRS = [
    (rule, a, b) for rule in FACTS for a in ("optimlab", *FACTS[rule]) for b in ("optimlab", *FACTS[rule]) if a != b
]


@pytest.mark.parametrize("rule, source, target", PAIRS)
def test_a_setting_carried_over_leads_where_it_led_and_only_then_is_called_the_same(rule, source, target):
    others = []
    for each, library, words in rosetta.cases():
        if (each, library) != (rule, source) or words == rosetta.BELOW_ZERO:
            continue
        carried = convert(rule, source, target, words)
        there = functools.partial(path_in, rule, target, tuple(carried.words.items()))
        if any(sentence.startswith("Begin with the memory") for sentence in carried.sentences):
            there = functools.partial(path_at, rule, carried.meaning | {"mean_from": "start"})
        gaps = [
            distance(path_in(rule, source, tuple(words.items()), shape), there(shape))
            for shape in SHAPES.get(rule, ((4,),))
        ]
        if carried.verdict == OTHER:
            others += gaps
        else:
            assert max(gaps) <= 2e-12, carried
    assert not others or max(others) > 1e-9, "nothing was found that differs"


# --------------------------------------------------------------------------------------------- what the sentences say


def test_keras_with_rms_rate_of_one_over_the_root_of_the_inputs_is_our_muon():
    for shape in SHAPES["muon"]:
        words = convert("muon", "optimlab", "keras", rosetta.SETTINGS["muon"]).words | {"rms_rate": shape[1] ** -0.5}
        ours = translated("muon", meaning("muon", "optimlab", rosetta.SETTINGS["muon"]), shape)
        assert distance(ours, FILES["keras"]["theta"][key("muon", "keras", words, shape)]) <= 1e-12


def test_rmsprop_debiased_is_rmsprop_with_lr_and_eps_times_the_root_of_the_weight():
    with_it, without = np.array([1.0, -2.0]), np.array([1.0, -2.0])
    memory, plain = {}, {}
    for t, g in enumerate(np.random.default_rng(0).normal(size=(100, 2)), 1):
        weight = (1 - 0.9**t) ** 0.5
        with_it, memory = RULES["rmsprop"](with_it, g, memory, lr=0.1, beta=0.9, eps=0.1, debias=True)
        without, plain = RULES["rmsprop"](without, g, plain, lr=0.1 * weight, beta=0.9, eps=0.1 * weight)
        np.testing.assert_allclose(with_it, without, rtol=0, atol=1e-13)


def test_the_root_of_an_eps_inside_is_within_a_factor_of_the_root_of_two():
    v = np.logspace(-20, 20, 4001)
    for eps in (1e-7, 1e-8, 0.1):
        ratio = (np.sqrt(v) + np.sqrt(eps)) / np.sqrt(v + eps)
        assert (
            ratio.min() >= 1
            and 1.41 < ratio.max() <= np.sqrt(2) * (1 + 1e-15)
            and ratio[0] < 1.0001
            and ratio[-1] < 1.0001
        )


@pytest.mark.parametrize("beta2", [0.9, 0.99, 0.999, 0.9999])
def test_the_step_from_which_eps_before_and_after_are_within_five_percent(beta2):
    carried = convert("adam", "torch", "keras", {"betas[1]": beta2})
    first, settled = (
        (1 - beta2**t) ** -0.5 for t in (1, int(carried.sentences[-1].partition("from step ")[2].partition(" ")[0]))
    )
    assert f"acts as one {first:.3g} times larger at step 1" in carried.sentences[-1]
    assert (
        settled
        <= 1.05
        < (1 - beta2 ** (int(carried.sentences[-1].partition("from step ")[2].partition(" ")[0]) - 1)) ** -0.5
    )


def test_momentum_with_lr_in_the_velocity_is_ours_while_lr_is_constant_only():
    constant, falling = [0.1] * 50, [0.1 / t for t in range(1, 51)]
    for rates, same in ((constant, True), (falling, False)):
        theta, velocity, ours, memory = 1.0, 0.0, 1.0, {}
        for lr in rates:
            velocity = 0.9 * velocity - lr * 1.0
            theta += velocity
            ours, memory = RULES["momentum"](ours, 1.0, memory, lr=lr, beta=0.9)
        assert (abs(theta - ours) <= 1e-12) is same


def test_torch_dampening_is_no_moving_average():
    """v_1 = g_1, then v_t = beta v + (1 - d) g: with d = beta the first gradient weighs 1/(1-beta) times too much."""
    torch = pytest.importorskip("torch")
    theta = torch.zeros(1, dtype=torch.float64)
    optimizer = torch.optim.SGD([theta], lr=1.0, momentum=0.9, dampening=0.9)
    path = []
    for _ in range(2):
        theta.grad = torch.ones_like(theta)
        optimizer.step()
        path.append(theta.item())
    assert path == [-1.0, -2.0]  # a moving average would have gone to -.1 and -.29


# --------------------------------------------------------------------------------------------------------- exceptions


def test_optax_takes_the_root_of_a_variance_below_zero():
    theirs = FILES["optax"]["theta"][key("rmsprop", "optax", rosetta.BELOW_ZERO)]
    ours = translated("rmsprop", meaning("rmsprop", "optax", rosetta.BELOW_ZERO))
    assert np.isnan(theirs).all(axis=0).tolist() == [False, True, False, True] and np.isfinite(ours).all()


def test_nadam_of_torch_keeps_its_product_in_float32():
    shipped = rosetta.recorded("torch_as_shipped")["theta"]["torch.optim.NAdam(lr=0.002)"]
    single, double = (nadam(start((4,)), gradients("nadam", (4,)), product=kind) for kind in (np.float32, np.float64))
    assert distance(single, shipped) <= 1e-12 < 1e-11 < distance(double, shipped) < 1e-7


def test_muon_of_torch_rounds_its_steps_to_bfloat16():
    shipped = rosetta.recorded("torch_as_shipped")["theta"]["torch.optim.Muon(lr=0.02, weight_decay=0)"]
    ours = translated("muon", meaning("muon", "torch", {"lr": 0.02, "weight_decay": 0}), (2, 2))
    assert 1e-5 < distance(ours[:2], shipped[:2]) < 0.02 * 2**-5


def test_keras_takes_the_norm_of_muon_in_float32_and_on_torch_its_scale():
    shipped = rosetta.recorded("keras_on_torch")["theta"][
        "keras.optimizers.Muon(learning_rate=0.02, weight_decay=None)"
    ]
    meant = meaning("muon", "keras", {"learning_rate": 0.02, "weight_decay": None})
    hyper = {name: meant[name] for name in (*RULES["muon"].hyper, "rms")}
    rounded = muon_of_keras(start((2, 2)), gradients("muon", (2, 2)), **hyper, kind=np.float32)
    assert distance(rounded, shipped) <= 1e-12
    assert 1e-10 < distance(translated("muon", meant, (2, 2)), shipped) < 1e-6
