"""Cases for plain functions: calls, and the value each must give."""

import numpy as np

from .play import Variants
from .question import Call, Case

RTOL = 1e-5
TOLERANCE = "A solution that computes in float32 is right: it carries seven digits, of which a few operations lose two."
THREE_FIGURES = (
    "Three significant figures are asked for, so a number may be off by half of the third's unit, 0.5%."
)


def value(name, oracle, mistakes, *args, rtol=RTOL, atol=0.0, hidden=False, **kwargs):
    """A Case: call the function with ``args`` and ``kwargs``; the oracle says what it must give.

    >>> value("the square of 3", lambda x: x * x, (), 3.0).expected
    (9.0,)
    """
    return values(name, oracle, mistakes, [Call(args, kwargs)], rtol, atol, hidden)


def values(name, oracle, mistakes, calls, rtol=RTOL, atol=0.0, hidden=False):
    """A Case of several calls that have nothing to do with each other, a row of numbers for example."""
    expected = tuple(oracle(*call.args, **call.kwargs) for call in calls)
    return Case(name, tuple(calls), expected, rtol, atol, hidden, variants=Variants(mistakes, tuple(calls)))


def numbers(name, expected, mistakes, rtol=5e-3, atol=0.0):
    """The cases of a conclusion, one: numbers read off an experiment, asked for to THREE_FIGURES."""
    calls = (Call(),)
    return (Case(name, calls, (dict(expected),), rtol, atol, variants=Variants(mistakes, calls)),)


def magnitude(*arrays):
    """The largest entry of all arrays, by which a tolerance for rounding can be measured."""
    return max(float(np.abs(array).max(initial=0.0)) for array in map(np.asarray, arrays))
