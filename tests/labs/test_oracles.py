"""The labs' closed forms agree with torch.optim, recorded in float64 by record_torch.py."""

import json
from pathlib import Path

import numpy as np
import pytest

from optimlab.labs import oracles

RECORDED = json.loads(Path(__file__).with_name("torch.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("recorded", RECORDED["trajectories"], ids=lambda r: f"{r['rule']} {r['hyper']}")
def test_the_oracle_agrees_with_torch_to_1e_12(recorded):
    oracle = getattr(oracles, recorded["rule"])
    theta = oracle(np.array(recorded["start"]), np.array(recorded["g"]), **recorded["hyper"])
    assert np.abs(theta - np.array(recorded["theta"])).max() <= 1e-12


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 2, 2)])
def test_oracles_take_any_shape_entry_by_entry(shape):
    rng = np.random.default_rng(1)
    theta, g = rng.normal(size=shape), rng.normal(size=(5, *shape))
    for oracle in (oracles.sgd, oracles.momentum, oracles.adam, oracles.adamw):
        path = oracle(theta, g, lr=0.1)
        assert path.shape == (5, *shape)
        for index in np.ndindex(shape):
            entry = (slice(None), *index)
            np.testing.assert_allclose(path[entry], oracle(theta[index], g[entry], lr=0.1), rtol=1e-12)


def test_oracles_share_no_code_with_the_rules():
    text = Path(oracles.__file__).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith(("import", "from"))] == ["import numpy as np"]
