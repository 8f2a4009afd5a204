"""Lab 1, the contract and the gradient check: a rule with a memory, a gradient by hand, and the test that it is right.

The oracles work with 30 digits (mpmath), entry by entry.
"""

from functools import cache

import mpmath
import numpy as np

from ..mistakes import Mistake
from .question import Lab, Question
from .single import one, stored
from .trajectories import TOLERANCE, drawn, trajectory

PENALTY = 0.05  # of the notebook's loss; its first weight is not penalised


def decaying_oracle(theta, g, *, lr):
    """theta minus lr times the sum of g_i / i so far."""
    g = np.asarray(g, dtype=float)
    time = np.arange(1.0, len(g) + 1).reshape(-1, *[1] * np.ndim(theta))
    return theta - lr * np.cumsum(g / time, axis=0)


def decaying_by(step, count=lambda n: n + 1):
    def decaying(theta, g, state, *, lr):
        t = count(state.get("t", 0))
        return step(theta, g, lr, t), {"t": t}

    return decaying


DECAYING = (
    Mistake(
        "decaying",
        "a memory that forgets its count",
        "the state that is returned must hold the new count, or every step is the first",
        lambda theta, g, state, *, lr: (theta - lr * g, {}),
    ),
    Mistake(
        "decaying",
        "a count that starts at 2",
        "the first step is number 1: add 1 to state.get('t', 0), once",
        decaying_by(lambda theta, g, lr, t: theta - lr / t * g, lambda n: n + 2 if n == 0 else n + 1),
    ),
    Mistake("decaying", "steps uphill", "the step is subtracted", decaying_by(lambda x, g, lr, t: x + lr / t * g)),
    Mistake(
        "decaying",
        "a decay by the root",
        "divide lr by t, not by its root",
        decaying_by(lambda x, g, lr, t: x - lr / np.sqrt(t) * g),
    ),
    Mistake("decaying", "a decay by the square", "divide by t once", decaying_by(lambda x, g, lr, t: x - lr / t**2 * g)),
    Mistake("decaying", "no learning rate", "the step is lr / t times g", decaying_by(lambda x, g, lr, t: x - g / t)),
    Mistake(
        "decaying",
        "a growing step",
        "divide lr by t: multiplied, the steps grow",
        decaying_by(lambda x, g, lr, t: x - lr * t * g),
    ),
)


@cache
def decaying_cases(seed):
    def case(name, theta, gradients, **hyper):
        return trajectory(name, decaying_oracle, DECAYING, theta, gradients, **hyper)

    pushes = [np.array(g) for g in ([0.3, -1.0, 2.0], [-0.2, -1.5, 1.0], [0.5, 0.4, -3.0], [0.1, 2.0, 0.7])]
    return (
        case("one step from 1 along g = 2 with lr = 0.25", 1.0, [2.0], lr=0.25),
        case("the same gradient four times", 1.0, [2.0] * 4, lr=0.25),
        case("a vector, four steps", np.array([1.0, -2.0, 0.5]), pushes, lr=0.1),
        case("a matrix", np.array([[2.0, -1.0], [0.5, 3.0]]), [np.ones((2, 2)), np.eye(2), -np.ones((2, 2))], lr=0.3),
        *drawn(seed, decaying_oracle, DECAYING, {"lr": (0.01, 0.5)}),
    )


def exact_loss(theta, x, y):
    logs = [mpmath.log1p(mpmath.exp(-yi * mpmath.fdot(row, theta))) for row, yi in zip(x.tolist(), y.tolist())]
    return mpmath.fsum(logs) / len(y) + mpmath.mpf(PENALTY) / 2 * mpmath.fsum(w * w for w in theta[1:])


@mpmath.workdps(30)
def numerical_oracle(theta, x, y, h):
    def at(j, step):
        return exact_loss([mpmath.mpf(w) + (step if i == j else 0) for i, w in enumerate(theta.tolist())], x, y)

    h = mpmath.mpf(h)
    return np.array([float((at(j, h) - at(j, -h)) / (2 * h)) for j in range(len(theta))])


@mpmath.workdps(30)
def gradient_oracle(theta, x, y):
    weights = [mpmath.mpf(w) for w in theta.tolist()]
    pulls = [-yi / (1 + mpmath.exp(yi * mpmath.fdot(row, weights))) for row, yi in zip(x.tolist(), y.tolist())]
    means = [mpmath.fdot(pulls, column) / len(y) for column in x.T.tolist()]
    return np.array([float(mean + (PENALTY * w if j else 0)) for j, (mean, w) in enumerate(zip(means, weights))])


def loss(theta, x, y):
    """The notebook's, for the mistakes."""
    return np.logaddexp(0, -y * (x @ theta)).mean() + PENALTY / 2 * (theta[1:] ** 2).sum()


def numerical_by(quotient):
    def numerical(theta, x, y, *, h=1e-5):
        return np.array([quotient(lambda step: loss(theta + step * e, x, y), h) for e in np.eye(len(theta))])

    return numerical


