"""Lab 8, AdamW against L2: two ways to decay weights, which parameters to decay, and where each way ends."""

from functools import cache

import numpy as np

from .. import rules
from ..mistakes import Mistake, of
from . import oracles
from .lab04 import ADAM_RANGES, XS, W, WS, X
from .play import Variants
from .question import Call, Case, Lab, Question, Ref
from .trajectories import RTOL, STEP_TOL, TOLERANCE, drawn, trajectory
from .values import THREE_FIGURES, numbers, value

DECAYED = {**ADAM_RANGES, "weight_decay": (0.1, 0.9)}


@cache
def adam_l2_cases(seed):
    known = of("adam_l2")

    def case(name, theta, gradients, **hyper):
        return trajectory(name, oracles.adam_l2, known, theta, gradients, **hyper)

    return (
        case("one step from 1 along g = 3, lr = 0.1, weight_decay = 0.1", 1.0, [3.0], lr=0.1, weight_decay=0.1),
        case("no gradient at all, weight_decay = 0.5", X, [0 * X, 0 * X, 0 * X], lr=0.2, weight_decay=0.5),
        case("nothing given but gradients", 100 * X, XS[:3]),
        case("a vector, five steps", X, XS, lr=0.1, beta1=0.8, beta2=0.9, weight_decay=0.4),
        case("a matrix and an eps of 0.5", W, WS, lr=0.2, beta1=0.5, beta2=0.75, eps=0.5, weight_decay=0.3),
        case("gradients of a millionth", 2.0, [1e-6, 3e-6, -2e-6], lr=0.1, weight_decay=1e-6),
        case("a coordinate at 0 without any gradient", [0, 1, 1] * X, [g * [0, 1, 1] for g in XS], lr=0.1),
        case("beta1 = 0", X, XS[:3], lr=0.1, beta1=0.0, beta2=0.95, weight_decay=0.2),
        *drawn(seed, oracles.adam_l2, known, DECAYED),
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
        *drawn(seed, oracles.adamw, known, DECAYED),
    )


# ------------------------------------------------------------------------------------------------- which ones to decay


def decays(params, *, weight_decay=1e-2):
    """The convention: what is multiplied as a matrix (two axes or more) decays; gains, biases and scalars do not."""
    return {name: weight_decay * (np.ndim(value) > 1) for name, value in params.items()}


def _by(rule):
    return lambda params, *, weight_decay=1e-2: {k: weight_decay * bool(rule(k, v)) for k, v in params.items()}


DECAYS_MISTAKES = (
    Mistake(
        "decays",
        "a choice by the name bias",
        'a gain of a norm has one axis and no "bias" in its name: choose by np.ndim, not by name',
        _by(lambda name, _: "bias" not in name),
    ),
    Mistake(
        "decays",
        "a choice by the names bias and norm",
        "names differ from model to model: choose by np.ndim, not by name",
        _by(lambda name, _: "bias" not in name and "norm" not in name),
    ),
    Mistake("decays", "a decay for all", "gains and biases do not decay", _by(lambda *_: True)),
    Mistake("decays", "a decay for none", "matrices decay", _by(lambda *_: False)),
    Mistake(
        "decays",
        "a choice turned upside down",
        "it is the matrices that decay; gains and biases do not",
        _by(lambda _, value: np.ndim(value) < 2),
    ),
    Mistake(
        "decays",
        "a decay for matrices alone",
        "a kernel of a convolution has four axes and decays too: two axes or more",
        _by(lambda _, value: np.ndim(value) == 2),
    ),
    Mistake(
        "decays",
        "a choice by the number of entries",
        "a bias may be long and a matrix small: count axes, not entries",
        _by(lambda _, value: np.size(value) > 2),
    ),
)


def _model(rng, *shapes):
    return {name: rng.normal(size=shape) for name, shape in shapes}


