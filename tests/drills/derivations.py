"""Each answer once more, on another way: the shipped rule run, a sum added up, a root searched; never the reference.

``DERIVED[name]`` is a function of the symbols of an expression, of nothing for a number, of a case for a function; for
a choice it gives the truth of each option. ``SAID[label]`` derives the numbers that hints and sentences quote.
"""

import itertools
import math

import numpy as np

from optimlab import rules, schedules
from optimlab.descent import clip_by_norm

DERIVED, SAID = {}, {}


def derives(name, within=1e-6):
    """Mark the derivation of the ask ``name``, good to the relative accuracy ``within``."""

    def mark(derivation):
        assert name not in DERIVED
        derivation.within = within
        DERIVED[name] = derivation
        return derivation

    return mark


def run(rule, gradients, theta=0.0, **hyper):
    """The parameters after each of the gradients, and the last memory; a gradient may be a function of theta."""
    path, state = [theta], {}
    for g in gradients:
        theta, state = rule(theta, g(theta) if callable(g) else g, state, **hyper)
        path.append(theta)
    return path, state


def steps(path):
    return [before - after for before, after in itertools.pairwise(path)]


def least(f, low, high, rounds=90):
    """Where a function with one valley is least, by ternary search."""
    for _ in range(rounds):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if f(left) < f(right) else (left, high)
    return (low + high) / 2