NUMERICAL = (
    Mistake(
        "numerical",
        "a forward difference",
        "take a step to either side, loss(+h) - loss(-h); one side alone is off by a multiple of h, not of h * h",
        numerical_by(lambda f, h: (f(h) - f(0)) / h),
    ),
    Mistake(
        "numerical",
        "a backward difference",
        "take a step to either side, loss(+h) - loss(-h)",
        numerical_by(lambda f, h: (f(0) - f(-h)) / h),
    ),
    Mistake(
        "numerical",
        "a division by h alone",
        "between theta - h and theta + h lies 2 * h, so divide by that",
        numerical_by(lambda f, h: (f(h) - f(-h)) / h),
    ),
    Mistake(
        "numerical",
        "the sign turned",
        "it is loss(+h) minus loss(-h)",
        numerical_by(lambda f, h: (f(-h) - f(h)) / (2 * h)),
    ),
    Mistake(
        "numerical",
        "steps of half the length",
        "step by h to either side",
        numerical_by(lambda f, h: (f(h / 2) - f(-h / 2)) / h),
    ),
    Mistake(
        "numerical",
        "all entries moved at once",
        "move one entry at a time: each has a slope of its own",
        lambda theta, x, y, *, h=1e-5: np.full(len(theta), (loss(theta + h, x, y) - loss(theta - h, x, y)) / (2 * h)),
    ),
)


def gradient_by(change):
    def gradient(theta, x, y):
        pulls, decay = -y / (1 + np.exp(y * (x @ theta))), PENALTY * theta * (np.arange(len(theta)) > 0)
        return change(pulls, decay, x, theta)

    return gradient


GRADIENT = (
    Mistake(
        "gradient",
        "the first weight penalised, too",
        "the penalty leaves theta[0] out, so its gradient has a 0 there",
        gradient_by(lambda p, decay, x, theta: p @ x / len(x) + PENALTY * theta),
    ),
    Mistake("gradient", "no penalty", "add PENALTY * theta, but for entry 0", gradient_by(lambda p, d, x, t: p @ x / len(x))),
    Mistake(
        "gradient",
        "the penalty twice",
        "the penalty is PENALTY / 2 times the squares, so its gradient is PENALTY * theta",
        gradient_by(lambda p, decay, x, theta: p @ x / len(x) + 2 * decay),
    ),
    Mistake(
        "gradient",
        "a sum over the rows",
        "the loss is a mean over the rows: divide by their number",
        gradient_by(lambda p, decay, x, theta: p @ x + decay),
    ),
    Mistake(
        "gradient",
        "the penalty divided by the number of rows, too",
        "only the first part of the loss is a mean",
        gradient_by(lambda p, decay, x, theta: (p @ x + decay) / len(x)),
    ),
    Mistake(
        "gradient",
        "the sign turned",
        "the loss falls as the margin y * (x @ theta) grows, so its slope there is negative",
        gradient_by(lambda p, decay, x, theta: -p @ x / len(x) + decay),
    ),
    Mistake(
        "gradient",
        "the slope at the other label",
        "the slope of log(1 + exp(-z)) is -1 / (1 + exp(z)), not -1 / (1 + exp(-z))",
        lambda theta, x, y: (-y / (1 + np.exp(-y * (x @ theta)))) @ x / len(x) + PENALTY * np.r_[0, theta[1:]],
    ),
)


def data(seed, n=8, d=4):
    """The arguments theta, x, y; the first column of x is 1."""
    rng = np.random.default_rng(seed)
    x = np.c_[np.ones(n), rng.normal(size=(n, d - 1))]
    return rng.normal(size=d), x, np.where(rng.random(n) < 0.5, -1.0, 1.0)


ONE_ROW = (np.array([0.5, -1.0]), np.array([[1.0, 2.0]]), np.array([1.0]))


@cache
def numerical_cases(seed):
    def case(name, theta, x, y, h=None, hidden=False):
        given = {} if h is None else {"h": h}
        expected = numerical_oracle(theta, x, y, h or 1e-5)
        return one(name, expected, NUMERICAL, theta, x, y, rtol=1e-6, atol=1e-8, hidden=hidden, **given)

    return (
        case("one row, h = 0.5", *ONE_ROW, 0.5),
        case("eight rows, h = 0.5", *data(1), 0.5),
        case("the h that is there by default", *data(2)),
        case("drawn rows, h = 0.25", *data(seed + 3, 6, 3), 0.25, hidden=True),
        case("drawn rows, h = 1", *data(seed + 4, 5, 5), 1.0, hidden=True),
    )


@cache
def gradient_cases(seed):
    def case(name, theta, x, y, **more):
        return one(name, gradient_oracle(theta, x, y), GRADIENT, theta, x, y, rtol=1e-5, atol=2e-6, **more)

    theta, x, y = data(5)
    return (
        case("one row", *ONE_ROW),
        case("eight rows", *data(1)),
        case("weights of zero", np.zeros(4), x, y),
        case("margins of a thousand to either side", 1000 * theta, x, y, keeps=0.6),
        case("drawn rows", *data(seed + 3, 6, 3), hidden=True),
        case("more drawn rows", *data(seed + 4, 5, 5), hidden=True),
    )


