"""What chapter 1 says of gradient descent, asserted on the experiments the reader sees."""

import numpy as np
import pytest

from optimlab.descent import minimize
from optimlab.problems import quadratic, rosenbrock
from optimlab.rules import sgd


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("01-gradient-descent")


def test_a_small_learning_rate_creeps_without_a_bounce_and_a_large_one_bounces(chapter):
    steep = chapter.creeping.theta[:, 1], chapter.bouncing.theta[:, 1]
    assert (steep[0] > 0).all()
    assert (np.diff(np.sign(steep[1])) != 0).all()
    assert chapter.creeping.distance[-1] > 2 * chapter.bouncing.distance[-1]


def test_blind_search_pays_for_every_parameter_and_the_gradient_does_not(chapter):
    median = np.median(chapter.blind, axis=0)
    slope = np.polyfit(np.log(chapter.sizes), np.log(median), 1)[0]
    assert 0.8 < slope < 1.4                                    # in proportion to the number of parameters
    assert chapter.guided.max() <= 1.5 * chapter.guided.min()
    assert (chapter.blind.min(axis=0)[1:] > 10 * chapter.guided[1:]).all()      # even the luckiest seed, from 8 on


def test_the_negative_gradient_is_best_for_a_short_step_and_not_for_a_long_one(chapter):
    assert chapter.glued["c01_best_short"] == pytest.approx(chapter.glued["c01_downhill"], abs=0.1)
    assert chapter.glued["c01_best_long"] == pytest.approx(chapter.glued["c01_home"], abs=0.1)
    assert abs(chapter.downhill - chapter.home) > 40


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_the_best_learning_rate_and_its_steps_are_those_of_the_theorem(chapter, kappa):
    assert chapter.best_edge[kappa] == pytest.approx(chapter.theory_edge[kappa], abs=0.08)
    assert chapter.best_steps[kappa] == pytest.approx(chapter.theory_steps[kappa], rel=0.06)


def test_nothing_past_the_edge_arrives_and_everything_past_it_goes_away(chapter):
    for kappa in chapter.kappas:
        past = chapter.edges > 2.001
        assert past.sum() >= 5
        assert np.isinf(chapter.steps_needed[kappa][past]).all()
        assert chapter.farther[kappa][past].all()
        assert not chapter.farther[kappa][chapter.edges < 1.999].any()


def test_steps_grow_in_proportion_to_the_condition_number(chapter):
    slope = np.polyfit(np.log(chapter.kappas), np.log(list(chapter.best_steps.values())), 1)[0]
    assert slope == pytest.approx(1, abs=0.03)


def test_gradient_descent_does_not_know_how_the_valley_is_turned(chapter):
    assert chapter.glued["c01_turned"] < 1e-14
    assert chapter.straight.distance[-1] < 0.1 * chapter.straight.distance[0]


def test_on_rosenbrock_it_ends_near_but_not_at_the_minimum_and_never_rises(chapter):
    assert chapter.glued["c01_rosen_distance"] == pytest.approx(0.132, abs=5e-4)
    assert chapter.plain.theta[-1] == pytest.approx([0.940, 0.883], abs=5e-4)
    assert chapter.glued["c01_rosen_rises"] == 0
    assert chapter.plain.distance[0] == 2


def test_the_learning_rates_that_arrive_on_rosenbrock_span_less_than_a_factor_of_two(chapter):
    assert 1.5 < chapter.span < 2
    inside = np.flatnonzero(chapter.near)
    assert (np.diff(inside) == 1).all()                         # one window
    best = chapter.lrs[np.nanargmin(chapter.rosenbrock_sweep.distance[-1])]
    assert best == pytest.approx(2 / 1001.6, rel=0.04)          # just below the edge


def test_it_zigzags_exactly_when_lr_times_curvature_exceeds_one(chapter):
    assert chapter.crossings.tolist() == [0, 0, 50, 50]
    assert chapter.remaining.argmin() == 3                      # and the one that zigzags most comes closest


def test_past_the_edge_rosenbrock_does_not_explode_but_stays_where_the_sharpness_is_two_over_lr(chapter):
    assert (chapter.past.diverged == -1).all()
    assert chapter.orbit == pytest.approx(2 / chapter.past.lr[-1], rel=0.005)
    assert (chapter.past.distance[-1] > 0.05).all()
    hop = np.abs(np.diff(chapter.past.theta[-3:], axis=0))
    assert (hop > 0.01).any(axis=-1).all()                      # it never rests


def test_drill_two_steps_by_hand():
    theta, _ = sgd(1.0, 2.0, lr=0.1)
    assert theta == pytest.approx(0.8)
    assert sgd(theta, 2 * theta, lr=0.1)[0] == pytest.approx(0.64)
    assert sgd(1.0, 2.0, lr=0.5)[0] == 0
    assert sgd(1.0, 2.0, lr=1.0)[0] == -1


def test_drill_no_learning_rate_beats_two_over_the_sum():
    h = np.geomspace(1, 50, 40)
    lrs = np.append(np.linspace(0.001, 0.05, 400), 2 / 51)
    worst = np.abs(1 - lrs[:, None] * h).max(axis=1)
    assert worst.argmin() == 400
    assert worst[-1] == pytest.approx(49 / 51)


def test_drill_other_units_need_the_square_of_the_factor():
    problem, c = rosenbrock, 1000.0
    mine = minimize(problem, "sgd", lr=1e-3, steps=50).theta

    def hers(lr):
        phi = c * problem.start
        for _ in range(50):
            phi, _ = sgd(phi, problem.grad(phi / c) / c, lr=lr)
        return phi / c

    assert hers(1e-3 * c**2) == pytest.approx(mine[-1])
    assert hers(1e-3) == pytest.approx(minimize(problem, "sgd", lr=1e-3 / c**2, steps=50).theta[-1])


def test_drill_descent_lemma_holds_with_equality_on_one_curvature():
    valley = quadratic(1)
    for lr in (0.3, 1.7, 2.0):
        g = valley.grad(valley.start)
        drop = valley.f(valley.start) - valley.f(sgd(valley.start, g, lr=lr)[0])
        assert drop == pytest.approx(lr * (1 - lr / 2) * (g @ g))
