"""What the page on the whole family says, asserted on its own runs."""

import math

import numpy as np
import pytest


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("10-family")


def test_adam_tolerates_the_widest_range_of_learning_rates_on_rosenbrock(chapter):
    expected = {"GD": 1.8, "Momentum 0.9": 33, "RMSProp": 33, "Momentum 0.99": 112, "Adam": 355}
    assert {label: chapter.span[label] for label in expected} == pytest.approx(expected, rel=0.03)
    assert max(chapter.span, key=chapter.span.get) == "Adam"


def test_radam_loses_that_tolerance_to_its_unscaled_first_steps(chapter):
    assert chapter.span["RAdam"] < chapter.span["Adam"] / 20
    assert chapter.band["RAdam"][0] == pytest.approx(chapter.band["Adam"][0], rel=0.5)


def test_the_bands_hold_no_learning_rate_that_fails(chapter):
    for low, high in chapter.band.values():
        assert low in chapter.lrs and high in chapter.lrs and low <= high
    first, last = chapter.longest_band(np.array([True, False, True, True, True, False, True]))
    assert (first, last) == (2, 4)


def test_each_rule_keeps_as_many_numbers_as_the_table_says(chapter):
    expected = dict(sgd=0, momentum=1, nesterov=1, adagrad=1, rmsprop=1, adam=2, adam_l2=2, adamw=2, amsgrad=3, radam=2)
    assert chapter.floats == expected


def test_gradients_of_different_kinds_of_parameters_differ_more_than_tenfold(chapter):
    kind = chapter.kind
    assert chapter.glued["c10_kind_ratio"] > 10
    assert max(kind, key=kind.get) == "b3" and min(kind, key=kind.get) == "rare"


def test_a_bias_before_batch_normalisation_has_no_gradient(chapter):
    assert float(chapter.glued["c10_dead_bias"]) < 1e-9 < chapter.kind["rare"]


def test_a_learning_rate_too_low_looks_like_a_gradient_that_never_arrives(chapter):
    low, broken = chapter.stuck["lr too low"].loss, chapter.stuck["no gradient"].loss
    assert low == pytest.approx(broken, rel=0.005)
    assert chapter.stuck["lr too high"].loss[-50:].min() > 0.4 * broken[0]


def test_a_sweep_tells_a_healthy_program_from_two_broken_ones(chapter):
    assert chapter.fall["healthy"] < 1e-3
    assert chapter.fall["no gradient"] == 1 and chapter.fall["wrong sign"] > 0.99
    assert np.ptp(chapter.swept["no gradient"]) == 0


def test_warmup_makes_a_slow_run_slower_and_a_higher_rate_faster(chapter):
    remaining = chapter.remaining
    assert remaining["warmup"] > remaining["as_is"] > 20 * remaining["higher"]


def test_a_nan_gradient_clips_to_nan(chapter):
    assert np.isnan(chapter.clipped_nan).all()


def test_past_the_edge_the_full_batch_diverges_and_clipping_only_hides_it(chapter):
    assert chapter.past_edge["bare"].diverged is not None
    clipped = chapter.past_edge["clipped"]
    assert clipped.diverged is None and clipped.distance[-1000:].min() > 0.05
    assert chapter.past_edge["lower"].distance[-1] < 1e-6


def test_plateaus_of_a_step_schedule_are_noise_floors_in_proportion_to_lr(chapter):
    high, middle, low = chapter.level
    assert 5 < high / middle < 30 and 5 < middle / low < 30
    assert math.log10(chapter.glued["c10_level_cosine"] / low) == pytest.approx(0, abs=0.7)
