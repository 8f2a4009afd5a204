"""What the chapter on Adam says, asserted on the experiments it shows."""

import numpy as np
import pytest


@pytest.fixture
def adam(run_chapter):
    return run_chapter("07-adam")


def test_adam_moves_by_one_learning_rate_under_a_constant_gradient(adam):
    assert adam.corrected == pytest.approx(np.ones(6000), abs=1e-7)


def test_without_correction_the_first_step_is_too_long_at_the_defaults(adam):
    assert adam.glued["c07_first"] == pytest.approx(0.1 / np.sqrt(0.001), rel=1e-6)


def test_without_correction_the_longest_step_comes_at_step_twelve(adam):
    assert adam.glued["c07_peak_t"] == 12
    assert adam.glued["c07_peak"] == pytest.approx(6.5685, abs=1e-3)


def test_without_correction_and_first_memory_the_first_step_is_32_times_too_long(adam):
    assert adam.glued["c07_first_no_m"] == pytest.approx(31.62, abs=0.01)
    assert (np.diff(adam.no_m) < 0).all()


def test_without_correction_at_beta2_095_the_first_step_is_too_short(adam):
    assert adam.glued["c07_first_llm"] == pytest.approx(0.447, abs=1e-3)


def test_the_correction_matters_for_two_thousand_steps_not_a_few(adam):
    assert adam.glued["c07_m_within_5"] == 29
    assert adam.glued["c07_within_5"] == 2375
    assert adam.glued["c07_v_within_5"] == 3043


def test_in_the_end_all_variants_agree(adam):
    assert all(lengths[-1] == pytest.approx(1, abs=2e-3) for lengths in adam.uncorrected.values())


def test_rmsprop_is_second_along_the_axes_and_worst_once_turned(adam):
    along, turned = ({name: np.nanmin(finals) for name, finals in adam.noisy[angle].items()} for angle in (0, 45))
    assert sorted(along, key=along.get)[:2] == ["adam", "rmsprop"]
    assert sorted(turned, key=turned.get) == ["momentum", "adam", "sgd", "rmsprop"]
    assert turned["rmsprop"] > 2 * turned["sgd"]


def test_no_best_learning_rate_lies_at_the_edge_of_the_grid(adam):
    for scores in adam.noisy.values():
        for finals in scores.values():
            assert 0 < np.nanargmin(finals) < len(finals) - 1
    assert all(adam.race_lrs[0] < lr < adam.race_lrs[-1] for lr in adam.best_lr.values())


def test_rmsprop_does_not_settle_even_without_noise_and_adam_does(adam):
    assert adam.glued["c07_still_adam"] < 1e-12 < 1e-3 < adam.glued["c07_still_rmsprop"]


def test_rmsprops_first_step_is_ten_learning_rates(adam):
    assert adam.glued["c07_rmsprop_first"] == pytest.approx(10, rel=1e-6)


def test_two_steps_of_adam_and_sgd_by_hand(adam):
    two = {key.removeprefix("c07_hand_"): value for key, value in adam.glued.items() if key.startswith("c07_hand_")}
    assert (two["m_1"], two["v_1"], two["theta_1"]) == pytest.approx((0.2, 0.004, 0.9))
    assert (two["m_2"], two["v_2"], two["theta_2"]) == pytest.approx((0.36, 0.007236, 0.800412), abs=1e-6)
    assert two["sgd_2"] == pytest.approx(0.64) != pytest.approx(0.72)


def test_two_steps_on_rosenbrock_keep_adam_in_the_valley_and_throw_sgd_out(adam):
    start = adam.rosenbrock.f(adam.rosenbrock.start)
    assert adam.anisotropic["adam"].loss[-1] < 2 * start
    assert adam.anisotropic["sgd"].loss[-1] > 1e6 * start
    assert adam.gentle.loss[-1] < start
    assert (adam.glued["c07_rb_ratio_x"], adam.glued["c07_rb_ratio_y"]) == pytest.approx((0.701, 0.744), abs=1e-3)


def test_a_consistent_gradient_moves_adam_by_one_learning_rate(adam):
    assert adam.glued["c07_consistent"] == pytest.approx(1, abs=1e-6)


def test_pure_noise_still_moves_adam(adam):
    assert adam.glued["c07_random_mean"] == pytest.approx(0.185, abs=0.003)
    assert adam.glued["c07_random_rms"] == pytest.approx(np.sqrt(0.1 / 1.9), rel=0.01)


def test_a_rare_gradient_moves_adam_three_learning_rates_at_once_and_32_in_all(adam):
    assert adam.glued["c07_rare_once"] == pytest.approx(0.1 / np.sqrt(0.001), rel=1e-3)
    assert adam.glued["c07_rare_total"] == pytest.approx(31.8, abs=0.1)


def test_the_mean_step_follows_the_signal_to_noise_ratio(adam):
    assert adam.mean_steps.mean(0) == pytest.approx(adam.predicted, rel=0.05)


def test_tuned_momentum_beats_tuned_adam_on_rosenbrock(adam):
    settled = {name: adam.settling(run).min() for name, run in adam.sweeps.items()}
    assert list(sorted(settled, key=settled.get)) == ["momentum", "adam", "nesterov", "rmsprop", "adagrad", "sgd"]


def test_adam_tolerates_by_far_the_widest_range_of_learning_rates(adam):
    spans = {name: adam.tolerance(run) for name, run in adam.sweeps.items()}
    others = [span for name, span in spans.items() if name != "adam"]
    assert spans["adam"] > 5 * max(others)
    assert spans["sgd"] < 2


def test_at_one_common_learning_rate_gd_is_not_far_and_momentum_wins(adam):
    assert adam.glued["c07_fixed_sgd"] == pytest.approx(0.132, abs=1e-3)
    assert adam.glued["c07_fixed_momentum"] < adam.glued["c07_fixed_rmsprop"] < adam.glued["c07_fixed_adam"]


def test_the_default_epsilon_vanishes_in_half_precision(adam):
    assert adam.glued["c07_half_eps"] == adam.glued["c07_half_square"] == 0
    assert not np.isfinite(adam.tiny).any()
    assert adam.glued["c07_half_larger"] > 100
    assert adam.glued["c07_half_single"] == pytest.approx(1, abs=1e-3)


def test_noise_carries_adam_as_far_as_full_steps_would(adam):
    walk = adam.steps(adam.rules.adam, np.random.default_rng(1).choice([-5.0, 5.0], (2000, 400))).sum(0)
    assert np.sqrt((walk**2).mean()) == pytest.approx(np.sqrt(2000), rel=0.1)


def test_a_drifting_mean_leaves_the_stated_bias(adam):
    b, beta, t, m = 0.5, 0.9, 7, 0.0
    for i in range(1, t + 1):
        m = beta * m + (1 - beta) * (3 + b * i)
    bias = -b * (beta / (1 - beta) - t * beta**t / (1 - beta**t))
    assert m / (1 - beta**t) - (3 + b * t) == pytest.approx(bias)
