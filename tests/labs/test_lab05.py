"""Lab 5's oracles are torch's numbers where torch has the convention; its report follows from powers of 2 x 2 matrices."""

import json
from pathlib import Path

import numpy as np
import pytest

from optimlab.labs import lab05

RECORDED = json.loads(Path(__file__).with_name("torch.json").read_text(encoding="utf-8"))["momentum"]


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: f"{r['rule']} {r['hyper']}")
def test_the_oracle_agrees_with_torch_to_1e_12(recorded):
    oracle = {"momentum": lab05.sum_oracle, "nesterov": lab05.nesterov_oracle}[recorded["rule"]]
    theta = oracle(np.array(recorded["start"]), np.array(recorded["g"]), **recorded["hyper"])
    assert np.abs(theta - np.array(recorded["theta"])).max() <= 1e-12


def arrival(matrix):
    """The first step at which (x, y), each with a memory, is within 0.001 of the minimum; matrix(a) steps (x, v) at curvature a."""
    for t in range(1, 1000):
        x, y = ((np.linalg.matrix_power(matrix(a), t) @ [1.0, 0.0])[0] for a in (1.0, 100.0))
        if np.hypot(x, y) < 1e-3:
            return t


def test_the_counts_of_steps_follow_from_the_matrices_of_one_step():
    lr, beta = 4 / 121, (9 / 11) ** 2
    assert lab05.REPORT["plain"] == arrival(lambda a: np.array([[1 - 2 / 101 * a, 0], [0, 0]]))
    assert lab05.REPORT["momentum"] == arrival(lambda a: np.array([[1 - lr * a, -lr * beta], [a, beta]]))
    step, look = 0.01, 9 / 11
    matrix = [[lambda a: 1 - step * a * (1 + look), lambda a: -step * look**2], [lambda a: a, lambda a: look]]
    assert lab05.REPORT["nesterov"] == arrival(lambda a: np.array([[entry(a) for entry in row] for row in matrix]))


def test_the_ratios_after_a_drop_follow_from_the_sums():
    g, lr = [1.0] * 400, [0.1] * 399 + [0.01]
    for key, oracle in (("sum", lab05.sum_oracle), ("velocity", lab05.velocity_oracle)):
        before, after = np.diff(oracle(0.0, g, lr=lr))[-2:]
        assert lab05.REPORT[key] == pytest.approx(after / before, rel=1e-9)
