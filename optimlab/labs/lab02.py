"""Lab 2, gradient descent and its edge: how fast it goes, how long a step may be, and what happens past that.

Every matrix is made from eigenvalues that the oracle knows, so it never has to find them.
"""

import math
from functools import cache

import mpmath
import numpy as np

from ..mistakes import Mistake
from .question import Lab, Question
from .single import one, stored


class Valley:
    """A symmetric matrix with given eigenvalues along the columns of a random turn."""

    def __init__(self, eigenvalues, seed=0):
        self.eigenvalues = np.array(eigenvalues, dtype=float)
        n = len(self.eigenvalues)
        self.turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0] if seed else np.eye(n)
        self.hessian = (self.turn * self.eigenvalues) @ self.turn.T
        self.hessian = (self.hessian + self.hessian.T) / 2

    def path(self, theta, lr, steps):
        """Along each eigenvector the distance is multiplied by 1 - lr * eigenvalue at every step."""
        factors = (1 - lr * self.eigenvalues) ** np.arange(steps + 1)[:, None]
        return (factors * (self.turn.T @ theta)) @ self.turn.T


def descend_by(step, keep=lambda path: path, more=0):
    def descend(hessian, theta, *, lr, steps):
        path = [theta]
        for _ in range(steps + more):
            path.append(step(path[-1], hessian @ path[-1], lr))
        return keep(np.array(path))

    return descend


def down(theta, g, lr):
    return theta - lr * g


DESCEND = (
    Mistake("descend", "a path without its start", "row 0 is the start", descend_by(down, lambda path: path[1:])),
    Mistake("descend", "one step too many", "steps steps make steps + 1 rows", descend_by(down, more=1)),
    Mistake("descend", "the last theta alone", "return every theta, one a row", descend_by(down, lambda path: path[-1])),
    Mistake("descend", "steps uphill", "the gradient's step is subtracted", descend_by(lambda x, g, lr: x + lr * g)),
    Mistake(
        "descend",
        "half the gradient",
        "the gradient of theta @ H @ theta / 2 is H @ theta",
        descend_by(lambda x, g, lr: x - lr * g / 2),
    ),
    Mistake(
        "descend",
        "twice the gradient",
        "the gradient of theta @ H @ theta / 2 is H @ theta, without a factor 2",
        descend_by(lambda x, g, lr: x - 2 * lr * g),
    ),
    Mistake("descend", "no learning rate", "the step is lr times the gradient", descend_by(lambda x, g, lr: x - g)),
    Mistake(
        "descend",
        "the start's gradient at every step",
        "work the gradient out anew where theta is now",
        lambda hessian, theta, *, lr, steps: theta - lr * np.arange(steps + 1)[:, None] * (hessian @ theta),
    ),
    Mistake(
        "descend",
        "curvatures from the diagonal alone",
        "H @ theta is a matrix product; H * theta is not",
        lambda hessian, theta, *, lr, steps: descend_by(down)(np.diag(np.diag(hessian)), theta, lr=lr, steps=steps),
    ),
)


@cache
def descend_cases(seed):
    def case(name, valley, theta, lr, steps, **more):
        theta = np.array(theta, dtype=float)
        expected = valley.path(theta, lr, steps)
        return one(
            name, expected, DESCEND, valley.hessian, theta, rtol=1e-5, atol=3e-6, lr=lr, steps=steps, **more
        )  # fmt: skip

    rng = np.random.default_rng(seed)
    return (
        case("one parameter, three steps", Valley([2.0]), [1.0], 0.25, 3),
        case("no step at all", Valley([1.0, 3.0]), [1.0, -1.0], 0.1, 0),
        case("two parameters, a valley along the axes", Valley([1.0, 10.0]), [1.0, 1.0], 0.1, 4),
        case("three parameters, a turned valley", Valley([0.5, 2.0, 6.0], 3), [1.0, -2.0, 0.5], 0.2, 6),
        case("past the edge", Valley([1.0, 4.0], 4), [1.0, 0.1], 0.6, 5),
        case("a drawn valley", Valley(rng.uniform(0.5, 5, 4), seed + 5), rng.normal(size=4), 0.15, 5, hidden=True),
    )


def of_eigenvalues(body):
    """The body of a mistake that is given a matrix, from one that is given its eigenvalues in rising order."""
    return lambda hessian: body(np.linalg.eigvalsh(hessian))


