"""Lab 5, momentum in three conventions and Nesterov's: what PyTorch, Adam and Keras mean by it, and what it buys.

The oracles sum over all pairs of steps: by step t, the gradient of step i has been stepped along with weight beta^(t - i).
"""

from functools import cache

import numpy as np

from ..mistakes import Mistake, of
from .question import Lab, Question
from .single import one, stored
from .trajectories import TOLERANCE, drawn, trajectory


def total(theta, g, weight):
    """theta after each step t: the start minus the sum over the steps s <= t and over i <= s of weight(s, i) * g_i."""
    g = np.asarray(g, dtype=float)
    steps = [sum(weight(s, i) * g[i] for i in range(s + 1)) for s in range(len(g))]
    return theta - np.cumsum(steps, axis=0)


def rate(lr, step):
    return lr[step] if isinstance(lr, list) else lr


def sum_oracle(theta, g, *, lr, beta=0.9):
    return total(theta, g, lambda s, i: rate(lr, s) * beta ** (s - i))


def average_oracle(theta, g, *, lr, beta=0.9):
    return total(theta, g, lambda s, i: rate(lr, s) * (1 - beta) * beta ** (s - i))


def velocity_oracle(theta, g, *, lr, beta=0.9):
    return total(theta, g, lambda s, i: rate(lr, i) * beta ** (s - i))


def nesterov_oracle(theta, g, *, lr, beta=0.9):
    return total(theta, g, lambda s, i: rate(lr, s) * (beta ** (s - i + 1) + (s == i)))


def by(update):
    """A rule that keeps one memory v from update(v, g, lr, beta, t) -> (step, new v); the step is added to theta."""

    def rule(theta, g, state, *, lr, beta=0.9):
        t = state.get("t", 0) + 1
        step, v = update(state.get("v", 0), g, lr, beta, t)
        return theta + step, {"v": v, "t": t}

    return rule


def mistakes(rule, table):
    return tuple(Mistake(rule, name, sentence, by(update)) for name, sentence, update in table)


def fresh(v):
    """The same value twice: as the step and as what is kept."""
    return v, v


AVERAGE = mistakes(
    "momentum_average",
    (
        (
            "a sum instead of an average",
            "multiply g by 1 - beta: a weighted average of gradients is no longer than they are",
            lambda v, g, lr, beta, t: (-lr * (beta * v + g), beta * v + g),
        ),
        (
            "the weights swapped",
            "the memory keeps beta of itself and takes 1 - beta of g",
            lambda v, g, lr, beta, t: (-lr * ((1 - beta) * v + beta * g), (1 - beta) * v + beta * g),
        ),
        (
            "an average with bias correction",
            "Adam divides by 1 - beta**t; this convention does not, and starts slowly",
            lambda v, g, lr, beta, t: (
                -lr * (beta * v + (1 - beta) * g) / (1 - beta**t),
                beta * v + (1 - beta) * g,
            ),
        ),
        (
            "an average that is forgotten",
            "the state that is returned must hold the new average",
            lambda v, g, lr, beta, t: (-lr * (1 - beta) * g, 0),
        ),
        (
            "an average stepped along uphill",
            "the step is subtracted",
            lambda v, g, lr, beta, t: (lr * (beta * v + (1 - beta) * g), beta * v + (1 - beta) * g),
        ),
        (
            "the old average stepped along",
            "take g into the average first, then step",
            lambda v, g, lr, beta, t: (-lr * v, beta * v + (1 - beta) * g),
        ),
        (
            "an average without a learning rate",
            "the step is lr times the average",
            lambda v, g, lr, beta, t: (-(beta * v + (1 - beta) * g), beta * v + (1 - beta) * g),
        ),
        (
            "the learning rate inside the average",
            "average the gradients, and multiply by the lr of this step: in the average old steps keep their old lr",
            lambda v, g, lr, beta, t: (-(beta * v + (1 - beta) * lr * g), beta * v + (1 - beta) * lr * g),
        ),
    ),
)
VELOCITY = mistakes(
    "momentum_velocity",
    (
        (
            "the learning rate outside the velocity",
            "here the velocity holds steps, beta * v - lr * g, so that old steps keep the lr they were taken with",
            lambda v, g, lr, beta, t: (-lr * (beta * v + g), beta * v + g),
        ),
        (
            "the learning rate twice",
            "lr is in the velocity already: add v to theta as it is",
            lambda v, g, lr, beta, t: (lr * (beta * v - lr * g), beta * v - lr * g),
        ),
        (
            "a velocity that is subtracted",
            "v = beta * v - lr * g points downhill already: add it",
            lambda v, g, lr, beta, t: (-(beta * v - lr * g), beta * v - lr * g),
        ),
        (
            "an averaged velocity",
            "there is no factor 1 - beta in this convention",
            lambda v, g, lr, beta, t: fresh(beta * v - (1 - beta) * lr * g),
        ),
        (
            "a velocity that is forgotten",
            "the state that is returned must hold the new velocity",
            lambda v, g, lr, beta, t: (-lr * g, 0),
        ),
        (
            "Nesterov's look-ahead",
            "add v itself; beta * v - lr * g with the new v is Nesterov's step",
            lambda v, g, lr, beta, t: (beta * (beta * v - lr * g) - lr * g, beta * v - lr * g),
        ),
        ("a velocity without beta", "beta multiplies the old velocity", lambda v, g, lr, beta, t: fresh(v - lr * g)),
        (
            "the old velocity added",
            "work out the new velocity first, then add it",
            lambda v, g, lr, beta, t: (v, beta * v - lr * g),
        ),
        (
            "a velocity without a learning rate",
            "the gradient enters as lr * g",
            lambda v, g, lr, beta, t: fresh(beta * v - g),
        ),
    ),
)
SUM, NESTEROV = of("momentum", changing_lr=True), of("nesterov", changing_lr=True)

