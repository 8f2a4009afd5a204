"""Lab 9, schedules, warmup and clipping: how long a step may be, and when."""

from functools import cache

import numpy as np

from ..mistakes import Mistake
from . import oracles
from .question import Call, Lab, Question
from .trajectories import TOLERANCE, trajectory
from .values import THREE_FIGURES, magnitude, numbers, values
from .values import TOLERANCE as SEVEN_DIGITS

# --------------------------------------------------------------------------------------------------- warmup and cosine


def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
    """In mpmath: a square of a cosine, which is what half of 1 + cos comes to."""
    from mpmath import mp, mpf  # SymPy brings it

    with mp.workdps(30):
        if t <= warmup:
            return float(mpf(lr) * t / warmup)
        progress = min(mpf(1), mpf(t - 1 - warmup) / (steps - warmup))
        return float(mpf(floor) + (mpf(lr) - mpf(floor)) * mp.cos(mp.pi * progress / 2) ** 2)


def _cosine(rise=lambda t, warmup: t / warmup, progress=None, shape=None, top=lambda lr, floor: lr - floor, end=1.0):
    """A wrong schedule: another rise, another progress p, another shape of the fall, another height of it."""
    progress = progress or (lambda t, warmup, steps: (t - 1 - warmup) / (steps - warmup))
    shape = shape or (lambda p: (1 + np.cos(np.pi * p)) / 2)

    def body(t, *, lr, warmup, steps, floor=0.0):
        if t <= warmup and rise:
            return lr * rise(t, warmup)
        return floor + top(lr, floor) * shape(min(end, progress(t, warmup, steps)))

    return body


COSINE_MISTAKES = (
    Mistake(
        "warmup_cosine",
        "a warmup that starts at 0",
        "the first step has t = 1 and lr / warmup; at lr = 0 it is wasted",
        _cosine(rise=lambda t, warmup: (t - 1) / warmup),
    ),
    Mistake(
        "warmup_cosine",
        "a warmup that never gets there",
        "at t = warmup the full lr is reached: lr * t / warmup",
        _cosine(rise=lambda t, warmup: t / (warmup + 1)),
    ),
    Mistake(
        "warmup_cosine",
        "a schedule without its warmup",
        "up to t = warmup it rises: lr * t / warmup",
        _cosine(rise=None, progress=lambda t, warmup, steps: max(0.0, (t - 1 - warmup) / (steps - warmup))),
    ),
    Mistake(
        "warmup_cosine",
        "a cosine that begins with the warmup",
        "its progress is counted from the end of the warmup, over the steps that are left: steps - warmup",
        _cosine(progress=lambda t, warmup, steps: (t - 1) / steps),
    ),
    Mistake(
        "warmup_cosine",
        "a cosine that is one step ahead",
        "at t = warmup + 1 the lr is still full: the progress there is 0",
        _cosine(progress=lambda t, warmup, steps: (t - warmup) / (steps - warmup)),
    ),
    Mistake(
        "warmup_cosine",
        "a cosine that rises again",
        "after the last step it stays at the floor: the progress is 1 at most",
        _cosine(end=np.inf),
    ),
    Mistake(
        "warmup_cosine",
        "a cosine that is not halved",
        "1 + cos starts at 2: divide by 2",
        _cosine(shape=lambda p: 1 + np.cos(np.pi * p)),
    ),
    Mistake(
        "warmup_cosine",
        "a quarter of a cosine",
        "it is half a wave, from 1 to -1, lifted and halved: (1 + cos(pi * p)) / 2",
        _cosine(shape=lambda p: np.cos(np.pi * p / 2)),
    ),
    Mistake(
        "warmup_cosine",
        "a straight line",
        "the fall has the shape of a cosine: (1 + cos(pi * p)) / 2",
        _cosine(shape=lambda p: 1 - p),
    ),
    Mistake(
        "warmup_cosine",
        "a floor that is added on top",
        "it falls from lr to the floor, so what is scaled is lr - floor",
        _cosine(top=lambda lr, floor: lr),
    ),
)


