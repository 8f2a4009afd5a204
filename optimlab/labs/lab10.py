"""Lab 10, when Adam fails: Reddi's problem, AMSGrad, and RAdam's wait."""

from functools import cache

import numpy as np

from ..mistakes import Mistake, of
from . import oracles
from .lab04 import XS, W, WS, X
from .question import Call, Lab, Question
from .trajectories import TOLERANCE, trajectory
from .values import THREE_FIGURES, numbers, values

# ------------------------------------------------------------------------------------------------------------- AMSGrad


def amsgrad(theta, g, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """PyTorch's order, from the whole history: the averages, the largest, its correction, the sum of steps."""
    g = np.asarray(g, dtype=float)
    time = np.arange(1.0, len(g) + 1).reshape(-1, *[1] * (g.ndim - 1))
    weight = 1 - beta2**time
    largest = np.maximum.accumulate(weight * oracles._average(g * g, beta2))
    return theta - lr * np.cumsum(oracles._average(g, beta1) / (np.sqrt(largest / weight) + eps), 0)


FADING = [6.0, -1.0, 0.5, 0.1, 0.2, -0.1]


def _drawn(seed, oracle, known, steps, **ranges):
    """Hidden cases: a number, a vector and a matrix in turn, their gradients fading, so that a maximum matters."""
    rng = np.random.default_rng(seed)
    for index, shape in enumerate([(), (3,), (2, 2)], 1):
        theta, *gradients = rng.normal(size=(steps + 1, *shape)) * 0.8 ** np.arange(steps + 1).reshape(
            -1, *[1] * len(shape)
        )
        if not shape:
            theta, gradients = float(theta), list(map(float, gradients))
        hyper = {key: float(rng.uniform(*span)) for key, span in ranges.items()}
        yield trajectory(f"drawn case {index}", oracle, known, theta, gradients, hidden=True, **hyper)


@cache
def amsgrad_cases(seed):
    known = of("amsgrad")

    def case(name, theta, gradients, **hyper):
        return trajectory(name, amsgrad, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 2 with lr = 0.1", 1.0, [2.0], lr=0.1),
        case("six gradients that fade", 1.0, FADING, lr=0.1, beta1=0.5, beta2=0.5),
        case("nothing given but gradients", X, XS[:3]),
        case("a vector, five steps, beta1 = 0.8, beta2 = 0.9", X, XS, lr=0.1, beta1=0.8, beta2=0.9),
        case("a matrix and an eps of 0.5", W, [*WS, -0.1 * W], lr=0.2, beta1=0.5, beta2=0.75, eps=0.5),
        case("gradients of a millionth", 0.0, [1e-6, 3e-6, -2e-6], lr=0.1),
        case("beta1 = 0 and a short memory", X, [3 * XS[0], 0.1 * XS[1], 0.1 * XS[2]], lr=0.1, beta1=0.0, beta2=0.1),
        *_drawn(seed, amsgrad, known, 6, lr=(0.03, 0.5), beta1=(0.3, 0.7), beta2=(0.3, 0.9), eps=(0.01, 0.3)),
    )


# --------------------------------------------------------------------------------------------------------------- RAdam


def rectification(t, *, beta2=0.999, threshold=5):
    """In mpmath, with 30 digits: r_t, or 0 while rho_t is not above the threshold."""
    from mpmath import mp, mpf  # SymPy brings it

    with mp.workdps(30):
        b = mpf(beta2)
        rho_inf = (1 + b) / (1 - b)
        rho = rho_inf - 2 * t / (b**-t - 1)
        if rho <= threshold:
            return 0.0
        return float(mp.sqrt((rho - 4) / (rho_inf - 4) * (rho - 2) / (rho_inf - 2) * rho_inf / rho))


def _rectified(
    inf=lambda b: 2 / (1 - b) - 1, lost=lambda t, b: 2 * t * b**t / (1 - b**t), threshold=5, root=np.sqrt, wait=0.0
):
    """A wrong r, from the parts of rho, the threshold, the root, and what is answered while it waits."""

    def body(t, *, beta2=0.999):
        rho_inf = inf(beta2)
        rho = rho_inf - lost(np.float64(t), beta2)
        if not rho > threshold:
            return wait
        return root((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))

    return body


R_MISTAKES = (
    Mistake(
        "rectification",
        "the paper's threshold",
        "here, as in PyTorch, r is 0 unless rho is above 5; the paper says 4, one step earlier",
        _rectified(threshold=4),
    ),
    Mistake(
        "rectification",
        "a ratio without its root",
        "r is the square root of the ratio of variances",
        _rectified(root=lambda x: x),
    ),
    Mistake("rectification", "a wait at 1", "while rho is 5 or less, r is 0", _rectified(wait=1.0)),
    Mistake(
        "rectification",
        "a rho that forgets the 1",
        "rho at infinity is 2 / (1 - beta2) - 1",
        _rectified(inf=lambda b: 2 / (1 - b)),
    ),
    Mistake(
        "rectification",
        "a rho that forgets t",
        "what is subtracted is 2 * t * beta2**t / (1 - beta2**t)",
        _rectified(lost=lambda t, b: 2 * b**t / (1 - b**t)),
    ),
    Mistake(
        "rectification",
        "a rho that counts from zero",
        "the first step has t = 1",
        _rectified(lost=lambda t, b: 2 * (t - 1) * b ** (t - 1) / np.maximum(1 - b ** (t - 1), 1e-300)),
    ),
    Mistake(
        "rectification",
        "a rho that forgets a power",
        "the correction is 1 - beta2**t",
        _rectified(lost=lambda t, b: 2 * t * b**t / (1 - b)),
    ),
    Mistake(
        "rectification",
        "a ratio turned upside down",
        "rho_t stands above and rho at infinity below: r grows from 0 towards 1",
        _rectified(root=lambda x: np.sqrt(1 / x)),
    ),
)


@cache
def rectification_cases(seed):
    def case(name, *rows, hidden=False):
        calls = [Call((t,), {"beta2": beta2}) for at, beta2 in rows for t in at]
        return values(name, rectification, R_MISTAKES, calls, rtol=1e-6, atol=1e-9, hidden=hidden)

    rng = np.random.default_rng(seed)
    return (
        case("steps 1 to 8 at beta2 = 0.999", (range(1, 9), 0.999)),
        case("steps 10, 100, 1000, 10000", ((10, 100, 1000, 10_000), 0.999)),
        case("steps 1 to 12 at beta2 = 0.9", (range(1, 13), 0.9)),
        case("steps 1 to 12 at beta2 = 0.75", (range(1, 13), 0.75)),
        case("step 50 at beta2 = 0.6, where it waits for ever, and at 0.99", ([50], 0.6), ([50], 0.99)),
        case("drawn", (range(1, 15), float(rng.uniform(0.85, 0.995))), hidden=True),
    )


def radam(theta, g, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """From the whole history: an averaged step, rectified where it may be; eps beside the uncorrected root."""
    g = np.asarray(g, dtype=float)
    time = np.arange(1.0, len(g) + 1).reshape(-1, *[1] * (g.ndim - 1))
    r = np.array([rectification(t, beta2=beta2) for t in range(1, len(g) + 1)]).reshape(time.shape)
    weight = 1 - beta2**time
    size = np.sqrt(weight * oracles._average(g * g, beta2)) + eps
    mean = oracles._average(g, beta1)
    return theta - lr * np.cumsum(np.where(r > 0, r * np.sqrt(weight) * mean / size, mean), 0)


@cache
def radam_cases(seed):
    known = of("radam")
    eight = [*XS, *(x[::-1] for x in XS[:3])]

    def case(name, theta, gradients, **hyper):
        return trajectory(name, radam, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 2 with lr = 0.1", 1.0, [2.0], lr=0.1),
        case("eight steps of a number with lr = 0.1", 1.0, [2.0, -1.0, 0.5, 3.0, 1.0, -2.0, 0.7, 1.5], lr=0.1),
        case("nothing given but gradients, eight steps", X, eight),
        case("a vector, eight steps, beta1 = 0.8, beta2 = 0.9", X, eight, lr=0.1, beta1=0.8, beta2=0.9),
        case("a matrix and an eps of 0.5", W, [*WS, *WS, *WS], lr=0.2, beta1=0.5, beta2=0.95, eps=0.5),
        case("gradients of a millionth", 0.0, [1e-6, 3e-6, -2e-6, 1e-6, 2e-6, 1e-6, -3e-6, 2e-6], lr=0.1, beta2=0.9),
        case("a coordinate without any gradient", X, [g * [1.0, 0.0, 1.0] for g in eight], lr=0.1, beta2=0.9),
        *_drawn(seed, radam, known, 10, lr=(0.03, 0.5), beta1=(0.3, 0.7), beta2=(0.85, 0.97), eps=(0.01, 0.3)),
    )


# ------------------------------------------------------------------------------------------------------- the conclusion

# Reddi's problem for 3000 steps at lr = 0.5 / sqrt(t) and beta1 = 0: the mean of x over the last 300, as torch.optim
# gives it (tests/labs/record_torch_07_12.py). The last two are mpmath's.
FAILURE = {
    "adam": 0.9958392165304297,
    "amsgrad": -0.996730082267847,
    "long_memory": -0.9951073400190296,
    "failing": 5,
    "first_rectified": 6,
    "r_first": rectification(6),
}
FAILURE_MISTAKES = (
    Mistake(
        "conclusion",
        "ends without their sign",
        "on which side it ends is what counts: give x with its sign",
        lambda: {key: abs(number) for key, number in FAILURE.items()},
    ),
    Mistake(
        "conclusion",
        "Adam and AMSGrad swapped",
        "the two stand in each other's place",
        lambda: {**FAILURE, "adam": FAILURE["amsgrad"], "amsgrad": FAILURE["adam"]},
    ),
    Mistake(
        "conclusion",
        "the last step that waits",
        "asked is the first step at which r is above 0",
        lambda: {**FAILURE, "first_rectified": 5, "r_first": 0.0},
    ),
    Mistake(
        "conclusion",
        "the memories that succeed",
        "count those with which Adam ends above 0, on the wrong side",
        lambda: {**FAILURE, "failing": 13 - FAILURE["failing"]},
    ),
)


@cache
def conclusion_cases(seed):
    return numbers("Reddi's problem and the wait", FAILURE, FAILURE_MISTAKES)


RULE = "(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)"

LAB = Lab(
    "lab10_failure",
    "When Adam fails",
    (
        Question(
            "amsgrad",
            5,
            RULE,
            "Adam whose size never shrinks, as PyTorch has it.",
            amsgrad_cases,
            of("amsgrad"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "rectification",
            4,
            "(t, *, beta2=0.999)",
            "RAdam's factor r at step t, 0 while it waits.",
            rectification_cases,
            R_MISTAKES,
            "Numbers are in double precision: rho is a difference of numbers near 2000, too much for single precision.",
        ),
        Question(
            "radam",
            5,
            RULE,
            "Adam that waits until its size can be trusted, then warms up.",
            radam_cases,
            of("radam"),
            TOLERANCE + " The factor r must be worked out in double precision.",
            arrays=True,
        ),
        Question(
            "conclusion",
            6,
            "()",
            "Report six numbers about failure.",
            conclusion_cases,
            FAILURE_MISTAKES,
            THREE_FIGURES,
        ),
    ),
    minutes=75,
)
