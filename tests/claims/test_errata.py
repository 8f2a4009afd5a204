"""The errata of other texts and libraries that the page lists, each checked in numbers."""

import numpy as np
import pytest

from optimlab.problems import quadratic
from optimlab.rules import adagrad, adam, adamw, amsgrad, momentum, rmsprop


def momentum_matrix(alpha=0.1, beta=0.8, curvature=2.0):
    """The two-by-two matrix R that one step of momentum applies to (velocity, error) on one curvature."""
    return np.array([[beta, curvature], [-alpha * beta, 1 - alpha * curvature]])


def test_distill_the_power_of_r_needs_its_two_roots_the_other_way_round():
    R = momentum_matrix(alpha=0.01)
    one, two = np.linalg.eigvals(R)
    printed = [(R - root * np.eye(2)) / (one - two) for root in (one, two)]
    power = np.linalg.matrix_power(R, 5)
    assert one**5 * printed[1] - two**5 * printed[0] == pytest.approx(power)
    assert np.abs(one**5 * printed[0] - two**5 * printed[1] - power).max() > 0.1


def test_distill_the_loss_of_gradient_descent_needs_a_half():
    valley, theta = quadratic(kappa=10), np.array([1.0, 1.0])
    curvatures, printed = np.array([1.0, 10.0]), 0.0
    for k in range(4):
        printed = ((1 - 0.05 * curvatures) ** (2 * k) * curvatures).sum()
        assert valley.f(theta) == pytest.approx(printed / 2)
        theta = theta - 0.05 * valley.grad(theta)


def test_distill_the_errors_of_all_minibatches_add_up_not_only_the_last():
    R, errors = momentum_matrix(), np.random.default_rng(0).normal(size=6)
    theta, state = 0.0, {}
    for error in errors:
        theta, state = momentum(theta, 2.0 * theta + error, state, lr=0.1, beta=0.8)
    kick = np.array([1.0, -0.1])
    inside = sum(np.linalg.matrix_power(R, 6 - i) @ kick * errors[i - 1] for i in range(1, 7))
    outside = errors[-1] * sum(np.linalg.matrix_power(R, 6 - i) @ kick for i in range(1, 7))
    assert inside == pytest.approx([state["v"], theta])
    assert np.abs(outside - inside).max() > 0.1


def test_d2l_the_geometric_sum_ends_at_t_minus_one():
    beta, t = 0.9, 7
    assert sum(beta**i for i in range(t)) == pytest.approx((1 - beta**t) / (1 - beta))
    assert sum(beta**i for i in range(t + 1)) != pytest.approx((1 - beta**t) / (1 - beta), rel=0.05)


def test_eps_within_the_root_is_its_own_square_root_outside_where_gradients_vanish():
    _, state = rmsprop(0.0, 1e-9, lr=1.0, debias=True)
    v_hat = state["v"] / 0.01
    assert np.sqrt(v_hat + 1e-8) == pytest.approx(1e-4, rel=1e-3)
    assert np.sqrt(v_hat) + 1e-8 == pytest.approx(1.1e-8, rel=1e-6)


def test_cs231n_a_counter_that_starts_at_one_corrects_the_first_step_as_if_it_were_the_second():
    first, state = adam(0.0, 1.0, lr=1.0)
    late = -(0.1 / (1 - 0.9**2)) / np.sqrt(0.001 / (1 - 0.999**2))
    assert first == pytest.approx(-1)
    assert late / first == pytest.approx(0.744, abs=1e-3)


def test_convnetjs_multiplying_by_the_correction_makes_the_first_step_ten_times_too_long():
    m, v = 0.1, 0.001
    multiplied = m * (1 - 0.9) / np.sqrt(v * (1 - 0.999))
    assert multiplied == pytest.approx(10)
    assert -adam(0.0, 1.0, lr=1.0)[0] == pytest.approx(1)


def test_fastbook_a_sum_steps_ten_times_as_far_as_an_average():
    theta, average, state = 0.0, 0.0, {}
    for _ in range(300):
        before = theta
        theta, state = momentum(theta, 1.0, state, lr=0.1)
        average = 0.9 * average + 0.1
    assert (before - theta) == pytest.approx(10 * 0.1 * average)


def test_tensorflow_eps_before_the_correction_is_31_times_larger_at_the_first_step():
    v, eps_hat = 0.001, 1e-3
    written_out = np.sqrt(1 - 0.999) / (1 - 0.9) * 0.1 / (np.sqrt(v) + eps_hat)
    assert written_out == pytest.approx(-adam(0.0, 1.0, lr=1.0, eps=eps_hat / np.sqrt(0.001))[0])
    assert eps_hat / np.sqrt(0.001) == pytest.approx(31.6 * eps_hat, rel=1e-3)


def test_pytorch_amsgrad_as_once_documented_and_as_coded_are_two_rules():
    gradients = [3.0, 1.0, 1.0, 1.0]
    ends = {}
    for order in ("after", "before"):
        theta, state = 0.0, {}
        for g in gradients:
            theta, state = amsgrad(theta, g, state, lr=0.1, debias=order)
        ends[order] = theta
    assert ends["after"] != pytest.approx(ends["before"], rel=0.01)


def test_pytorch_with_dampening_the_first_gradient_weighs_ten_times_too_much_for_an_average():
    buffer, average = None, 0.0
    for g in (1.0, 0.0, 0.0):
        buffer = g if buffer is None else 0.9 * buffer + 0.1 * g
        average = 0.9 * average + 0.1 * g
    assert buffer == pytest.approx(10 * average)


def test_bert_without_correction_the_first_step_is_3_16_times_as_long():
    uncorrected = 0.1 / np.sqrt(0.001)
    assert uncorrected == pytest.approx(3.16, abs=0.01)
    assert -adamw(0.0, 1.0, lr=1.0, weight_decay=0.0)[0] == pytest.approx(1)


@pytest.mark.parametrize("lr", [0.05, 0.5])
def test_glove_a_learning_rate_within_the_sum_cancels(lr):
    """Its sum of squares starts at 1 and is fed lr * g, so that with time the rate drops out."""
    g, inside, s, state = 3.0, 0.0, 1.0, {}
    for _ in range(100_000):
        step = lr * g / np.sqrt(s)                  # the sum is brought up to date after the step
        s += (lr * g) ** 2
    for _ in range(100_000):
        inside, state = adagrad(inside, g, state, lr=1.0)
    last = g / np.sqrt(state["s"])                  # AdaGrad's step with learning rate 1, whatever lr was
    assert step == pytest.approx(last, rel=1e-3)