def length(v):
    return np.sqrt(np.sum(np.square(v)))


ERROR = (
    Mistake(
        "relative_error",
        "zero divided by zero",
        "where both arrays are zero so are the lengths: return 0.0 there, before you divide",
        lambda a, b: length(a - b) / max(length(a), length(b)),
    ),
    Mistake(
        "relative_error",
        "the absolute error",
        "divide by the larger of the two lengths",
        lambda a, b: length(a - b) if length(a - b) else 0.0,
    ),
    Mistake(
        "relative_error",
        "a division by the first length",
        "divide by the larger of the two lengths: it must not matter which comes first",
        lambda a, b: length(a - b) / length(a),
    ),
    Mistake(
        "relative_error",
        "a division by both lengths added",
        "divide by the larger of the two lengths, not by their sum",
        lambda a, b: length(a - b) / (length(a) + length(b)),
    ),
    Mistake(
        "relative_error",
        "the squared error",
        "a length is the root of the sum of squares",
        lambda a, b: length(a - b) ** 2 / max(length(a), length(b)) ** 2,
    ),
    Mistake(
        "relative_error",
        "the largest of the entries' errors",
        "compare the lengths of whole arrays: an entry near 0 has a large relative error that means nothing",
        lambda a, b: np.max(np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))),
    ),
)


@mpmath.workdps(30)
def error_oracle(a, b):
    a, b = ([mpmath.mpf(z) for z in np.ravel(v).tolist()] for v in (a, b))
    top = max(mpmath.norm(a), mpmath.norm(b))
    return float(mpmath.norm([p - q for p, q in zip(a, b)]) / top) if top else 0.0


@cache
def error_cases(seed):
    def case(name, a, b, **more):
        a, b = np.array(a, dtype=float), np.array(b, dtype=float)
        return one(name, error_oracle(a, b), ERROR, a, b, rtol=1e-5, **more)

    rng = np.random.default_rng(seed)
    return (
        case("(3, 4) and (3, 3)", [3, 4], [3, 3]),
        case("the longer one second", [1, 1, 1], [3, 4, 0]),
        case("opposite arrays", [1, -2], [-1, 2]),
        case("two arrays of zeros", [0, 0], [0, 0], keeps=0.5),
        case("matrices of thousandths", [[1e-3, 2e-3]], [[1e-3, 1e-3]]),
        case("drawn arrays", rng.normal(size=4), rng.normal(size=4), hidden=True),
    )


# Orders and exponents are whole numbers by the theory: a forward difference errs by h / 2 times a second derivative plus
# 1e-16 / h, a central one by h * h / 6 times a third plus 1e-16 / h; these are least near h = 1e-8 and 1e-5.
REPORT = {"forward_order": 1, "central_order": 2, "forward_best": -8, "central_best": -5, "wrong_first": 0, "wrong_last": 3}
REPORT_MISTAKES = tuple(
    Mistake("report", name, sentence, REPORT | wrong)
    for name, sentence, wrong in (
        (
            "the two differences swapped",
            "the central difference is the one whose error falls faster",
            {"forward_order": 2, "central_order": 1, "forward_best": -5, "central_best": -8},
        ),
        ("exponents without their sign", "report the exponent of h, -3 for 0.001", {"forward_best": 8, "central_best": 5}),
        ("entries counted from 1", "NumPy counts from 0", {"wrong_first": 1, "wrong_last": 4}),
        ("the smallest h taken for the best", "where is the error least?", {"forward_best": -12, "central_best": -12}),
    )
)


@cache
def report_cases(seed):
    return stored("the report", REPORT, REPORT_MISTAKES, rtol=0, atol=0.05)


LAB = Lab(
    "lab01_contract",
    "The contract and the gradient check",
    (
        Question(
            "decaying",
            4,
            "(theta, g, state, *, lr)",
            "A rule whose steps shrink as 1/t.",
            decaying_cases,
            DECAYING,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "numerical",
            4,
            "(theta, x, y, *, h=1e-5)",
            "The gradient of the loss by central differences.",
            numerical_cases,
            NUMERICAL,
            "At h = 1e-5 float64 leaves an error of 1e-11, float32 one of 1e-2: it is wrong here, and the lab says why."
            " Every known mistake is off by a hundredth at the larger h.",
        ),
        Question(
            "gradient",
            5,
            "(theta, x, y)",
            "The gradient of the loss by its formula.",
            gradient_cases,
            GRADIENT,
            "A solution that computes in float32 is right: it rounds by 6e-8 in each of a few sums, 1e-6 in all. One that"
            " overflows where margins are large keeps 3 of the 5 points.",
            arrays=True,
        ),
        Question(
            "relative_error",
            2,
            "(a, b)",
            "How far two gradients are apart, for their size.",
            error_cases,
            ERROR,
            "Float32 rounds each entry by 6e-8 and a difference of neighbours by ten times that. One that divides 0 by 0"
            " keeps half of the points.",
            arrays=True,
        ),
        Question(
            "report",
            5,
            "",
            "What the errors say.",
            report_cases,
            REPORT_MISTAKES,
            "The numbers are whole.",
        ),
    ),
    minutes=55,
)
