"""Lab 11, a small transformer: its loss, its schedule, its step, and what the recipe is worth."""

from functools import cache
from math import cos, log, pi

import numpy as np

from .. import rules
from ..mistakes import Mistake
from . import lab08, lab09, oracles
from .play import Variants
from .question import Call, Case, Lab, Question, Ref
from .trajectories import RTOL, STEP_TOL, TOLERANCE
from .values import numbers, values
from .values import TOLERANCE as SEVEN_DIGITS

# ------------------------------------------------------------------------------------------------------- cross-entropy


def cross_entropy(logits, targets):
    """The loss from logarithms, row by row; its gradient by the complex step. Nothing is derived."""

    def loss(z):
        top = z.real.max(1)
        return np.mean([np.log(np.exp(row - t).sum()) + t - row[k] for row, t, k in zip(z, top, targets)])

    def along(index):
        z = logits.astype(complex)
        z[index] += 1e-30j
        return loss(z).imag / 1e-30

    grad = np.array([along(index) for index in np.ndindex(logits.shape)]).reshape(logits.shape)
    return {"loss": float(loss(logits.astype(complex)).real), "grad": grad}


def _softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _entropy(softmax=_softmax, mean=True, sign=1, base=1.0, hot=1.0):
    """A wrong pair: by another softmax, a sum for the mean, downhill, another logarithm, without the right answers."""

    def body(logits, targets):
        n, p = len(targets), softmax(logits)
        with np.errstate(all="ignore"):
            loss = -np.log(p[np.arange(n), targets]).sum() / base
        grad = p.copy()
        grad[np.arange(n), targets] -= hot
        return {"loss": loss / (n if mean else 1), "grad": sign * grad / (n if mean else 1)}

    return body


def _unshifted(logits):
    with np.errstate(all="ignore"):
        return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


ENTROPY_MISTAKES = (
    Mistake(
        "cross_entropy",
        "a sum for the mean",
        "the loss is a mean over the rows, and so its gradient",
        _entropy(mean=False),
    ),
    Mistake(
        "cross_entropy",
        "a softmax that overflows",
        "subtract the largest logit of each row before np.exp: it changes nothing but the overflow",
        _entropy(softmax=_unshifted),
    ),
    Mistake(
        "cross_entropy",
        "a gradient that points downhill",
        "it is the softmax minus the right answer, not the other way round",
        _entropy(sign=-1),
    ),
    Mistake(
        "cross_entropy",
        "a gradient without the right answers",
        "subtract 1 from each row's softmax where the right answer stands",
        _entropy(hot=0.0),
    ),
    Mistake(
        "cross_entropy",
        "sums that meet the wrong rows",
        "p.sum(1) has one axis, which NumPy lays along the columns; keep both: p.sum(1, keepdims=True)",
        _entropy(softmax=lambda logits: np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(1)),
    ),
    Mistake(
        "cross_entropy",
        "one softmax for all rows",
        "each row has its own softmax: sum over axis 1 and keep the axis",
        _entropy(softmax=lambda logits: np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()),
    ),
    Mistake(  # before bits: where p rounds to 0 both are infinite, and this is the likelier one
        "cross_entropy",
        "the logarithm of a probability that rounds to 0",
        "take ln p from the logits, after the largest was subtracted: p may round to 0, and its logarithm is infinite",
        _entropy(),
    ),
    Mistake("cross_entropy", "a loss in bits", "the logarithm is the natural one", _entropy(base=log(2))),
)


@cache
def entropy_cases(seed):
    def case(name, rng, n, classes, scale=1.0, hidden=False):
        calls = [Call((scale * rng.normal(size=(n, classes)), rng.integers(0, classes, n)))]
        return values(name, cross_entropy, ENTROPY_MISTAKES, calls, rtol=1e-4, atol=1e-6 / n, hidden=hidden)

    rng = np.random.default_rng(3)
    return (
        case("two rows, two classes", rng, 2, 2),
        case("six rows, four classes", rng, 6, 4),
        case("logits in the thousands", rng, 3, 5, scale=2000.0),
        case("drawn", np.random.default_rng(seed), 8, 3, hidden=True),
    )


# ------------------------------------------------------------------------------------------------------------- schedule


def lr_at(t, *, lr, warmup, steps):
    """The rise and the fall, the lower of the two while it rises; a tenth of the cosine's height is kept."""
    progress = min(1.0, max(0.0, (t - 1 - warmup) / (steps - warmup)))
    return lr * min(t / warmup, 0.1 + 0.9 * cos(pi * progress / 2) ** 2)


