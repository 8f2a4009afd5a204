"""The rules against closed forms at 50 digits: an oracle that no library had a hand in."""

import itertools

import numpy as np
import oracle
import pytest
from parity_cases import CASES, START, Case, given_gradients

from optimlab.rules import RULES

NOWHERE_ELSE = [  # settings for which there is no library to ask
    Case("sgd", dict(lr=0.0)),
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
        path = oracle.path(case.name, theta.tolist(), gradients.tolist(), **case.complete)
        return np.array([matrix.tolist() for matrix in path])
    starts, columns = theta.tolist(), gradients.T.tolist()
    return np.array([oracle.path(case.name, *pair, **case.complete) for pair in zip(starts, columns, strict=True)]).T
