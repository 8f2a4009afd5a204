"""What chapter 6 says of RMSProp, asserted on the chapter's own runs."""

import numpy as np
import pytest

from optimlab.rules import rmsprop


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("06-rmsprop")


def test_when_gradients_shrink_rmsprop_recovers_and_adagrad_does_not(chapter):
    assert chapter.lengths["rmsprop"][200] < 0.02
    assert chapter.lengths["rmsprop"][1200:].min() > 0.8
    assert chapter.lengths["adagrad"][200:].max() < 1e-3


def test_adagrad_falls_behind_a_moving_minimum_and_rmsprop_follows_it(chapter):
    median = {rule: np.median(values, axis=0) for rule, values in chapter.following.items()}
    assert (np.diff(median["adagrad"]) > 0).all() and median["adagrad"][-1] > 4 * median["adagrad"][0]
    assert median["rmsprop"].max() < 1.3 * median["rmsprop"].min()
    assert median["adagrad"][-1] > max(median[rule][-1] for rule in ("sgd", "momentum", "rmsprop"))


def test_rmsprop_follows_closer_than_sgd_and_momentum_on_every_seed(chapter):
    for other in ("sgd", "momentum"):
        assert (chapter.following["rmsprop"].max(0) < chapter.following[other].min(0)).all()


def test_with_hindsight_of_the_horizon_adagrad_keeps_up(chapter):
    assert chapter.glued["c06_hindsight_adagrad"] < 1.5 * chapter.glued["c06_hindsight_rmsprop"]


def test_under_noise_rmsprop_needs_a_falling_rate_that_adagrad_has_built_in(chapter):
    error = chapter.bowl_error
    assert error["rmsprop, lr to 0"] < error["adagrad"] < 0.85 * error["rmsprop"]


def test_hintons_ten_minibatches_carry_the_sign_away_and_a_long_memory_holds_still(chapter):
    assert chapter.drift[0.0] == pytest.approx(8, abs=1e-3)
    assert 0.5 < chapter.drift[0.9] < 1
    assert abs(chapter.drift[0.99]) < 0.1


def test_noise_makes_the_mean_step_shorter(chapter):
    for sigma in (0, 1, 3):
        assert chapter.progress[sigma] == pytest.approx(1 / np.sqrt(1 + sigma**2), abs=0.02)
        assert chapter.typical[sigma] == pytest.approx(1, abs=0.02)


def test_a_spike_lengthens_the_step_before_it_shortens_it(chapter):
    for length in chapter.around.values():
        assert length[1498] == pytest.approx(1, abs=0.01)
        assert length[1499] > 2.5 and length[1519] < 0.65
    assert chapter.glued["c06_spike_adam"] == pytest.approx(2.9, abs=0.05)
    assert chapter.glued["c06_after_adam"] == pytest.approx(0.6, abs=0.01)


def test_the_surface_becomes_round_only_along_the_axes(chapter):
    assert [round(chapter.rounded(degrees)) for degrees in (0, 15, 45)] == [1, 375, 1000]


def test_the_scaling_that_the_condition_numbers_assume_is_rmsprops_own():
    rng = np.random.default_rng(0)
    hessian = np.array([[3.0, 1.0], [1.0, 2.0]])
    state = {}
    for g in rng.normal(size=(20_000, 2)) @ hessian:
        _, state = rmsprop(np.zeros(2), g, state, lr=0.0, beta=0.9995, debias=True)
    assert state["v"] == pytest.approx(np.diag(hessian @ hessian), rel=0.1)


def test_centred_steps_on_a_constant_gradient_run_away(chapter):
    assert chapter.steady[999] == pytest.approx(0.99**-500, rel=0.02)
    assert (np.diff(chapter.steady[100:]) > 0).all()


def test_the_first_step_is_one_over_the_root_of_one_minus_beta(chapter):
    for beta, length in chapter.born.items():
        assert length[0] == pytest.approx(1 / np.sqrt(1 - beta), rel=1e-5)
    assert chapter.corrected == pytest.approx(1, rel=1e-5)
    assert chapter.glued["c06_five_percent"] == 237


def test_the_table_of_eps_is_what_the_two_places_give(chapter):
    for size, outside, inside in ((1e-3, 1.00, 1.00), (1e-4, 1.00, 0.71), (1e-6, 0.99, 0.01), (1e-8, 0.50, 1e-4)):
        _, state = rmsprop(0.0, size, lr=1.0, debias=True)
        step = -rmsprop(0.0, size, lr=1.0, debias=True)[0]
        assert step == pytest.approx(outside, abs=0.005)
        assert size / np.sqrt(state["v"] / 0.01 + 1e-8) == pytest.approx(inside, rel=0.01)
