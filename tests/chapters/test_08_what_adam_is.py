"""What the chapter on the nature of Adam says, asserted on the experiments it shows."""

import numpy as np
import pytest


@pytest.fixture
def what(run_chapter):
    return run_chapter("08-what-adam-is")


def test_a_late_lone_gradient_moves_adam_by_more_than_the_learning_rate(what):
    assert what.glued["c08_late_10"] == pytest.approx(0.48, abs=0.005)
    assert what.glued["c08_late_1000"] == pytest.approx(2.51, abs=0.005)
    assert what.glued["c08_late_limit"] == pytest.approx(0.1 / np.sqrt(0.001), rel=2e-3)


def test_growing_gradients_pass_the_bound_of_the_paper_and_approach_the_supremum(what):
    bound = 0.1 / np.sqrt(0.001)
    assert bound < what.growing[-1] < what.supremum
    assert what.growing[-1] == pytest.approx(what.supremum, rel=2e-3)
    assert what.supremum == pytest.approx(7.27, abs=0.005)


def test_at_the_betas_of_language_models_the_bound_of_the_paper_fails_too(what):
    assert 1 < what.glued["c08_growing_llm"] <= what.glued["c08_supremum_llm"] + 1e-9


def test_no_random_gradients_pass_the_supremum(what):
    gradients = np.random.default_rng(0).normal(size=(3000, 200)) ** 3
    assert np.abs(what.steps(what.rules.adam, gradients, eps=0)[100:]).max() < what.supremum


def test_equal_betas_cap_the_step_at_the_learning_rate(what):
    gradients = np.random.default_rng(0).normal(size=(500, 200)) ** 3
    lengths = np.abs(what.steps(what.rules.adam, gradients, eps=0, beta1=0.9, beta2=0.9))
    assert lengths.max() <= 1 + 1e-12


def test_a_spike_makes_adam_take_longer_steps_and_then_shorter_ones(what):
    assert what.after[0] == pytest.approx(3.08, abs=0.01)
    assert (what.after[: what.glued["c08_spike_shorter"]] >= 1).all() and 8 < what.glued["c08_spike_shorter"] < 16
    assert what.after[20] == pytest.approx(0.63, abs=0.01)


def test_adam_forgets_the_spike_and_amsgrad_does_not(what):
    assert what.glued["c08_amsgrad_end"] < 0.35 < 0.9 < what.glued["c08_spike_end"]


def test_without_first_memory_adam_is_bias_corrected_rmsprop_and_not_plain_rmsprop(what):
    gradients = np.random.default_rng(0).normal(size=(50, 4))
    adam = what.steps(what.rules.adam, gradients, beta1=0.0)
    assert what.steps(what.rules.rmsprop, gradients, beta=0.999, debias=True) == pytest.approx(adam, rel=1e-12)
    plain = what.steps(what.rules.rmsprop, gradients, beta=0.999)
    assert np.abs(plain[0] / adam[0]) == pytest.approx(np.sqrt(1000), rel=1e-3)


def test_the_scale_of_the_loss_is_ignored_only_at_eps_zero(what):
    gaps = np.array([[what.glued[f"c08_scale_{i}{j}"] for j in range(3)] for i in range(3)])
    assert gaps[0].max() < 1e-12
    assert (gaps[1:] > 1e-10).all()
    assert (np.diff(gaps[1:], axis=1) > 0).all() and (gaps[2] > gaps[1]).all()


def test_the_root_keeps_the_best_learning_rate_when_the_loss_is_scaled_and_v_alone_does_not(what):
    assert what.glued["c08_root_shift"] == pytest.approx(1)
    assert what.glued["c08_over_shift"] == pytest.approx(1000)
    assert all(what.lrs[0] < lr < what.lrs[-1] for lr in what.best_lr.values())


def test_a_noisier_gradient_of_the_same_mean_gets_a_shorter_step(what):
    sigma = np.arange(4)
    assert what.mean_steps == pytest.approx(1 / np.sqrt(1 + sigma**2), rel=0.03)


def test_dividing_by_the_deviation_explodes_on_a_constant_gradient(what):
    assert what.glued["c08_centred"] > 1e6


def test_diagonal_scaling_rounds_a_valley_along_the_axes_only(what):
    assert what.glued["c08_kappa_0"] == pytest.approx(1)
    assert what.glued["c08_kappa_15"] == pytest.approx(375, abs=1)
    assert what.glued["c08_kappa_45"] == pytest.approx(1000)


def test_no_diagonal_scaling_does_much_for_rosenbrock(what):
    assert what.glued["c08_rosenbrock"] == pytest.approx(2508, abs=1)
    assert what.glued["c08_rosenbrock_best"] == pytest.approx(1602, abs=1)
    ahead, behind = (what.rosenbrock.grad(what.rosenbrock.minimum + step * np.eye(2)) for step in (1e-5, -1e-5))
    assert (ahead - behind) / 2e-5 == pytest.approx(what.at_minimum, rel=1e-6)


def test_the_ways_of_rewriting_adam_agree_with_the_rule(what):
    assert max(what.gap.values()) < 1e-12
    assert what.glued["c08_gap_eps"] < 1e-6


def test_with_both_betas_and_eps_zero_adam_steps_by_the_sign(what):
    gradients = np.random.default_rng(0).normal(size=(20, 3))
    assert np.array_equal(what.steps(what.rules.adam, gradients, beta1=0.0, beta2=0.0, eps=0), np.sign(gradients))


def test_adam_with_short_memory_walks_to_the_worst_point_and_amsgrad_to_the_best(what):
    assert what.glued["c08_reddi_adam"] > 0.95
    assert what.glued["c08_reddi_amsgrad"] < -0.95
    assert what.glued["c08_reddi_up"] > what.glued["c08_reddi_down"]


def test_adam_with_its_usual_long_memory_also_reaches_the_best_point(what):
    assert what.glued["c08_reddi_long"] < -0.95


def test_amsgrads_effective_rate_rises_in_pytorchs_order(what):
    assert what.witness == pytest.approx([1, 1.41, 1.73, 2.00], abs=0.005)


def test_radam_rectifies_from_step_six_or_five_on(what):
    assert (what.first_rectified, what.paper_first) == (6, 5)
    assert what.glued["c08_r_6"] == pytest.approx(0.026, abs=5e-4)
    assert what.glued["c08_r_1000"] == pytest.approx(0.645, abs=1e-3)
    assert (np.diff(what.rectified[5:]) > 0).all() and what.rectified[-1] < 1


def test_before_that_radam_steps_in_units_of_the_gradient(what):
    assert what.rectified[:5] == pytest.approx(np.ones(5))
    assert what.glued["c08_radam_100"] == pytest.approx(100)


def test_the_same_function_can_be_flat_or_sharp(what):
    assert (what.glued["c08_sharp_1"], what.glued["c08_sharp_10"]) == pytest.approx((2, 100.01))


def test_one_over_v_throws_a_near_point_far(what):
    theta, _ = what.adam_over_v(0.01, 0.01, {}, lr=1.0, beta1=0.0, beta2=0.0, eps=0.0)
    assert theta == pytest.approx(-100, rel=0.01)