def _rows(name, oracle, known, at, hidden=False, **hyper):
    calls = [Call((t,), hyper) for t in at]
    return values(name, oracle, known, calls, atol=1e-6 * hyper["lr"], hidden=hidden)


@cache
def cosine_cases(seed):
    def case(name, at, hidden=False, **hyper):
        return _rows(name, warmup_cosine, COSINE_MISTAKES, at, hidden, **hyper)

    rng = np.random.default_rng(seed)
    warmup, steps = int(rng.integers(3, 9)), int(rng.integers(20, 40))
    return (
        case("steps 1 to 12 of 12, warmup 4, lr = 1", range(1, 13), lr=1.0, warmup=4, steps=12),
        case("the first step after the warmup", [5], lr=0.5, warmup=4, steps=12),
        case("after the last step", [13, 14, 20, 24], lr=1.0, warmup=4, steps=12),
        case("down to a floor of 0.1", [3, 6, 9, 12, 13, 30], lr=1.0, warmup=2, steps=12, floor=0.1),
        case("without a warmup", [1, 2, 5, 10, 11], lr=0.3, warmup=0, steps=10),
        case(
            "a drawn schedule",
            range(1, steps + 4),
            hidden=True,
            lr=float(rng.uniform(0.1, 2)),
            warmup=warmup,
            steps=steps,
            floor=float(rng.uniform(0.01, 0.05)),
        ),
    )


# ----------------------------------------------------------------------------------------------- warmup, stable, decay


def wsd(t, *, lr, warmup, steps, decay):
    """The lowest of three straight lines: the rise, the plateau, the fall; never below 0."""
    rise = lr * t / warmup if warmup else lr
    return max(0.0, min(rise, lr, lr * (steps + 1 - t) / decay))


def _wsd(rise=lambda t, warmup: t / warmup, fall=None):
    fall = fall or (lambda t, steps, decay: max(0.0, (steps + 1 - t) / decay))

    def body(t, *, lr, warmup, steps, decay):
        if t <= warmup:
            return lr * rise(t, warmup)
        return lr if t <= steps - decay else lr * fall(t, steps, decay)

    return body


WSD_MISTAKES = (
    Mistake(
        "wsd",
        "a fall that is one step ahead",
        "the first of the last steps is still taken at the full lr: lr * (steps + 1 - t) / decay",
        _wsd(fall=lambda t, steps, decay: max(0.0, (steps - t) / decay)),
    ),
    Mistake(
        "wsd",
        "a fall that goes on below 0",
        "after the last step the lr stays at 0",
        _wsd(fall=lambda t, steps, decay: (steps + 1 - t) / decay),
    ),
    Mistake(
        "wsd",
        "a plateau without a fall",
        "over the last `decay` steps the lr goes straight down to 0",
        _wsd(fall=lambda t, steps, decay: 1.0),
    ),
    Mistake(
        "wsd",
        "a drop instead of a fall",
        "the lr goes down in a straight line, not at once",
        _wsd(fall=lambda t, steps, decay: 0.0),
    ),
    Mistake(
        "wsd",
        "a fall over all the steps",
        "the fall takes `decay` steps: divide by decay",
        _wsd(fall=lambda t, steps, decay: max(0.0, (steps + 1 - t) / steps)),
    ),
    Mistake(
        "wsd",
        "a warmup that starts at 0",
        "the first step has t = 1 and lr / warmup; at lr = 0 it is wasted",
        _wsd(rise=lambda t, warmup: (t - 1) / warmup),
    ),
    Mistake(
        "wsd",
        "a plateau without a warmup",
        "up to t = warmup it rises: lr * t / warmup",
        _wsd(rise=lambda t, warmup: 1.0),
    ),
)


