"""Lab 7, Adam from the paper: its two averages, their correction, the whole rule, and PyTorch's numbers."""

from functools import cache
from math import sqrt

import numpy as np

from ..mistakes import Mistake, of
from . import oracles
from .lab04 import ADAM_RANGES, XS, W, WS, X
from .question import Lab, Question
from .trajectories import TOLERANCE, drawn, trajectory
from .values import THREE_FIGURES, magnitude, numbers, value
from .values import TOLERANCE as SEVEN_DIGITS

# ----------------------------------------------------------------------------------- the averages and their correction


def averages(g, beta):
    """Every gradient so far, one of age a weighing (1 - beta) * beta**a: no recursion."""
    return (1 - beta) * oracles._weigh(lambda age: beta**age, np.asarray(g, dtype=float))


def corrected(g, beta):
    """The same divided by the sum of its weights."""
    return oracles._average(np.asarray(g, dtype=float), beta)


def running(start, keep, take, read=lambda m, t: m, store=False):
    """A wrong pair of averages: m = keep * m + take * g from ``start``, of which ``read`` is reported (and kept)."""

    def body(g, beta):
        out, m = [], start(g)
        for t, x in enumerate(np.asarray(g, dtype=float), 1):
            m = keep(beta, t) * m + take(beta, t) * x
            out.append(read(m, (beta, t)))
            m = out[-1] if store else m
        return np.array(out)

    return body


def _zero(g):
    return 0.0


def _beta(beta, t):
    return beta


def _rest(beta, t):
    return 1 - beta


AVERAGES_MISTAKES = (
    Mistake(
        "averages",
        "a sum instead of an average",
        "each gradient enters with weight 1 - beta",
        running(_zero, _beta, lambda beta, t: 1.0),
    ),
    Mistake(
        "averages",
        "an average with its weights swapped",
        "beta weighs the memory and 1 - beta the new gradient",
        running(_zero, _rest, _beta),
    ),
    Mistake(
        "averages",
        "an average begun with the first gradient",
        "before the first step the average is 0, not g[0]: that is what has to be corrected later",
        running(lambda g: np.asarray(g, dtype=float)[0], _beta, _rest),
    ),
    Mistake(
        "averages",
        "an average reported before it has seen its gradient",
        "entry t holds the average after gradient t has entered",
        lambda g, beta: np.concatenate([0 * np.asarray(g, dtype=float)[:1], averages(g, beta)[:-1]]),
    ),
    Mistake(
        "averages",
        "an average corrected already",
        "here nothing is divided by 1 - beta**t yet; that is the next function",
        corrected,
    ),
    Mistake(
        "averages",
        "the plain mean of all gradients",
        "the average forgets: an old gradient weighs less than a new one",
        lambda g, beta: np.cumsum(g, 0) / np.arange(1.0, len(g) + 1).reshape(-1, *[1] * (np.ndim(g) - 1)),
    ),
)
CORRECTED_MISTAKES = (
    Mistake("corrected", "an average without correction", "divide the average at step t by 1 - beta**t", averages),
    Mistake(
        "corrected",
        "a correction that never fades",
        "divide by 1 - beta**t, t counting the steps from 1; here every step is corrected like the first",
        running(_zero, _beta, _rest, lambda m, at: m / (1 - at[0])),
    ),
    Mistake(
        "corrected",
        "a correction that counts from zero",
        "the first step has t = 1; with t = 0 it divides by 1 - beta**0 = 0",
        running(_zero, _beta, _rest, lambda m, at: m / np.float64(1 - at[0] ** (at[1] - 1))),
    ),
    Mistake(
        "corrected",
        "a correction that counts from two",
        "the first step has t = 1",
        running(_zero, _beta, _rest, lambda m, at: m / (1 - at[0] ** (at[1] + 1))),
    ),
    Mistake(
        "corrected",
        "a correction by beta * t",
        "the weight that is missing is a power, beta**t",
        running(_zero, _beta, _rest, lambda m, at: m / np.float64(1 - at[0] * at[1])),
    ),
    Mistake(
        "corrected",
        "a correction that is kept",
        "the average goes on uncorrected; only what is reported is divided, or the correction compounds",
        running(_zero, _beta, _rest, lambda m, at: m / (1 - at[0] ** at[1]), store=True),
    ),
    Mistake(
        "corrected",
        "a correction that multiplies",
        "the average is too small at first, so it is divided by 1 - beta**t",
        running(_zero, _beta, _rest, lambda m, at: m * (1 - at[0] ** at[1])),
    ),
)