def root(f, low, high):
    """Where f changes its sign, by bisection."""
    assert (f(low) > 0) != (f(high) > 0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (f(middle) > 0) == (f(low) > 0) else (low, middle)
    return (low + high) / 2


def linear(rule, h=1.0, **hyper):
    """The matrix of one step of a rule on h theta^2/2, in the variables (theta, v), read off by running it."""
    columns = []
    for theta, v in ((1.0, 0.0), (0.0, 1.0)):
        after, state = rule(theta, h * theta, {"v": v}, **hyper)
        columns.append([after, state["v"]])
    return np.array(columns).T


def radius(matrix):
    return max(abs(np.linalg.eigvals(matrix)))


def variance(matrix, noise):
    """The stationary variance of theta under x -> matrix x + noise, by repeated squaring of the sum."""
    total, power = np.outer(noise, noise), matrix
    for _ in range(40):
        total, power = total + power @ total @ power.T, power @ power
    return total[0, 0]


# Chapter 1: gradient descent


def on_square(steps, lr):
    """theta^2 from 1."""
    return run(rules.sgd, [lambda theta: 2 * theta] * steps, 1.0, lr=lr)[0][-1]


@derives("ex-gd-by-hand-a")
def _():
    return on_square(2, 0.1)


@derives("ex-gd-by-hand-b")
def _():
    return root(lambda lr: on_square(1, lr), 0.1, 0.9)


@derives("ex-gd-by-hand-c")
def _():
    return root(lambda lr: abs(on_square(50, lr)) - 1, 0.7, 1.5)


def worst(lr, h1, hn):
    return max(abs(rules.sgd(1.0, h, lr=lr)[0]) for h in (h1, hn))


@derives("ex-gd-best-a")
def _(h1, hn):
    return least(lambda lr: worst(lr, h1, hn), 0, 2 / h1)


@derives("ex-gd-best-b")
def _(kappa):
    return worst(least(lambda lr: worst(lr, 1, kappa), 0, 2), 1, kappa)


@derives("ex-gd-units")
def _(c, eta):
    """Her learning rate from the secant through two trials: her step is proportional to it."""
    mine = 1 - rules.sgd(1.0, 0.7, lr=eta)[0]
    hers = (c - rules.sgd(c, 0.7 / c, lr=1.0)[0]) / c
    return mine / hers


@derives("ex-gd-descent-a", within=1e-5)
def _(G, hn):
    """The loss that falls least under the lemma's conditions is the quadratic of curvature hn: try every lr."""
    start = G / hn
    drop = lambda lr: hn / 2 * (start**2 - rules.sgd(start, G, lr=lr)[0] ** 2)  # noqa: E731
    return drop(least(lambda lr: -drop(lr), 0, 2 / hn))


@derives("ex-gd-descent-b")
def _():
    """Two losses of curvature at most 3 at the edge 2/3: one stays, one falls; none of a thousand rises."""
    after = [h / 2 * rules.sgd(1.0, h, lr=2 / 3)[0] ** 2 - h / 2 for h in np.linspace(0, 3, 1000)]
    stays, falls, rises = abs(after[-1]) < 1e-12, min(after) < -0.1, max(after) > 1e-12
    return [stays and falls and not rises, not stays, rises]


def steps_to_a_thousandth(lr, kappa=100):
    distance, n = {1.0: 1.0, float(kappa): 1.0}, 0
    while max(map(abs, distance.values())) > 1e-3:
        distance, n = {h: rules.sgd(x, h * x, lr=lr)[0] for h, x in distance.items()}, n + 1
    return n


@derives("ex-gd-steps-a", within=3e-3)
def _():
    return steps_to_a_thousandth(least(lambda lr: worst(lr, 1, 100), 0, 2))


@derives("ex-gd-steps-b", within=3e-3)
def _():
    return steps_to_a_thousandth(1 / 100)


@derives("ex-gd-path")
def _(theta, h, lr, steps):
    return run(rules.sgd, [lambda x: h * x] * steps, theta, lr=lr)[0]


# Chapter 2: SGD


def means(sigma, draws):
    """The variance of the means of all possible draws of ``sigma``-spread numbers, each draw as likely."""
    values = [np.mean(draw) for draw in draws]
    return float(np.var(values))


def spread(sigma, N):
    numbers = np.arange(N) ** 1.5
    return list((numbers - numbers.mean()) / numbers.std() * sigma)


@derives("ex-sgd-variance-a")
def _(sigma, N, b):
    return means(sigma, itertools.product(spread(sigma, N), repeat=b))


@derives("ex-sgd-variance-b")
def _(sigma, N, b):
    return means(sigma, itertools.combinations(spread(sigma, N), b))


def floor(eta, h, s):
    """The stationary variance of sgd, from the two numbers that make a step: what is kept, what noise adds."""
    kept, added = rules.sgd(1.0, h, lr=eta)[0], rules.sgd(0.0, s, lr=eta)[0]
    return variance(np.array([[kept]]), np.array([added]))


@derives("ex-sgd-floor-a")
def _(eta, h, s):
    return floor(eta, h, s)


@derives("ex-sgd-floor-b", within=1e-4)
def _(eps, s):
    h = 1e-5
    return root(lambda eta: h / 2 * floor(eta, h, s) - eps, eps / s**2, 10 * eps / s**2)


@derives("ex-sgd-mean-a")
def _():
    theta = 99.0
    for t, x in enumerate([3, 5, 10], 1):
        theta = rules.sgd(theta, theta - x, lr=1 / t)[0]
    return theta


@derives("ex-sgd-mean-b")
def _(eta, k):
    """One number 1, k steps ago, the others 0."""
    return run(rules.sgd, [lambda theta, x=x: theta - x for x in [1.0] + [0.0] * k], lr=eta)[0][-1]


@derives("ex-sgd-decay-a")
def _(**where):
    eta, decay, T = where["eta"], where["lambda"], where["T"]
    return run(rules.sgd, [0.0] * T, 1.0, lr=eta, weight_decay=decay)[0][-1]


@derives("ex-sgd-decay-b", within=2e-3)
def _():
    T, decay = 20000, math.log(100) / 20000
    theta = 1.0
    for t in range(T):
        theta = rules.sgd(theta, 0.0, lr=(1 + math.cos(math.pi * t / T)) / 2, weight_decay=decay)[0]
    return theta


@derives("ex-sgd-batch-a")
def _():
    numbers = spread(1.0, 4)
    return math.sqrt(
        means(1.0, itertools.product(numbers, repeat=4)) / means(1.0, itertools.product(numbers, repeat=1))
    )


@derives("ex-sgd-batch-b", within=1e-4)
def _():
    return floor(0.1, 1e-5, 0.5) / floor(0.1, 1e-5, 1.0)


@derives("ex-sgd-batch-c", within=1e-4)
def _():
    return root(lambda grown: floor(0.1 * grown, 1e-5, 0.5) - floor(0.1, 1e-5, 1.0), 0.1, 30) / 1


# Chapter 3: momentum


def weights(beta, count):
    """What each of ``count`` gradients weighs in the velocity, the newest first."""
    return [run(rules.momentum, [1.0] + [0.0] * k, lr=1.0, beta=beta)[1]["v"] for k in range(count)]


def total(beta, count):
    return run(rules.momentum, [1.0] * count, lr=1.0, beta=beta)[1]["v"]


@derives("ex-momentum-ema-a")
def _(beta):
    return 1 / total(beta, 1000)


@derives("ex-momentum-ema-b")
def _(beta, t):
    return total(beta, t) / total(beta, 1000)


@derives("ex-momentum-ema-c")
def _(eta, beta):
    """The average, by its own recursion, and the sum, by the rule, on the same gradients."""
    m, gradients = 0.0, [1.0, -0.5, 2.0]
    for g in gradients:
        m = beta * m + (1 - beta) * g
    return eta * m / run(rules.momentum, gradients, lr=1.0, beta=beta)[1]["v"]


@derives("ex-momentum-memory-a")
def _():
    return root(lambda beta: run(rules.momentum, [1.0] + [0.0] * 20, lr=1.0, beta=beta)[1]["v"] - 0.5, 0.1, 0.999)


@derives("ex-momentum-memory-b")
def _(beta, n):
    return sum(weights(beta, n)) / total(beta, 1000)


@derives("ex-momentum-memory-c")
def _():
    found = steps(run(rules.momentum, [1.0] * 5000, lr=1.0, beta=0.99)[0])
    return next(n for n, v in enumerate(found, 1) if v >= 0.95 * found[-1])


@derives("ex-momentum-memory-d")
def _():
    return total(0.99, 5000) / total(0.9, 5000)


@derives("ex-momentum-stability-a")
def _(beta, h):
    return root(lambda lr: radius(linear(rules.momentum, h, lr=lr, beta=beta)) - 1, 1e-3 / h, 10 / h)


@derives("ex-momentum-stability-b")
def _():
    beta = 0.6
    path = run(rules.momentum, [lambda theta: theta] * 400, 1.0, lr=2 * (1 + beta), beta=beta)[0]
    hops = math.isclose(path[-1], -path[-2], rel_tol=1e-9) and abs(path[-1]) > 0.1
    turns = not math.isclose(abs(path[-1]), abs(path[-2]), rel_tol=1e-9)
    return [hops, turns, abs(path[-1]) > 1.01 * abs(path[200])]


@derives("ex-momentum-l2-a")
def _(beta, eta, theta0, **where):
    decay, gradients, ends = where["lambda"], (0.3, -0.8), []
    for coupled in (True, False):
        theta, state = theta0, {}
        for g in gradients:
            fed, start = (g + decay * theta, theta) if coupled else (g, (1 - eta * decay) * theta)
            theta, state = rules.momentum(start, fed, state, lr=eta, beta=beta)
        ends.append(theta)
    return ends[0] - ends[1]


def resting(beta, h, c, decay, coupled, lr=0.1):
    """Where it rests: the fixed point of one step, which is affine in (theta, v)."""

    def step(theta, v):
        g = h * (theta - c)
        fed, start = (g + decay * theta, theta) if coupled else (g, (1 - lr * decay) * theta)
        after, state = rules.momentum(start, fed, {"v": v}, lr=lr, beta=beta)
        return np.array([after, state["v"]])

    origin = step(0.0, 0.0)
    matrix = np.column_stack([step(1.0, 0.0) - origin, step(0.0, 1.0) - origin])
    return np.linalg.solve(np.eye(2) - matrix, origin)[0]


@derives("ex-momentum-l2-b")
def _(h, c, beta, **where):
    return resting(beta, h, c, where["lambda"], coupled=True)


@derives("ex-momentum-l2-c")
def _(h, c, beta, **where):
    return resting(beta, h, c, where["lambda"], coupled=False)


@derives("ex-momentum-floor")
def _(beta, eta, h, s):
    after, state = rules.momentum(0.0, s, {}, lr=eta, beta=beta)
    return variance(linear(rules.momentum, h, lr=eta, beta=beta), np.array([after, state["v"]]))


@derives("ex-momentum-function")
def _(gradients, beta):
    """A step with lr 1 is the velocity."""
    return steps(run(rules.momentum, gradients, lr=1.0, beta=beta)[0])


SAID["ex-momentum-memory"] = {
    "100": lambda: total(0.99, 5000),
    "63": lambda: 100 * total(0.99, 100) / total(0.99, 5000),
    "0.05": lambda: 1 - 0.95,
}


# Chapter 4: Nesterov


@derives("ex-nesterov-variables")
def _(eta1, eta2, beta, v):
    """The look-ahead form is momentum from phi with the gradient at psi; the shipped rule goes from psi itself."""
    before, psi = 0.4, 1.0
    g = v - beta * before
    phi = rules.momentum(psi + eta1 * beta * before, g, {"v": before}, lr=eta1, beta=beta)[0]
    return rules.nesterov(psi, g, {"v": before}, lr=eta1, beta=beta)[0] - (phi - eta2 * beta * v)


@derives("ex-nesterov-roots-a")
def _(beta, eta, h):
    return radius(linear(rules.nesterov, h, lr=eta, beta=beta))


@derives("ex-nesterov-roots-b")
def _():
    return rules.nesterov(1.0, 2.0, lr=0.5, beta=0.9)[0]


def edge(rule, beta):
    return root(lambda lr: radius(linear(rule, lr=lr, beta=beta)) - 1, 0.5, 5)


@derives("ex-nesterov-edge-a")
def _(beta):
    return edge(rules.nesterov, beta)


@derives("ex-nesterov-edge-b")
def _():
    return edge(rules.momentum, 0.9) / edge(rules.nesterov, 0.9)


def nesterov_by_hand(count):
    return run(rules.nesterov, [lambda theta: theta] * count, 1.0, lr=0.1, beta=0.5)[0][-1]


@derives("ex-nesterov-hand-a")
def _():
    return nesterov_by_hand(1)


@derives("ex-nesterov-hand-b")
def _():
    return nesterov_by_hand(2)


@derives("ex-nesterov-function")
def _(gradients, lr, beta):
    return steps(run(rules.nesterov, gradients, lr=lr, beta=beta)[0])


SAID["ex-nesterov-hand"] = {
    "0.85": lambda: nesterov_by_hand(1),
    "1.35": lambda: run(rules.nesterov, [1.0, 0.85], lr=0.1, beta=0.5)[1]["v"],
}


# Chapter 5: AdaGrad


def effective(rule, gradients, **hyper):
    """What multiplies the last gradient."""
    _, state = run(rule, gradients[:-1], **hyper)
    return -rule(0.0, gradients[-1], state, **hyper)[0] / gradients[-1]


@derives("ex-adagrad-monotone-a")
def _():
    return effective(rules.adagrad, [3.0, 4.0], lr=1.0, eps=0)


def after_one_and(g, rule):
    """By how much the next gradient g changes the rate at which a tiny probe would be taken."""
    rate = lambda gradients: effective(rule, [*gradients, 1e-9], lr=1.0, eps=0)  # noqa: E731
    return rate([1.0, g]) / rate([1.0])


@derives("ex-adagrad-monotone-b")
def _():
    stays = [math.isclose(after_one_and(g, rules.adagrad), 1, rel_tol=1e-12) for g in (0.0, 1.0)]
    return [stays[0], stays[1], not any(stays)]


@derives("ex-adagrad-distance-a")
def _(eta, t, g):
    return steps(run(rules.adagrad, [g] * t, lr=eta, eps=0)[0])[-1]


@derives("ex-adagrad-distance-b", within=0.01)
def _():
    theta, state, n = 0.0, {}, 0
    while theta > -100:
        (theta, state), n = rules.adagrad(theta, 3.0, state, lr=1.0, eps=0), n + 1
    return n


@derives("ex-adagrad-budget-a")
def _():
    return sum(g * step for g, step in zip((3, 4), steps(run(rules.adagrad, [3.0, 4.0], lr=1.0, eps=0)[0])))


@derives("ex-adagrad-budget-b")
def _():
    return 2 * math.sqrt(run(rules.adagrad, [3.0, 4.0], lr=1.0)[1]["s"])


@derives("ex-adagrad-alive-a")
def _(eta, rho, C):
    return effective(rules.adagrad, [C * rho**t for t in range(1, 300)], lr=eta, eps=0)


@derives("ex-adagrad-alive-b", within=2e-3)
def _():
    """The sum of 1/t over a million steps, added up."""
    return 1 / math.sqrt(float(np.sum(1 / np.arange(1, 10**6 + 1))))


@derives("ex-adagrad-function")
def _(gradients, lr):
    """The rate after each gradient, read off a tiny probe that follows it."""
    return [effective(rules.adagrad, [*gradients[:t], 1e-12], lr=lr, eps=0) for t in range(1, len(gradients) + 1)]


# Chapter 6: RMSProp


@derives("ex-rmsprop-not-monotone-a")
def _(beta):
    rates = [run(rules.rmsprop, [1.0] + [0.0] * k, lr=1.0, beta=beta)[1]["v"] ** -0.5 for k in (3, 4)]
    return rates[1] / rates[0]


@derives("ex-rmsprop-not-monotone-b")
def _():
    """Gradients at random: which rule foretells each rise of the rate?"""
    source = np.random.default_rng(1)
    gradients = [float(g) for g in source.choice([0.0, 0.5, 1.0, 2.0], size=100)]
    v = [0.0] + [run(rules.rmsprop, gradients[:t], lr=1.0, beta=0.9)[1]["v"] for t in range(1, 101)]
    rises = [after < before for before, after in itertools.pairwise(v)][1:]
    rule = [g * g < before for g, before in zip(gradients[1:], v[1:])]
    smaller = [g < old for old, g in itertools.pairwise(gradients)]
    return [rises == rule, rises == smaller, rises == [g == 0 for g in gradients[1:]]]


def constant(t, beta, eta=1.0, **hyper):
    """The length of step t under a constant gradient."""
    return steps(run(rules.rmsprop, [0.7] * t, lr=eta, beta=beta, eps=0, **hyper)[0])[-1]


@derives("ex-rmsprop-weights-a")
def _(eta, beta, t):
    return constant(t, beta, eta)


@derives("ex-rmsprop-weights-b")
def _():
    path = steps(run(rules.rmsprop, [1.0] * 400, lr=1.0, beta=0.99, eps=0)[0])
    return next(t for t, step in enumerate(path, 1) if step <= 1.05)


@derives("ex-rmsprop-noise-a", within=2e-3)
def _(r):
    """Two equally likely gradients r + 1 and r - 1, alternating under a long memory: the mean of their steps."""
    hyper = {"lr": 1.0, "beta": 0.9999, "eps": 0, "debias": True}
    _, state = run(rules.rmsprop, [r + 1, r - 1] * 500, **hyper)
    return -sum(rules.rmsprop(0.0, g, state, **hyper)[0] for g in (r + 1, r - 1)) / 2


@derives("ex-rmsprop-noise-b", within=2e-3)
def _():
    gradients = [float(g) for g in np.random.default_rng(2).normal(size=8000)]
    path = np.array(steps(run(rules.rmsprop, gradients, lr=1.0, beta=0.999)[0]))[4000:]
    return 1.0 if abs(np.sqrt(np.mean(path**2)) - 1) < 0.02 else math.nan


@derives("ex-rmsprop-bound-a")
def _(eta, beta):
    """The longest of many: a spike after every length of silence and after gradients of every size."""
    ways = [[1.0], [0.0, 0.0, 1.0], [1e-6, 1.0], [0.5, 1.0], [1.0, 1.0], [2.0, 1.0]]
    return max(max(map(abs, steps(run(rules.rmsprop, way, lr=eta, beta=beta, eps=1e-15)[0]))) for way in ways)


@derives("ex-rmsprop-bound-b", within=1e-5)
def _(eta, beta, t):
    return constant(t, beta, eta, centered=True)


@derives("ex-rmsprop-eps-a")
def _():
    """The outside eps that makes the shipped step, at almost no gradient, as long as g/sqrt(g^2 + 1e-8)."""
    g = 1e-12
    length = lambda eps: -rules.rmsprop(0.0, g, lr=1.0, eps=eps)[0]  # noqa: E731
    return root(lambda eps: length(eps) - g / math.sqrt(g * g + 1e-8), 1e-9, 1.0)


@derives("ex-rmsprop-eps-b", within=1e-4)
def _():
    from decimal import Decimal

    return float((1 + Decimal("1e-8")).sqrt() - 1)


SAID["ex-rmsprop-weights"] = {"100": lambda: 1 / (1 - 0.99), "1.05": lambda: constant(237, 0.99)}


# Chapter 7: Adam


@derives("ex-adam-iid-a")
def _(beta1, t):
    return run(rules.adam, [1.0] * t, beta1=beta1)[1]["m"]


@derives("ex-adam-iid-b")
def _():
    """Gradients that are all one and the same coin, so wholly dependent, of mean 0.5: the corrected mean is right."""
    means = [run(rules.adam, [coin] * 5)[1]["m"] / (1 - 0.9**5) for coin in (0.0, 1.0)]
    right_though_dependent = math.isclose(sum(means) / 2, 0.5)
    return [right_though_dependent, not right_though_dependent, False]


def uncorrected_first(beta1, beta2):
    _, state = run(rules.adam, [3.0], beta1=beta1, beta2=beta2)
    return state["m"] / math.sqrt(state["v"])


@derives("ex-adam-longest-a")
def _(beta1):
    return root(lambda beta2: uncorrected_first(beta1, beta2) - 1, 0.0, 1 - 1e-12)


@derives("ex-adam-longest-b")
def _():
    first, second = (run(rules.adam, [1.0] * t)[1] for t in (1, 2))
    return second["m"] / math.sqrt(second["v"]) / (first["m"] / math.sqrt(first["v"]))


@derives("ex-adam-noise-a")
def _(beta1):
    """Every weight from one unit gradient followed by silence; independent signs add their squares."""
    state, squares = {}, 0.0
    for g in [1.0] + [0.0] * 300:
        _, state = rules.adam(0.0, g, state, beta1=beta1)
        squares += state["m"] ** 2
    return math.sqrt(squares)


@derives("ex-adam-noise-b", within=2e-3)
def _(eta, T, beta1):
    """A gradient contributes what it weighs in all later steps together: all but the last contribute a whole one."""
    state, lacking = {}, 0.0
    for _ in range(300):
        _, state = rules.adam(0.0, 1.0, state, beta1=beta1)
        lacking += 1 - state["m"] ** 2
    return eta * math.sqrt((1000 * T - lacking) / 1000)


@derives("ex-adam-two-steps-a")
def _():
    return run(rules.adam, [lambda theta: 2 * theta], 1.0, lr=0.1, eps=0)[0][-1]


@derives("ex-adam-two-steps-b")
def _():
    return run(rules.adam, [lambda theta: 2 * theta] * 2, 1.0, lr=0.1, eps=0)[0][-1]


@derives("ex-adam-function")
def _(gradients, lr, beta1, beta2):
    return steps(run(rules.adam, gradients, lr=lr, beta1=beta1, beta2=beta2, eps=0)[0])


SAID["ex-adam-two-steps"] = {
    "3.16": lambda: uncorrected_first(0.9, 0.999),
    "1.8": lambda: 2 * run(rules.adam, [2.0], 1.0, lr=0.1)[0][-1],
    "0.36": lambda: run(rules.adam, [2.0, 1.8])[1]["m"],
    "0.007236": lambda: run(rules.adam, [2.0, 1.8])[1]["v"],
}
SAID["ex-adam-function"] = {"31.6": lambda: 1 / math.sqrt(run(rules.adam, [1.0])[1]["v"])}


# Chapter 8: what Adam is


@derives("ex-adam-beta1-zero-a")
def _():
    gradients = [1.0, -0.5, 2.0, 0.1]
    mine = run(rules.adam, gradients, lr=0.1, beta1=0, beta2=0.9)[0]
    others = [run(rules.rmsprop, gradients, lr=0.1, beta=0.9, debias=debias)[0] for debias in (True, False)]
    others += [run(rules.adagrad, gradients, lr=0.1)[0], run(rules.momentum, gradients, lr=0.1, beta=0)[0]]
    return [bool(np.allclose(mine, other, atol=1e-6)) for other in others]


def plain_to_corrected(beta2):
    plain = rules.rmsprop(0.0, 1.0, lr=1.0, beta=beta2, eps=0)[0]
    return plain / rules.adam(0.0, 1.0, lr=1.0, beta1=0, beta2=beta2, eps=0)[0]


@derives("ex-adam-beta1-zero-b")
def _():
    return plain_to_corrected(0.999)


def longest(beta1, beta2, count=800):
    """The step after gradients that grow by beta2/beta1, which no others exceed: tried against shaken ones."""
    growing = (beta2 / beta1) ** np.arange(1.0 - count, 1.0)

    def step(gradients):
        m = v = np.zeros(len(gradients))
        state = {"t": count - 1}
        for g in gradients.T[:-1]:
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        theta, _ = rules.adam(np.zeros(len(gradients)), gradients[:, -1], state | {"m": m, "v": v},
                              lr=1.0, beta1=beta1, beta2=beta2, eps=0)  # fmt: skip
        return -theta

    shaken = growing * (1 + 0.1 * np.random.default_rng(4).normal(size=(20, count)))
    found = step(np.vstack([growing, shaken]))
    assert found[0] == found.max()
    return float(found[0])


@derives("ex-adam-cap-a")
def _(beta1, beta2):
    return longest(beta1, beta2)


@derives("ex-adam-cap-b", within=1e-3)
def _(beta1):
    """Of all beta2 the one whose longest step is shortest; it is one learning rate long there."""
    beta2 = least(lambda beta2: longest(beta1, beta2, 200), beta1**2 + 0.02 * (1 - beta1), 1 - 0.1 * (1 - beta1), 30)
    assert math.isclose(longest(beta1, beta2, 200), 1, rel_tol=1e-3)
    return beta2


def hats(g):
    _, state = rules.adam(0.0, g)
    return state["m"] / (1 - 0.9), state["v"] / (1 - 0.999)


@derives("ex-adam-power-a")
def _(eta, g, p):
    m_hat, v_hat = hats(g)
    return eta * m_hat / v_hat**p


@derives("ex-adam-power-b")
def _():
    """Two starts near the minimum of theta^2, both memories off: who is thrown farther, who comes nearer?"""
    near, far = (abs(x - 0.1 * 2 * x / hats(2 * x)[1]) for x in (1e-3, 1e-2))
    return [near > 5 * far, near < 1e-3, math.isclose(abs(near - 1e-3), 0.1, rel_tol=0.1)]


@derives("ex-adam-scale")
def _():
    gradients = [0.1, -0.02, 0.3]
    path = run(rules.adam, gradients, lr=0.1, eps=0.01)[0]
    loud = [1000 * g for g in gradients]
    ways = [(0.1, 10.0), (0.1, 0.01), (1e-4, 0.01), (0.1, 1e4)]
    return [bool(np.allclose(run(rules.adam, loud, lr=lr, eps=eps)[0], path)) for lr, eps in ways]


def spike(t, **betas):
    return steps(run(rules.adam, [0.0] * (t - 1) + [5.0], lr=1.0, eps=1e-200, **betas)[0])[-1]


@derives("ex-adam-spike-a")
def _(beta1, beta2, t):
    return spike(t, beta1=beta1, beta2=beta2)


@derives("ex-adam-spike-b")
def _():
    return spike(1000)


@derives("ex-adam-eps-hat")
def _(eps, beta2, t):
    """The shipped step, and the eps-hat that gives the same: the denominators are compared."""
    gradients = [1.0, -0.5, 0.25] * 5
    path, state = run(rules.adam, gradients[:t], lr=1.0, beta2=beta2, eps=eps)
    scale = math.sqrt(1 - beta2**t) / (1 - 0.9**t)
    return scale * state["m"] / steps(path)[-1] - math.sqrt(state["v"])


SAID["ex-adam-beta1-zero"] = {"31.6": lambda: plain_to_corrected(0.999)}


# Chapter 9: AdamW


@derives("ex-adamw-shrink-a")
def _(eta, u, **where):
    """adamw is shrink-then-step; a step from an empty memory with beta 0 and a chosen eps has u as we like."""
    g = 1.0
    eps = g / u - g if u < g else None
    theta, decay = 0.8, where["lambda"]
    if eps is None:  # u above 1: undo the sign's length by scaling lr and decay
        theta_after = rules.adamw(theta, g, lr=eta * u, eps=0, weight_decay=decay / u)[0]
        stepped = rules.adam(theta, g, lr=eta * u, eps=0)[0]
    else:
        theta_after = rules.adamw(theta, g, lr=eta, eps=eps, weight_decay=decay)[0]
        stepped = rules.adam(theta, g, lr=eta, eps=eps)[0]
    return stepped * (1 - eta * decay) - theta_after


@derives("ex-adamw-shrink-b")
def _():
    """The one-line form against shrinking first, with the gradient of theta^2 taken before and after."""
    theta, lr, decay = 1.0, 0.1, 0.5
    shrunk = theta * (1 - lr * decay)
    line = rules.adam(theta, 2 * theta, lr=lr, eps=1.0)[0] - lr * decay * theta
    before, after = (rules.adam(shrunk, 2 * at, lr=lr, eps=1.0)[0] for at in (theta, shrunk))
    return [math.isclose(before, line), math.isclose(after, line), math.isclose(before, after)]


@derives("ex-adamw-shrink-c")
def _(eta, h, theta, **where):
    shrunk = theta * (1 - eta * where["lambda"])
    return rules.sgd(shrunk, h * shrunk, lr=eta)[0] - rules.sgd(shrunk, h * theta, lr=eta)[0]


def mean_step(v, decay, eta=1.0):
    """adam_l2 held at 1, fed two opposite gradients in turn, under long memories: the mean of the last two steps."""
    state, length, lengths = {}, math.sqrt(v), []
    for t in range(2000):
        theta, state = rules.adam_l2(
            1.0, length * (-1) ** t, state, lr=1.0, beta1=0.995, beta2=0.995, eps=0, weight_decay=decay
        )
        lengths.append(1 - theta)
    return eta * (lengths[-1] + lengths[-2]) / 2


@derives("ex-adamw-unequal-a", within=3e-3)
def _(eta, v, **where):
    return mean_step(v, where["lambda"], eta)


@derives("ex-adamw-unequal-b", within=0.01)
def _():
    return mean_step(1e4, 1.0) / mean_step(1e6, 1.0)


@derives("ex-adamw-retune-a")
def _():
    return 1 - rules.adamw(1.0, 0.0, lr=1e-3, weight_decay=0.1)[0]


@derives("ex-adamw-retune-b")
def _():
    kept = rules.adamw(1.0, 0.0, lr=1e-3, weight_decay=0.1)[0]
    return root(lambda decay: rules.adamw(1.0, 0.0, lr=3e-4, weight_decay=decay)[0] - kept, 0.01, 1)


@derives("ex-adamw-retune-c", within=1e-3)
def _():
    theta, state, n = 1.0, {}, 0
    while theta > 0.5:
        (theta, state), n = rules.adamw(theta, 0.0, state, lr=3e-4, weight_decay=1 / 3), n + 1
    return n


@derives("ex-adamw-first-a")
def _():
    return rules.adam_l2(1.0, 3.0, lr=0.1, eps=0, weight_decay=0.1)[0]


@derives("ex-adamw-first-b")
def _():
    return rules.adamw(1.0, 3.0, lr=0.1, eps=0, weight_decay=0.1)[0]


@derives("ex-adamw-box-a")
def _(eta, c, **where):
    return run(rules.adamw, [-c] * 800, lr=eta, eps=0, weight_decay=where["lambda"])[0][-1]


@derives("ex-adamw-box-b")
def _(eta, c, **where):
    """For SGD decoupled decay is L2: the shipped sgd's."""
    return run(rules.sgd, [-c] * 800, lr=eta, weight_decay=where["lambda"])[0][-1]


@derives("ex-adamw-groups")
def _(shapes):
    """Made as arrays: NumPy counts the dimensions."""
    return [np.empty(shape).ndim > 1 for shape in shapes]


# Chapter 10: the whole family


def gigabytes(rule, parameters):
    """What the rule's memory takes in float32, scaled up from a thousand parameters."""
    _, state = rule(np.ones(1000, "f4"), np.ones(1000, "f4"), lr=0.1)
    return sum(value.astype("f4").nbytes for value in state.values() if np.shape(value)) / 1000 * parameters / 1e9


@derives("ex-family-memory-a")
def _():
    return gigabytes(rules.adam, 7e9)


@derives("ex-family-memory-b")
def _():
    return gigabytes(rules.amsgrad, 7e9)


@derives("ex-family-schedule-free-a")
def _(theta0, eta, g1, g2):
    return run(rules.schedule_free_sgd, [g1, g2], theta0, lr=eta)[1]["x"]


@derives("ex-family-schedule-free-b")
def _(t, k):
    """Only the k-th of t gradients is not 0."""
    return -run(rules.schedule_free_sgd, [float(n == k) for n in range(1, t + 1)], lr=1.0)[1]["x"]


@derives("ex-family-schedule-free-c")
def _():
    gradients = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0]
    x = run(rules.schedule_free_sgd, gradients, lr=0.1)[1]["x"]
    plans = [schedules.linear(0.1, steps=6), schedules.constant(0.1), lambda t: 0.1 / t]
    return [math.isclose(x, sum(-plan(t) * g for t, g in enumerate(gradients, 1))) for plan in plans]


