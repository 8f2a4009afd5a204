"""Schedules: end points, warmup, and agreement with torch.optim.lr_scheduler's formulas where they share a convention."""

import math

import pytest

from optimlab import schedules

ALL = {
    "constant": lambda warmup: schedules.constant(0.5, warmup=warmup),
    "step": lambda warmup: schedules.step(0.5, every=10, warmup=warmup),
    "linear": lambda warmup: schedules.linear(0.5, steps=100, warmup=warmup),
    "polynomial": lambda warmup: schedules.polynomial(0.5, steps=100, warmup=warmup),
    "cosine": lambda warmup: schedules.cosine(0.5, steps=100, warmup=warmup),
    "wsd": lambda warmup: schedules.wsd(0.5, steps=100, warmup=warmup),
    "inverse_sqrt": lambda warmup: schedules.inverse_sqrt(0.5, warmup=max(1, warmup)),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("warmup", [0, 1, 7])
def test_warmup_climbs_in_equal_steps_from_above_zero_to_the_full_rate(name, warmup):
    lr = ALL[name](warmup)
    assert [lr(t) for t in range(1, warmup + 1)] == pytest.approx([0.5 * t / warmup for t in range(1, warmup + 1)])
    assert lr(max(1, warmup)) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ALL)
def test_no_step_within_the_budget_has_length_zero_and_none_is_negative_after_it(name):
    lr = ALL[name](5)
    assert all(lr(t) > 0 for t in range(1, 101)) and all(lr(t) >= 0 for t in range(101, 400))


@pytest.mark.parametrize("name", ["linear", "polynomial", "cosine", "wsd"])
def test_a_finite_schedule_reaches_its_floor_once_and_stays(name):
    lr = getattr(schedules, name)(1.0, steps=50, warmup=5, floor=0.1)
    assert lr(50) > 0.1 and all(lr(t) == pytest.approx(0.1) for t in range(51, 200))
    decay = [lr(t) for t in range(6, 52)]
    assert decay == sorted(decay, reverse=True) and decay[0] == pytest.approx(1.0)


def test_cosine_is_torchs_up_to_its_last_step_and_then_does_not_rise():
    lr = schedules.cosine(0.3, steps=20)
    torch_formula = [0.3 * (1 + math.cos(math.pi * k / 20)) / 2 for k in range(45)]
    assert [lr(k + 1) for k in range(21)] == pytest.approx(torch_formula[:21], abs=1e-15)
    assert torch_formula[30] == pytest.approx(0.15) and lr(31) == 0.0


def test_cosine_is_half_way_at_half_time():
    assert schedules.cosine(1.0, steps=100, warmup=0)(51) == pytest.approx(0.5)
    assert schedules.cosine(1.0, steps=110, warmup=10)(61) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: schedules.cosine(0.1, steps=5, warmup=5), "steps must be more than the warmup of 5, got 5"),
        (lambda: schedules.constant(0.1, warmup=-1), "warmup must be"),
        (lambda: schedules.step(0.1, every=0), "every must be at least 1"),
        (lambda: schedules.wsd(0.1, steps=10, decay=1.5), "in (0, 1], got 1.5"),
        (lambda: schedules.wsd(0.1, steps=10, warmup=9), "do not fit into 10 steps"),
        (lambda: schedules.inverse_sqrt(0.1, warmup=0), "at least 1 step"),
        (lambda: schedules.constant(0.1)(0), "counted from t = 1, got t = 0"),
    ],
)
def test_bad_settings_are_answered_with_a_sentence(make, sentence):
    with pytest.raises(ValueError) as error:
        make()
    assert sentence in str(error.value)