def _histories(seed, oracle, known):
    def case(name, g, beta, hidden=False):
        return value(name, oracle, known, g, beta, atol=1e-6 * magnitude(g), hidden=hidden)

    yield case("the same gradient five times, beta = 0.9", np.full(5, 2.0), 0.9)
    yield case("four gradients of changing sign, beta = 0.5", np.array([2.0, -1.0, 0.5, 3.0]), 0.5)
    yield case("vectors, beta = 0.8", np.array(XS), 0.8)
    yield case("matrices, beta = 0.95", np.array(WS), 0.95)
    yield case("a single gradient, beta = 0.999", np.array([4.0]), 0.999)
    yield case("beta = 0", np.array([1.0, -2.0, 3.0]), 0.0)
    rng = np.random.default_rng(seed)
    for index, shape in enumerate([(9,), (6, 3), (4, 2, 3)], 1):
        yield case(f"drawn case {index}", rng.normal(size=shape), float(rng.uniform(0.3, 0.9)), hidden=True)


@cache
def averages_cases(seed):
    return tuple(_histories(seed, averages, AVERAGES_MISTAKES))


@cache
def corrected_cases(seed):
    return tuple(_histories(seed, corrected, CORRECTED_MISTAKES))


# ------------------------------------------------------------------------------------------------------------- the rule


@cache
def adam_cases(seed):
    known = of("adam")

    def case(name, theta, gradients, **hyper):
        return trajectory(name, oracles.adam, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 2 with lr = 0.1", 1.0, [2.0], lr=0.1),
        case("four steps of a number with lr = 0.1", 1.0, [2.0, -1.0, 0.5, 3.0], lr=0.1),
        case("nothing given but gradients", X, XS[:3]),
        case("a vector, five steps, beta1 = 0.8, beta2 = 0.9", X, XS, lr=0.1, beta1=0.8, beta2=0.9),
        case("a matrix and an eps of 0.5", W, WS, lr=0.2, beta1=0.5, beta2=0.75, eps=0.5),
        case("gradients of a millionth", 0.0, [1e-6, 3e-6, -2e-6], lr=0.1),
        case("a coordinate without any gradient", X, [g * [1.0, 0.0, 1.0] for g in XS[:3]], lr=0.1),
        case("beta1 = 0", X, XS[:3], lr=0.1, beta1=0.0, beta2=0.95),
        *drawn(seed, oracles.adam, known, ADAM_RANGES),
    )


# ----------------------------------------------------------------------------------------------- the folded correction


def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """From mpmath, with 30 digits: what the paper's last line of section 2 needs to give Algorithm 1's step."""
    from mpmath import mp, mpf  # SymPy brings it

    with mp.workdps(30):
        root = mp.sqrt(1 - mpf(beta2) ** t)
        return {"lr": float(mpf(lr) * root / (1 - mpf(beta1) ** t)), "eps": float(mpf(eps) * root)}


