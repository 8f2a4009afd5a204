"""Running rules: sweeps equal single runs, divergence is reported, groups and clipping do what they say."""

import numpy as np
import pytest

from optimlab import schedules
from optimlab.descent import clip_by_norm, clip_by_value, minimize, step_tree
from optimlab.problems import noisy_quadratic, quadratic, reddi, rosenbrock
from optimlab.rules import RULES, adamw, sgd

HYPER = {name: {} if "lr" in rule.hyper and isinstance(rule.hyper["lr"], float) else {"lr": 1e-3} for name, rule in RULES.items()}
VECTOR_RULES = [name for name in RULES if name != "muon"]


@pytest.mark.parametrize("name", VECTOR_RULES)
def test_a_sweep_is_the_single_runs_side_by_side(name):
    lrs = [1e-4, 1e-3, 3e-3]
    sweep = minimize(rosenbrock, name, lr=lrs, steps=50)
    assert sweep.theta.shape == (51, 3, 2) and sweep.loss.shape == (51, 3) and sweep.lr.shape == (50, 3)
    for k, lr in enumerate(lrs):
        alone = minimize(rosenbrock, name, lr=lr, steps=50)
        np.testing.assert_array_equal(sweep.theta[:, k], alone.theta)
        np.testing.assert_array_equal(sweep.lr[:, k], alone.lr)


def test_every_hyperparameter_can_be_swept():
    sweep = minimize(rosenbrock, "momentum", lr=1e-3, beta=[0.0, 0.5, 0.9], steps=20)
    np.testing.assert_array_equal(sweep.theta[:, 0], minimize(rosenbrock, "sgd", lr=1e-3, steps=20).theta)
    np.testing.assert_array_equal(sweep.theta[:, 2], minimize(rosenbrock, "momentum", lr=1e-3, beta=0.9, steps=20).theta)


def test_a_sweep_sees_one_noise():
    problem = noisy_quadratic(10, sigma=1.0)
    sweep = minimize(problem, "sgd", lr=[0.01, 0.01], steps=30, seed=3)
    np.testing.assert_array_equal(sweep.theta[:, 0], sweep.theta[:, 1])


