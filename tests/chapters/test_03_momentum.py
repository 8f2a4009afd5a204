"""What chapter 3 says of momentum, asserted on the experiments the reader sees."""

import math

import numpy as np
import pytest

from optimlab.descent import minimize
from optimlab.problems import quadratic
from optimlab.rules import momentum


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("03-momentum")


def test_in_the_same_steps_momentum_arrives_and_gradient_descent_does_not(chapter):
    assert chapter.heavy.distance[-1] < 0.1 * chapter.plain.distance[-1]
    assert (np.diff(np.sign(chapter.plain.theta[:, 1])) != 0).all()


def test_gradient_descent_pays_for_kappa_and_momentum_for_its_root(chapter):
    kappas = np.log(chapter.kappas[1:])
    slope = {rule: np.polyfit(kappas, np.log(steps[1:]), 1)[0] for rule, steps in chapter.fewest.items()}
    assert slope["sgd"] == pytest.approx(1, abs=0.03)
    assert slope["momentum"] == pytest.approx(0.5, abs=0.06)
    assert chapter.fewest["sgd"][0] < chapter.fewest["momentum"][0]              # the loser on a round valley


def test_the_memory_halves_in_six_point_six_steps_and_ten_gradients_hold_two_thirds(chapter):
    assert chapter.half_life == pytest.approx(6.58, abs=0.005)
    assert chapter.share_of_ten == pytest.approx(1 - 0.9**10)
    assert chapter.steps_to_95 == 29
    assert chapter.weights[0.9].sum() == pytest.approx(1)


def test_the_velocity_is_the_sum_of_the_past_gradients_weighted_by_age():
    gradients, state = np.random.default_rng(0).normal(size=12), {}
    for g in gradients:
        _, state = momentum(0.0, float(g), state, lr=0.1, beta=0.9)
    assert state["v"] == pytest.approx(gradients @ 0.9 ** np.arange(12)[::-1])


@pytest.mark.parametrize("sign, size", [(1, 10), (-1, 1 / 1.9)])
def test_agreeing_gradients_add_up_tenfold_and_alternating_ones_to_half(sign, size):
    state = {}
    for t in range(300):
        _, state = momentum(0.0, float(sign**t), state, lr=0.1, beta=0.9)
    assert abs(state["v"]) == pytest.approx(size)


def test_momentum_has_a_plateau_at_the_root_of_beta_where_gradient_descent_has_a_v(chapter):
    assert len(chapter.plateau) > 200
    assert chapter.plateau == pytest.approx(math.sqrt(0.9), abs=1e-7)
    assert chapter.factors["sgd"] == pytest.approx(np.abs(1 - chapter.products))
    stable = chapter.factors["momentum"] < 1
    assert (stable == (chapter.products < 3.8)).all()


def test_the_plateau_is_what_a_run_does(chapter):
    run = minimize(quadratic(1), "momentum", lr=[0.05, 1.0, 3.0], beta=0.9, steps=400)
    windows = [np.abs(run.theta[a : a + 60, :, 0]).max(0) for a in (100, 300)]
    assert (windows[1] / windows[0]) ** (1 / 200) == pytest.approx([math.sqrt(0.9)] * 3, abs=2e-3)


def test_past_its_edge_momentum_diverges_and_before_it_does_not():
    run = minimize(quadratic(1), "momentum", lr=[3.75, 3.85], beta=0.9, steps=500)
    assert run.distance[-1, 0] < 1e-3 and run.distance[-1, 1] > 1e3


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_the_best_momentum_is_as_fast_as_the_theorem_says(chapter, kappa):
    root = math.sqrt(kappa)
    factor = max(chapter.shrink_factor(momentum, h * (2 / (1 + root)) ** 2, beta=((root - 1) / (root + 1)) ** 2)
                 for h in np.geomspace(1, kappa, 30))
    assert factor == pytest.approx((root - 1) / (root + 1), abs=1e-6)
    others = [max(chapter.shrink_factor(momentum, h * lr * (2 / (1 + root)) ** 2, beta=beta) for h in (1, kappa))
              for lr in (0.7, 0.9, 1, 1.1, 1.3) for beta in np.linspace(0, 0.99, 34)]
    assert min(others) >= factor - 1e-6
    assert chapter.at_theorem[kappa] < 0.6 * chapter.fewest["sgd"][chapter.kappas.index(kappa)]


