"""What chapter 5 says of AdaGrad, asserted on the chapter's own runs."""

import numpy as np
import pytest

from optimlab.rules import adagrad


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("05-adagrad")


def test_along_the_axes_adagrad_needs_a_handful_of_steps_and_turned_it_needs_thousands(chapter):
    steps = chapter.turned_valley
    assert steps["adagrad", 0] <= 5
    assert steps["adagrad", 45] > 500 * steps["adagrad", 0]
    assert steps["adagrad", 45] > steps["sgd", 45]


def test_gradient_descent_and_momentum_do_not_notice_the_turn(chapter):
    steps = chapter.turned_valley
    for rule in ("sgd", "momentum"):
        assert steps[rule, 45] == pytest.approx(steps[rule, 0], rel=0.02)


def test_only_adagrad_has_a_wide_range_of_lr_that_suits_both_coordinates(chapter):
    good = {rule: (left.max(-1) < 0.01).sum() for rule, left in chapter.conflict.items()}
    assert good["sgd"] == 0 and good["momentum"] <= 5 and good["adagrad"] > 40


def test_adagrads_two_coordinates_arrive_at_nearly_the_same_lr(chapter):
    steep, shallow = (chapter.many[(chapter.conflict["adagrad"][:, k] < 0.01).argmax()] for k in (1, 0))
    assert 0.6 < steep / shallow < 1.7
    steep, shallow = (chapter.many[(chapter.conflict["sgd"][:, k] < 0.01).argmax()] for k in (1, 0))
    assert shallow / steep > 300


def test_rare_words_have_small_gradients_on_average_but_not_when_they_occur(chapter):
    assert chapter.glued["c05_step_ratio"] > 30
    assert chapter.glued["c05_seen_ratio"] < 5 < chapter.glued["c05_own_ratio"]


def test_adagrad_beats_momentum_and_sgd_on_rare_words_on_every_seed(chapter):
    loss = chapter.chosen_loss
    for other in ("sgd", "momentum"):
        assert (loss["zipf", "adagrad"] < loss["zipf", other]).all()
    assert np.median(loss["zipf", "adam"]) < np.median(loss["zipf", "momentum"]) - 0.02


def test_with_equally_frequent_words_there_is_no_gain(chapter):
    assert chapter.glued["c05_uniform_spread"] < 0.01
    uniform = {rule: np.median(chapter.chosen_loss["uniform", rule]) for rule in ("sgd", "adagrad")}
    assert uniform["adagrad"] > uniform["sgd"] - 0.005


def test_a_constant_gradient_travels_about_two_roots_of_t(chapter):
    assert 2 * np.sqrt(10_001) - 2 <= chapter.glued["c05_travelled"] <= 2 * np.sqrt(10_000) - 1


def test_without_noise_the_rate_settles_and_adagrad_converges(chapter):
    rates, end = chapter.fates["no noise"]
    assert rates[-1] == rates[100] > 0.4 and abs(end) < 1e-12


def test_with_steady_noise_the_rate_falls_like_one_over_root_t(chapter):
    rates, _ = chapter.fates["steady noise"]
    assert rates[99] / rates[1999] == pytest.approx(np.sqrt(20), rel=0.15)


def test_five_wild_gradients_slow_adagrad_for_ever(chapter):
    assert chapter.after_wild == pytest.approx(9.08, abs=0.01)
    assert chapter.without_wild < 4


def test_adagrads_falling_rate_beats_the_best_constant_one_under_noise(chapter):
    assert chapter.floor["adagrad"] < 0.9 * chapter.floor["sgd"]


def test_the_table_of_first_steps_is_what_the_conventions_give():
    theta, _ = adagrad(0.0, 1e-5, lr=1.0)
    assert -theta == pytest.approx(1, abs=0.005)
    assert 1e-5 / np.sqrt(0.1 + 1e-10 + 1e-7) == pytest.approx(3.2e-5, rel=0.02)
    assert 1e-5 / np.sqrt(1e-10 + 1e-8) == pytest.approx(0.10, abs=0.005)
