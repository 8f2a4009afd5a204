"""The rules against closed forms at 50 digits: an oracle that no library had a hand in."""

import itertools

import numpy as np
import oracle
import pytest
import sympy
from parity_cases import CASES, START, Case, given_gradients

from optimlab import descent, rules
from optimlab.rules import RULES

NOWHERE_ELSE = [  # settings for which there is no library to ask
    Case("sgd", dict(lr=0.0)),
    Case("momentum", dict(lr=0.01)),
    Case("nesterov", dict(lr=0.01)),
    Case("nesterov", dict(lr=0.01, beta=0.0)),
    Case("rmsprop", dict(lr=0.01, beta=0.875, eps=0.1, centered=True, debias=True)),
    Case("rmsprop", dict(lr=0.01, beta=0.5, eps=1.0, centered=True, debias=True)),
    Case("adam", dict(eps=1e-30)),
    Case("adam", dict(beta1=0.0, beta2=0.0)),
    Case("adamw", dict(lr=0.1, weight_decay=10.0)),
    Case("radam", dict(threshold=4)),
    Case("radam", dict(lr=0.01, beta1=0.5, beta2=0.9, eps=0.1, threshold=4)),
    Case("radam", dict(lr=0.01, beta2=0.9, threshold=10)),
    Case("radam", dict(beta2=0.0)),
    Case("schedule_free_sgd", dict(lr=0.01, beta=0.0)),
    Case("schedule_free_sgd", dict(lr=0.01, beta=1.0)),
    Case("schedule_free_adamw", dict(beta1=1.0, eps=1e-30)),
    Case("muon", dict(), (2, 2)),
    Case("muon", dict(beta=0.0, steps=1), (4, 1)),
    Case("muon", dict(lr=0.1, steps=0), (1, 4)),
    Case("muon", dict(lr=0.1, steps=7), (2, 2)),
]
STEPS = 40


def test_every_rule_has_an_oracle():
    assert oracle.ORACLES.keys() == RULES.keys()


@pytest.mark.parametrize("case", [case for cases in CASES.values() for case in cases] + NOWHERE_ELSE, ids=str)
def test_rule_agrees_with_its_closed_form(case):
    theta = np.array(START).reshape(case.shape)
    gradients = np.array(list(itertools.islice(given_gradients(), STEPS))).reshape(STEPS, *case.shape)
    exact = closed_form(case, theta, gradients)
    state, path = {}, []
    for g in gradients:
        theta, state = RULES[case.name](theta, g, state, **case.hyper)
        path.append(theta)
    error = np.vectorize(float)(exact - np.array(path))
    assert np.abs(error).max() <= 2e-14, f"{case} is {np.abs(error).max():.1e} from its closed form"


def closed_form(case, theta, gradients):
    """The oracle's path as an object array: of the whole matrix, or of one coordinate after the other."""
    if theta.ndim == 2:
        path = oracle.path(case.name, theta.tolist(), gradients.tolist(), **case.hyper)
        return np.array([matrix.tolist() for matrix in path])
    starts, columns = theta.tolist(), gradients.T.tolist()
    return np.array([oracle.path(case.name, *pair, **case.hyper) for pair in zip(starts, columns, strict=True)]).T


# What no path of floats comes by -------------------------------------------------------------------------------------


def test_radam_still_waits_while_rho_equals_the_threshold():
    beta2, t = sympy.Rational(9, 10), 8
    rho_inf = (1 + beta2) / (1 - beta2)
    rho = rho_inf - 2 * t / (beta2**-t - 1)
    memory, hyper = {"t": t - 1, "m": 0, "v": 0}, dict(lr=1, beta1=0, beta2=beta2, eps=0, threshold=rho)
    waits, _ = RULES["radam"](sympy.Integer(0), sympy.Integer(3), memory, **hyper)
    assert waits == -3


def test_newton_schulz_takes_a_size_below_1e_7_for_1e_7():
    tiny = np.diag([3e-9, 4e-9])
    expected = [float(oracle.near_one(x)) for x in (0.03, 0.04)]
    assert np.allclose(rules.newton_schulz(tiny, steps=1), np.diag(expected), rtol=1e-13, atol=0)


def test_newton_schulz_takes_five_steps():
    assert (rules.newton_schulz(np.eye(2)) == rules.newton_schulz(np.eye(2), steps=5)).all()


def test_centered_rmsprop_takes_a_variance_that_rounds_below_0_for_0():
    theta, state = 0.0, {}
    for _ in range(400):  # equal gradients have no variance; v - m * m comes to -6e-17 here
        theta, state = RULES["rmsprop"](theta, 0.7, state, lr=0.1, beta=0.5, centered=True)
    assert theta < 0


def test_clipping_shortens_3_4_5_to_the_limit_and_leaves_what_is_not_longer():
    g = np.array([[3.0, 4.0], [0.75, 1.0]])  # rows of length 5 and 1.25
    assert descent.clip_by_norm([3.0, 4.0], 2.5).tolist() == [1.5, 2.0]
    assert descent.clip_by_norm(g[0], 8.0).tolist() == [3.0, 4.0]
    assert descent.clip_by_norm(g, 2.5, axis=-1).tolist() == [[1.5, 2.0], [0.75, 1.0]]
    assert descent.clip_by_norm(g, 2.5, axis=0).T == pytest.approx(g.T * 2.5 / np.sqrt([[9.5625], [17.0]]), rel=1e-15)
    assert descent.clip_by_norm(np.array([[2.0, 4.0], [5.0, 2.0]]), 3.5).tolist() == [[1.0, 2.0], [2.5, 1.0]]


def test_clipping_several_arrays_takes_one_norm_over_all_of_them():
    tree = {"w": np.array([[2.0, 4.0], [5.0, 0.0]]), "b": np.array([2.0])}  # 4 + 16 + 25 + 4 = 49
    clipped = descent.clip_by_norm(tree, 3.5)
    assert clipped["w"].tolist() == [[1.0, 2.0], [2.5, 0.0]] and clipped["b"].tolist() == [1.0]
    assert descent.clip_by_norm(tree, 14.0)["w"].tolist() == tree["w"].tolist()


POINTS = [
    ("clip_by_norm", test_clipping_shortens_3_4_5_to_the_limit_and_leaves_what_is_not_longer),
    ("clip_by_norm", test_clipping_several_arrays_takes_one_norm_over_all_of_them),
    ("rmsprop", test_centered_rmsprop_takes_a_variance_that_rounds_below_0_for_0),
    ("radam", test_radam_still_waits_while_rho_equals_the_threshold),
    ("newton_schulz", test_newton_schulz_takes_a_size_below_1e_7_for_1e_7),
    ("newton_schulz", test_newton_schulz_takes_five_steps),
]