X = np.array([1.0, -2.0, 0.5])
XS = [np.array(g) for g in ([0.3, -1.0, 2.0], [-0.2, -1.5, 1.0], [0.5, 0.4, -3.0], [0.1, 2.0, 0.7], [-1.2, 0.6, 0.2])]
W = np.array([[2.0, -1.0], [0.5, 3.0]])
WS = [np.array(g) for g in ([[1.0, -0.5], [0.2, 2.0]], [[0.4, 1.5], [-0.6, 1.0]], [[-2.0, 0.3], [0.9, 0.1]])]


def cases(oracle, known):
    """The same trials for each convention; a learning rate that changes is what tells the first from the third."""

    @cache
    def of_seed(seed):
        def case(name, theta, gradients, **hyper):
            return trajectory(name, oracle, known, theta, gradients, **hyper)

        return (
            case("one step from 1 along g = 2 with lr = 0.125", 1.0, [2.0], lr=0.125),
            case("the same gradient three times, beta = 0.5", 1.0, [2.0, 2.0, 2.0], lr=0.125, beta=0.5),
            case("one push, then no gradient", 0.0, [-3.0, 0.0, 0.0, 0.0], lr=0.1),
            case("a vector, five steps, beta = 0.7", X, XS, lr=0.1, beta=0.7),
            case("a learning rate that falls tenfold", X, XS, lr=[0.1, 0.1, 0.1, 0.01, 0.01], beta=0.8),
            case("a matrix and a learning rate that rises", W, WS, lr=[0.1, 0.2, 0.4]),
            case("beta = 0, which is plain gradient descent", X, XS[:2], lr=0.3, beta=0.0),
            *drawn(seed, oracle, known, {"lr": (0.01, 0.5), "beta": (0.3, 0.95)}),
        )

    return of_seed


def gain(convention, beta):
    """How far, in units of lr, a unit of gradient moves theta in the long run, counted step by step."""
    weight = {"sum": 1.0, "average": 1 - beta, "velocity": 1.0}[convention]
    return sum(weight * beta**age for age in range(5000))


CONVENTIONS = ("sum", "average", "velocity")


def translate_by(factor):
    def translate(lr, beta, *, source, target):
        return lr * factor(source == "average", target == "average", beta)

    return translate


