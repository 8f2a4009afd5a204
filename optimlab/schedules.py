"""Learning-rate schedules: functions of the step number t = 1, 2, 3, ... that return lr.

Each may begin with a linear warmup, lr * t / warmup for t = 1 ... warmup: it never takes a step of length 0. The decay
begins at t = warmup + 1 with the full lr, would reach its floor at t = steps + 1, and stays there (torch's
CosineAnnealingLR, equal up to then, rises again).
"""

import math

from .ops import family, sqrt


def constant(lr, *, warmup=0):
    """lr for ever.

    >>> [constant(0.1, warmup=2)(t) for t in (1, 2, 3)]
    [0.05, 0.1, 0.1]
    """
    return _schedule(lr, warmup, lambda t: lr)


def step(lr, *, every, factor=0.1, warmup=0):
    """lr multiplied by ``factor`` after every ``every`` steps (torch's StepLR).

    >>> [step(1.0, every=2, factor=0.5)(t) for t in (1, 2, 3, 4, 5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    _require(every >= 1, f"step: every must be at least 1 step, got {every}")
    return _schedule(lr, warmup, lambda t: lr * factor ** ((t - 1 - warmup) // every))


def linear(lr, *, steps, warmup=0, floor=0):
    """Straight down from lr to ``floor``.

    >>> [linear(1.0, steps=4)(t) for t in (1, 2, 4, 5, 9)]
    [1.0, 0.75, 0.25, 0.0, 0.0]
    """
    return polynomial(lr, steps=steps, power=1, warmup=warmup, floor=floor)


def polynomial(lr, *, steps, power=2, warmup=0, floor=0):
    """floor + (lr - floor) * (1 - progress)**power.

    >>> [polynomial(1.0, steps=4, power=2)(t) for t in (1, 3, 5)]
    [1.0, 0.25, 0.0]
    """
    left = _left(steps, warmup)
    return _schedule(lr, warmup, lambda t: floor + (lr - floor) * left(t) ** power)


def cosine(lr, *, steps, warmup=0, floor=0):
    """Half a cosine from lr down to ``floor`` (Loshchilov & Hutter 2017, without restarts).

    >>> [round(cosine(1.0, steps=4)(t), 4) for t in (1, 2, 3, 5, 100)]
    [1.0, 0.8536, 0.5, 0.0, 0.0]
    """
    left = _left(steps, warmup)
    return _schedule(lr, warmup, lambda t: floor + (lr - floor) * (1 - _cos_pi(left(t))) / 2)


def wsd(lr, *, steps, warmup=0, decay=0.2, floor=0):
    """Warmup, stable, decay: constant, then straight down over the last share ``decay`` of the steps (Hu et al. 2024).

    >>> [wsd(1.0, steps=10, decay=0.4)(t) for t in (1, 7, 8, 10, 11)]
    [1.0, 1.0, 0.75, 0.25, 0.0]
    """
    _require(0 < decay <= 1, f"wsd: decay is the share of steps spent decaying, in (0, 1], got {decay}")
    length = decay * steps
    _require(warmup + length <= steps, f"wsd: a warmup of {warmup} and a decay of {decay} * {steps} do not fit into {steps} steps")
    return _schedule(lr, warmup, lambda t: floor + (lr - floor) * min(1, max(0, (steps + 1 - t) / length)))


def inverse_sqrt(lr, *, warmup=1):
    """lr * sqrt(warmup / t) after the warmup: the schedule of the first transformers (Vaswani et al. 2017).

    >>> [inverse_sqrt(1.0, warmup=4)(t) for t in (1, 4, 16)]
    [0.25, 1.0, 0.5]
    """
    _require(warmup >= 1, f"inverse_sqrt: warmup must be at least 1 step, got {warmup}")
    return _schedule(lr, warmup, lambda t: lr * sqrt(warmup / t))


def _schedule(lr, warmup, after):
    _require(warmup >= 0, f"warmup must be a number of steps, at least 0, got {warmup}")

    def schedule(t):
        _require(t >= 1, f"steps are counted from t = 1, got t = {t}")
        return lr * t / warmup if t <= warmup else after(t)

    return schedule


def _left(steps, warmup):
    """The share of the decay still to come: 1 at t = warmup + 1, 0 from t = steps + 1 on."""
    _require(steps > warmup, f"steps must be more than the warmup of {warmup}, got {steps}")
    return lambda t: max(0, (steps + 1 - t) / (steps - warmup))


def _cos_pi(x):
    """The cosine of pi x; exact where x is a SymPy number or symbol, so that the proofs can run a schedule too."""
    if family(x) == "sympy":
        import sympy

        return sympy.cos(sympy.pi * x)
    return math.cos(math.pi * x)


def _require(truth, sentence):
    if not truth:
        raise ValueError(sentence)
