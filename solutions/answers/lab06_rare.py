"""Submissions for lab 6, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.verify import worth

REPORT = {"sgd": 0.391, "adagrad": 0.350, "rmsprop": 0.347, "hundredth": 0.1, "burst": 10.0}


def bag(texts, d):
    x = np.zeros((len(texts), d))
    for i, text in enumerate(texts):
        x[i, text] = 1
    return x


def adagrad(theta, g, state, *, lr, eps=1e-10):
    s = g**2 + (state["s"] if state else 0)
    return theta - lr / (np.sqrt(s) + eps) * g, {"s": s}


def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
    v = state.get("v", np.zeros(np.shape(g)))
    v = v + (1 - beta) * (np.square(g) - v)
    return theta - lr * g / (v**0.5 + eps), {"v": v}


def reach(count, *, lr):
    return lr * sum(1 / math.sqrt(i) for i in range(1, count + 1))


ALL = {"bag": bag, "adagrad": adagrad, "rmsprop": rmsprop, "reach": reach, "report": REPORT}


@worth()
def with_arrays():
    return ALL


@worth()
def one_entry_at_a_time():
    def bag(texts, d):
        return np.array([[1 if word in set(text.tolist()) else 0 for word in range(d)] for text in texts])

    def each(theta, g, state, one):
        memories = state.get("all", [0.0] * np.size(theta))
        pairs = [one(x, float(y), m) for x, y, m in zip(np.ravel(theta), np.ravel(g), memories)]
        return np.reshape([x for x, _ in pairs], np.shape(theta)), {"all": [m for _, m in pairs]}

    def adagrad(theta, g, state, *, lr, eps=1e-10):
        return each(theta, g, state, lambda x, y, s: (x - lr * y / (math.sqrt(s + y * y) + eps), s + y * y))

    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        def one(x, y, v):
            v = beta * v + (1 - beta) * y * y
            return x - lr * y / (math.sqrt(v) + eps), v

        return each(theta, g, state, one)

    return {**ALL, **locals(), "report": {"sgd": 0.3913, "adagrad": 0.3499, "rmsprop": 0.347, "hundredth": 0.1, "burst": 10}}


@worth()
def whole_history():
    def bag(texts, d):
        return (texts[:, :, None] == np.arange(d)).any(axis=1).astype(float)

    def adagrad(theta, g, state, *, lr, eps=1e-10):
        seen = [*state.get("seen", []), g]
        return theta - lr * g / (np.sqrt(sum(old**2 for old in seen)) + eps), {"seen": seen}

    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        seen = [*state.get("seen", []), g]
        v = (1 - beta) * sum(beta**age * old**2 for age, old in enumerate(reversed(seen)))
        return theta - lr * g / (np.sqrt(v) + eps), {"seen": seen}

    def reach(count, *, lr):
        theta, state = 0.0, {}
        for _ in range(count):
            theta, state = adagrad(theta, 1.0, state, lr=lr)
        return -theta

    return {**ALL, **locals()}


@worth()
def float32():
    f = np.float32

    def bag(texts, d):
        x = np.zeros((len(texts), d), f)
        np.put_along_axis(x, texts, f(1), axis=1)
        return x

    def adagrad(theta, g, state, *, lr, eps=1e-10):
        s = state.get("s", f(0)) + f(g) * f(g)
        return f(theta) - f(lr) * f(g) / (np.sqrt(s) + f(eps)), {"s": s}

    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        v = f(beta) * state.get("v", f(0)) + (f(1) - f(beta)) * f(g) * f(g)
        return f(theta) - f(lr) * f(g) / (np.sqrt(v) + f(eps)), {"v": v}

    def reach(count, *, lr):
        return f(lr) * (f(1) / np.sqrt(np.arange(1, count + 1, dtype=f))).sum()

    return {**locals(), "report": {key: f(number) for key, number in REPORT.items()}}


@worth()
def in_place_on_own_copies():
    def bag(texts, d):
        x = np.zeros(len(texts) * d)
        x[(texts + d * np.arange(len(texts))[:, None]).ravel()] = 1
        return x.reshape(-1, d)

    def adagrad(theta, g, state, *, lr, eps=1e-10):
        theta, s = np.array(theta, dtype=float), np.array(state.get("s", np.zeros(np.shape(g))))
        s += g * g
        theta -= lr * g / (np.sqrt(s) + eps)
        return theta, {"s": s}

    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        theta, v = np.array(theta, dtype=float), np.array(state.get("square_avg", np.zeros(np.shape(g))))
        v *= beta
        v += (1 - beta) * g * g
        theta -= lr * g / (np.sqrt(v) + eps)
        return theta, {"square_avg": v}

    return {**ALL, **locals()}


# ---------------------------------------------------------------------------------------------------------- wrong ones


@worth(bag=0)
def words_are_counted():
    return {"bag": lambda texts, d: np.array([np.bincount(text, minlength=d) for text in texts])}


@worth(bag=0)
def a_list_of_lists():
    return {"bag": lambda texts, d: bag(texts, d).tolist()}


@worth(adagrad=0)
def the_root_is_forgotten():
    def adagrad(theta, g, state, *, lr, eps=1e-10):
        s = state.get("s", 0) + g * g
        return theta - lr * g / (s + eps), {"s": s}

    return locals()


@worth(adagrad=0)
def one_sum_for_all_weights():
    def adagrad(theta, g, state, *, lr, eps=1e-10):
        s = state.get("s", 0) + np.sum(g * g)
        return theta - lr * g / (np.sqrt(s) + eps), {"s": s}

    return locals()


@worth(adagrad=0)
def it_divides_before_it_adds():
    def adagrad(theta, g, state, *, lr, eps=1e-10):
        s = state.get("s", 0)
        return theta - lr * g / (np.sqrt(s) + eps), {"s": s + g * g}

    return locals()


@worth(rmsprop=0)
def beta_is_written_in():
    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        v = 0.99 * state.get("v", 0) + 0.01 * g * g
        return theta - lr * g / (np.sqrt(v) + eps), {"v": v}

    return locals()


@worth(rmsprop=0)
def rmsprop_is_corrected_as_adam_is():
    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        t, v = state.get("t", 0) + 1, beta * state.get("v", 0) + (1 - beta) * g * g
        return theta - lr * g / (np.sqrt(v / (1 - beta**t)) + eps), {"t": t, "v": v}

    return locals()


@worth(rmsprop=0)
def eps_is_under_the_root():
    def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8):
        v = beta * state.get("v", 0) + (1 - beta) * g * g
        return theta - lr * g / np.sqrt(v + eps), {"v": v}

    return locals()


@worth(reach=0)
def the_root_of_the_count():
    return {"reach": lambda count, *, lr: 2 * lr * math.sqrt(count)}


@worth(reach=2)
def a_word_that_never_came_is_an_error():
    return {"reach": lambda count, *, lr: lr * np.cumsum(np.arange(1, count + 1) ** -0.5)[-1]}


@worth(report=3.6)
def two_numbers_are_swapped():
    return {"report": REPORT | {"hundredth": 10.0, "burst": 0.1}}
