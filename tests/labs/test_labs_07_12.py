"""What labs 7 to 12 hold for true is what torch gives, what closed forms give, or what an independent run gives."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest

from optimlab import schedules
from optimlab.labs import lab07, lab08, lab09, lab10, oracles
from optimlab.rules import adam, adam_l2

ROOT = Path(__file__).parents[2]
RECORDED = json.loads(Path(__file__).with_name("torch_07_12.json").read_text(encoding="utf-8"))


def code(name, cell):
    notebook = nbformat.read(ROOT / "solutions" / f"{name}.ipynb", as_version=4)
    [found] = [c for c in notebook.cells if c.id == cell]
    return found.source


def test_lab_7_quotes_torch_as_it_was_recorded():
    source = code("lab07_adam", "parity")
    quoted = eval(source[source.index("TORCH = ") + 8 : source.index("}") + 1])
    assert quoted.keys() == {1, 2, 10, 100}
    for step, theta in quoted.items():
        assert list(theta) == RECORDED["valley"][str(step)]


def lengths(gradients):
    theta, state, moved = 0.0, {}, []
    for g in gradients:
        new, state = adam(theta, float(g), state, lr=1.0)
        moved.append(abs(new - theta))
        theta = new
    return moved


def test_the_steps_of_lab_7_are_as_long_as_the_rule_makes_them():
    assert lengths([0] * 999 + [1])[-1] == pytest.approx(lab07.STEPS["spike"], rel=1e-6)
    assert lengths([1e-8])[0] == pytest.approx(lab07.STEPS["tiny"], rel=1e-12)
    raw = lab07.averages(np.ones(200), 0.9) / np.sqrt(lab07.averages(np.ones(200), 0.999))
    assert raw[0] == pytest.approx(lab07.STEPS["first"]) and raw.max() == pytest.approx(lab07.STEPS["longest"])
    assert raw.argmax() + 1 == lab07.STEPS["longest_at"] == 12


@pytest.mark.parametrize("t", [1, 2, 7, 100])
def test_the_folded_form_is_algorithm_1(t):
    g = np.random.default_rng(0).normal(size=t)
    now = lab07.folded(t, lr=0.1, eps=0.3)
    step = now["lr"] * lab07.averages(g, 0.9)[-1] / (np.sqrt(lab07.averages(g * g, 0.999)[-1]) + now["eps"])
    path = np.append(0.0, oracles.adam(0.0, g, lr=0.1, eps=0.3))
    assert path[-2] - path[-1] == pytest.approx(step, rel=1e-10)


def test_the_decay_of_lab_8_is_torchs():
    assert lab08.DECAY.keys() == RECORDED["decay"].keys()
    for key, number in RECORDED["decay"].items():
        assert lab08.DECAY[key] == pytest.approx(number, rel=1e-6)


def test_the_oracle_of_adam_with_l2_agrees_with_the_rule():
    rng = np.random.default_rng(0)
    theta, gradients, state = rng.normal(size=3), rng.normal(size=(12, 3)), {}
    for g, expected in zip(gradients, oracles.adam_l2(theta, gradients, lr=0.1, eps=0.1, weight_decay=0.3)):
        theta, state = adam_l2(theta, g, state, lr=0.1, eps=0.1, weight_decay=0.3)
        np.testing.assert_allclose(theta, expected, rtol=1e-12)


@pytest.mark.parametrize("t", range(1, 16))
def test_the_schedules_of_lab_9_are_those_of_the_package(t):
    cosine = schedules.cosine(0.7, steps=12, warmup=3, floor=0.1)
    assert lab09.warmup_cosine(t, lr=0.7, warmup=3, steps=12, floor=0.1) == pytest.approx(cosine(t), rel=1e-12)
    wsd = schedules.wsd(0.7, steps=12, warmup=3, decay=0.5)
    assert lab09.wsd(t, lr=0.7, warmup=3, steps=12, decay=6) == pytest.approx(wsd(t), rel=1e-12)


SCHEDULES = {
    "constant": schedules.constant(0.2),
    "cosine": schedules.cosine(0.2, steps=400, warmup=20),
    "wsd": schedules.wsd(0.2, steps=400, warmup=20, decay=0.25),
}


@pytest.mark.parametrize("key", SCHEDULES)
def test_the_mean_loss_of_lab_9_is_that_of_a_run_and_near_the_exact_mean(key):
    rng, x, mean_square = np.random.default_rng(0), np.full(2000, 10.0), 100.0
    for lr in map(SCHEDULES[key], range(1, 401)):
        x = (1 - lr) * x - lr * rng.normal(size=2000)
        mean_square = (1 - lr) ** 2 * mean_square + lr**2
    assert lab09.SCHEDULED[key] == pytest.approx((x**2).mean() / 2, rel=1e-9)
    assert lab09.SCHEDULED[key] == pytest.approx(mean_square / 2, rel=0.1)  # 2000 squares scatter by 3%


@pytest.mark.parametrize(("key", "warmup"), [("plain_rates", 1), ("warm_rates", 100)])
def test_lab_9_counts_the_rates_that_arrive(key, warmup):
    rates, x = np.logspace(-3, 1, 17), np.full(17, 10.0)
    with np.errstate(all="ignore"):
        for t in range(1, 2001):
            x = x - rates * min(1, t / warmup) * (x + x**3)
    assert (np.abs(x) < 0.1).sum() == lab09.SCHEDULED[key]


@pytest.mark.parametrize("name", ["amsgrad", "radam"])
def test_the_oracles_of_lab_10_agree_with_torch_to_1e_12(name):
    recorded = RECORDED["rules"][name]
    oracle = getattr(lab10, name)
    theta = oracle(np.array(recorded["start"]), np.array(recorded["g"]), lr=0.1, beta1=0.8, beta2=0.95, eps=0.1)
    assert np.abs(theta - np.array(recorded["theta"])).max() <= 1e-12


def test_the_failures_of_lab_10_are_torchs():
    for key, number in RECORDED["failure"].items():
        assert lab10.FAILURE[key] == pytest.approx(number, rel=1e-9)
    assert lab10.rectification(5) == 0 < lab10.rectification(lab10.FAILURE["first_rectified"])