BLOCK = (
    ("embedding.weight", (5, 4)),
    ("norm1.weight", (4,)),
    ("attention.weight", (4, 4)),
    ("attention.bias", (4,)),
    ("head.weight", (1, 2)),
)
CONVOLUTIONS = (("conv.weight", (2, 1, 3, 3)), ("bn.weight", (3,)), ("bn.bias", (3,)), ("temperature", ()))
UNNAMED = (("w", (3, 2)), ("b", (2,)), ("gamma", (6,)), ("biased_coin", (2, 2)), ("normal_map", (2, 3)))


@cache
def decays_cases(seed):
    def case(name, params, hidden=False, **hyper):
        return value(name, decays, DECAYS_MISTAKES, params, atol=1e-12, hidden=hidden, **hyper)

    rng = np.random.default_rng(0)
    secret = np.random.default_rng(seed)
    a, b, c = secret.integers(2, 5, size=3)
    drawn = (("w", (a, b)), ("bias.matrix", (b, a)), ("gain", (7,)), ("norm.weight", (a + 2,)), ("kernel", (a, b, c)))
    return (
        case("a block of a transformer", _model(rng, *BLOCK), weight_decay=0.1),
        case("a convolution with its batch norm", _model(rng, *CONVOLUTIONS), weight_decay=0.05),
        case("names that mislead, weight_decay not given", _model(rng, *UNNAMED)),
        case("a drawn model", _model(secret, *drawn), hidden=True, weight_decay=float(secret.uniform(0.1, 1))),
    )


# --------------------------------------------------------------------------------------------------- a step for a model


def model_path(params, grads, *, lr=1e-3, weight_decay=1e-2):
    """AdamW's closed form on every parameter by itself: a list of dicts, one a step."""
    paths = {
        name: oracles.adamw(value, np.array([g[name] for g in grads]), lr=lr, weight_decay=decay)
        for (name, value), decay in zip(params.items(), decays(params, weight_decay=weight_decay).values())
    }
    return [{name: path[k] for name, path in paths.items()} for k in range(len(grads))]


