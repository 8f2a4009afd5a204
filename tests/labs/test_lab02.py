"""Lab 2's numbers: counted with closed forms and with 50 digits; a turned valley has the eigenvalues it was made from."""

import math

import mpmath
import numpy as np
import pytest

from optimlab.labs import lab02


def first_below(distance):
    return next(t for t in range(10_000) if distance(t) < 1e-3)


def test_the_sweeps_numbers_follow_from_the_closed_form():
    best = first_below(lambda t: math.sqrt(2) * (99 / 101) ** t)
    safe = first_below(lambda t: math.hypot(0.99**t, 0.0**t))
    assert (lab02.REPORT["best_steps"], lab02.REPORT["safe_steps"]) == (best, safe)
    assert lab02.REPORT["edge"] == 2 / 100 and lab02.REPORT["growth"] == pytest.approx(abs(1 - 0.021 * 100))


@mpmath.workdps(50)
@pytest.mark.parametrize(("key", "lr"), [("calm", "0.02"), ("bold", "0.25")])
def test_the_sharpness_at_the_end_is_that_of_a_run_with_50_digits(key, lr):
    lr, x, y = mpmath.mpf(lr), mpmath.mpf(3), mpmath.mpf("0.2")
    for _ in range(2000):
        error = x * y - 1
        x, y = x - lr * error * y, y - lr * error * x
    assert abs(x * y - 1) < 1e-12 and x * x + y * y < 2 / lr
    assert lab02.REPORT[key] == pytest.approx(float(x * x + y * y), rel=1e-4)


def test_a_valley_has_the_eigenvalues_it_was_made_from():
    valley = lab02.Valley([0.5, 2.0, 6.0], 3)
    np.testing.assert_allclose(np.linalg.eigvalsh(valley.hessian), [0.5, 2.0, 6.0], rtol=1e-12)