@cache
def wsd_cases(seed):
    def case(name, at, hidden=False, **hyper):
        return _rows(name, wsd, WSD_MISTAKES, at, hidden, **hyper)

    rng = np.random.default_rng(seed)
    warmup, steps, decay = int(rng.integers(3, 8)), int(rng.integers(25, 40)), int(rng.integers(5, 12))
    return (
        case("steps 1 to 12 of 12, warmup 3, decay 4, lr = 1", range(1, 13), lr=1.0, warmup=3, steps=12, decay=4),
        case("the last step and after it", [12, 13, 14, 20], lr=1.0, warmup=3, steps=12, decay=4),
        case("without a warmup", [1, 2, 6, 8, 9, 10], lr=0.3, warmup=0, steps=10, decay=5),
        case(
            "a drawn schedule",
            range(1, steps + 4),
            hidden=True,
            lr=float(rng.uniform(0.1, 2)),
            warmup=warmup,
            steps=steps,
            decay=decay,
        ),
    )


# ------------------------------------------------------------------------------------------------------------ clipping


def clip(grads, max_norm):
    """All entries as one vector; the longest that keeps its direction and lies in the ball."""
    flat = np.concatenate([np.ravel(g) for g in grads.values()])
    length = float(np.linalg.norm(flat))
    share = max_norm / max(length, max_norm)
    return {name: share * np.asarray(g, dtype=float) for name, g in grads.items()}


def _length(grads):
    return np.sqrt(sum((np.asarray(g) ** 2).sum() for g in grads.values()))


CLIP_MISTAKES = (
    Mistake(
        "clip",
        "each array clipped by itself",
        "the norm is that of all entries of all arrays together; else the direction changes",
        lambda grads, max_norm: {name: clip({name: g}, max_norm)[name] for name, g in grads.items()},
    ),
    Mistake(
        "clip",
        "norms added up",
        "norms do not add: take the root of the sum of all squares, over all arrays",
        lambda grads, max_norm: {
            name: np.asarray(g) * min(1.0, max_norm / max(sum(map(np.linalg.norm, grads.values())), 1e-300))
            for name, g in grads.items()
        },
    ),
    Mistake(
        "clip",
        "entries clipped one by one",
        "all entries are multiplied by the same number, so that the direction stays",
        lambda grads, max_norm: {name: np.clip(g, -max_norm, max_norm) for name, g in grads.items()},
    ),
    Mistake(
        "clip",
        "gradients that are always rescaled",
        "a gradient that is short enough stays as it is",
        lambda grads, max_norm: {name: np.asarray(g) * (max_norm / _length(grads)) for name, g in grads.items()},
    ),
    Mistake(
        "clip",
        "a norm without its root",
        "the norm is the root of the sum of all squares",
        lambda grads, max_norm: {
            name: np.asarray(g) * min(1.0, max_norm / max(_length(grads) ** 2, 1e-300)) for name, g in grads.items()
        },
    ),
    Mistake(
        "clip",
        "long gradients thrown away",
        "a long gradient is shortened to max_norm, not left out",
        lambda grads, max_norm: {name: np.asarray(g) * (_length(grads) <= max_norm) for name, g in grads.items()},
    ),
    Mistake(
        "clip",
        "gradients that are never clipped",
        "multiply all of them by max_norm / norm where norm is larger",
        lambda grads, max_norm: dict(grads),
    ),
)


@cache
def clip_cases(seed):
    def case(name, grads, max_norm, hidden=False, before=()):
        calls, atol = [*before, Call((grads, max_norm))], 1e-6 * magnitude(*grads.values())
        return values(name, clip, CLIP_MISTAKES, calls, atol=atol, hidden=hidden)

    rng, secret = np.random.default_rng(0), np.random.default_rng(seed)
    zero = {"w": np.zeros((2, 2)), "b": np.zeros(2)}

    def model(rng):
        return {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "gain": rng.normal(size=())}

    return (
        case("norm 5, to be 2.5", {"w": np.array([3.0]), "b": np.array([4.0])}, 2.5),
        case("norm 0.5, to be 1 at most", {"w": np.array([0.3]), "b": np.array([-0.4])}, 1.0),
        case("a model, to be 1", model(rng), 1.0),
        case("a model that is short enough", model(rng), 100.0),
        case(
            "no gradient at all, then some",
            {"w": np.array([3.0]), "b": np.array([4.0])},
            1.0,
            before=[Call((zero, 1.0))],
        ),
        case("a drawn model", model(secret), float(secret.uniform(0.2, 0.8)), hidden=True),
    )