def newton_schulz(sigma, steps):
    """What the shipped iteration makes of one singular value of a matrix whose norm is 1."""
    other = math.sqrt(1 - sigma**2)
    return rules.newton_schulz(np.diag([sigma, other]), steps)[0, 0]


@derives("ex-family-muon-a")
def _():
    return newton_schulz(1.0, 1)


@derives("ex-family-muon-b")
def _():
    """The step of a tall matrix against what NS alone makes of its gradient."""
    g = np.eye(1024, 256)
    step = -rules.muon(np.zeros_like(g), g, lr=1.0)[0]
    return step[0, 0] / rules.newton_schulz(g)[0, 0]


@derives("ex-family-muon-c")
def _(sigmas, steps):
    return [newton_schulz(sigma, steps) for sigma in sigmas]


@derives("ex-family-debug-a")
def _():
    clipped = clip_by_norm(np.array([np.nan, 1.0]), 1.0)
    return [bool(np.isnan(clipped).all()), clipped[0] == 0, clipped[1] == 1.0]


@derives("ex-family-debug-b")
def _():
    """Which of the causes leaves a sweep over four decades without any difference."""

    def same(share_of_gradient, top):
        ends = [abs(run(rules.sgd, [lambda x: share_of_gradient * x] * 40, 1.0, lr=lr)[0][-1])
                for lr in np.geomspace(top / 1e4, top, 12)]  # fmt: skip
        return max(ends) == min(ends)

    return [same(0.0, 0.1), same(1.0, 1e-6), same(1.0, 1e5)]