def test_the_seed_fixes_the_noise():
    problem = noisy_quadratic(10, sigma=1.0)
    one, same, other = (minimize(problem, "sgd", lr=0.01, steps=30, seed=seed).theta for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_the_path_begins_at_the_start_and_every_step_is_the_rules():
    run = minimize(rosenbrock, "sgd", lr=1e-3, steps=5)
    np.testing.assert_array_equal(run.theta[0], rosenbrock.start)
    for before, after in zip(run.theta, run.theta[1:]):
        np.testing.assert_array_equal(after, sgd(before, rosenbrock.grad(before), lr=1e-3)[0])


def test_a_schedule_is_followed_from_t_1():
    run = minimize(rosenbrock, "sgd", lr=schedules.linear(1e-3, steps=4), steps=4)
    np.testing.assert_allclose(run.lr, [1e-3, 0.75e-3, 0.5e-3, 0.25e-3])
    np.testing.assert_array_equal(run.theta[1], rosenbrock.start - 1e-3 * rosenbrock.grad(rosenbrock.start))


def test_a_learners_own_function_runs_like_a_rule():
    def mine(theta, g, state, *, lr):
        return theta - lr * g, state

    np.testing.assert_array_equal(
        minimize(rosenbrock, mine, lr=1e-3, steps=9).theta, minimize(rosenbrock, "sgd", lr=1e-3, steps=9).theta
    )
    assert minimize(rosenbrock, mine, lr=1e-3, steps=1).rule == "mine"


def test_divergence_is_reported_not_thrown():
    run = minimize(rosenbrock, "sgd", lr=1.0, steps=50)
    assert np.isfinite(run.theta[run.diverged - 1]).all() and not np.isfinite(run.theta[run.diverged]).all()
    assert minimize(rosenbrock, "sgd", lr=1e-4, steps=50).diverged is None
    assert minimize(quadratic(10), "sgd", lr=[0.01, 0.3], steps=2000).diverged.tolist()[0] == -1


def test_a_projected_run_stays_in_its_set():
    run = minimize(reddi(), "adam", lr=0.5, steps=100)
    assert np.abs(run.theta).max() <= 1


def test_clipping_by_norm_in_a_sweep_clips_each_run_by_its_own_norm():
    start = np.array([[1.0, 1.0], [1e-3, 1e-3]])
    run = minimize(quadratic(10), "sgd", lr=0.1, start=start, steps=1, clip_norm=1.0)
    assert np.linalg.norm(run.theta[1, 0] - start[0]) == pytest.approx(0.1)
    np.testing.assert_allclose(run.theta[1, 1], start[1] - 0.1 * quadratic(10).grad(start[1]))


@pytest.mark.parametrize("length", [1e-3, 1.0, 1e6])
def test_clipping_by_norm_keeps_direction_and_never_lengthens(length):
    g = length * np.array([0.6, -0.8])
    clipped = clip_by_norm(g, 1.0)
    np.testing.assert_allclose(clipped / np.linalg.norm(clipped), [0.6, -0.8])
    assert np.linalg.norm(clipped) == pytest.approx(min(1.0, length))


def test_clipping_a_tree_takes_one_norm_over_all_leaves():
    clipped = clip_by_norm({"w": np.array([3.0]), "b": np.array([4.0])}, 2.5)
    assert clipped["w"].tolist() == [1.5] and clipped["b"].tolist() == [2.0]


def test_a_nan_clips_to_nan_and_zero_stays_zero():
    assert np.isnan(clip_by_norm(np.array([np.nan, 1.0]), 1.0)).all()
    assert clip_by_norm(np.zeros(3), 1.0).tolist() == [0, 0, 0]


def test_clipping_by_value_changes_the_direction():
    assert clip_by_value({"w": np.array([3.0, -0.5])}, 1.0)["w"].tolist() == [1.0, -0.5]


def test_groups_override_by_pattern_and_the_last_match_wins():
    params = {"norm.weight": np.ones(2), "norm.bias": np.ones(2), "dense.weight": np.ones(2)}
    grads = {name: np.full(2, 0.5) for name in params}
    new, state = step_tree(
        "adamw", params, grads, lr=0.1, weight_decay=0.5, groups={"norm.*": {"weight_decay": 0.0}, "*bias": {"lr": 0.0}}
    )
    for name, hyper in {
        "dense.weight": dict(lr=0.1, weight_decay=0.5),
        "norm.weight": dict(lr=0.1, weight_decay=0.0),
        "norm.bias": dict(lr=0.0, weight_decay=0.0),
    }.items():
        expected, memory = adamw(params[name], grads[name], **hyper)
        np.testing.assert_array_equal(new[name], expected)
        np.testing.assert_array_equal(state[name]["m"], memory["m"])


def test_two_tree_steps_carry_each_parameters_own_memory():
    params, grads = {"a": np.ones(2), "b": np.ones(3)}, {"a": np.ones(2), "b": -np.ones(3)}
    once, state = step_tree("adam", params, grads, lr=0.1)
    twice, _ = step_tree("adam", once, grads, state, lr=0.1)
    np.testing.assert_allclose(twice["a"], 0.8)
    np.testing.assert_allclose(twice["b"], 1.2)


@pytest.mark.parametrize(
    "call, kind, sentence",
    [
        (lambda: minimize(rosenbrock, "adm"), ValueError, "no rule named 'adm'; did you mean 'adam'?"),
        (lambda: minimize("rosenbrock", "adam"), TypeError, "must be a Problem"),
        (lambda: minimize(rosenbrock, "sgd"), TypeError, "sgd has no default learning rate"),
        (lambda: minimize(rosenbrock, "adam", steps=-1), ValueError, "steps must be a whole number, at least 0, got -1"),
        (lambda: minimize(rosenbrock, "adam", steps=2.5), ValueError, "got 2.5"),
        (lambda: minimize(rosenbrock, "adam", start=[1.0, np.nan]), ValueError, "start must be finite"),
        (lambda: minimize(rosenbrock, "adam", start=[1.0]), ValueError, "shape (2,) or (k, 2), got (1,)"),
        (lambda: minimize(rosenbrock, "adam", beta=0.5), TypeError, "adam has no hyperparameter 'beta'"),
        (lambda: minimize(rosenbrock, "sgd", lr=[0.1, -0.1]), ValueError, "lr must be finite and at least 0"),
        (lambda: clip_by_norm(np.ones(2), 0), ValueError, "max_norm must be above 0, got 0"),
        (lambda: step_tree("sgd", {"w": 1.0}, {"W": 1.0}, lr=1), ValueError, "named 'W' but no parameter is; did you mean 'w'?"),
        (lambda: step_tree("sgd", {"w": 1.0, "b": 1.0}, {"w": 1.0}, lr=1), ValueError, "no gradient for b"),
        (lambda: step_tree("sgd", {"w": 1.0}, {"w": 1.0}, lr=1, groups={"bias*": {}}), ValueError, "matches no parameter"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(call, kind, sentence):
    with pytest.raises(kind) as error:
        call()
    assert sentence in str(error.value)
