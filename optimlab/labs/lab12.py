"""Lab 12, grokking: a network that learns by heart at once and understands much later, and how to stop it."""

from functools import cache

import numpy as np

from ..mistakes import Mistake
from .question import Call, Lab, Question
from .values import numbers, values

# ------------------------------------------------------------------------------------------------------------ encoding


def encode(a, b, p):
    """Entry by entry: row i has a 1 where the column is a[i] or p + b[i]."""
    return np.array([[float(column in (x, p + y)) for column in range(2 * p)] for x, y in zip(a, b)])


def _hot(n, columns, width):
    rows = np.zeros((n, width))
    for column in columns:
        rows[np.arange(n), column] = 1.0
    return rows


ENCODE_MISTAKES = (
    Mistake(
        "encode",
        "both numbers in the same columns",
        "b has columns of its own, after those of a: its 1 stands at p + b",
        lambda a, b, p: _hot(len(a), (a, b), 2 * p),
    ),
    Mistake(
        "encode",
        "columns counted from one",
        "numbers run from 0 to p - 1, and so do columns",
        lambda a, b, p: _hot(len(a), (np.asarray(a) - 1, p + np.asarray(b) - 1), 2 * p),
    ),
    Mistake(
        "encode",
        "b before a",
        "the first p columns are those of a",
        lambda a, b, p: _hot(len(a), (b, p + np.asarray(a)), 2 * p),
    ),
    Mistake(
        "encode",
        "the sum encoded",
        "the network is to find the sum: encode a and b, not a + b",
        lambda a, b, p: _hot(len(a), (np.asarray(a) + np.asarray(b),), 2 * p),
    ),
    Mistake(
        "encode",
        "the numbers themselves",
        "a row holds zeros and two ones, not a and b",
        lambda a, b, p: _hot(len(a), (a, p + np.asarray(b)), 2 * p) * np.repeat([a, b], p, axis=0).T,
    ),
)


@cache
def encode_cases(seed):
    def case(name, a, b, p, hidden=False):
        return values(name, encode, ENCODE_MISTAKES, [Call((np.array(a), np.array(b), p))], atol=1e-9, hidden=hidden)

    rng = np.random.default_rng(seed)
    return (
        case("2 + 1 mod 3", [2], [1], 3),
        case("five pairs mod 4", [0, 1, 2, 3, 3], [3, 0, 2, 1, 3], 4),
        case("all pairs mod 2", [0, 0, 1, 1], [0, 1, 0, 1], 2),
        case("drawn pairs", rng.integers(0, 7, 12), rng.integers(0, 7, 12), 7, hidden=True),
    )


# ----------------------------------------------------------------------------------------------------------- gradients


def loss(W, U, X, y):
    """The mean cross-entropy, also of complex weights."""
    logits = (X @ W) ** 2 @ U
    shift = logits.real.max(1, keepdims=True)
    total = np.log(np.exp(logits - shift).sum(1)) + shift[:, 0]
    return (total - logits[np.arange(len(y)), y]).mean()


def gradients(W, U, X, y):
    """By the complex step: the imaginary part that a step of 1e-30 i in one entry gives the loss."""

    def along(name, index):
        weights = {"W": W.astype(complex), "U": U.astype(complex)}
        weights[name][index] += 1e-30j
        return loss(weights["W"], weights["U"], X, y).imag / 1e-30

    shapes = {"W": W.shape, "U": U.shape}
    return {k: np.array([along(k, i) for i in np.ndindex(s)]).reshape(s) for k, s in shapes.items()}


