"""Submissions for lab 5, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import numpy as np

from optimlab.labs.verify import worth

REPORT = {"plain": 363, "momentum": 58, "nesterov": 87, "sum": 0.1, "velocity": 0.91}


def momentum_sum(theta, g, state, *, lr, beta=0.9):
    v = g + beta * state["v"] if state else g
    return theta - lr * v, {"v": v}


def momentum_average(theta, g, state, *, lr, beta=0.9):
    old = state.get("m", 0)
    m = old + (1 - beta) * (g - old)
    return theta - lr * m, {"m": m}


def momentum_velocity(theta, g, state, *, lr, beta=0.9):
    u = beta * state.get("u", 0) + lr * g
    return theta - u, {"u": u}


def translate(lr, beta, *, source, target):
    if source == target or "average" not in (source, target):
        return lr
    return lr / (1 - beta) if target == "average" else lr * (1 - beta)


def nesterov(theta, g, state, *, lr, beta=0.9):
    v = beta * state.get("v", 0) + g
    return theta - lr * g - lr * beta * v, {"v": v}


ALL = {
    "momentum_sum": momentum_sum,
    "momentum_average": momentum_average,
    "momentum_velocity": momentum_velocity,
    "translate": translate,
    "nesterov": nesterov,
    "report": REPORT,
}


@worth()
def with_arrays():
    return ALL


@worth()
def one_entry_at_a_time():
    def each(theta, g, state, one):
        memories = state.get("all", [0.0] * np.size(theta))
        pairs = [one(x, y, v) for x, y, v in zip(np.ravel(theta), np.ravel(g), memories)]
        return np.reshape([x for x, _ in pairs], np.shape(theta)), {"all": [v for _, v in pairs]}

    def momentum_sum(theta, g, state, *, lr, beta=0.9):
        return each(theta, g, state, lambda x, y, v: (x - lr * (beta * v + y), beta * v + y))

    def momentum_average(theta, g, state, *, lr, beta=0.9):
        return each(theta, g, state, lambda x, y, m: (x - lr * (beta * m + y - beta * y), beta * m + y - beta * y))

    def momentum_velocity(theta, g, state, *, lr, beta=0.9):
        return each(theta, g, state, lambda x, y, v: (x + beta * v - lr * y, beta * v - lr * y))

    def nesterov(theta, g, state, *, lr, beta=0.9):
        return each(theta, g, state, lambda x, y, v: (x - lr * (y + beta * (beta * v + y)), beta * v + y))

    return {**ALL, **locals()}


@worth()
def whole_history():
    def seen(state, *new):
        return [*state.get("seen", []), new]

    def momentum_sum(theta, g, state, *, lr, beta=0.9):
        past = seen(state, g)
        return theta - lr * sum(beta**age * old for age, (old,) in enumerate(past[::-1])), {"seen": past}

    def momentum_average(theta, g, state, *, lr, beta=0.9):
        past = seen(state, g)
        return theta - lr * sum((1 - beta) * beta**age * old for age, (old,) in enumerate(past[::-1])), {"seen": past}

    def momentum_velocity(theta, g, state, *, lr, beta=0.9):
        past = seen(state, g, lr)
        return theta - sum(beta**age * rate * old for age, (old, rate) in enumerate(past[::-1])), {"seen": past}

    def nesterov(theta, g, state, *, lr, beta=0.9):
        past = seen(state, g)
        return theta - lr * (g + sum(beta ** (age + 1) * old for age, (old,) in enumerate(past[::-1]))), {"seen": past}

    return {**ALL, **locals()}


@worth()
def float32():
    f = np.float32

    def momentum_sum(theta, g, state, *, lr, beta=0.9):
        v = f(beta) * state.get("v", f(0)) + f(g)
        return f(theta) - f(lr) * v, {"v": v}

    def momentum_average(theta, g, state, *, lr, beta=0.9):
        m = f(beta) * state.get("m", f(0)) + (f(1) - f(beta)) * f(g)
        return f(theta) - f(lr) * m, {"m": m}

    def momentum_velocity(theta, g, state, *, lr, beta=0.9):
        v = f(beta) * state.get("v", f(0)) - f(lr) * f(g)
        return f(theta) + v, {"v": v}

    def translate(lr, beta, *, source, target):
        scale = {"sum": f(1), "velocity": f(1), "average": f(1) - f(beta)}
        return f(lr) * scale[source] / scale[target]

    def nesterov(theta, g, state, *, lr, beta=0.9):
        v = f(beta) * state.get("v", f(0)) + f(g)
        return f(theta) - f(lr) * (f(g) + f(beta) * v), {"v": v}

    return {**locals(), "report": {key: f(number) for key, number in REPORT.items()}}


@worth()
def one_by_the_others_and_in_place_on_copies():
    def momentum_sum(theta, g, state, *, lr, beta=0.9):
        theta, v = np.array(theta, dtype=float), np.array(state.get("v", np.zeros(np.shape(g))))
        v *= beta
        v += g
        theta -= lr * v
        return theta, {"v": v}

    def momentum_average(theta, g, state, *, lr, beta=0.9):
        return momentum_sum(theta, g, state, lr=lr * (1 - beta), beta=beta)

    def momentum_velocity(theta, g, state, *, lr, beta=0.9):
        last = state.get("last", theta)
        return theta + beta * (theta - last) - lr * g, {"last": theta}

    def nesterov(theta, g, state, *, lr, beta=0.9):
        _, state = momentum_sum(0 * theta, g, state, lr=1, beta=beta)
        return theta - lr * (g + beta * state["v"]), state

    def translate(lr, beta, *, source, target):
        return lr * (1 - beta) ** ((source == "average") - (target == "average"))

    return {**locals(), "report": REPORT}


# ---------------------------------------------------------------------------------------------------------- wrong ones


@worth(momentum_sum=0)
def the_average_for_the_sum():
    return {"momentum_sum": momentum_average}


@worth(momentum_average=0)
def the_sum_for_the_average():
    return {"momentum_average": momentum_sum}


@worth(momentum_velocity=0)
def the_sum_for_the_velocity():
    return {"momentum_velocity": momentum_sum}


@worth(momentum_sum=0)
def the_velocity_for_the_sum():
    return {"momentum_sum": momentum_velocity}


@worth(momentum_average=0)
def adams_corrected_average():
    def momentum_average(theta, g, state, *, lr, beta=0.9):
        t, m = state.get("t", 0) + 1, beta * state.get("m", 0) + (1 - beta) * g
        return theta - lr * m / (1 - beta**t), {"t": t, "m": m}

    return locals()


@worth(translate=0)
def the_dictionary_turned_round():
    return {"translate": lambda lr, beta, *, source, target: translate(lr, beta, source=target, target=source)}


@worth(translate=0)
def beta_of_a_tenth_is_written_in():
    def translate(lr, beta, *, source, target):
        return lr * {"average": 0.1}.get(source, 1) / {"average": 0.1}.get(target, 1)

    return locals()


@worth(nesterov=0)
def nesterov_is_heavy_ball():
    return {"nesterov": momentum_sum}


@worth(nesterov=0)
def nesterov_with_the_old_velocity():
    def nesterov(theta, g, state, *, lr, beta=0.9):
        old = state.get("v", 0)
        return theta - lr * (g + beta * old), {"v": beta * old + g}

    return locals()


@worth(report=3)
def two_numbers_are_guessed():
    return {"report": REPORT | {"nesterov": 50, "velocity": 0.1}}


@worth(momentum_sum=0, momentum_average=0, momentum_velocity=0, nesterov=0)
def no_memory_anywhere():
    def momentum_sum(theta, g, state, *, lr, beta=0.9):
        return theta - lr * g, state

    momentum_average = momentum_velocity = nesterov = momentum_sum
    return locals()
