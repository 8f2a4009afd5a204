"""The rules against closed forms at 50 digits: an oracle that no library had a hand in."""

import itertools

import numpy as np
import oracle
import pytest
from parity_cases import OPTAX, START, TORCH, complete, given_gradients, label

from optimlab.rules import RULES

NOWHERE_ELSE = [  # settings for which there is no library to ask
    ("sgd", dict(lr=0.0)),
    ("nesterov", dict(lr=0.01, beta=0.0)),
    ("rmsprop", dict(lr=0.01, beta=0.875, eps=0.1, centered=True, debias=True)),
    ("rmsprop", dict(lr=0.01, beta=0.5, eps=1.0, centered=True, debias=True)),
    ("adam", dict(eps=1e-30)),
    ("adam", dict(beta1=0.0, beta2=0.0)),
    ("adamw", dict(lr=0.1, weight_decay=10.0)),
    ("radam", dict(threshold=4)),
    ("radam", dict(lr=0.01, beta1=0.5, beta2=0.9, eps=0.1, threshold=4)),
    ("radam", dict(lr=0.01, beta2=0.9, threshold=10)),
    ("radam", dict(beta2=0.0)),
]
CASES = TORCH + OPTAX + NOWHERE_ELSE
STEPS = 40


def test_every_rule_has_an_oracle():
    assert oracle.ORACLES.keys() == RULES.keys()


@pytest.mark.parametrize("name, hyper", CASES, ids=[label(*case) for case in CASES])
def test_rule_agrees_with_its_closed_form(name, hyper):
    gradients = np.array(list(itertools.islice(given_gradients(), STEPS)))
    theta, state, path = np.array(START), {}, []
    for g in gradients:
        theta, state = RULES[name](theta, g, state, **hyper)
        path.append(theta)
    for i, start in enumerate(START):
        exact = oracle.path(name, start, gradients[:, i].tolist(), **complete(name, hyper))
        error = max(abs(float(there - here)) for here, there in zip(np.array(path)[:, i].tolist(), exact, strict=True))
        assert error <= 2e-14, f"{label(name, hyper)} is {error:.1e} from its closed form in coordinate {i}"