def _schedule(rise=lambda t, warmup: t / warmup, progress=None, floor=0.1, end=1.0):
    progress = progress or (lambda t, warmup, steps: (t - 1 - warmup) / (steps - warmup))

    def body(t, *, lr, warmup, steps):
        if t <= warmup:
            return lr * rise(t, warmup)
        return lr * (floor + (1 - floor) * (1 + np.cos(np.pi * min(end, progress(t, warmup, steps)))) / 2)

    return body


SCHEDULE_MISTAKES = (
    Mistake("lr_at", "a fall to 0", "it falls to a tenth of lr and stays there", _schedule(floor=0.0)),
    Mistake(
        "lr_at",
        "a warmup that starts at 0",
        "the first step has t = 1 and lr / warmup; at lr = 0 it is wasted",
        _schedule(rise=lambda t, warmup: (t - 1) / warmup),
    ),
    Mistake("lr_at", "no warmup", "up to t = warmup it rises: lr * t / warmup", _schedule(rise=lambda t, warmup: 1.0)),
    Mistake(
        "lr_at",
        "a cosine that begins with the warmup",
        "its progress is counted from the end of the warmup, over the steps that are left: steps - warmup",
        _schedule(progress=lambda t, warmup, steps: (t - 1) / steps),
    ),
    Mistake(
        "lr_at",
        "a cosine that is one step ahead",
        "at t = warmup + 1 the lr is still full: the progress there is 0",
        _schedule(progress=lambda t, warmup, steps: (t - warmup) / (steps - warmup)),
    ),
    Mistake(
        "lr_at",
        "a cosine that rises again",
        "after the last step it stays at the floor: the progress is 1 at most",
        _schedule(end=np.inf),
    ),
)


@cache
def schedule_cases(seed):
    def case(name, at, hidden=False, **hyper):
        calls = [Call((t,), hyper) for t in at]
        return values(name, lr_at, SCHEDULE_MISTAKES, calls, atol=1e-6 * hyper["lr"], hidden=hidden)

    rng = np.random.default_rng(seed)
    return (
        case("steps 1 to 12 of 12, warmup 4, lr = 1", range(1, 13), lr=1.0, warmup=4, steps=12),
        case("the last step and after it", [12, 13, 14, 20], lr=0.5, warmup=2, steps=12),
        case(
            "drawn", range(1, 34), hidden=True, lr=float(rng.uniform(0.1, 2)), warmup=int(rng.integers(3, 9)), steps=30
        ),
    )


# ----------------------------------------------------------------------------------------------------------- train_step

BETAS = {"beta1": 0.9, "beta2": 0.99}


def model_path(params, grads, *, lr, weight_decay=0.1, max_norm=1.0):
    """AdamW's closed form on every parameter by itself, along clipped gradients: a list of dicts, one a step."""
    clipped = [lab09.clip(g, max_norm) for g in grads]
    decay = lab08.decays(params, weight_decay=weight_decay)
    paths = {
        name: oracles.adamw(value, np.array([g[name] for g in clipped]), lr=lr, weight_decay=decay[name], **BETAS)
        for name, value in params.items()
    }
    return [{name: path[k] for name, path in paths.items()} for k in range(len(grads))]