def test_momentum_overshoots_and_comes_back(chapter):
    assert chapter.swing.theta[:, 0].min() < -0.5
    assert (chapter.walk.theta[:, 0] > 0).all()
    assert np.abs(chapter.swing.theta[-5:, 0]).max() < 0.1
    assert chapter.critical.theta[:, 0].min() > 0                                # real positive roots: no overshoot


def test_on_rosenbrock_momentum_arrives_where_gradient_descent_is_at_0_132(chapter):
    assert chapter.gd.distance[-1] == pytest.approx(0.132, abs=5e-4)
    assert chapter.ball.distance[-1] < 1e-8


def test_momentum_tolerates_more_learning_rates(chapter):
    plain, ball, long = (chapter.tolerance(chapter.ends[beta]) for beta in (0.0, 0.9, 0.99))
    assert plain < 2 and 25 < ball < 45 and 90 < long < 160


def test_momentum_adds_swings_below_one_plus_root_beta_and_damps_them_above(chapter):
    better = chapter.left_ball < chapter.left_gd
    assert better.tolist() == [product > 1 + math.sqrt(0.9) for product in chapter.across] == [False] * 3 + [True] * 2


def test_momentum_trembles_ten_times_as_much_and_needs_a_schedule(chapter):
    assert chapter.floors == pytest.approx(chapter.floors_theory, rel=0.12)
    assert chapter.floors[2] == pytest.approx(10 * chapter.floors[0], rel=0.1)
    assert chapter.floors[2] == pytest.approx(chapter.floors[3], rel=0.2)        # SGD at ten times the learning rate
    assert np.median(chapter.final["cosine"]) < 0.4 * np.median(chapter.final["constant"])


def test_the_average_is_the_sum_and_the_lr_inside_is_not_once_it_changes(chapter):
    assert chapter.same < 1e-14
    assert chapter.apart > 0.1
    before = slice(0, 21)
    assert chapter.dropped["inside"].theta[before] == pytest.approx(chapter.dropped["sum"].theta[before], abs=1e-14)


def test_dampening_starts_from_the_first_gradient_and_not_from_zero(chapter):
    assert chapter.weight_of(1) == pytest.approx(0.9**9)                         # from zero it would be a tenth of that
    assert chapter.weight_of(10) == pytest.approx(0.1)
    assert sum(chapter.weight_of(step) for step in range(1, 11)) == pytest.approx(1)


def test_l2_and_decay_part_at_step_two_by_beta_lr_decay_theta(chapter):
    assert chapter.gaps[0] == pytest.approx(0, abs=1e-16)
    assert chapter.gaps[1] == pytest.approx(-0.9 * 0.1 * 0.01 * 1.0)
    assert chapter.theta_l2 < 0.2 < 0.8 < chapter.theta_decay


def test_drill_a_half_life_of_twenty_steps_and_the_share_of_the_newest():
    assert 2 ** (-1 / 20) == pytest.approx(0.966, abs=5e-4)
    assert 1 - 0.99**298 < 0.95 < 1 - 0.99**299


def test_drill_at_the_upper_edge_it_hops_for_ever():
    run = minimize(quadratic(1), "momentum", lr=2 * 1.9, beta=0.9, steps=500)
    assert run.theta[-1, 0] == pytest.approx(-run.theta[-2, 0])
    assert run.theta[-1, 0] == pytest.approx(run.theta[-3, 0])


@pytest.mark.parametrize("form, share", [("l2", 1.0), ("decay", 0.1)])
def test_drill_l2_rests_at_the_ridge_solution_and_decay_at_a_weaker_one(form, share):
    h, c, lr, decay = 1.0, 2.0, 0.1, 0.5
    theta, state = 0.0, {}
    for _ in range(800):
        g = h * (theta - c)
        if form == "l2":
            theta, state = momentum(theta, g + decay * theta, state, lr=lr)
        else:
            theta, state = momentum(theta * (1 - lr * decay), g, state, lr=lr)
    assert theta == pytest.approx(h * c / (h + share * decay))
