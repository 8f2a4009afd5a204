"""Claims about Adam and its variants: one small seeded experiment each."""

import inspect

import numpy as np
import pytest

from optimlab.descent import minimize
from optimlab.problems import Problem, noisy_quadratic, quadratic, reddi, rosenbrock
from optimlab.rules import adam, momentum, sgd


def times(problem, c):
    """The same problem with its loss multiplied by c."""
    def f(x):
        return c * problem.f(x)

    def grad(x):
        return c * problem.grad(x)

    return Problem("scaled", f, grad, problem.start, problem.minimum, "")


def test_the_defaults_of_adam_are_those_of_the_paper():
    default = {name: p.default for name, p in inspect.signature(adam).parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert default == dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)


def test_flipping_signs_changes_what_adam_divides_not_what_it_divides_by():
    rng = np.random.default_rng(0)
    gradients, signs, one, two = rng.normal(size=30), rng.choice([-1.0, 1.0], 30), {}, {}
    for g, sign in zip(gradients, signs):
        _, one = adam(0.0, g, one)
        _, two = adam(0.0, sign * g, two)
    assert one["v"] == two["v"] and one["m"] != two["m"]


def test_a_gradient_that_alternates_exactly_moves_adam_by_a_nineteenth_of_a_learning_rate():
    theta, state = 0.0, {}
    for k in range(20_000):
        before = theta
        theta, state = adam(theta, 5.0 * (-1) ** k, state, lr=1.0)
    assert abs(theta - before) == pytest.approx(0.1 / 1.9, rel=1e-3)


def test_adam_moves_a_coordinate_whose_gradient_is_zero_and_sgd_does_not():
    theta, state = adam(np.zeros(1), np.ones(1), lr=0.1)
    later, _ = adam(theta, np.zeros(1), state, lr=0.1)
    assert abs(later - theta) > 0.05
    assert sgd(theta, np.zeros(1), lr=0.1)[0] == theta


def test_the_adaptive_rate_varies_most_in_the_first_steps():
    gradients, state, spread = np.random.default_rng(0).normal(size=(200, 4000)), {}, []
    for t, g in enumerate(gradients, 1):
        _, state = adam(np.zeros(4000), g, state)
        spread.append(np.log(state["v"] / (1 - 0.999**t)).std() / 2)
    assert spread[0] > 3 * spread[4] > 6 * spread[20]
    assert spread[0] > 20 * spread[199]


def test_adam_at_one_learning_rate_survives_rescalings_of_the_loss_that_no_rate_of_gd_does():
    scales, lrs = (1e-2, 1.0, 1e2), np.geomspace(1e-7, 1, 71)
    assert all(minimize(times(rosenbrock, c), "adam", lr=1e-3, steps=5000).distance[-1] < 0.05 for c in scales)
    arrived = [minimize(times(rosenbrock, c), "sgd", lr=lrs, steps=5000).distance[-1] < 0.2 for c in scales]
    assert all(each.any() for each in arrived) and not np.all(arrived, axis=0).any()


def test_the_default_rate_of_adam_is_too_small_where_parameters_are_measured_in_thousands():
    run = minimize(quadratic(kappa=1), "adam", lr=1e-3, steps=5000, start=np.array([1000.0, 0.0]))
    assert run.distance[-1] > 990


def test_beta2_does_not_regularise_for_adam_rests_at_the_same_minimum_whatever_it_is():
    ridge_free = quadratic(kappa=10)
    for beta2 in (0.9, 0.99, 0.999):
        run = minimize(ridge_free, "adam", lr=0.01, beta2=beta2, steps=8000)
        assert run.distance[-1] < 1e-3


def test_sgd_reaches_the_best_point_where_adam_with_short_memory_walks_to_the_worst():
    end = {rule: minimize(reddi(), rule, lr=lambda t: 0.1 / np.sqrt(t), steps=3000, **hyper).theta[-1, 0]
           for rule, hyper in (("sgd", {}), ("adam", {"beta1": 0.0, "beta2": 1 / 10}))}
    assert end["sgd"] < -0.9 and end["adam"] > 0.9


def test_amsgrad_at_a_constant_rate_hovers_under_noise_and_does_not_converge():
    valley = noisy_quadratic(kappa=1, sigma=1.0)

    def mean_loss(lr):
        losses = [minimize(valley, "amsgrad", lr=lr, steps=4000, seed=seed).loss[1:] for seed in range(5)]
        return np.mean(losses, axis=0).reshape(4, -1).mean(-1)                  # of each quarter of the run

    constant, falling = mean_loss(0.1), mean_loss(lambda t: 0.3 / np.sqrt(t))
    assert constant[3] > 0.5 * constant[1]
    assert falling[3] < 0.5 * constant[3]


def test_after_one_huge_gradient_sgd_steps_as_if_nothing_had_happened_and_adam_shorter():
    spiked, plain, calm = {}, {}, {}
    _, spiked = adam(0.0, 100.0, spiked)
    _, calm = adam(0.0, 1.0, calm)
    for _ in range(30):
        adam_after, spiked = adam(0.0, 1.0, spiked, lr=1.0)
        adam_calm, calm = adam(0.0, 1.0, calm, lr=1.0)
    assert abs(adam_after) < 0.6 * abs(adam_calm)
    assert sgd(0.0, 1.0, sgd(0.0, 100.0, plain, lr=1.0)[1], lr=1.0)[0] == sgd(0.0, 1.0, lr=1.0)[0]


def test_adam_is_momentum_and_rmsprop_only_with_the_average_for_the_sum_and_both_corrected():
    gradients = np.random.default_rng(0).normal(size=20)
    theta, state, v, summed = 0.0, {}, 0.0, {}
    for t, g in enumerate(gradients, 1):
        before = theta
        theta, state = adam(theta, g, state, lr=1.0, eps=0.0)
        _, summed = momentum(0.0, g, summed, lr=1.0)
        v = 0.999 * v + 0.001 * g * g
        corrected = 0.1 * summed["v"] / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t))
        assert before - theta == pytest.approx(corrected)
        assert before - theta != pytest.approx(summed["v"] / np.sqrt(v), rel=0.1)
