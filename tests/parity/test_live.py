"""The rules against torch.optim itself: all 1000 steps, within 1e-12."""

import numpy as np
import pytest
from parity_cases import LOOPS, TORCH, ours, with_torch

torch = pytest.importorskip("torch")  # without it: one line on a laptop, a failure in CI (tests/conftest.py)


def test_live_torch_is_the_recorded_version():
    assert torch.__version__.startswith("2.13.0")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("case", TORCH, ids=str)
def test_rule_agrees_with_torch_at_every_step(case, loop):
    error = np.abs(np.array(list(ours(case, loop))) - np.array(list(with_torch(case, loop)))).max(axis=1)
    assert error.max() <= 1e-12, f"{case} leaves torch at step {1 + int((error > 1e-12).argmax())}"
