"""Lab 6's oracles are torch's numbers, and so is its report; the recorded texts are those of the notebook."""

import json
from pathlib import Path

import numpy as np
import pytest

from optimlab.labs import lab06, verify
from optimlab.labs.build import read

from . import record_lab06

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "torch.json").read_text(encoding="utf-8"))["rare"]
LOSSES = json.loads((HERE / "lab06.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: f"{r['rule']} {r['hyper']}")
def test_the_oracle_agrees_with_torch_to_1e_12(recorded):
    oracle = getattr(lab06, f"{recorded['rule']}_oracle")
    theta = oracle(np.array(recorded["start"]), np.array(recorded["g"]), **recorded["hyper"])
    assert np.abs(theta - np.array(recorded["theta"])).max() <= 1e-12


@pytest.mark.parametrize("rule", ["sgd", "adagrad", "rmsprop"])
def test_the_best_losses_are_torchs_and_not_at_the_end_of_the_rates(rule):
    losses = [result["loss"] for key, result in LOSSES.items() if key.startswith(f"{rule} ")]
    assert lab06.REPORT[rule] == pytest.approx(min(losses), abs=1e-5)
    assert 0 < np.argmin(losses) < len(losses) - 1


def test_the_texts_of_the_record_are_those_of_the_notebook():
    root = HERE.parents[1]
    space = verify.defined(read(root / "solutions" / "lab06_rare.ipynb"), root)
    x, y = record_lab06.texts()
    np.testing.assert_array_equal(space["bag"](space["words"], 300), x)
    np.testing.assert_array_equal(space["labels"], y)