def _backward(softmax=None, mean=True, slope=lambda Z: 2 * Z, sign=1):
    """A wrong pair of gradients: another softmax, a sum for the mean, another slope of the square, uphill."""

    def shifted(logits):
        e = np.exp(logits - logits.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def body(W, U, X, y):
        Z = X @ W
        G = (softmax or shifted)(Z**2 @ U)
        G[np.arange(len(y)), y] -= 1
        G = sign * G / (len(y) if mean else 1)
        return {"W": X.T @ (slope(Z) * (G @ U.T)), "U": (Z**2).T @ G}

    return body


def _unshifted(logits):
    with np.errstate(all="ignore"):
        return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


GRADIENT_MISTAKES = (
    Mistake(
        "gradients",
        "a slope without its 2",
        "the derivative of z**2 is 2 * z",
        _backward(slope=lambda Z: Z),
    ),
    Mistake(
        "gradients",
        "the slope of a rectifier",
        "the activation is z**2; its derivative is 2 * z, not 0 or 1",
        _backward(slope=lambda Z: 1.0 * (Z > 0)),
    ),
    Mistake("gradients", "a sum for the mean", "the loss is a mean over the rows: divide by n", _backward(mean=False)),
    Mistake(
        "gradients",
        "gradients that point downhill",
        "it is the softmax minus the right answer, not the other way round",
        _backward(sign=-1),
    ),
    Mistake(
        "gradients",
        "logits taken for probabilities",
        "the right answer is subtracted from the softmax of the logits",
        _backward(softmax=lambda logits: 1.0 * logits),
    ),
    Mistake(
        "gradients",
        "a softmax that overflows",
        "subtract the largest logit of each row before np.exp: it changes nothing but the overflow",
        _backward(softmax=_unshifted),
    ),
    Mistake(
        "gradients",
        "a softmax over the rows",
        "each row has its own softmax: sum over axis 1 and keep the axis",
        _backward(softmax=lambda logits: np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(0)),
    ),
)


@cache
def gradients_cases(seed):
    def case(name, rng, n, inputs, width, classes, scale=1.0, hidden=False):
        X, y = rng.normal(size=(n, inputs)), rng.integers(0, classes, n)
        W, U = scale * rng.normal(size=(inputs, width)), rng.normal(size=(width, classes))
        calls = [Call((W, U, X, y))]
        # Single precision is right: seven digits of the largest entry, of which the sums lose two.
        made = values(name, gradients, GRADIENT_MISTAKES, calls, rtol=1e-4, hidden=hidden)
        return made._replace(atol=1e-5 * max(float(np.abs(g).max()) for g in made.expected[0].values()))

    rng, secret = np.random.default_rng(5), np.random.default_rng(seed)
    return (
        case("one row, two classes", rng, 1, 2, 2, 2),
        case("six rows, three classes", rng, 6, 4, 5, 3),
        case("logits in the thousands", rng, 4, 3, 4, 3, scale=25.0),
        case("drawn", secret, 7, 5, 4, 4, hidden=True),
    )


# ---------------------------------------------------------------------------------------------------------- first step


def first_step(steps, accuracy, level):
    """The least of all steps that are high enough."""
    return float(min((step for step, height in zip(steps, accuracy) if height >= level), default=-1))


FIRST_MISTAKES = (
    Mistake(
        "first_step",
        "an index for a step",
        "entry k was recorded at steps[k]: return that",
        lambda steps, accuracy, level: (
            int(np.argmax(np.asarray(accuracy) >= level)) if np.max(accuracy) >= level else -1
        ),
    ),
    Mistake(
        "first_step",
        "the last step below",
        "asked is the first step at or above the level",
        lambda steps, accuracy, level: max([s for s, h in zip(steps, accuracy) if h < level], default=-1),
    ),
    Mistake(
        "first_step",
        "a level that must be exceeded",
        "at the level is high enough: >=",
        lambda steps, accuracy, level: next((s for s, h in zip(steps, accuracy) if h > level), -1),
    ),
    Mistake(
        "first_step",
        "a first step where there is none",
        "argmax of nothing but False is 0: return -1 if the level is never reached",
        lambda steps, accuracy, level: steps[np.argmax(np.asarray(accuracy) >= level)],
    ),
    Mistake(
        "first_step",
        "the step of the highest accuracy",
        "asked is the first at or above the level, not the best",
        lambda steps, accuracy, level: steps[np.argmax(accuracy)] if np.max(accuracy) >= level else -1,
    ),
)


@cache
def first_step_cases(seed):
    def case(name, steps, accuracy, level, hidden=False):
        calls = [Call((np.array(steps), np.array(accuracy), level))]
        return values(name, first_step, FIRST_MISTAKES, calls, atol=1e-9, hidden=hidden)

    rng = np.random.default_rng(seed)
    rising = np.sort(rng.uniform(0, 0.9, 12))
    return (
        case("reached at step 20 of 0, 10, 20, 30", [0, 10, 20, 30], [0.1, 0.4, 0.96, 0.99], 0.95),
        case("reached exactly", [0, 5, 10, 15], [0.1, 0.5, 0.7, 0.8], 0.5),
        case("never reached", [0, 25, 50], [0.1, 0.2, 0.3], 0.95),
        case("reached, lost, reached again", [0, 5, 10, 15, 20], [0.0, 0.9, 0.4, 0.9, 1.0], 0.8),
        case("drawn", 7 * np.arange(1, 13), np.append(rising[:9], [0.96, 0.93, 0.99]), 0.95, hidden=True),
    )


# ------------------------------------------------------------------------------------------------------- the conclusion

# The five runs of the notebook in torch, gradients by autograd, in float64 (tests/labs/record_torch_07_12.py).
GROK = {
    "memorized": 55,
    "understood": 565,
    "half_decay": 1055,
    "no_decay": 0.056133056133056136,
    "more_data": 140,
}
GROK_MISTAKES = (
    Mistake(
        "conclusion",
        "training and test swapped",
        "memorized is when the training accuracy arrives, understood when the test accuracy does",
        lambda: {**GROK, "memorized": GROK["understood"], "understood": GROK["memorized"]},
    ),
    Mistake(
        "conclusion",
        "entries counted instead of steps",
        "one entry is recorded every 5 steps: give the steps",
        lambda: {key: number / 5 if number > 1 else number for key, number in GROK.items()},
    ),
    Mistake(
        "conclusion",
        "the training accuracy without decay",
        "without decay it is the test accuracy that stays low",
        lambda: {**GROK, "no_decay": 1.0},
    ),
)


@cache
def conclusion_cases(seed):
    return numbers("grokking", GROK, GROK_MISTAKES, rtol=0.1)


LAB = Lab(
    "lab12_grokking",
    "Grokking: watch it, then make it stop",
    (
        Question(
            "encode",
            3,
            "(a, b, p)",
            "Pairs of numbers as rows of zeros and two ones.",
            encode_cases,
            ENCODE_MISTAKES,
            "Zeros and ones are exact.",
        ),
        Question(
            "gradients",
            8,
            "(W, U, X, y)",
            "The gradients of the mean cross-entropy of a network with one hidden layer.",
            gradients_cases,
            GRADIENT_MISTAKES,
            "A solution that computes in float32 is right: seven digits of the largest entry, of which sums lose two.",
            arrays=True,
        ),
        Question(
            "first_step",
            4,
            "(steps, accuracy, level)",
            "The first recorded step at which an accuracy is high enough, -1 if there is none.",
            first_step_cases,
            FIRST_MISTAKES,
            "A step is a whole number.",
        ),
        Question(
            "conclusion",
            5,
            "()",
            "Report five numbers about grokking.",
            conclusion_cases,
            GROK_MISTAKES,
            "An accuracy is recorded every 5 steps, and a machine that rounds otherwise may cross a level a little"
            " earlier or later: 10% are allowed.",
        ),
    ),
    minutes=65,
)
