"""Lab 4, the race: gradient descent, momentum, Adam and AdamW as pure functions, raced on Rosenbrock's valley."""

from functools import cache

import numpy as np

from ..mistakes import Mistake, of
from . import oracles
from .play import Variants
from .question import Call, Case, Lab, Question
from .trajectories import TOLERANCE, drawn, trajectory

X = np.array([1.0, -2.0, 0.5])
XS = [np.array(g) for g in ([0.3, -1.0, 2.0], [-0.2, -1.5, 1.0], [0.5, 0.4, -3.0], [0.1, 2.0, 0.7], [-1.2, 0.6, 0.2])]
W = np.array([[2.0, -1.0], [0.5, 3.0]])
WS = [np.array(g) for g in ([[1.0, -0.5], [0.2, 2.0]], [[0.4, 1.5], [-0.6, 1.0]], [[-2.0, 0.3], [0.9, 0.1]])]


@cache
def sgd_cases(seed):
    known = of("sgd")

    def case(name, theta, gradients, **hyper):
        return trajectory(name, oracles.sgd, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 2 with lr = 0.25", 1.0, [2.0], lr=0.25),
        case("three steps of a number with weight_decay = 0.5", 2.0, [1.0, -2.0, 0.5], lr=0.1, weight_decay=0.5),
        case("no gradient at all, weight_decay = 0.3", X, [0 * X, 0 * X], lr=0.5, weight_decay=0.3),
        case("a vector, five steps", X, XS, lr=0.1),
        case("a matrix with weight_decay = 0.2", W, WS, lr=0.3, weight_decay=0.2),
        *drawn(seed, oracles.sgd, known, {"lr": (0.01, 0.5), "weight_decay": (0.1, 0.9)}),
    )


@cache
def momentum_cases(seed):
    known = of("momentum")

    def case(name, theta, gradients, **hyper):
        return trajectory(name, oracles.momentum, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 2 with lr = 0.125", 1.0, [2.0], lr=0.125),
        case("the same gradient three times, beta = 0.5", 1.0, [2.0, 2.0, 2.0], lr=0.125, beta=0.5),
        case("one push, then no gradient", 0.0, [-3.0, 0.0, 0.0, 0.0], lr=0.1),
        case("a vector, five steps, beta = 0.7", X, XS, lr=0.1, beta=0.7),
        case("a matrix", W, WS, lr=0.2),
        case("beta = 0, which is plain gradient descent", X, XS[:2], lr=0.3, beta=0.0),
        *drawn(seed, oracles.momentum, known, {"lr": (0.01, 0.5), "beta": (0.3, 0.95)}),
    )


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


@cache
def adamw_cases(seed):
    known = of("adamw")

    def case(name, theta, gradients, **hyper):
        return trajectory(name, oracles.adamw, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 3, lr = 0.1, weight_decay = 0.1", 1.0, [3.0], lr=0.1, weight_decay=0.1),
        case("no gradient at all, weight_decay = 0.5", X, [0 * X, 0 * X, 0 * X], lr=0.2, weight_decay=0.5),
        case("nothing given but gradients", 100 * X, XS[:3]),
        case("a vector, five steps", X, XS, lr=0.1, beta1=0.8, beta2=0.9, weight_decay=0.4),
        case("a matrix and an eps of 0.5", W, WS, lr=0.2, beta1=0.5, beta2=0.75, eps=0.5, weight_decay=0.3),
        case("gradients of a millionth", 2.0, [1e-6, 3e-6, -2e-6], lr=0.1, weight_decay=0.2),
        case("weight_decay = 0, which is Adam", X, XS[:3], lr=0.1, beta1=0.7, weight_decay=0.0),
        *drawn(seed, oracles.adamw, known, {**ADAM_RANGES, "weight_decay": (0.1, 0.9)}),
    )


ADAM_RANGES = {"lr": (0.03, 0.5), "beta1": (0.3, 0.7), "beta2": (0.75, 0.97), "eps": (0.01, 0.3)}

# The race: 5000 steps from (-1, 1) at lr = 0.001 and default hyperparameters; recorded with torch.optim in float64 by
# tests/labs/record_torch.py.
RACE = {
    "sgd_distance": 0.13154635495453856,
    "momentum_step": 534,
    "adam_step": 4252,
    "adamw_distance": 0.041372879090819915,
    "adam_rates": 9,
}
LOSSES = {"sgd_distance": 0.0036271375470905893, "adamw_distance": 0.00034693356777694716}
RACE_MISTAKES = (
    Mistake(
        "conclusion",
        "the loss instead of the distance",
        "the distance is run.distance[-1], how far theta is from (1, 1), not how high the loss is there",
        lambda: {**RACE, **LOSSES},
    ),
    Mistake(
        "conclusion",
        "the squared distance",
        "the distance is the root of the sum of squares",
        lambda: {key: number**2 if key.endswith("distance") else number for key, number in RACE.items()},
    ),
    Mistake(
        "conclusion",
        "the runs swapped",
        "momentum's step and Adam's stand in each other's place",
        lambda: {**RACE, "momentum_step": RACE["adam_step"], "adam_step": RACE["momentum_step"]},
    ),
)


@cache
def conclusion_cases(seed):
    calls = (Call(),)
    return (Case("the race", calls, (RACE,), rtol=5e-3, atol=0.0, variants=Variants(RACE_MISTAKES, calls)),)


LAB = Lab(
    "lab04_race",
    "The race: four optimizers in one valley",
    (
        Question(
            "sgd",
            2,
            "(theta, g, state, *, lr, weight_decay=0)",
            "Step against the gradient of the loss plus weight_decay / 2 times the squared length of theta.",
            sgd_cases,
            of("sgd"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "momentum",
            3,
            "(theta, g, state, *, lr, beta=0.9)",
            "Step along a velocity that sums the gradients and forgets at rate beta.",
            momentum_cases,
            of("momentum"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "adam",
            5,
            "(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)",
            "Divide a remembered direction by a remembered size, both corrected for having started at zero.",
            adam_cases,
            of("adam"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "adamw",
            5,
            "(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2)",
            "Shrink theta, then take Adam's step.",
            adamw_cases,
            of("adamw"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "conclusion",
            5,
            "()",
            "Report five numbers of the race.",
            conclusion_cases,
            RACE_MISTAKES,
            "Three significant figures are asked for, so a number may be off by half a unit of the third: 0.5% at most."
            " The counts of steps do not depend on rounding: Adam in float32 arrives at the same step.",
        ),
    ),
    minutes=60,
)