def _folding(lr, eps):
    """A wrong folding, from what becomes of the lr and of the eps; a and b are the two corrections 1 - beta**t."""

    def body(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        a, b = 1 - beta1**t, 1 - beta2**t
        return {"lr": lr * of_lr(a, b), "eps": eps * of_eps(b)}

    of_lr, of_eps = lr, eps
    return body


FOLDED_MISTAKES = (
    Mistake(
        "folded",
        "an eps that is left as it is",
        "in the folded form eps stands beside the uncorrected root, so it shrinks with it: eps * sqrt(1 - beta2**t)",
        _folding(lambda a, b: b**0.5 / a, lambda b: 1.0),
    ),
    Mistake(
        "folded",
        "a correction of v without its root",
        "v stands under a root, so its correction comes out of it as a root: sqrt(1 - beta2**t)",
        _folding(lambda a, b: b / a, lambda b: b),
    ),
    Mistake(
        "folded",
        "a correction turned upside down",
        "v_hat is v / (1 - beta2**t) and stands below the line: its root moves above it, and 1 - beta1**t below",
        _folding(lambda a, b: a / b**0.5, lambda b: b**-0.5),
    ),
    Mistake(
        "folded",
        "a correction of m only",
        "v_hat is corrected too: multiply by sqrt(1 - beta2**t)",
        _folding(lambda a, b: 1 / a, lambda b: 1.0),
    ),
    Mistake(
        "folded",
        "a root over both corrections",
        "m stands under no root: divide by 1 - beta1**t itself",
        _folding(lambda a, b: (b / a) ** 0.5, lambda b: b**0.5),
    ),
    Mistake(
        "folded",
        "an eps turned upside down",
        "multiply numerator and denominator by sqrt(1 - beta2**t): eps is multiplied by it",
        _folding(lambda a, b: b**0.5 / a, lambda b: b**-0.5),
    ),
)


@cache
def folded_cases(seed):
    def case(name, t, hidden=False, **hyper):
        return value(name, folded, FOLDED_MISTAKES, t, rtol=1e-4, hidden=hidden, **hyper)

    rng = np.random.default_rng(seed)
    return (
        case("the first step at the defaults", 1),
        case("step 12 at the defaults", 12),
        case("step 5000 at the defaults", 5000),
        case("step 3 with lr = 0.1, beta1 = 0.5, beta2 = 0.9, eps = 0.5", 3, lr=0.1, beta1=0.5, beta2=0.9, eps=0.5),
        case("step 2 with beta1 = 0", 2, lr=0.2, beta1=0.0, beta2=0.99, eps=1e-3),
        *(
            case(
                f"drawn case {index}",
                int(rng.integers(1, 40)),
                hidden=True,
                lr=float(rng.uniform(0.01, 0.5)),
                beta1=float(rng.uniform(0.3, 0.9)),
                beta2=float(rng.uniform(0.75, 0.99)),
                eps=float(rng.uniform(1e-3, 0.3)),
            )
            for index in (1, 2, 3)
        ),
    )


# ------------------------------------------------------------------------------------------------------- the conclusion


def _uncorrected(t):
    """The length of step t, in units of lr, along a gradient that never changes, without the two divisions."""
    return (1 - 0.9**t) / sqrt(1 - 0.999**t)


# All five follow from the formulas at the default betas and eps; nothing was run for them.
STEPS = {
    "first": _uncorrected(1),
    "longest": max(map(_uncorrected, range(1, 200))),
    "longest_at": max(range(1, 200), key=_uncorrected),
    "spike": 0.1 / (1 - 0.9**1000) / sqrt(0.001 / (1 - 0.999**1000)),
    "tiny": 0.5,  # |g| / (|g| + eps) where both are 1e-8
}
STEPS_MISTAKES = (
    Mistake(
        "conclusion",
        "steps counted from zero",
        "the first step is step 1, as in the formulas: argmax gives an index, which is one less",
        lambda: {**STEPS, "longest_at": STEPS["longest_at"] - 1},
    ),
    Mistake(
        "conclusion",
        "the corrected steps",
        "first and longest are asked of the steps without the two divisions; the corrected ones are all 1",
        lambda: {**STEPS, "first": 1.0, "longest": 1.0, "longest_at": 1},
    ),
    Mistake(
        "conclusion",
        "the length with its sign",
        "lengths have no sign: theta moves by minus that much",
        lambda: {key: number if key == "longest_at" else -number for key, number in STEPS.items()},
    ),
)


@cache
def conclusion_cases(seed):
    return numbers("the steps", STEPS, STEPS_MISTAKES)


LAB = Lab(
    "lab07_adam",
    "Adam from the paper",
    (
        Question(
            "averages",
            3,
            "(g, beta)",
            "All running averages of a history of gradients, begun at zero.",
            averages_cases,
            AVERAGES_MISTAKES,
            SEVEN_DIGITS,
        ),
        Question(
            "corrected",
            3,
            "(g, beta)",
            "The same averages, each divided by the weight it has gathered.",
            corrected_cases,
            CORRECTED_MISTAKES,
            SEVEN_DIGITS,
        ),
        Question(
            "adam",
            5,
            "(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)",
            "One step of Algorithm 1.",
            adam_cases,
            of("adam"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "folded",
            4,
            "(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)",
            "The lr and the eps with which the uncorrected averages give the corrected step.",
            folded_cases,
            FOLDED_MISTAKES,
            "In float32 1 - beta2**t is a difference of near numbers: at t = 1 it has lost three of its seven digits.",
        ),
        Question(
            "conclusion",
            5,
            "()",
            "Report five numbers about the length of a step.",
            conclusion_cases,
            STEPS_MISTAKES,
            THREE_FIGURES,
        ),
    ),
    minutes=60,
)
