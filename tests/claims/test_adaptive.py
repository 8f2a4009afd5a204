"""Claims about AdaGrad, RMSProp and what they divide by: one small seeded experiment each."""

import inspect

import numpy as np
import pytest

from optimlab import rules
from optimlab.descent import minimize
from optimlab.problems import Problem, quadratic, sparse_logistic
from optimlab.rules import adagrad, adam, rmsprop


def test_adagrad_keeps_the_rate_of_a_coordinate_that_is_rarely_seen():
    state = {}
    for t in range(1000):
        g = np.array([1.0, float(t % 100 == 0)])
        _, state = adagrad(np.zeros(2), g, state, lr=1.0)
    common, rare = 1 / np.sqrt(state["s"])
    assert rare / common == pytest.approx(10)


def test_most_entries_of_a_sparse_minibatch_gradient_are_zero():
    problem, *_ = sparse_logistic()
    rng = np.random.default_rng(0)
    draws = np.array([problem.sample(np.zeros(problem.start.size), t, rng) for t in range(1, 201)])
    assert 0.5 < np.mean(draws == 0) < 1


def test_adagrad_still_needs_its_learning_rate_tuned():
    end = minimize(quadratic(kappa=1000), "adagrad", lr=[1e-3, 10.0], steps=200).distance[-1]
    start = minimize(quadratic(kappa=1000), "adagrad", lr=1.0, steps=1).distance[0]
    assert end[0] > 0.9 * start and end[1] < 1e-3 * start


@pytest.mark.parametrize("rule", [adagrad, rmsprop, adam])
def test_without_eps_a_coordinate_without_gradient_becomes_nan(rule):
    with np.errstate(invalid="ignore"):
        assert np.isnan(rule(np.zeros(1), np.zeros(1), lr=0.1, eps=0.0)[0]).all()
    assert rule(np.zeros(1), np.zeros(1), lr=0.1)[0] == 0


def test_the_usual_decay_of_rmsprop_is_0_9_or_0_99_and_of_adams_size_0_999():
    default = {name: inspect.signature(rules.RULES[name]).parameters for name in ("rmsprop", "adam")}
    assert default["rmsprop"]["beta"].default == 0.99 and default["adam"]["beta2"].default == 0.999


def test_v_measures_the_noise_and_not_the_curvature_where_noise_is_the_larger():
    rng, state = np.random.default_rng(0), {}
    curvature = np.array([1.0, 100.0])
    for _ in range(20_000):
        theta = 1e-3 * rng.normal(size=2)
        _, state = rmsprop(theta, curvature * theta + rng.normal(size=2), state, lr=0.0, beta=0.999, debias=True)
    assert np.sqrt(state["v"]) == pytest.approx([1, 1], rel=0.05)


def test_adaptive_rules_do_not_all_tolerate_more_learning_rates_than_momentum():
    spans = {}
    for rule in ("sgd", "momentum", "rmsprop", "adagrad", "adam"):
        lrs = np.geomspace(1e-5, 10, 61)
        near = minimize(quadratic(kappa=100, angle=45), rule, lr=lrs, steps=500).distance[-1] < 1.0
        spans[rule] = near.sum()
    assert min(spans["rmsprop"], spans["adagrad"]) < spans["momentum"]


def test_early_in_training_adaptive_rules_lead_along_the_axes_and_not_when_the_valley_is_turned():
    lrs, sized, plain = np.geomspace(1e-4, 30, 111), ("adagrad", "rmsprop", "adam"), ("sgd", "momentum")
    best = {(rule, angle): np.nanmin(minimize(quadratic(kappa=100, angle=angle), rule, lr=lrs, steps=10).loss[-1])
            for rule in sized + plain for angle in (0, 45)}
    assert max(best[rule, 0] for rule in sized) < 0.1 * min(best[rule, 0] for rule in plain)
    assert best["momentum", 45] < 0.2 * min(best[rule, 45] for rule in sized)


def test_scaling_the_gradient_of_one_layer_changes_no_adaptive_step_while_eps_is_negligible():
    gradients = np.random.default_rng(0).normal(size=(50, 2))
    for rule in (adagrad, rmsprop, adam):
        plain, scaled, one, two = np.zeros(2), np.zeros(2), {}, {}
        for g in gradients:
            plain, one = rule(plain, g, one, lr=0.1)
            scaled, two = rule(scaled, g * [1.0, 1e-3], two, lr=0.1)
        assert scaled == pytest.approx(plain, rel=1e-3)
        tiny, _ = rule(np.zeros(1), np.full(1, 1e-12), {}, lr=0.1)
        assert abs(tiny[0]) < 0.1 * 0.05


def test_in_one_dimension_adam_beats_sgd_at_the_same_rate_where_the_slope_is_small():
    flat = Problem("flat", lambda x: 5e-5 * (x**2).sum(-1), lambda x: 1e-4 * x, np.array([1.0]), np.zeros(1), "")
    assert minimize(flat, "adam", lr=0.1, steps=100).distance[-1] < 0.05
    assert minimize(flat, "sgd", lr=0.1, steps=100).distance[-1] > 0.99
