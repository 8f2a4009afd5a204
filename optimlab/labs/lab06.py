"""Lab 6, AdaGrad and RMSProp on rare features: texts as bags of words, and rules that give a rare word longer steps.

The oracles are sums over the whole history of gradients; the last report was recorded with torch's optimizers.
"""

from functools import cache

import mpmath
import numpy as np

from ..mistakes import Mistake, of
from .question import Lab, Question
from .single import one, stored
from .trajectories import TOLERANCE, drawn, trajectory


def bag_oracle(texts, d):
    return np.array([[float(word in text) for word in range(d)] for text in texts.tolist()])


def counted(texts, d):
    return np.array([np.bincount(text, minlength=d) for text in texts], dtype=float)


BAG = (
    Mistake(
        "bag",
        "counts instead of 0 and 1",
        "a word that stands in a text twice is still 1",
        counted,
    ),
    Mistake(
        "bag",
        "words that stand once only",
        "a word that stands in a text twice is 1, too",
        lambda texts, d: np.where(counted(texts, d) == 1, 1.0, 0.0),
    ),
    Mistake("bag", "texts in the columns", "a row a text, a column a word", lambda texts, d: bag_oracle(texts, d).T),
    Mistake("bag", "words counted from 1", "word 0 is column 0", lambda texts, d: np.roll(bag_oracle(texts, d), -1, axis=1)),
    Mistake(
        "bag",
        "shares instead of 0 and 1",
        "the entries are 0 and 1: do not divide by the length of the text",
        lambda texts, d: counted(texts, d) / texts.shape[1],
    ),
    Mistake(
        "bag",
        "every text has every word",
        "x[:, texts] = 1 fills whole columns; each text's words go into its own row",
        lambda texts, d: np.broadcast_to(bag_oracle(texts, d).max(0), (len(texts), d)).copy(),
    ),
)


@cache
def bag_cases(seed):
    def case(name, texts, d, **more):
        texts = np.array(texts)
        return one(name, bag_oracle(texts, d), BAG, texts, d, **more)

    rng = np.random.default_rng(seed)
    return (
        case("one text, words 0 and 2 of four", [[0, 2]], 4),
        case("two texts, a word twice", [[1, 1, 3], [0, 3, 4]], 5),
        case("drawn texts", rng.integers(9, size=(6, 4)), 9, hidden=True),
    )


def adagrad_oracle(theta, g, *, lr, eps=1e-10):
    g = np.asarray(g, dtype=float)
    return theta - lr * np.cumsum(g / (np.sqrt(np.cumsum(g * g, axis=0)) + eps), axis=0)


def rmsprop_oracle(theta, g, *, lr, beta=0.99, eps=1e-8):
    g = np.asarray(g, dtype=float)
    v = np.array([sum((1 - beta) * beta ** (t - i) * g[i] ** 2 for i in range(t + 1)) for t in range(len(g))])
    return theta - lr * np.cumsum(g / (np.sqrt(v) + eps), axis=0)


ADAGRAD = of("adagrad")
RMSPROP = tuple(mistake for mistake in of("rmsprop") if not mistake.name.startswith("centered"))
X = np.array([1.0, -2.0, 0.5])
XS = [np.array(g) for g in ([0.3, -1.0, 2.0], [-0.2, -1.5, 1.0], [0.5, 0.4, -3.0], [0.1, 2.0, 0.7], [-1.2, 0.6, 0.2])]
W = np.array([[2.0, -1.0], [0.5, 3.0]])
WS = [np.array(g) for g in ([[1.0, -0.5], [0.2, 2.0]], [[0.4, 1.5], [-0.6, 1.0]], [[-2.0, 0.3], [0.9, 0.1]])]
RARE = [g * [1.0, k % 2 == 1, k == 3] for k, g in enumerate(XS)]  # one word in every text, one in every other, one in one


def rule_cases(oracle, known, ranges, *own):
    @cache
    def of_seed(seed):
        def case(name, theta, gradients, **hyper):
            return trajectory(name, oracle, known, theta, gradients, **hyper)

        return (
            case("one step from 1 along g = 2 with lr = 0.1", 1.0, [2.0], lr=0.1),
            case("the same gradient four times", 1.0, [2.0] * 4, lr=0.1),
            case("a vector, five steps", X, XS, lr=0.1),
            case("a matrix and an eps of 0.5", W, WS, lr=0.2, eps=0.5),
            case("gradients of a millionth", 0.0, [1e-6, 3e-6, -2e-6], lr=0.1),
            case("words that are rare: gradients of zero but for one step", X, RARE, lr=0.1),
            *(case(name, X, XS, **hyper) for name, hyper in own),
            *drawn(seed, oracle, known, ranges),
        )

    return of_seed


