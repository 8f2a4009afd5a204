"""What chapter 2 says of stochastic gradients, asserted on the experiments the reader sees."""

import math

import numpy as np
import pytest

from optimlab import schedules
from optimlab.descent import minimize
from optimlab.problems import noisy_quadratic
from optimlab.rules import sgd


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("02-sgd")


def test_after_one_pass_sgd_is_far_ahead_and_after_many_the_full_gradient_goes_past_it(chapter):
    one_pass = np.searchsorted(chapter.shown, chapter.N // 32)
    assert chapter.noisy[:, one_pass].max() < 0.1 * chapter.full[1]
    assert chapter.full[-1] < 0.5 * chapter.noisy[:, -20:].min(axis=1).min()


def test_sgd_with_a_constant_learning_rate_stops_getting_better(chapter):
    late = np.median(chapter.noisy, axis=0)
    passes = chapter.shown * 32 / chapter.N
    assert late[passes > 30].mean() > 0.5 * late[(passes > 5) & (passes < 30)].mean()


def test_every_minibatch_beats_the_full_gradient_over_the_same_passes(chapter):
    at = {batch: excess[:, chapter.tuned[batch]] for batch, excess in chapter.excess.items()}
    assert all(at[batch].max() < 0.1 * at[chapter.N].min() for batch in (4, 32, 256))


def test_the_smaller_the_batch_the_smaller_the_best_learning_rate(chapter):
    best = [chapter.tuned[batch] for batch in (4, 32, 256, chapter.N)]
    assert best == sorted(set(best))


def test_the_minibatch_gradient_is_unbiased(chapter):
    problem, rng, draws = chapter.regression(32), np.random.default_rng(2), 4000
    mean = np.mean([problem.sample(problem.start, t, rng) for t in range(draws)], axis=0)
    miss = (mean - problem.grad(problem.start)) / np.sqrt(chapter.each.var(axis=0) / (32 * draws))
    assert (miss**2).sum() < 35                                 # chi squared with ten degrees of freedom


def test_the_minibatch_gradient_has_the_variance_of_the_theorem(chapter):
    assert chapter.each.mean(axis=0) == pytest.approx(chapter.regression().grad(np.zeros(chapter.d)))
    for batch, (returned, kept) in chapter.draws.items():
        theory = chapter.sigma2 / batch
        assert returned == pytest.approx(theory, rel=0.05)
        assert kept == pytest.approx(theory * (chapter.N - batch) / (chapter.N - 1), rel=0.05)


def test_the_noise_floor_is_that_of_the_theorem(chapter):
    assert chapter.floors.mean(axis=0) == pytest.approx(chapter.predicted, rel=0.06)
    assert (chapter.floors.min(axis=0) <= chapter.predicted).all()
    assert (chapter.floors.max(axis=0) >= chapter.predicted).all()


def test_a_learning_rate_that_decays_goes_through_the_floor(chapter):
    constant = np.median(chapter.ended["constant"])
    for name in ("step", "cosine", "inverse sqrt", "1/t"):
        assert np.median(chapter.ended[name]) < 0.25 * constant


def test_one_that_decays_too_fast_does_not_arrive(chapter):
    assert chapter.ended["too fast"].min() > chapter.ended["constant"].max()
    reach = math.prod(1 - 0.5 * 0.7**t for t in range(200))     # what is left of the start
    assert np.median(chapter.ended["too fast"]) == pytest.approx(reach * math.hypot(10, 10), rel=0.2)


def test_one_over_t_needs_the_right_constant(chapter):
    assert np.median(chapter.shy_end) > 50 * np.median(chapter.ended["1/t"])


def test_batch_and_learning_rate_scale_together_until_the_edge_comes_near(chapter):
    a, b, c, d = chapter.scaled
    assert b == pytest.approx(a, rel=0.1) and c == pytest.approx(a, rel=0.25)
    assert d > 2 * a
    theory = [1e3 * lr / batch / (2 - lr) for lr, batch in chapter.pairs]
    assert chapter.scaled == pytest.approx(theory, rel=0.08)


def test_noise_frees_a_run_from_a_saddle_only_along_the_negative_curvature(chapter):
    assert all((run.theta[:, 1] == 0).all() for run in chapter.across)
    assert all(abs(run.theta[-1, 1]) == pytest.approx(1, abs=0.1) for run in chapter.along)
    assert {bool(run.theta[-1, 1] > 0) for run in chapter.along} == {True, False}       # both minima are found


def test_without_noise_a_start_off_the_ridge_leaves_the_saddle_too(chapter):
    assert chapter.glued["c02_silent"] == 0
    assert 0 < chapter.glued["c02_nudged_after"] < 200


def test_a_larger_batch_cures_the_noise_but_not_the_edge(chapter):
    swing = chapter.symptom
    assert swing["noise_batch"] == pytest.approx(swing["noise"] / 4, rel=0.01)
    assert swing["noise_lr"] == pytest.approx(swing["noise"] / 4, rel=0.2)
    assert chapter.edge["edge"] > 1e6 and chapter.edge["edge_lr"] < 1e-6


def test_an_l2_penalty_is_weight_decay_for_sgd_under_any_schedule():
    rng, plan = np.random.default_rng(0), schedules.cosine(0.3, steps=50)
    penalty = decay = rng.normal(size=5)
    for t in range(1, 51):
        g, lr = rng.normal(size=5), plan(t)
        penalty, _ = sgd(penalty, g, lr=lr, weight_decay=0.2)
        decay, _ = sgd((1 - lr * 0.2) * decay, g, lr=lr)
    assert penalty == pytest.approx(decay, abs=1e-14)


def test_drill_covariance_without_replacement_makes_the_full_sum_constant():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=6)
    pairs = [(numbers[i], numbers[j]) for i in range(6) for j in range(6) if i != j]
    covariance = np.mean([(a - numbers.mean()) * (b - numbers.mean()) for a, b in pairs])
    assert covariance == pytest.approx(-numbers.var() / 5)


def test_drill_steps_to_a_floor_go_like_one_over_its_height():
    s, h, theta0, epsilon = 1.0, 1.0, 10.0, 0.01
    lr = 4 * epsilon / s**2
    steps = round(s**2 / (8 * epsilon * h) * math.log(h * theta0**2 / (2 * epsilon)))
    start = [theta0, theta0]
    runs = [minimize(noisy_quadratic(1, s), "sgd", lr=lr, steps=steps, start=start, seed=seed) for seed in range(40)]
    excess = np.mean([run.loss[-1] / 2 for run in runs])        # two coordinates
    assert excess == pytest.approx(2 * epsilon, rel=0.35)       # the floor and what is left of the start, epsilon each


def test_drill_one_over_t_is_the_running_mean():
    stream, theta = np.random.default_rng(0).normal(size=20), 7.0
    for t, number in enumerate(stream, 1):
        theta, _ = sgd(theta, theta - float(number), lr=1 / t)
    assert theta == pytest.approx(stream.mean())


def test_drill_a_cosine_schedule_halves_the_total_decay():
    plan, theta = schedules.cosine(0.1, steps=1000), 1.0
    for t in range(1, 1001):
        theta, _ = sgd(theta, 0.0, lr=plan(t), weight_decay=0.01)
    assert theta == pytest.approx(math.exp(-0.5 * 0.1 * 0.01 * 1000), rel=0.01)
