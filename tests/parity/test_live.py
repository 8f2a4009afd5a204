"""The rules against torch.optim itself: all 1000 steps, within 1e-12."""

import numpy as np
import pytest
from parity_cases import LOOPS, START, TORCH, drive, label, with_torch

from optimlab.rules import RULES

torch = pytest.importorskip("torch")  # without it: one line on a laptop, a failure in CI (tests/conftest.py)


def test_live_torch_is_the_recorded_version():
    assert torch.__version__.startswith("2.13.0")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("name, hyper", TORCH, ids=[label(*case) for case in TORCH])
def test_rule_agrees_with_torch_at_every_step(name, hyper, loop):
    memory = [{}]

    def step(theta, g):
        theta, memory[0] = RULES[name](theta, np.array(g), memory[0], **hyper)
        return theta

    ours, theirs = list(drive(loop, np.array(START), step)), list(with_torch(loop, name, hyper))
    error = np.abs(np.array(ours) - np.array(theirs)).max(axis=1)
    assert error.max() <= 1e-12, f"{label(name, hyper)} leaves torch at step {1 + int((error > 1e-12).argmax())}"