RANGES = {"lr": (0.03, 0.5), "eps": (0.01, 0.3)}
adagrad_cases = rule_cases(adagrad_oracle, ADAGRAD, RANGES)
rmsprop_cases = rule_cases(
    rmsprop_oracle,
    RMSPROP,
    {**RANGES, "beta": (0.7, 0.97)},
    ("beta = 0.5", {"lr": 0.1, "beta": 0.5}),
    ("beta = 0, which is the sign of the gradient", {"lr": 0.1, "beta": 0.0}),
)


@mpmath.workdps(30)
def reach_oracle(count, lr):
    return float(lr * mpmath.fsum(1 / mpmath.sqrt(i) for i in range(1, count + 1)))


def reach_by(body):
    return lambda count, *, lr: float(lr * body(count, np.arange(1, count + 1)))


REACH = (
    Mistake("reach", "gradient descent's reach", "the i-th step is lr / sqrt(i), not lr", reach_by(lambda n, i: n)),
    Mistake("reach", "the last step alone", "add up all the steps", reach_by(lambda n, i: n**-0.5 if n else 0.0)),
    Mistake(
        "reach",
        "the integral for the sum",
        "2 * sqrt(count) is close for many steps only; add the steps up",
        reach_by(lambda n, i: 2 * n**0.5),
    ),
    Mistake(
        "reach",
        "steps of 1 / i",
        "after i equal gradients the sum of squares is i times one, and its root is what divides",
        reach_by(lambda n, i: (1 / i).sum()),
    ),
    Mistake("reach", "one step too few", "count steps are taken, from 1 to count", reach_by(lambda n, i: (i[:-1] ** -0.5).sum())),
    Mistake(
        "reach",
        "a first step that is divided by the root of 2",
        "the first step is lr itself: the sum holds one square then",
        reach_by(lambda n, i: ((i + 1) ** -0.5).sum()),
    ),
    Mistake("reach", "all steps as short as the last", "each step has its own length", reach_by(lambda n, i: n**0.5)),
)


@cache
def reach_cases(seed):
    def case(name, count, lr, **more):
        return one(name, reach_oracle(count, lr), REACH, count, rtol=1e-5, atol=1e-9, lr=lr, **more)

    rng = np.random.default_rng(seed)
    return (
        case("one step", 1, 0.1),
        case("four steps with lr = 1", 4, 1.0),
        case("a hundred steps", 100, 0.5),
        case("a word that never came", 0, 0.5, keeps=0.5),
        case("drawn", int(rng.integers(5, 500)), float(rng.uniform(0.1, 1)), hidden=True),
    )


# The losses are recorded with torch's SGD, Adagrad and RMSprop on the notebook's texts (tests/labs/record_lab06.py): on the texts
# held out, at the best of each rule's rates. The two step lengths, in units of lr, are 1 / sqrt(100) and 1 / sqrt(1 - beta).
REPORT = {"sgd": 0.39129, "adagrad": 0.34987, "rmsprop": 0.34696, "hundredth": 0.1, "burst": 10.0}
REPORT_MISTAKES = tuple(
    Mistake("report", name, sentence, REPORT | wrong)
    for name, sentence, wrong in (
        (
            "losses at the smallest rates",
            "take the least loss of each row, at whatever rate",
            {"sgd": 0.48682, "adagrad": 0.53020, "rmsprop": 0.48836},
        ),
        ("step lengths swapped", "AdaGrad's steps shrink; RMSProp's grow in silence", {"hundredth": 10.0, "burst": 0.1}),
        ("RMSProp's steady step for its burst", "look at the first step after the silence", {"burst": 1.0}),
        ("gradient descent's steps for AdaGrad's", "every appearance adds to the sum", {"hundredth": 1.0}),
    )
)


@cache
def report_cases(seed):
    return stored("the report", REPORT, REPORT_MISTAKES)


LAB = Lab(
    "lab06_rare",
    "AdaGrad and RMSProp on rare features",
    (
        Question("bag", 2, "(texts, d)", "Texts as rows of 0 and 1.", bag_cases, BAG, "The entries are whole."),
        Question(
            "adagrad",
            4,
            "(theta, g, state, *, lr, eps=1e-10)",
            "Divide by the root of all squares so far.",
            adagrad_cases,
            ADAGRAD,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "rmsprop",
            4,
            "(theta, g, state, *, lr, beta=0.99, eps=1e-8)",
            "Divide by the root of an average of squares.",
            rmsprop_cases,
            RMSPROP,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "reach",
            4,
            "(count, *, lr)",
            "How far AdaGrad takes a weight whose word appears some times.",
            reach_cases,
            REACH,
            "Float32 rounds a sum of a hundred terms by 1e-6. One that fails for a word that never came keeps half of the points.",
        ),
        Question(
            "report",
            6,
            "",
            "Five numbers of two experiments.",
            report_cases,
            REPORT_MISTAKES,
            "Three significant figures are asked for: half a unit of the third is 0.5% at most.",
        ),
    ),
    minutes=55,
)
