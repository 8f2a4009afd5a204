"""What labs 7 to 12 hold for true is what torch gives, what closed forms give, or what an independent run gives."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest

from optimlab import schedules
from optimlab.descent import step_tree
from optimlab.labs import lab07, lab08, lab09, lab10, lab11, lab12, oracles
from optimlab.labs.build import read
from optimlab.labs.verify import defined
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


def transformer():
    """What the cells of lab 11 define, its experiments left out but for the recipe in torch."""
    notebook = read(ROOT / "solutions" / "lab11_transformer.ipynb")
    space = defined(notebook, ROOT)
    exec(code("lab11_transformer", "torch"), space)
    starts = np.random.default_rng(7).integers(1000, size=(4, 8))
    space["batches"] = [space["training"][row[:, None] + np.arange(space["PLACES"] + 1)] for row in starts]
    return space


def test_the_gradients_of_lab_11_are_those_of_its_loss():
    space = transformer()
    params, [batch, *_] = space["newborn"](), space["batches"]
    _, grads = space["loss_and_grads"](params, batch)
    assert grads.keys() == params.keys()
    for name, theta in params.items():
        for index in {tuple(k // 3 for k in theta.shape), tuple(k // 2 for k in theta.shape)}:
            losses = []
            for step in (1e-5, -1e-5):
                moved = theta.copy()
                moved[index] += step
                losses.append(space["loss_and_grads"]({**params, name: moved}, batch)[0])
            assert grads[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-8)


def test_the_recipe_of_lab_11_is_torchs_step_for_step():
    pytest.importorskip("torch")
    space, state = transformer(), {}
    params, settings = space["newborn"](), dict(lr=0.01, warmup=2, steps=4)
    theirs = space["torch_recipe"](params, space["batches"], **settings)
    for t, batch in enumerate(space["batches"], 1):
        _, grads = space["loss_and_grads"](params, batch)
        params, state = space["train_step"](params, grads, state, lr=space["lr_at"](t, **settings))
    for name, theta in params.items():
        np.testing.assert_allclose(theta, theirs[name], rtol=0, atol=1e-6)  # torch adds 1e-6 to the norm it divides by


def test_lab_11_counts_what_does_not_decay():
    params = transformer()["newborn"]()
    assert lab11.TRAINED["undecayed"] == sum(theta.size for theta in params.values() if theta.ndim < 2)


def test_the_five_numbers_of_lab_12_are_torchs():
    for key, number in RECORDED["grokking"].items():
        assert lab12.GROK[key] == pytest.approx(number, rel=1e-9)


def test_the_gradients_of_lab_12_drive_its_network_to_understand_addition():
    """The run with 80% of the table, stepped by the shipped rule: it understands when lab 12 says so."""
    space = defined(read(ROOT / "solutions" / "lab12_grokking.ipynb"), ROOT)
    (a, b, y), (test_a, test_b, test_y) = space["split"](0.8)
    X, test_X = lab12.encode(a, b, 31), lab12.encode(test_a, test_b, 31)
    rng = np.random.default_rng(1)
    params = {"W": rng.normal(size=(62, 64)) / np.sqrt(62), "U": rng.normal(size=(64, 31)) / 8}
    state, t = {}, 0
    while (((test_X @ params["W"]) ** 2 @ params["U"]).argmax(1) == test_y).mean() < 0.95 and t < 200:
        grads = space["gradients"](params["W"], params["U"], X, y)
        params, state = step_tree("adamw", params, grads, state, lr=0.01, beta2=0.98, weight_decay=1.0)
        t += 1
    assert t == pytest.approx(lab12.GROK["more_data"], rel=0.1)