EDGE = (
    Mistake("edge", "the smallest eigenvalue", "the steepest direction flies apart first", of_eigenvalues(lambda e: 2 / e[0])),
    Mistake(
        "edge",
        "half the edge",
        "at 1 / (largest eigenvalue) the steepest direction arrives in one step; it flies apart past twice that",
        of_eigenvalues(lambda e: 1 / e[-1]),
    ),
    Mistake(
        "edge",
        "the edge from the largest diagonal entry",
        "where the valley is turned the largest curvature is an eigenvalue, not an entry of the diagonal",
        lambda hessian: 2 / np.max(np.diag(hessian)),
    ),
    Mistake("edge", "the edge from the trace", "the trace is the sum of all eigenvalues", of_eigenvalues(lambda e: 2 / e.sum())),
    Mistake("edge", "the largest eigenvalue itself", "the edge is 2 divided by it", of_eigenvalues(lambda e: e[-1])),
    Mistake("edge", "the inverse of the edge", "it is 2 / eigenvalue", of_eigenvalues(lambda e: e[-1] / 2)),
    Mistake(
        "edge",
        "the edge from the norm of all entries",
        "the norm of a matrix's entries mixes all eigenvalues; np.linalg.eigvalsh gives them",
        of_eigenvalues(lambda e: 2 / np.sqrt((e**2).sum())),
    ),
)
BEST = (
    Mistake("best_lr", "one over the largest eigenvalue", "safe, but slow along the floor", of_eigenvalues(lambda e: 1 / e[-1])),
    Mistake(
        "best_lr",
        "the edge itself",
        "at the edge the steepest direction never settles",
        of_eigenvalues(lambda e: 2 / e[-1]),
    ),
    Mistake(
        "best_lr",
        "one over both eigenvalues added",
        "|1 - lr * a| = |1 - lr * b| at lr = 2 / (a + b)",
        of_eigenvalues(lambda e: 1 / (e[0] + e[-1])),
    ),
    Mistake(
        "best_lr",
        "all eigenvalues instead of the two outermost",
        "only the smallest and the largest eigenvalue matter, whatever lies between",
        of_eigenvalues(lambda e: len(e) / e.sum()),
    ),
    Mistake(
        "best_lr",
        "the mean of the two best rates",
        "each direction alone would like 1 / eigenvalue; balance how slow they are, not their rates",
        of_eigenvalues(lambda e: (1 / e[0] + 1 / e[-1]) / 2),
    ),
    Mistake(
        "best_lr",
        "the geometric mean of the two best rates",
        "set 1 - lr * a equal to -(1 - lr * b)",
        of_eigenvalues(lambda e: 1 / np.sqrt(e[0] * e[-1])),
    ),
)
MATRICES = (
    ("one parameter", [4.0], 0),
    ("a valley along the axes", [1.0, 10.0], 0),
    ("a turned valley", [1.0, 10.0], 6),
    ("five directions, turned", [0.2, 0.3, 0.7, 2.0, 8.0], 7),
)


def matrix_cases(seed, formula, mistakes):
    rng = np.random.default_rng(seed)
    own = (("a drawn valley", rng.uniform(0.1, 9, 4), seed + 1), ("another drawn valley", rng.uniform(1, 90, 3), seed + 2))
    for name, eigenvalues, turn in MATRICES + own:
        valley, rising = Valley(eigenvalues, turn), sorted(eigenvalues)
        expected = formula(float(rising[0]), float(rising[-1]))
        yield one(name, expected, mistakes, valley.hessian, rtol=1e-4, atol=0, hidden="drawn" in name)


@cache
def edge_cases(seed):
    return tuple(matrix_cases(seed, lambda least, most: 2 / most, EDGE))


@cache
def best_cases(seed):
    return tuple(matrix_cases(seed, lambda least, most: 2 / (least + most), BEST))


def steps_by(count):
    def steps_needed(kappa, *, tol):
        factor = (kappa - 1) / (kappa + 1)
        return 1 if factor == 0 else count(kappa, factor, tol)

    return steps_needed


STEPS = (
    Mistake(
        "steps_needed",
        "a count rounded down",
        "rounded down it is one step short: use math.ceil",
        steps_by(lambda kappa, f, tol: math.floor(math.log(tol) / math.log(f))),
    ),
    Mistake(
        "steps_needed",
        "a count that is no whole number",
        "steps are whole: round up",
        steps_by(lambda kappa, f, tol: math.log(tol) / math.log(f)),
    ),
    Mistake(
        "steps_needed",
        "the factor at 1 / (largest eigenvalue)",
        "at the best learning rate the factor is (kappa - 1) / (kappa + 1), not 1 - 1 / kappa",
        steps_by(lambda kappa, f, tol: math.ceil(math.log(tol) / math.log(1 - 1 / kappa))),
    ),
    Mistake(
        "steps_needed",
        "momentum's factor",
        "with the root of kappa it is momentum's; gradient descent has kappa itself",
        steps_by(lambda k, f, tol: math.ceil(math.log(tol) / math.log((math.sqrt(k) - 1) / (math.sqrt(k) + 1)))),
    ),
    Mistake(
        "steps_needed",
        "the loss instead of the distance",
        "the loss falls by the factor's square; the distance is asked for",
        steps_by(lambda kappa, f, tol: math.ceil(math.log(tol) / math.log(f * f))),
    ),
    Mistake(
        "steps_needed",
        "the estimate for a large kappa",
        "log(1 / tol) * kappa / 2 is close for a large kappa only; take the logarithm of the factor itself",
        steps_by(lambda kappa, f, tol: math.ceil(kappa / 2 * math.log(1 / tol))),
    ),
)