# Chapter 11: around the rule


@derives("ex-around-schedule-a")
def _(eta, w, t):
    return schedules.linear(eta, steps=99, warmup=w)(t)


@derives("ex-around-schedule-b")
def _(eta, w, t, **where):
    return schedules.linear(eta, steps=where["T"], warmup=w)(t)


@derives("ex-around-schedule-c", within=1e-3)
def _():
    plan = schedules.cosine(3.0, steps=5000)
    return sum(plan(t) for t in range(1, 5001)) / 5000 / 3


def pytorchs_cosine(calls, half):
    return (1 + math.cos(math.pi * calls / half)) / 2


@derives("ex-around-restart-a")
def _():
    return sum(pytorchs_cosine(calls, 10) > 1 - 1e-9 for calls in range(1, 10 * 100 + 1))


@derives("ex-around-restart-b")
def _():
    """Of all T_max, the one that is at 0 after the last batch and never before."""
    calls = np.arange(1, 10 * 100 + 1)
    zero = lambda half: np.flatnonzero(np.cos(np.pi * calls / half) < -1 + 1e-9)
    return next(half for half in range(1, 3000) if zero(half).tolist() == [len(calls) - 1])


@derives("ex-around-clip-a")
def _():
    return clip_by_norm(np.array([3.0, 4.0]), 1.0)[0]


