"""Cases for update rules: gradients handed over one by one, the parameters compared after every step."""

import math

import numpy as np

from .play import Variants
from .question import Call, Case, Ref

RTOL, STEP_TOL = 2e-6, 1e-4
TOLERANCE = (
    "A solution that computes in float32 is right: it rounds theta by 6e-8 of its size at every step, and beta2 = 0.999"
    " by so much that 1 - beta2 moves by 3e-5. So theta may be off by 2e-6 of itself plus 1e-4 of a step (the longest of"
    " the coordinate that moves least); every known mistake is off by ten times that in a visible case."
)


def trajectory(name, oracle, mistakes, theta, gradients, hidden=False, **hyper):
    """A Case: step along ``gradients`` from ``theta``; each call continues from what the one before it returned.

    A hyperparameter given as a list changes from step to step; the oracle gets the list.

    >>> from optimlab.labs import oracles
    >>> case = trajectory("two steps", oracles.sgd, (), 1.0, [2.0, 2.0], lr=0.25)
    >>> case.calls[1].args, [float(theta) for theta in case.expected]
    ((Ref(call=0, item=0), 2.0, Ref(call=0, item=1)), [0.5, 0.0])
    """
    expected = tuple(oracle(theta, np.asarray(gradients), **hyper))
    each = [{key: x[k] if isinstance(x, list) else x for key, x in hyper.items()} for k in range(len(gradients))]
    first = Call((theta, gradients[0], {}), each[0])
    rest = [Call((Ref(k, 0), g, Ref(k, 1)), each[k + 1]) for k, g in enumerate(gradients[1:])]
    calls = (first, *rest)
    longest = np.abs(np.diff([np.asarray(theta, dtype=float), *expected], axis=0)).max(0)
    atol = STEP_TOL * float(longest[longest > 0].min(initial=np.inf)) if (longest > 0).any() else 0.0
    return Case(name, calls, expected, RTOL, atol, hidden, item=0, variants=Variants(mistakes, calls))


def drawn(seed, oracle, mistakes, ranges, count=3):
    """Hidden cases from ``seed``: a number, a vector and a matrix in turn, 3 to 7 steps.

    ``ranges`` bounds each hyperparameter; where its ends are of different magnitude the logarithm is drawn.
    """
    rng = np.random.default_rng(seed)
    for index in range(count):
        shape = [(), (int(rng.integers(2, 6)),), (2, int(rng.integers(2, 4)))][index % 3]
        theta, *gradients = rng.normal(size=(int(rng.integers(4, 9)), *shape))
        if not shape:
            theta, gradients = float(theta), [float(g) for g in gradients]
        hyper = {key: _between(rng, low, high) for key, (low, high) in ranges.items()}
        yield trajectory(f"drawn case {index + 1}", oracle, mistakes, theta, gradients, hidden=True, **hyper)


def _between(rng, low, high):
    if low > 0 and high / low > 5:
        return math.exp(rng.uniform(math.log(low), math.log(high)))
    return float(rng.uniform(low, high))