@mpmath.workdps(40)
def steps_oracle(kappa, tol):
    """Count: multiply the distance by the factor until it is small enough."""
    factor, distance, steps = (mpmath.mpf(kappa) - 1) / (mpmath.mpf(kappa) + 1), mpmath.mpf(1), 0
    while distance > tol:
        distance, steps = distance * factor, steps + 1
    return steps


@cache
def steps_cases(seed):
    def case(name, kappa, tol, **more):
        return one(name, float(steps_oracle(kappa, tol)), STEPS, kappa, rtol=0, atol=1e-3, tol=tol, **more)

    rng = np.random.default_rng(seed)
    return (
        case("kappa = 3, a factor of one half: to 0.3", 3.0, 0.3),
        case("kappa = 10 to a millionth", 10.0, 1e-6),
        case("kappa = 100 to a thousandth", 100.0, 1e-3),
        case("a round valley, kappa = 1: one step", 1.0, 1e-3, keeps=0.5),
        case("kappa = 2500 to 0.01", 2500.0, 0.01),
        case("a drawn kappa", float(rng.uniform(5, 50)), 1e-4, hidden=True),
        case("another drawn kappa", float(rng.uniform(100, 500)), 0.02, hidden=True),
    )


# From (1, 1) on (x * x + 100 * y * y) / 2 the distances are known in closed form, and the edge is 2 / 100; where two
# parameters multiply, tests/labs/test_lab02.py takes the same 2000 steps with 50 digits.
REPORT = {"edge": 0.02, "best_steps": 363, "safe_steps": 688, "growth": 1.1, "calm": 9.1788, "bold": 6.4320}
REPORT_MISTAKES = tuple(
    Mistake("report", name, sentence, REPORT | wrong)
    for name, sentence, wrong in (
        ("the best learning rate taken for the edge", "the edge is where the curve shoots up", {"edge": 0.0198}),
        ("steps swapped", "the best learning rate needs fewer steps than the safe one", {"best_steps": 688, "safe_steps": 363}),
        ("a growth without its 1", "report the factor itself: 1.5 if the distance grows by a half", {"growth": 0.1}),
        ("sharpness swapped", "the bolder run ends where it is flatter", {"calm": 6.4320, "bold": 9.1788}),
        ("the edge of the bold run", "2 / lr bounds the sharpness; report where the run ended", {"bold": 8.0}),
    )
)


@cache
def report_cases(seed):
    return stored("the report", REPORT, REPORT_MISTAKES, rtol=3e-3)


EIGEN = "Float32 finds eigenvalues to 1e-6 of the largest; the smallest of these is a fortieth of it, so 1e-4 is far enough."

LAB = Lab(
    "lab02_edge",
    "Gradient descent and its edge",
    (
        Question(
            "descend",
            4,
            "(hessian, theta, *, lr, steps)",
            "The whole path of gradient descent in a quadratic valley.",
            descend_cases,
            DESCEND,
            "Float32 rounds by 6e-8 a step, and past the edge each step makes an error 1.4 times as large: 3e-6 in all.",
        ),
        Question("edge", 3, "(hessian)", "The learning rate at which it flies apart.", edge_cases, EDGE, EIGEN),
        Question("best_lr", 3, "(hessian)", "The learning rate that is best for the worst start.", best_cases, BEST, EIGEN),
        Question(
            "steps_needed",
            4,
            "(kappa, *, tol)",
            "How many steps the best learning rate needs.",
            steps_cases,
            STEPS,
            "A count is a whole number. A function that fails in a round valley alone keeps half of the points.",
        ),
        Question(
            "report",
            6,
            "",
            "Six numbers of two experiments.",
            report_cases,
            REPORT_MISTAKES,
            "Three significant figures are asked for; 0.3% leaves room to read them off, and one step in 363 is less.",
        ),
    ),
    minutes=50,
)