@derives("ex-around-clip-b")
def _(eta, c, G):
    gradient = G * np.array([0.6, -0.48, 0.64])
    return np.linalg.norm(rules.sgd(np.zeros(3), clip_by_norm(gradient, c), lr=eta)[0])


@derives("ex-around-clip-c")
def _():
    """Adam on clipped gradients against Adam on their directions, on the gradients themselves, and shortened."""
    gradients = np.random.default_rng(0).normal(size=(9, 3)) * np.arange(2, 11)[:, None]
    limit = 0.5
    assert (np.linalg.norm(gradients, axis=1) > limit).all()

    def path(given):
        return np.array(run(rules.adam, list(given), np.zeros(3), lr=0.1, eps=0)[0])

    clipped = path([clip_by_norm(g, limit) for g in gradients])
    others = path([g / np.linalg.norm(g) for g in gradients]), path(gradients), limit * path(gradients)
    return [bool(np.allclose(clipped, other)) for other in others]


@derives("ex-around-clip-all")
def _(parts, limit):
    clipped = clip_by_norm({str(n): np.array(part) for n, part in enumerate(parts)}, limit)
    return [leaf.tolist() for leaf in clipped.values()]


@derives("ex-around-sharpness-a", within=1e-5)
def _(c):
    """The edge of the shipped sgd along the largest curvature, from differences of the gradient."""
    here, width = np.array([c, 1 / c]), 1e-5

    def gradient(theta):
        return (theta[0] * theta[1] - 1) * theta[::-1]

    hessian = [(gradient(here + move) - gradient(here - move)) / (2 * width) for move in width * np.eye(2)]
    largest = np.linalg.eigvalsh(hessian)[-1]
    return root(lambda lr: abs(rules.sgd(1.0, largest, lr=lr)[0]) - 1, 1.5 / largest, 9.0)


def edge_at_16(rule):
    return root(lambda lr: radius(linear(rule, 16.0, lr=lr, beta=0.9)) - 1, 0.03, 0.4)


@derives("ex-around-sharpness-b")
def _():
    return edge_at_16(rules.momentum)


@derives("ex-around-sharpness-c")
def _():
    return edge_at_16(rules.nesterov)