def _step(clip=lab09.clip, decays=lab08.decays, rule=rules.adamw.body, remember=True, betas=BETAS):
    """A wrong step for a model: clipped or decayed otherwise, by another rule, without a memory, with other betas."""

    def body(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        grads, decay, new, memory = clip(grads, max_norm), decays(params, weight_decay=weight_decay), {}, {}
        for name, value in params.items():
            old = state.get(name, {}) if remember else {}
            new[name], memory[name] = rule(value, grads[name], old, lr=lr, weight_decay=decay[name], **betas)
        return new, memory

    return body


STEP_MISTAKES = (
    Mistake(
        "train_step",
        "a model whose gradients are not clipped",
        "clip all gradients together first",
        _step(lambda g, _: g),
    ),
    Mistake(
        "train_step",
        "short gradients made long",
        "only a norm above max_norm is brought down to it; shorter gradients stay as they are",
        _step(lambda grads, most: lab09.clip({k: 1e9 * g for k, g in grads.items()}, most)),
    ),
    Mistake(
        "train_step",
        "each array clipped by itself",
        "the norm is that of all entries of all arrays together",
        _step(lambda grads, most: {name: lab09.clip({name: g}, most)[name] for name, g in grads.items()}),
    ),
    Mistake(
        "train_step",
        "a model whose biases and gains decay",
        "only arrays with two axes or more decay",
        _step(decays=lambda params, weight_decay: dict.fromkeys(params, weight_decay)),
    ),
    Mistake(
        "train_step",
        "a model without decay",
        "matrices are multiplied by 1 - lr * weight_decay",
        _step(decays=lambda params, weight_decay: dict.fromkeys(params, 0.0)),
    ),
    Mistake(
        "train_step", "a model decayed by L2", "the decay is not part of the gradient", _step(rule=rules.adam_l2.body)
    ),
    Mistake(
        "train_step",
        "a model that forgets its memories",
        "return the memory of every parameter under its name",
        _step(remember=False),
    ),
    Mistake(
        "train_step",
        "a model with Adam's usual beta2",
        "here beta2 is 0.99: a short training cannot wait a thousand steps",
        _step(betas={}),
    ),
)


def _drawn_model(rng):
    shapes = (("token", (4, 3)), ("norm.gain", (3,)), ("up", (3, 5)), ("up.bias", (5,)), ("head", (3, 2)))
    return {name: rng.normal(size=shape) for name, shape in shapes}


@cache
def step_cases(seed):
    def case(name, rng, steps, hidden=False, scale=1.0, **hyper):
        params, grads = _drawn_model(rng), [_drawn_model(rng) for _ in range(steps)]
        grads = [{key: scale * (1 + k) * g for key, g in model.items()} for k, model in enumerate(grads)]
        first = Call((params, grads[0], {}), hyper)
        calls = (first, *(Call((Ref(k, 0), g, Ref(k, 1)), hyper) for k, g in enumerate(grads[1:])))
        expected, atol = tuple(model_path(params, grads, **hyper)), STEP_TOL * hyper["lr"]
        return Case(name, calls, expected, RTOL, atol, hidden, item=0, variants=Variants(STEP_MISTAKES, calls))

    rng, secret = np.random.default_rng(11), np.random.default_rng(seed)
    return (
        case("one step", rng, 1, lr=0.1, weight_decay=0.5),
        case("four steps along short gradients", rng, 4, scale=0.01, lr=0.05),
        case("four steps along long gradients, which grow", rng, 4, lr=0.05, weight_decay=0.4, max_norm=2.5),
        case("drawn", secret, 5, hidden=True, scale=0.5, lr=0.1, weight_decay=float(secret.uniform(0.2, 0.8))),
    )


# ------------------------------------------------------------------------------------------------------- the conclusion

# What the same network and runs gave when written a second time, apart from the notebook. That its network has the
# right gradients and steps as torch does, tests/labs/test_labs_07_12.py finds out.
TRAINED = {
    "start": 3.3693650695911233,
    "recipe": 0.326908661382849,
    "no_warmup": 0.31988962022342443,
    "momentum": 0.34715737961282217,
    "undecayed": 309,
}
TRAINED_MISTAKES = (
    Mistake(
        "conclusion",
        "losses in bits",
        "losses are in nats, as they are printed",
        lambda: {key: number / log(2) if number < 10 else number for key, number in TRAINED.items()},
    ),
    Mistake(
        "conclusion",
        "arrays counted instead of numbers",
        "undecayed counts the numbers in the arrays with fewer than two axes, not the arrays",
        lambda: {**TRAINED, "undecayed": 9},
    ),
    Mistake(
        "conclusion",
        "momentum and Adam swapped",
        "the two stand in each other's place",
        lambda: {**TRAINED, "recipe": TRAINED["momentum"], "momentum": TRAINED["recipe"]},
    ),
)


@cache
def conclusion_cases(seed):
    return numbers("training", TRAINED, TRAINED_MISTAKES, rtol=0.02)


LAB = Lab(
    "lab11_transformer",
    "Train a small transformer",
    (
        Question(
            "cross_entropy",
            4,
            "(logits, targets)",
            "The mean cross-entropy of rows of logits, and its gradient.",
            entropy_cases,
            ENTROPY_MISTAKES,
            SEVEN_DIGITS + " A loss is a sum of such numbers, so it may be off by 1e-4 of itself.",
        ),
        Question(
            "lr_at",
            3,
            "(t, *, lr, warmup, steps)",
            "The learning rate at step t: a linear warmup, then a cosine down to a tenth.",
            schedule_cases,
            SCHEDULE_MISTAKES,
            SEVEN_DIGITS,
        ),
        Question(
            "train_step",
            8,
            "(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0)",
            "One step of the recipe: clip all gradients together, then AdamW, matrices decaying.",
            step_cases,
            STEP_MISTAKES,
            TOLERANCE,
        ),
        Question(
            "conclusion",
            5,
            "()",
            "Report five numbers about a training run.",
            conclusion_cases,
            TRAINED_MISTAKES,
            "Hundreds of steps carry rounding along, so a loss may be off by 2%; the count is exact.",
        ),
    ),
    minutes=85,
)