def _stepping(decay=lambda name, value: np.ndim(value) > 1, rule=rules.adamw.body, remember=True):
    """A wrong step for a model: by other decays, by another rule, or without a memory."""

    def body(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        new, memory = {}, {}
        for name, theta in params.items():
            own = weight_decay * decay(name, theta)
            new[name], memory[name] = rule(theta, grads[name], state.get(name, {}), lr=lr, weight_decay=own)
        return new, memory if remember else {}

    return body


def _one_memory(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
    t, new, memory = state.get("t", 0), {}, {}
    for name, theta in params.items():
        own = {**state.get(name, {}), "t": t}
        decay = weight_decay * (np.ndim(theta) > 1)
        new[name], memory[name] = rules.adamw.body(theta, grads[name], own, lr=lr, weight_decay=decay)
        t += 1
    return new, {**memory, "t": t}


STEP_MISTAKES = (
    Mistake(
        "step",
        "a model whose biases and gains decay",
        "ask decays() how much each one decays",
        _stepping(lambda name, value: True),
    ),
    Mistake(
        "step",
        "a model without decay",
        "ask decays() how much each one decays, and hand that to adamw",
        _stepping(lambda name, value: False),
    ),
    Mistake(
        "step",
        "a model decayed by L2",
        "step with adamw, not with adam_l2",
        _stepping(rule=rules.adam_l2.body),
    ),
    Mistake(
        "step",
        "a model that forgets its memories",
        "return the memory of every parameter under its name",
        _stepping(remember=False),
    ),
    Mistake(
        "step",
        "a model that counts a step for every parameter",
        "every parameter has its own memory, with its own t; none is shared",
        _one_memory,
    ),
    Mistake(
        "step",
        "a model that decays by name",
        'ask decays(), which counts axes: a gain has no "bias" in its name',
        _stepping(lambda name, value: "bias" not in name),
    ),
)


def _model_case(name, params, grads, hidden=False, **hyper):
    first = Call((params, grads[0], {}), hyper)
    calls = (first, *(Call((Ref(k, 0), g, Ref(k, 1)), hyper) for k, g in enumerate(grads[1:])))
    expected = tuple(model_path(params, grads, **hyper))
    atol = STEP_TOL * hyper.get("lr", 1e-3)  # an Adam step is about lr long
    return Case(name, calls, expected, RTOL, atol, hidden, item=0, variants=Variants(STEP_MISTAKES, calls))


@cache
def step_cases(seed):
    rng, secret = np.random.default_rng(1), np.random.default_rng(seed)

    def case(name, rng, shapes, steps, **hyper):
        return _model_case(name, _model(rng, *shapes), [_model(rng, *shapes) for _ in range(steps)], **hyper)

    return (
        case("one step of a weight and a bias", rng, (("weight", (2, 2)), ("bias", (2,))), 1, lr=0.1, weight_decay=0.5),
        case("four steps of a block of a transformer", rng, BLOCK, 4, lr=0.05, weight_decay=0.4),
        case("three steps, nothing given", rng, BLOCK, 3),
        case("a drawn model", secret, BLOCK[1:], 5, hidden=True, lr=0.1, weight_decay=float(secret.uniform(0.2, 0.8))),
    )


# ------------------------------------------------------------------------------------------------------- the conclusion

# The first three are what torch.optim.Adam(weight_decay=...) and AdamW gave in float64;
# see tests/labs/record_torch_07_12.py. The last two have closed forms: h * a / (h + decay) and 1 / decay.
DECAY = {
    "l2_quiet": 10.862128522208325,
    "l2_loud": 0.11094255830801274,
    "adamw_loud": 1.0118899942331319,
    "l2_ends": 20 / 11,
    "adamw_far": 10.0,
}
DECAY_MISTAKES = (
    Mistake(
        "conclusion",
        "quiet and loud swapped",
        "quiet is noise of 0.01, loud is noise of 10",
        lambda: {**DECAY, "l2_quiet": DECAY["l2_loud"], "l2_loud": DECAY["l2_quiet"]},
    ),
    Mistake(
        "conclusion",
        "the targets instead of the ends",
        "asked is where the weights end, not where the loss is least",
        lambda: {**DECAY, "l2_ends": 2.0, "adamw_far": 20.0},
    ),
    Mistake(
        "conclusion",
        "the ends of the other rule",
        "adam_l2 and adamw stand in each other's place",
        lambda: {**DECAY, "l2_ends": 2.0, "adamw_far": 200 / 11},
    ),
)


@cache
def conclusion_cases(seed):
    return numbers("what became of the weights", DECAY, DECAY_MISTAKES)


LAB = Lab(
    "lab08_adamw",
    "AdamW against L2",
    (
        Question(
            "adam_l2",
            3,
            "(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2)",
            "Adam fed the gradient of the loss plus weight_decay / 2 times the squared length of theta.",
            adam_l2_cases,
            of("adam_l2"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "adamw",
            4,
            "(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2)",
            "Shrink theta, then take Adam's step.",
            adamw_cases,
            of("adamw"),
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "decays",
            4,
            "(params, *, weight_decay=1e-2)",
            "How much each parameter of a model decays, by its number of axes.",
            decays_cases,
            DECAYS_MISTAKES,
            "Nothing is computed, so nothing is rounded: 1e-12 would be enough and 1e-5 does no harm.",
        ),
        Question(
            "step",
            4,
            "(params, grads, state, *, lr=1e-3, weight_decay=1e-2)",
            "One step of AdamW for a whole model.",
            step_cases,
            STEP_MISTAKES,
            TOLERANCE,
        ),
        Question(
            "conclusion", 5, "()", "Report five numbers about decay.", conclusion_cases, DECAY_MISTAKES, THREE_FIGURES
        ),
    ),
    minutes=60,
)