TRANSLATE = tuple(
    Mistake("translate", name, sentence, translate_by(factor))
    for name, sentence, factor in (
        (
            "a translation the wrong way round",
            "an average's steps are 1 - beta times as long, so its lr must be larger",
            lambda a, b, beta: (1 / (1 - beta) if a else 1) * (1 - beta if b else 1),
        ),
        ("no translation", "an average's steps are 1 - beta times as long at the same lr", lambda a, b, beta: 1),
        (
            "a translation by beta",
            "the factor is 1 - beta",
            lambda a, b, beta: (beta if a else 1) / (beta if b else 1),
        ),
        (
            "a translation that looks at the target alone",
            "from the average to another convention the factor is 1 - beta; from the average to itself it is 1",
            lambda a, b, beta: 1 / (1 - beta) if b else 1,
        ),
        (
            "a translation that looks at the source alone",
            "to the average the factor is 1 / (1 - beta)",
            lambda a, b, beta: 1 - beta if a else 1,
        ),
    )
)


@cache
def translate_cases(seed):
    def case(name, lr, beta, source, target, **more):
        expected = lr * gain(source, beta) / gain(target, beta)
        return one(name, expected, TRANSLATE, lr, beta, rtol=1e-5, atol=0, source=source, target=target, **more)

    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in CONVENTIONS for b in CONVENTIONS]
    fixed = [case(f"from {a} to {b}, lr = 0.1, beta = 0.9", 0.1, 0.9, a, b) for a, b in pairs]
    own = [case(f"drawn, {a} to {b}", *rng.uniform(0.1, 0.8, 2).tolist(), a, b, hidden=True) for a, b in pairs[1::2]]
    return (*fixed, *own)


# The valley is (x * x + 100 * y * y) / 2 from (1, 1), until the distance is below 0.001: tests/labs/test_lab05.py counts the
# steps with powers of each rule's 2 x 2 matrix. "sum" and "velocity": the first step after lr has fallen tenfold, over the last
# one before it, along a steady slope: lr' / lr = 0.1, and beta + (1 - beta) lr' / lr = 0.91 at beta = 0.9.
REPORT = {"plain": 363, "momentum": 58, "nesterov": 87, "sum": 0.1, "velocity": 0.91}
REPORT_MISTAKES = tuple(
    Mistake("report", name, sentence, REPORT | wrong)
    for name, sentence, wrong in (
        ("momentum and Nesterov swapped", "look at the rows again", {"momentum": 87, "nesterov": 58}),
        ("conventions swapped", "in which convention does the velocity hold lr?", {"sum": 0.91, "velocity": 0.1}),
        ("ratios turned round", "divide the step after the change by the one before", {"sum": 10.0, "velocity": 1.0989}),
        ("beta for the ratio", "a tenth of a new step is added to the velocity, too", {"velocity": 0.9}),
    )
)


@cache
def report_cases(seed):
    return stored("the report", REPORT, REPORT_MISTAKES, rtol=6e-3)


LAB = Lab(
    "lab05_momentum",
    "Momentum in three conventions, and Nesterov's",
    (
        Question(
            "momentum_sum",
            3,
            "(theta, g, state, *, lr, beta=0.9)",
            "PyTorch's: a velocity that sums gradients.",
            cases(sum_oracle, SUM),
            SUM,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "momentum_average",
            3,
            "(theta, g, state, *, lr, beta=0.9)",
            "Adam's: a weighted average of gradients.",
            cases(average_oracle, AVERAGE),
            AVERAGE,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "momentum_velocity",
            3,
            "(theta, g, state, *, lr, beta=0.9)",
            "Keras's: a velocity that sums steps.",
            cases(velocity_oracle, VELOCITY),
            VELOCITY,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "translate",
            3,
            "(lr, beta, *, source, target)",
            "The learning rate that means the same in another convention.",
            translate_cases,
            TRANSLATE,
            "It is one product or quotient; float32 rounds 1 - beta by 1e-6 where beta is 0.9.",
        ),
        Question(
            "nesterov",
            3,
            "(theta, g, state, *, lr, beta=0.9)",
            "A step along where the velocity is about to be.",
            cases(nesterov_oracle, NESTEROV),
            NESTEROV,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "report",
            5,
            "",
            "Five numbers of two experiments.",
            report_cases,
            REPORT_MISTAKES,
            "Counts of steps are whole, 0.6% of 87 is less than one; the ratios are asked for to two figures.",
        ),
    ),
    minutes=55,
)
