"""Claims about which minimum a rule chooses, decided where it can be decided: on problems with many minima."""

import numpy as np
import pytest

from optimlab.descent import minimize
from optimlab.problems import Problem
from optimlab.rules import RULES


@pytest.fixture(scope="module")
def least_squares():
    """Ten equations in thirty unknowns: a whole plane of global minima. ``minimum`` is the one of least norm."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(10, 30)), rng.choice([-1.0, 1.0], 10)

    def miss(w):
        return w @ inputs.T - targets

    def f(w):
        return (miss(w) ** 2).mean(-1) / 2

    def grad(w):
        return miss(w) @ inputs / 10

    return Problem("underdetermined", f, grad, np.zeros(30), np.linalg.pinv(inputs) @ targets, "")


def test_gd_and_momentum_from_zero_find_the_least_norm_and_sizes_lead_elsewhere(least_squares):
    settings = {"sgd": 0.1, "momentum": 0.02, "adagrad": 0.1, "adam": lambda t: 0.01 / t**0.5}
    run = {rule: minimize(least_squares, rule, lr=lr, steps=10_000) for rule, lr in settings.items()}
    assert all(each.loss[-1] < 1e-9 for each in run.values())             # all of them global minima, equally low
    assert max(run[rule].distance[-1] for rule in ("sgd", "momentum")) < 1e-9
    assert min(run[rule].distance[-1] for rule in ("adagrad", "adam")) > 0.2


def features_moved(rule, lr, scale, steps=3000, width=50):
    """Fit y = 1 at x = 1 with a linear layer and a readout of initial size ``scale``: how far the layer's weights
    moved, relative to their size, by when the squared error has fallen below a thousandth.

    The readout starts in pairs of opposite sign, so the network starts at 0 whatever its scale.
    """
    rng = np.random.default_rng(0)
    first = np.tile(rng.normal(size=width), 2)
    second = np.concatenate([rng.normal(size=width)] * 2) * np.repeat([1, -1], width)
    start, theta, state = scale * first, scale * np.concatenate([first, second]), {}
    for _ in range(steps):
        a, b = np.split(theta, 2)
        miss = a @ b / len(a) - 1
        if miss**2 < 1e-3:
            return np.linalg.norm(a - start) / np.linalg.norm(start)
        theta, state = RULES[rule](theta, miss * np.concatenate([b, a]) / len(a), state, lr=lr)
    raise AssertionError(f"{rule} did not fit the point in {steps} steps")


@pytest.mark.parametrize("rule, lrs", [("sgd", (0.5, 0.5)), ("adam", (0.01, 0.01))])
def test_the_scale_of_the_initialisation_and_not_the_rule_decides_between_lazy_and_rich(rule, lrs):
    small, large = (features_moved(rule, lr, scale) for lr, scale in zip(lrs, (0.1, 10.0)))
    assert small > 1 > 0.1 > large