# ------------------------------------------------------------------------------------------------- a step that is safe


def _kept(gradients, max_norm):
    """The gradients that are stepped along, clipped; of those that are not finite nothing is left."""
    finite = [np.asarray(g, dtype=float) for g in gradients if np.isfinite(g).all()]
    return [clip({"g": g}, max_norm)["g"] for g in finite]


def safe_path(theta, gradients, *, lr, beta=0.9, max_norm=1.0):
    """Momentum's closed form along what is kept; a step that is skipped repeats theta."""
    kept = _kept(gradients, max_norm)
    path = [
        np.asarray(theta, dtype=float),
        *(oracles.momentum(theta, np.array(kept), lr=lr, beta=beta) if kept else []),
    ]
    return np.array([path[k] for k in np.cumsum([np.isfinite(g).all() for g in gradients])])


def _safe(gradient, skip=True, decays=False):
    """A wrong safe step, from what it makes of the gradient and whether it skips."""

    def body(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        v = state.get("v", 0)
        if skip and not np.isfinite(g).all():
            v = beta * v if decays else v
            return theta - (lr * v if decays else 0), {"v": v}
        v = beta * v + gradient(np.asarray(g, dtype=float), max_norm)
        return theta - lr * v, {"v": v}

    return body


def _clipped(g, max_norm):
    return g * min(1.0, max_norm / max(float(np.sqrt((g * g).sum())), 1e-300))


def _velocity_clipped(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
    if not np.isfinite(g).all():
        return theta, state
    v = _clipped(beta * state.get("v", 0) + np.asarray(g, dtype=float), max_norm)
    return theta - lr * v, {"v": v}


SAFE_MISTAKES = (
    Mistake(
        "safe_momentum",
        "a step along a gradient that is not finite",
        "clipping does not help there, NaN times anything is NaN: return theta and state as they came",
        _safe(_clipped, skip=False),
    ),
    Mistake(
        "safe_momentum",
        "a gradient that is not clipped",
        "shorten g to max_norm before it enters the velocity",
        _safe(lambda g, max_norm: g),
    ),
    Mistake(
        "safe_momentum",
        "a velocity that is clipped instead of the gradient",
        "g is clipped, before it enters the velocity; the velocity may grow to 1 / (1 - beta) times that",
        _velocity_clipped,
    ),
    Mistake(
        "safe_momentum",
        "entries clipped one by one",
        "all entries are multiplied by the same number, so that the direction stays",
        _safe(lambda g, max_norm: np.clip(g, -max_norm, max_norm)),
    ),
    Mistake(
        "safe_momentum",
        "a skipped step that still rolls on",
        "a step that is skipped is no step: theta and state stay as they came",
        _safe(_clipped, decays=True),
    ),
    Mistake(
        "safe_momentum",
        "a NaN taken for 0",
        "NaN in one entry makes the whole gradient worthless: skip the step, do not set entries to 0",
        _safe(lambda g, max_norm: _clipped(np.nan_to_num(g, posinf=0, neginf=0), max_norm), skip=False),
    ),
)


@cache
def safe_cases(seed):
    def case(name, theta, gradients, hidden=False, **hyper):
        return trajectory(name, safe_path, SAFE_MISTAKES, theta, gradients, hidden, **hyper)

    def drawn(rng, steps):
        gradients = list(rng.normal(size=(steps, 3)))
        gradients[2] = np.array([1.0, np.nan, 0.5])
        return rng.normal(size=3), gradients

    rng, secret = np.random.default_rng(2), np.random.default_rng(seed)
    one = np.array([3.0, -4.0])
    return (
        case("one step along a gradient of length 5", np.zeros(2), [one], lr=0.1),
        case("three steps along short gradients", np.ones(2), [one / 50, -one / 10, one / 20], lr=0.1, beta=0.5),
        case("a NaN between two gradients", np.ones(2), [one, one * [np.nan, 1], one], lr=0.1, max_norm=2.0),
        case("an infinite gradient", np.ones(2), [one, one * [np.inf, 1], one, one], lr=0.2, beta=0.8, max_norm=3.0),
        case("six steps of a vector", *drawn(rng, 6), lr=0.1, max_norm=0.7),
        case(
            "drawn steps", *drawn(secret, 7), hidden=True, lr=float(secret.uniform(0.05, 0.5)), beta=0.7, max_norm=0.8
        ),
    )


# ------------------------------------------------------------------------------------------------------- the conclusion

# What optimlab.schedules and NumPy's generator give for the two experiments; tests/labs/test_labs_07_12.py runs them,
# and holds the first three against the exact recursion for the mean square, E x_t^2 = (1 - lr)^2 E x_{t-1}^2 + lr^2.
SCHEDULED = {
    "constant": 0.055676412014446716,
    "cosine": 0.004300233187406747,
    "wsd": 0.01023710295330976,
    "plain_rates": 5,
    "warm_rates": 12,
}
SCHEDULED_MISTAKES = (
    Mistake(
        "conclusion",
        "cosine and wsd swapped",
        "the second row is cosine's, the third wsd's",
        lambda: {**SCHEDULED, "cosine": SCHEDULED["wsd"], "wsd": SCHEDULED["cosine"]},
    ),
    Mistake(
        "conclusion",
        "the mean square instead of the loss",
        "the loss is half the square",
        lambda: {key: number * (1 if key.endswith("rates") else 2) for key, number in SCHEDULED.items()},
    ),
    Mistake(
        "conclusion",
        "the rates that fail",
        "count the rates that arrive",
        lambda: {key: 17 - number if key.endswith("rates") else number for key, number in SCHEDULED.items()},
    ),
)


@cache
def conclusion_cases(seed):
    return numbers("the schedules", SCHEDULED, SCHEDULED_MISTAKES)


LAB = Lab(
    "lab09_schedules",
    "Schedules, warmup, clipping",
    (
        Question(
            "warmup_cosine",
            4,
            "(t, *, lr, warmup, steps, floor=0.0)",
            "The learning rate at step t: a linear warmup, then half a cosine down to the floor.",
            cosine_cases,
            COSINE_MISTAKES,
            SEVEN_DIGITS,
        ),
        Question(
            "wsd",
            3,
            "(t, *, lr, warmup, steps, decay)",
            "The learning rate at step t: a linear warmup, a plateau, a straight fall over the last steps.",
            wsd_cases,
            WSD_MISTAKES,
            SEVEN_DIGITS,
        ),
        Question(
            "clip",
            4,
            "(grads, max_norm)",
            "Gradients shortened together to max_norm where they are longer.",
            clip_cases,
            CLIP_MISTAKES,
            SEVEN_DIGITS + " PyTorch adds 1e-6 to the norm it divides by, which changes less than that.",
        ),
        Question(
            "safe_momentum",
            4,
            "(theta, g, state, *, lr, beta=0.9, max_norm=1.0)",
            "Momentum along clipped gradients, which skips those that are not finite.",
            safe_cases,
            SAFE_MISTAKES,
            TOLERANCE,
            arrays=True,
        ),
        Question(
            "conclusion",
            5,
            "()",
            "Report five numbers about schedules.",
            conclusion_cases,
            SCHEDULED_MISTAKES,
            THREE_FIGURES,
        ),
    ),
    minutes=65,
)
