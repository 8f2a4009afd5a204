"""Problems: gradients agree with finite differences, minima are minima, runs side by side do not mix."""

import numpy as np
import pytest

from optimlab import problems
from optimlab.problems import beale, noisy_quadratic, quadratic, reddi, rosenbrock, saddle, sparse_logistic

EVERY = [
    quadratic(10),
    quadratic(1e3, angle=30),
    noisy_quadratic(10, sigma=0.5),
    saddle(),
    rosenbrock,
    beale,
    reddi(),
    *sparse_logistic(n=60, d=12),
]
IDS = [problem.name for problem in EVERY]


@pytest.mark.parametrize("problem", EVERY, ids=IDS)
def test_the_gradient_is_the_slope_of_the_loss(problem):
    theta = problem.start + 0.1 * np.random.default_rng(0).normal(size=problem.start.shape)
    slopes = [(problem.f(theta + h) - problem.f(theta - h)) / 2e-6 for h in 1e-6 * np.eye(theta.size)]
    np.testing.assert_allclose(problem.grad(theta), slopes, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("problem", EVERY, ids=IDS)
def test_runs_side_by_side_equal_runs_alone(problem):
    theta = problem.start + np.random.default_rng(0).normal(size=(2, 3, *problem.start.shape))
    loss, grad = problem.f(theta), problem.grad(theta)
    assert loss.shape == (2, 3) and grad.shape == theta.shape
    for i, j in np.ndindex(2, 3):
        np.testing.assert_allclose(loss[i, j], problem.f(theta[i, j]), rtol=1e-12)
        np.testing.assert_allclose(grad[i, j], problem.grad(theta[i, j]), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("problem", [p for p in EVERY if np.isfinite(p.minimum).all() and not p.project], ids=lambda p: p.name)
def test_the_minimum_is_lower_than_all_around_it_and_flat(problem):
    around = problem.minimum + 1e-3 * np.random.default_rng(0).normal(size=(100, problem.minimum.size))
    assert (problem.f(around) > problem.f(problem.minimum)).all()
    np.testing.assert_allclose(problem.grad(problem.minimum), 0, atol=1e-12)


def test_curvatures_of_a_turned_valley_are_one_and_kappa():
    hessian = quadratic(kappa=50, angle=33).grad(np.eye(2))
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), [1, 50], rtol=1e-12)


def test_rosenbrock_curvatures_at_the_minimum_differ_2508_fold():
    h = 1e-5 * np.eye(2)
    hessian = (rosenbrock.grad(rosenbrock.minimum + h) - rosenbrock.grad(rosenbrock.minimum - h)) / 2e-5
    assert np.linalg.cond(hessian) == pytest.approx(2508, rel=1e-3)


def test_noise_has_mean_zero_the_stated_size_and_is_shared_by_runs_side_by_side():
    problem, rng = noisy_quadratic(10, sigma=0.5), np.random.default_rng(0)
    seen = np.array([problem.sample(problem.start, t, rng) for t in range(20_000)]) - problem.grad(problem.start)
    assert np.abs(seen.mean(0)).max() < 0.02 and np.abs(seen.std(0) - 0.5).max() < 0.02
    two = np.stack([problem.start, problem.start])
    noise = problem.sample(two, 1, np.random.default_rng(1)) - problem.grad(two)
    np.testing.assert_allclose(noise[0], noise[1], atol=1e-12)


def test_a_minibatch_gradient_is_unbiased():
    train, _, _ = sparse_logistic(n=50, d=8, batch=5)
    rng, theta = np.random.default_rng(0), np.random.default_rng(1).normal(size=8)
    mean = np.mean([train.sample(theta, t, rng) for t in range(20_000)], axis=0)
    np.testing.assert_allclose(mean, train.grad(theta), atol=0.005)


def test_the_three_splits_share_one_truth_and_no_text():
    train, validation, test = sparse_logistic(n=500, d=20)
    theta = np.random.default_rng(0).normal(size=20)
    losses = [split.f(theta) for split in (train, validation, test)]
    assert len({float(loss) for loss in losses}) == 3 and np.ptp(losses) < 0.5


def test_reddi_averages_to_a_slope_that_falls_towards_minus_one():
    problem = reddi(C=3)
    mean = np.mean([problem.sample(problem.start, t, None) for t in (1, 2, 3)])
    assert mean == pytest.approx(problem.grad(problem.start)[0]) and mean > 0
    assert problem.project(np.array([-5.0])) == problem.minimum


def test_every_problem_names_its_source():
    assert all(problem.source and problem.name for problem in EVERY) and problems.__doc__
