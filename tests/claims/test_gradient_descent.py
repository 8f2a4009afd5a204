"""Claims about gradient descent, minibatches and momentum that no chapter tests: one small seeded experiment each."""

import numpy as np
import pytest

from optimlab.descent import minimize
from optimlab.problems import quadratic, rosenbrock
from optimlab.rules import adam, momentum, nesterov, sgd

LESSON = dict(lr=1e-3, steps=5000)  # the race that a lesson prints: Rosenbrock from (-1, 1)


@pytest.mark.parametrize("rule", [sgd, momentum, nesterov])
def test_the_family_of_sgd_multiplies_every_coordinate_by_the_same_number(rule):
    g = np.array([1e-3, 1.0, 1e3])
    step = rule(np.zeros(3), g, lr=0.1)[0]
    assert step / g == pytest.approx(step[0] / g[0])


def test_in_a_valley_the_gradient_points_across_unless_the_start_lies_near_the_floor():
    valley = quadratic(kappa=100)
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 1000)
    g = valley.grad(np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    across = np.abs(g[:, 1]) / np.linalg.norm(g, axis=-1)
    assert np.mean(across > 0.99) > 0.9
    on_the_floor = valley.grad(np.array([1.0, 1e-3]))
    assert abs(on_the_floor[0]) > abs(on_the_floor[1])


def test_a_minibatch_gradient_reads_no_row_outside_the_batch():
    rng = np.random.default_rng(0)
    inputs, targets, batch = rng.normal(size=(1000, 5)), rng.normal(size=1000), np.arange(32)
    elsewhere = np.full_like(inputs, np.nan)
    elsewhere[batch] = inputs[batch]
    theta = rng.normal(size=5)
    of_batch = (elsewhere[batch] @ theta - targets[batch]) @ elsewhere[batch] / len(batch)
    of_all = (elsewhere @ theta - targets) @ elsewhere / len(inputs)
    assert np.isfinite(of_batch).all() and np.isnan(of_all).all()


def test_in_the_printed_race_gd_ends_at_0_13_adam_at_0_03_and_momentum_at_the_minimum():
    end = {rule: minimize(rosenbrock, rule, **LESSON).distance[-1] for rule in ("sgd", "adam", "rmsprop", "momentum")}
    assert rosenbrock.start == pytest.approx([-1, 1])
    assert end["sgd"] == pytest.approx(0.132, abs=1e-3)
    assert end["adam"] == pytest.approx(0.033, abs=1e-3)
    assert end["momentum"] < 1e-8 < end["rmsprop"] < end["adam"]


def test_the_printed_sgd_listing_has_nothing_stochastic_in_it():
    paths = [minimize(rosenbrock, "sgd", lr=1e-3, steps=100, seed=seed).theta for seed in (0, 1)]
    assert np.array_equal(*paths)


def two_steps(rule, lr):
    """Where two steps from 1 lead on the parabola theta squared."""
    theta, state = 1.0, {}
    for _ in range(2):
        theta, state = rule(theta, 2 * theta, state, lr=lr)
    return theta


def test_which_of_sgd_and_adam_is_faster_on_a_parabola_is_a_matter_of_their_learning_rates():
    assert two_steps(sgd, 0.1) < two_steps(adam, 0.1) < two_steps(sgd, 0.01)


def test_a_velocity_dies_out_after_one_lr_over_one_minus_beta_of_path():
    theta, state = momentum(0.0, -1.0, lr=0.1)
    for _ in range(400):
        theta, state = momentum(theta, 0.0, state, lr=0.1)
    assert theta == pytest.approx(0.1 / (1 - 0.9))
    assert abs(state["v"]) < 1e-15


def test_at_a_constant_learning_rate_noisy_sgd_settles_nowhere():
    rng, theta, path = np.random.default_rng(0), 1.0, []
    for _ in range(20_000):
        theta, _ = sgd(theta, theta + float(rng.normal()), lr=0.1)
        path.append(theta)
    late = np.array(path[2000:]).reshape(9, -1)
    assert late.std(axis=1) == pytest.approx(np.full(9, np.sqrt(0.1 / 1.9)), rel=0.15)
