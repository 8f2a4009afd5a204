"""What chapter 4 says of Nesterov's rule, asserted on the chapter's own runs."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("04-nesterov")


def test_momentum_still_swings_when_nesterov_has_come_to_rest(chapter):
    late = {rule: np.abs(path[15:51]).max() for rule, path in chapter.across.items()}
    assert late["nesterov"] < 0.01 < 0.2 < late["momentum"]
    assert chapter.glued["c04_swing_nesterov"] < chapter.glued["c04_swing_momentum"] / 2


def test_momentum_shrinks_the_error_by_the_root_of_beta_whatever_the_learning_rate(chapter):
    assert chapter.glued["c04_stuck_low"] == pytest.approx(0.9**0.5, abs=0.005)
    assert chapter.glued["c04_stuck_high"] == pytest.approx(0.9**0.5, abs=0.005)
    assert chapter.factor["sgd"].min() < 0.05


def test_nesterov_damps_by_the_root_of_beta_times_one_minus_lr_h(chapter):
    assert chapter.glued["c04_theory_error"] < 0.005


def test_the_stable_range_ends_at_2_plus_2_beta_over_1_plus_2_beta(chapter):
    spacing = chapter.linear[1] - chapter.linear[0]
    assert chapter.edge["nesterov"] == pytest.approx(3.8 / 2.8, abs=spacing)
    assert chapter.edge["momentum"] == pytest.approx(3.8, abs=spacing)


def test_look_ahead_and_shipped_form_ask_for_gradients_at_the_same_points(chapter):
    assert float(chapter.glued["c04_two_forms"]) < 1e-12
    assert np.ptp(chapter.asked, axis=0).min() > 1  # over a path that goes somewhere


def test_after_a_drop_of_lr_the_forms_differ_by_the_stated_residual(chapter):
    assert chapter.gap_at_drop == pytest.approx(chapter.residual, rel=1e-9)
    assert chapter.glued["c04_drop_share"] == pytest.approx(9)


def test_on_a_quadratic_tuned_momentum_is_faster_than_tuned_nesterov(chapter):
    fastest = {rule: steps.min() for rule, steps in chapter.race.items()}
    assert 1.5 * fastest["momentum"] < fastest["nesterov"] < chapter.glued["c04_best_gd"] / 4


def test_at_beta_09_nesterov_is_faster_on_the_quadratic(chapter):
    assert chapter.glued["c04_at_09_nesterov"] < chapter.glued["c04_at_09_momentum"]


def test_momentum_circles_for_ever_on_a_convex_function(chapter):
    x = chapter.bent["momentum"].theta[:, 0]
    assert x[-1] == pytest.approx(x[-4], abs=1e-3) and abs(x[-1] - x[-2]) > 1
    assert chapter.bent["momentum"].distance[-3:].min() > 0.5
    assert chapter.bent["nesterov"].distance[-1] < 1e-3
    assert chapter.bent["sgd"].distance[-1] < 0.1


def test_nesterov_arrives_from_every_start_and_momentum_does_not(chapter):
    glued = chapter.glued
    assert glued["c04_arrived_nesterov"] == glued["c04_starts"] == glued["c04_arrived_careful"]
    assert glued["c04_arrived_momentum"] < 0.95 * glued["c04_starts"]


def test_the_three_pieces_are_one_convex_function_with_its_gradient(chapter):
    x = np.linspace(-3, 4, 1401)
    between = np.diff(chapter.height(x[:, None])) / np.diff(x)
    slope = chapter.slope(x)
    assert (np.diff(slope) > 0).all()
    assert (between >= slope[:-1] - 1e-9).all() and (between <= slope[1:] + 1e-9).all()


def test_on_a_network_the_rules_agree_at_small_lr_and_part_at_large_lr(chapter):
    ratio = np.median(chapter.final["nesterov"] / chapter.final["momentum"], axis=0)
    assert (ratio[:2] > 0.95).all() and (ratio[-2:] < 0.75).all()
    assert chapter.glued["c04_net_wins"] >= 7


def test_the_networks_gradient_is_the_slope_of_its_loss(chapter):
    net = chapter.nets[0]
    rng = np.random.default_rng(0)
    theta, direction = net.start, rng.normal(size=net.start.shape)
    slope = (net.f(theta + 1e-6 * direction) - net.f(theta - 1e-6 * direction)) / 2e-6
    assert net.grad(theta) @ direction == pytest.approx(slope, rel=1e-6)
