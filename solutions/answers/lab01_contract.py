"""Submissions for lab 1, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.verify import worth

PENALTY = 0.05
REPORT = {"forward_order": 1, "central_order": 2, "forward_best": -8, "central_best": -5, "wrong_first": 0, "wrong_last": 3}


def loss(theta, x, y):
    return np.logaddexp(0, -y * (x @ theta)).mean() + PENALTY / 2 * (theta[1:] ** 2).sum()


def decaying(theta, g, state, *, lr):
    t = state.get("t", 0) + 1
    return theta - lr / t * g, {"t": t}


def numerical(theta, x, y, *, h=1e-5):
    return np.array([(loss(theta + h * e, x, y) - loss(theta - h * e, x, y)) / (2 * h) for e in np.eye(len(theta))])


def gradient(theta, x, y):
    decay = PENALTY * theta
    decay[0] = 0
    return (x * (-y / (1 + np.exp(y * (x @ theta))))[:, None]).mean(0) + decay


def relative_error(a, b):
    top = max(np.sqrt((a**2).sum()), np.sqrt((b**2).sum()))
    return np.sqrt(((a - b) ** 2).sum()) / top if top > 0 else 0.0


ALL = {
    "decaying": decaying,
    "numerical": numerical,
    "gradient": gradient,
    "relative_error": relative_error,
    "report": REPORT,
}


@worth()
def with_arrays():
    return ALL


@worth()
def one_entry_at_a_time():
    def decaying(theta, g, state, *, lr):
        n = len(state.get("seen", []))
        flat = [a - lr * b / (n + 1) for a, b in zip(np.ravel(theta), np.ravel(g))]
        return np.reshape(flat, np.shape(theta)), {"seen": [*state.get("seen", []), 1]}

    def numerical(theta, x, y, *, h=1e-5):
        slopes = []
        for j in range(len(theta)):
            up, down = theta.copy(), theta.copy()
            up[j] += h
            down[j] -= h
            slopes.append((loss(up, x, y) - loss(down, x, y)) / (up[j] - down[j]))
        return np.array(slopes)

    def gradient(theta, x, y):
        total = [0.0] * len(theta)
        for row, label in zip(x, y):
            margin = label * sum(a * b for a, b in zip(row, theta))
            pull = -label / (1 + math.exp(min(margin, 700)))
            total = [s + pull * a / len(y) for s, a in zip(total, row)]
        return np.array([s + (PENALTY * w if j else 0) for j, (s, w) in enumerate(zip(total, theta))])

    def relative_error(a, b):
        a, b = np.ravel(a).tolist(), np.ravel(b).tolist()
        top = max(math.hypot(*a), math.hypot(*b))
        return math.hypot(*[p - q for p, q in zip(a, b)]) / top if top else 0

    return {**locals(), "report": {key: float(number) for key, number in REPORT.items()}}


@worth()
def float32_where_it_may_be():
    f = np.float32

    def decaying(theta, g, state, *, lr):
        t = state.get("t", 0) + 1
        return f(theta) - f(lr) / f(t) * f(g), {"t": t}

    def gradient(theta, x, y):
        theta, x, y = f(theta), f(x), f(y)
        decay = f(PENALTY) * theta * (np.arange(len(theta)) > 0)
        return -(y / (1 + np.exp(y * (x @ theta)))) @ x / f(len(y)) + decay

    def relative_error(a, b):
        a, b = f(a), f(b)
        top = max(np.linalg.norm(a), np.linalg.norm(b))
        return np.linalg.norm(a - b) / top if top else f(0)

    return {**ALL, **locals()}


@worth()
def in_place_on_own_copies():
    def decaying(theta, g, state, *, lr):
        state, theta = dict(state), np.array(theta, dtype=float)
        state["t"] = state.get("t", 0) + 1
        theta -= lr * g / state["t"]
        return theta, state

    def numerical(theta, x, y, *, h=1e-5):
        theta, slopes = theta.copy(), np.zeros(len(theta))
        for j in range(len(theta)):
            kept = theta[j]
            theta[j] = kept + h
            slopes[j] = loss(theta, x, y)
            theta[j] = kept - h
            slopes[j] -= loss(theta, x, y)
            theta[j] = kept
        slopes /= 2 * h
        return slopes

    def gradient(theta, x, y):
        g = theta.copy()
        g[0] = 0
        g *= PENALTY
        g -= x.T @ (y * (1 - 1 / (1 + np.exp(-y * (x @ theta))))) / len(y)
        return g

    return {**ALL, **locals()}


@worth()
def with_the_sigmoid_and_a_sum_kept():
    def decaying(theta, g, state, *, lr):
        start, total, t = state.get("all", (theta, 0, 0))
        total, t = total + g / (t + 1), t + 1
        return start - lr * total, {"all": (start, total, t)}

    def gradient(theta, x, y):
        chance = np.exp(-np.logaddexp(0, -(x @ theta)))
        return x.T @ (chance - (y > 0)) / len(y) + PENALTY * np.append(0, theta[1:])

    def relative_error(a, b):
        a, b = np.ravel(a), np.ravel(b)
        if not (a.any() or b.any()):
            return 0.0
        return (((a - b) @ (a - b)) / max(a @ a, b @ b)) ** 0.5

    return {**ALL, **locals()}


# ---------------------------------------------------------------------------------------------------------- wrong ones


@worth(decaying=0)
def the_state_is_not_handed_back():
    return {"decaying": lambda theta, g, state, *, lr: (theta - lr / (state.get("t", 0) + 1) * g, {})}


@worth(decaying=0)
def time_is_kept_in_a_global():
    count = iter(range(1, 10**6))
    return {"decaying": lambda theta, g, state, *, lr: (theta - lr / next(count) * g, {})}


@worth(numerical=0)
def one_side_only():
    def numerical(theta, x, y, *, h=1e-5):
        return np.array([(loss(theta + h * e, x, y) - loss(theta, x, y)) / h for e in np.eye(len(theta))])

    return locals()


@worth(numerical=0)
def the_step_is_written_in():
    def numerical(theta, x, y, *, h=1e-5):
        h = 1e-5
        return np.array([(loss(theta + h * e, x, y) - loss(theta - h * e, x, y)) / (2 * h) for e in np.eye(len(theta))])

    return locals()


@worth(gradient=0)
def the_intercept_is_penalised():
    return {"gradient": lambda theta, x, y: -(y / (1 + np.exp(y * (x @ theta)))) @ x / len(y) + PENALTY * theta}


@worth(gradient=3)
def it_overflows():
    def gradient(theta, x, y):
        e = np.exp(-y * (x @ theta))
        return -(y * e / (1 + e)) @ x / len(y) + PENALTY * np.append(0, theta[1:])

    return locals()


@worth(gradient=0)
def a_column_too_many():
    return {"gradient": lambda theta, x, y: gradient(theta, x, y)[:, None]}


@worth(relative_error=1)
def zero_by_zero():
    return {"relative_error": lambda a, b: np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b))}


@worth(relative_error=0)
def the_mean_of_the_entries_errors():
    return {"relative_error": lambda a, b: np.mean(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8))}


@worth(report=3.333333)
def two_numbers_are_wrong():
    return {"report": REPORT | {"central_best": -8, "wrong_last": 2}}


@worth(report=0.833333)
def one_number_is_filled_in():
    return {"report": {**dict.fromkeys(REPORT), "forward_order": 1}}
