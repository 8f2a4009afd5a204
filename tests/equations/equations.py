r"""Which displayed equation says what, and the runs of the shipped rules with which each is compared.

An entry names the labels that are read together as one system, and a world: a function of a random generator that runs
rules at random points and returns what it saw as a list of dicts, from LaTeX names to numbers (``\eta``), to
{step: value} (``\theta``) or to functions (``L``). Three keys are no symbols: "value" is what every right side must be;
"true": False marks a place where the statement must not hold; "relations" are the exact ones there, = where the bound of
an inequality is reached, None where it says nothing.
"""

import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from arithmetic import Matrix

from optimlab import rules

HYPER = {r"\eta": "lr", r"\beta": "beta", r"\beta_1": "beta1", r"\beta_2": "beta2", r"\epsilon": "eps"}
HYPER[r"\lambda"] = "weight_decay"
MEMORY = {"m": "m", "v": "v", "s": "s", "v_max": r"v^\max", "x": "x", "z": "z"}
STEPS = 5


class System(NamedTuple):
    labels: tuple
    world: object
    compares: tuple = ()  # the names whose new values the system must say
    defines: tuple = ()  # the names it introduces
    remarks: tuple = ()  # the words in it, which no one checks


# Running rules --------------------------------------------------------------------------------------------------------


def settings(random, rule, **options):
    """Hyperparameters for a rule, all of a size at which each of them matters."""
    low = {"lr": 0.2, "weight_decay": 0.2, "eps": 0.3}
    drawn = {key: low.get(key, 0.3) + 0.5 * random.random() for key in rule.hyper if key in HYPER.values()}
    return drawn | options


def trajectory(rule, hyper, theta, gradient, steps=STEPS, start=None):
    """{step: theta}, {step: g} and {memory: {step: value}} of a run; ``gradient`` is a function of (step, theta)."""
    thetas, gradients, state = {0: theta}, {}, dict(start or {})
    memories = {}
    for t in range(1, steps + 1):
        gradients[t] = gradient(t, thetas[t - 1])
        before = state
        thetas[t], state = rule(thetas[t - 1], gradients[t], state, **(hyper(t) if callable(hyper) else hyper))
        for key, value in state.items():
            newborn = theta if key in ("x", "z") else 0 * theta
            memories.setdefault(key, {t - 1: before.get(key, newborn)})[t] = value
    return thetas, gradients, memories


def seen(hyper, thetas, gradients, memories):
    """A run in the letters of the book."""
    letters = {letter: hyper[key] for letter, key in HYPER.items() if key in hyper}
    remembered = {MEMORY[key]: memory for key, memory in memories.items() if key in MEMORY}
    return letters | {r"\theta": thetas, "g": gradients} | remembered


def until(t, given):
    """What is known at step t: nothing after it."""
    sequences = {name: value for name, value in given.items() if isinstance(value, dict)}
    return given | {name: {k: x for k, x in value.items() if k <= t} for name, value in sequences.items()} | {"t": t}


def each_step(given, first=1, last=STEPS):
    return [until(t, given) for t in range(first, last + 1)]


def run_of(rule, letters=None, extra=None, steps=STEPS, **options):
    """The world of an update rule: a run of it on random gradients, step by step."""

    def world(random):
        drawn = {key: value(random) if callable(value) else value for key, value in options.items()}
        hyper = settings(random, rule, **drawn)
        gradients = random.normal(size=(steps + 1, 3))
        run = trajectory(rule, hyper, random.normal(size=3), lambda t, theta: gradients[t], steps)
        given = seen(hyper, *run)
        for old, new in (letters or {}).items():
            given[new] = given[old]
        return [known | (extra(known, hyper) if extra else {}) for known in each_step(given, last=steps)]

    return world


def quadratic(random, rule, first=1, last=STEPS, **options):
    """A run on L = h theta^2 / 2, from theta_0; lr * h is between .2 and .9, where no rule's roots are at an edge."""
    hyper = settings(random, rule, **options)
    h = (0.2 + 0.7 * random.random()) / hyper["lr"]
    given = seen(hyper, *trajectory(rule, hyper, random.normal(size=3), lambda t, theta: h * theta, last))
    return given | {"h": h}


def transition(rule, h, hyper):
    """The matrix that takes (theta, v) to the next (theta, v) where g = h theta; the rule is linear there."""
    columns = []
    for theta, v in ((1.0, 0.0), (0.0, 1.0)):
        new, state = rule(theta, h * theta, {"v": v}, **hyper)
        columns.append((new, state["v"]))
    return np.array(columns).T


def radius(matrix):
    return abs(np.linalg.eigvals(matrix)).max()


def discriminant(matrix):
    return np.trace(matrix) ** 2 - 4 * np.linalg.det(matrix)


def bisect(positive, low, high, steps=200):
    """Where a condition that fails at ``low`` and holds at ``high`` begins to hold."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if positive(middle) else (middle, high)
    return high


def least(f, low, high, steps=200):
    """The place of the least value of a function that falls, then rises."""
    for _ in range(steps):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if f(a) < f(b) else (a, high)
    return (low + high) / 2


def stationary_variance(matrix, noise):
    """Of theta, where (theta, v) -> matrix (theta, v) + noise times independent numbers of variance 1."""
    n = len(matrix)
    return np.linalg.solve(np.eye(n * n) - np.kron(matrix, matrix), np.outer(noise, noise).ravel())[0]


def paths(random, means, sigma):
    """Every path of independent gradients mean_i +- sigma, all equally likely: {step: one entry a path}."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(means)))).T
    return {i + 1: mean + sigma * signs[i] for i, mean in enumerate(means)}


# Chapter 1 ------------------------------------------------------------------------------------------------------------


def surface(random, curved):
    """A loss with the gradient g and the Hessian H at theta, exactly linear or exactly quadratic."""
    a, start, move = (Matrix(random.normal(size=(3, 1))) for _ in range(3))
    root = random.normal(size=(3, 3))
    hessian = Matrix(root @ root.T * curved)

    def loss(theta):
        return a.T * theta + theta.T * hessian * theta * 0.5

    slope = a + hessian * start
    return {"L": loss, r"\theta": start, "d": move, "g": slope, "H": hessian, r"\eta": 0.3 + random.random()}


def descent_lemma(random):
    """Learning rates below 2/h_n and above it; along the steepest direction the two sides are equal."""
    worlds = []
    for lr_h in (0.5, 1.5, 2.5):
        given = surface(random, 1.0)
        curvatures, directions = np.linalg.eigh(given["H"].entries)
        steepest = given[r"\theta"] * 0 + Matrix(directions[:, -1:])
        slope = given["H"] * steepest
        given |= {"h_n": curvatures[-1].item(), r"\eta": lr_h / curvatures[-1].item()}
        half = functools.partial(lambda hessian, x: x.T * hessian * x * 0.5, given["H"])
        worlds += [given, given | {"L": half, r"\theta": steepest, "g": slope, "relations": ["="]}]
    return worlds


def gd_contraction(random):
    given = quadratic(random, rules.sgd, weight_decay=0)
    return [given | {"k": k} for k in range(1, STEPS + 1)]


def gd_best(random):
    """The learning rate whose worst factor over two curvatures is least, found by search on the shipped rule."""
    h_1, h_n = 0.5 + random.random(), 3 + random.random()

    def worst(lr):
        return max(abs(rules.sgd(1.0, h, lr=lr)[0]) for h in (h_1, h_n))

    best = least(worst, 0.0, 1.0)
    found = {r"\eta^\star": best, r"\text{rate}^\star": worst(best)}
    return [{"h_1": h_1, "h_n": h_n, r"\kappa": h_n / h_1} | found]


# Chapter 2 ------------------------------------------------------------------------------------------------------------


def examples(random, n=5):
    """Examples with the loss (theta - x)^4 / 4 each."""
    data = {i: random.normal(size=3) for i in range(1, n + 1)}
    return {"x": data, r"\nabla \ell": lambda x, theta: (theta - x) ** 3, "N": n}


def full_gradient(random):
    given = examples(random)
    theta, near = random.normal(size=3), 1e-3

    def loss(at):
        return sum((at - x) ** 4 / 4 for x in given["x"].values()) / len(given["x"])

    def gradient(at):  # the central difference of fourth order is exact for polynomials of degree 4
        differences = [loss(at + k * near) - loss(at - k * near) for k in (1, 2)]
        return (8 * differences[0] - differences[1]) / (12 * near)

    return [given | {r"\theta": theta, r"\nabla L": gradient}]


def minibatch(random):
    given, batch = examples(random), (1, 2, 4)

    def gradient(t, theta):
        return np.mean([given[r"\nabla \ell"](given["x"][i], theta) for i in batch], axis=0)

    hyper = settings(random, rules.sgd, lr=0.01, weight_decay=0)
    run = seen(hyper, *trajectory(rules.sgd, hyper, random.normal(size=3), gradient))
    return [known | given | {"B": batch} for known in each_step(run)]


def minibatch_variance(replacement):
    """Every minibatch of two of four examples."""

    def world(random):
        data = random.normal(size=4)
        draws = itertools.product(range(4), repeat=2) if replacement else itertools.permutations(range(4), 2)
        means = np.array([data[list(draw)].mean() for draw in draws])
        return [{"g": {2: means}, "t": 2, "B": (0, 1), "N": 4, r"\sigma": data.std(), r"\operatorname{Var}": np.var}]

    return world


def noisy_sgd(random):
    """All paths of SGD on a quadratic with noise of standard deviation s."""
    hyper = settings(random, rules.sgd, weight_decay=0)
    h, s = (0.2 + 0.7 * random.random()) / hyper["lr"], 0.5 + random.random()
    xi = paths(random, [0.0] * STEPS, 1.0)
    start = np.full(2**STEPS, random.normal())
    given = seen(hyper, *trajectory(rules.sgd, hyper, start, lambda t, theta: h * theta + s * xi[t]))
    squares = {t: (theta**2).mean() for t, theta in given[r"\theta"].items()}
    return each_step(given | {"h": h, "s": s, r"\xi": xi, "V": squares})


def running_mean(random):
    """SGD with the rate 1/t on the losses (theta - x_t)^2 / 2."""
    x = {t: random.normal(size=3) for t in range(1, STEPS + 1)}
    thetas, _, _ = trajectory(rules.sgd, lambda t: {"lr": 1 / t}, random.normal(size=3), lambda t, theta: theta - x[t])
    return each_step({r"\theta": thetas, "x": x})


def sgd_floor(random):
    h, s, lr = 0.5 + random.random(), 0.5 + random.random(), 0.3 + random.random() / 2
    factor, kick = rules.sgd(1.0, h, lr=lr)[0], rules.sgd(0.0, s, lr=lr)[0]
    return [{"h": h, "s": s, r"\eta": lr, "V": stationary_variance(np.array([[factor]]), np.array([kick]))}]


# Chapter 3 ------------------------------------------------------------------------------------------------------------


def average_and_sum(random):
    """The same gradients given to Adam, whose m is the average, and to momentum, whose v is the sum."""
    hyper = settings(random, rules.momentum)
    gradients = random.normal(size=(STEPS + 1, 3))
    given = seen(hyper, *trajectory(rules.momentum, hyper, random.normal(size=3), lambda t, theta: gradients[t]))
    theta = given[r"\theta"]
    average = trajectory(rules.adam, {"beta1": hyper["beta"]}, theta[0], lambda t, theta: gradients[t])[2]["m"]
    lr_ema = ((theta[0] - theta[1]) / average[1])[0]  # the rate with which the average makes the same first step
    return each_step(given | {"m": average, r"\eta_\text{EMA}": lr_ema})


def weighted_sum(random):
    """Adam's m, and the weight w of its newest gradient."""
    worlds = run_of(rules.adam, {r"\beta_1": r"\beta"})(random)
    return [known | {"w": (known["m"][1] / known["g"][1])[0]} for known in worlds]


def momentum_limit(random):
    hyper, g = settings(random, rules.momentum), random.normal()
    given = seen(hyper, *trajectory(rules.momentum, hyper, 0.0, lambda t, theta: g, 400))
    return [{r"\beta": hyper["beta"], "g": g, r"v_\infty": given["v"][400]}]


def momentum_half_life(random):
    """How many steps halve a lone gradient's weight in v, for memories in which that is a whole number."""
    worlds = []
    for steps in (1, 3, 7):
        beta = 0.5 ** (1 / steps)
        v = trajectory(rules.momentum, {"lr": 1.0, "beta": beta}, 0.0, lambda t, theta: float(t == 1), 10)[2]["v"]
        worlds.append({r"\beta": beta, "t_1/2": next(t - 1 for t in range(1, 10) if v[t] <= 0.5 + 1e-9)})
    return worlds


def momentum_quadratic(random):
    return each_step(quadratic(random, rules.momentum), first=2)


def momentum_roots(random):
    hyper = settings(random, rules.momentum)
    h = 1.0 / hyper["lr"]
    letters = {r"\eta": hyper["lr"], r"\beta": hyper["beta"], "h": h}
    return [letters | {"z": root} for root in np.linalg.eigvals(transition(rules.momentum, h, hyper))]


def plateau(beta, lr=1.0):
    """Between which curvatures the shipped momentum's roots are complex."""

    def real(h):
        return discriminant(transition(rules.momentum, h, {"lr": lr, "beta": beta})) > 0

    middle = (1 + beta) / lr
    return bisect(lambda h: not real(h), 0.0, middle), bisect(real, middle, 4 / lr)


def momentum_plateau(random):
    beta, lr = 0.3 + 0.5 * random.random(), 0.3 + random.random()
    low, high = plateau(beta, lr)
    inside = [low * (1 + 1e-6), (low + high) / 2, high * (1 - 1e-6)]
    outside = [low * (1 - 1e-6), high * (1 + 1e-6)]
    return [{r"\eta": lr, r"\beta": beta, "h": h, "true": h in inside} for h in inside + outside]


def momentum_best(random):
    """The beta whose plateau just reaches from h_1 to h_n, and the rate that puts it there."""
    h_1, h_n = 0.5 + random.random(), 4 + 3 * random.random()

    def reaches(beta):
        low, high = plateau(beta)
        return high / low > h_n / h_1

    beta = bisect(reaches, 1e-3, 0.9, 60)
    return [{"h_1": h_1, "h_n": h_n, r"\kappa": h_n / h_1, r"\beta^\star": beta, r"\eta^\star": plateau(beta)[0] / h_1}]


def momentum_floor(random):
    beta, lr, s = 0.3 + 0.5 * random.random(), 0.3 + random.random(), 0.5 + random.random()
    h = 0.01 / lr
    hyper = {"lr": lr, "beta": beta}
    kick, state = rules.momentum(0.0, s, **hyper)
    variance = stationary_variance(transition(rules.momentum, h, hyper), np.array([kick, state["v"]]))
    return [{r"\eta": lr, r"\beta": beta, "s": s, "h": h, "V": variance}]


def momentum_decays(random):
    """Momentum fed the penalty, and momentum whose parameters are shrunk, with the same two gradients."""
    hyper, decay = settings(random, rules.momentum), 0.2 + random.random()
    g = random.normal(size=3)
    penalized, shrunk, fed, kept = 1.5, 1.5, {}, {}
    both = {0: (penalized, shrunk)}
    for t in (1, 2):
        penalized, fed = rules.momentum(penalized, g[t] + decay * penalized, fed, **hyper)
        shrunk, kept = rules.momentum(shrunk * (1 - hyper["lr"] * decay), g[t], kept, **hyper)
        both[t] = penalized, shrunk
    given = {r"\theta^\text{L2}": {t: pair[0] for t, pair in both.items()}, r"\theta": {0: 1.5}}
    given[r"\theta^\text{decay}"] = {t: pair[1] for t, pair in both.items()}
    return [given | {r"\eta": hyper["lr"], r"\beta": hyper["beta"], r"\lambda": decay}]


# Chapter 4 ------------------------------------------------------------------------------------------------------------


def two_forms(random):
    """The shipped Nesterov, and the shipped momentum with its gradient taken ahead (phi), from one start."""
    hyper, start = settings(random, rules.nesterov, lr=0.1), random.normal(size=3)

    def gradient(theta):
        return np.sin(theta) + theta**3 / 3  # no quadratic

    given = seen(hyper, *trajectory(rules.nesterov, hyper, start, lambda t, theta: gradient(theta)))
    phi, state, ahead = {0: start}, {}, {}
    for t in range(1, STEPS + 1):
        before = state.get("v", 0 * start)
        look = phi[t - 1] - hyper["lr"] * hyper["beta"] * before
        phi[t], state = rules.momentum(phi[t - 1], gradient(look), state, **hyper)
        ahead[t] = state["v"]
    assert all(np.allclose(ahead[t], given["v"][t]) for t in ahead)
    return each_step(given | {r"\varphi": phi, r"\nabla L": gradient})


def two_forms_scheduled(random):
    """One step of each form from the same point, with a learning rate that changes after it."""
    lr = {t: 0.1 + random.random() for t in (3, 4)}
    beta, phi, v = 0.3 + 0.5 * random.random(), random.normal(size=3), random.normal(size=3)
    gradient = random.normal(size=3)
    ahead = phi - lr[3] * beta * v
    new, state = rules.momentum(phi, gradient, {"v": v}, lr=lr[3], beta=beta)
    shipped = rules.nesterov(ahead, gradient, {"v": v}, lr=lr[3], beta=beta)[0]
    return [{"t": 3, r"\eta": lr, r"\beta": beta, r"\varphi": {3: new}, "v": {3: state["v"]}, r"\theta": {3: shipped}}]


def gradient_ahead(random):
    h = 0.5 + random.random()
    given = {r"\eta": random.random(), r"\beta": random.random(), r"\varphi": random.normal(), "v": random.normal()}
    return [given | {"h": h, r"\nabla L": lambda theta: h * theta}]


def nesterov_friction(random):
    """The look-ahead form on a quadratic: phi is where the shipped theta was before it looked ahead."""
    given = quadratic(random, rules.nesterov)
    v, lr, beta = given["v"], given[r"\eta"], given[r"\beta"]
    behind = {t: given[r"\theta"][t] + lr * beta * v[t] for t in v}
    return each_step(given | {r"\varphi": behind})


def nesterov_quadratic(random):
    given = quadratic(random, rules.nesterov)
    return [given | {"t": t, "q": 1 - given[r"\eta"] * given["h"]} for t in range(1, STEPS)]


def nesterov_modulus(random):
    """Where the roots are complex; with a long memory and little curvature the root of beta is all but reached."""
    worlds = []
    for lr_h, beta, below in ((0.3, 0.6, "<"), (0.95, 0.4, "<"), (0.001, 0.99, "~")):
        hyper = settings(random, rules.nesterov, beta=beta)
        h = lr_h / hyper["lr"]
        matrix = transition(rules.nesterov, h, hyper)
        assert discriminant(matrix) < 0
        given = {r"\eta": hyper["lr"], r"\beta": hyper["beta"], "h": h, r"\rho": radius(matrix)}
        worlds.append(given | {"relations": ["=", below]})
    return worlds


def nesterov_stability(random):
    hyper = settings(random, rules.nesterov)
    edge = bisect(lambda h: radius(transition(rules.nesterov, h, hyper)) > 1, 1.0 / hyper["lr"], 4.0 / hyper["lr"])
    points = {1e-6: True, edge * (1 - 1e-6): True, edge * (1 + 1e-6): False, -1e-6: False}
    return [{r"\eta": hyper["lr"], r"\beta": hyper["beta"], "h": h, "true": stable} for h, stable in points.items()]


def nesterov_rate(random):
    """Nesterov's schedule of betas, lr = 1/h_n, on a quadratic of condition number 1e4."""
    h, start = np.array([1e-4, 1e-2, 1.0]), random.normal(size=3)
    phi, v = {0: start}, 0 * start
    for t in range(1, 41):
        beta = (t - 1) / (t + 2)
        phi[t], state = rules.momentum(phi[t - 1], h * (phi[t - 1] - beta * v), {"v": v}, lr=1.0, beta=beta)
        v = state["v"]
    given = {r"\varphi": phi, r"\theta^\star": 0 * start, r"\eta": 1.0, "L": lambda theta: (h * theta**2).sum() / 2}
    return [given | {"T": T} for T in (1, 5, 40)]


# Chapters 5 and 6 -----------------------------------------------------------------------------------------------------


def adagrad_hindsight(random):
    """The best constant learning rate for one coordinate, by search over the bound it minimizes."""
    g, size = {(t, 1): random.normal() for t in range(1, 6)}, 0.5 + random.random()
    total = rules.adagrad(0.0, math.hypot(*g.values()), lr=1.0)[1]["s"]
    slope = bisect(lambda lr: total - size**2 / lr**2 > 0, 1e-3, 1e3)  # where the bound's derivative changes its sign
    return [{"g": g, "i": 1, "T": 5, "D": size, r"\eta^\star": {1: slope}}]


def adagrad_distance(random):
    """The lower bound is reached at T = 0 (of which the upper does not speak), the upper at T = 1."""
    exact = {0: ["=", None], 1: ["<=", "="], 1000: ["~", "~"]}
    return [{"T": T, "relations": relations} for T, relations in exact.items()]


def adagrad_budget(random):
    """Random gradients, and ones that grow so slowly that the sum comes within one in a hundred of its bound."""
    worlds = []
    for T, gradient in ((STEPS, lambda t: random.normal()), (600, lambda t: 1.01**t)):
        _, g, memories = trajectory(rules.adagrad, {"lr": 1.0}, 0.0, lambda t, theta: gradient(t), T)
        worlds.append({"g": g, "G": memories["s"], "T": T})
    return [worlds[0], worlds[1] | {"relations": ["~"]}]


def first_step(rule, letters, **options):
    """How far the first step goes, when eps is 0."""

    def world(random):
        hyper = settings(random, rule, eps=0, **options)
        thetas, gradients, _ = trajectory(rule, hyper, 0.0, lambda t, theta: random.normal(), 1)
        own = {letter: hyper[key] for letter, key in letters.items()}
        return [{r"\eta": hyper["lr"], "g": gradients, "value": abs(thetas[1])} | own]

    return world


def mean_step(random):
    """The mean step of RMSProp on gradients mu +- sigma, its memory having settled at their mean square."""
    mu, sigma, lr = random.normal(), 0.5 + random.random(), 0.3 + random.random()
    g = np.array([mu - sigma, mu + sigma])
    settled = {"t": 10**6, "v": (g * g).mean()}
    steps = -rules.rmsprop(0 * g, g, settled, lr=lr, beta=1 - 1e-14, eps=0)[0]
    return [{r"\eta": lr, r"\mu": mu, r"\sigma": sigma, r"\mathrm{snr}": abs(mu) / sigma, "value": steps.mean()}]


# Chapter 7 ------------------------------------------------------------------------------------------------------------


def adam_weights(random):
    """The memory m of a constant gradient 1 is the sum of its weights."""
    hyper = settings(random, rules.adam)
    given = seen(hyper, *trajectory(rules.adam, hyper, 0.0, lambda t, theta: 1.0))
    return [known | {"value": known["m"][known["t"]]} for known in each_step(given)]


def random_gradients(drift):
    """Adam along every path of random gradients whose means are a + b i."""

    def world(random):
        hyper = settings(random, rules.adam)
        a, b = random.normal(), random.normal() * drift
        g = paths(random, [a + b * i for i in range(1, STEPS + 1)], 0.5 + random.random())
        given = seen(hyper, *trajectory(rules.adam, hyper, np.zeros(2**STEPS), lambda t, theta: g[t]))
        return each_step(given | {r"\mu": a, "b": b})

    return world


def uncorrected_first_step(random):
    """Adam's memories after one step, divided without correction."""
    hyper, g = settings(random, rules.adam), random.normal()
    memory = rules.adam(0.0, g, **hyper)[1]
    length = hyper["lr"] * abs(memory["m"]) / math.sqrt(memory["v"])
    return [seen(hyper, {}, {1: g}, {}) | {"value": length}]


# Chapter 8 ------------------------------------------------------------------------------------------------------------


def adam_ratio(random):
    return [known | {"k": range(known["t"])} for known in run_of(rules.adam)(random)]


def adam_cauchy(random):
    """Random gradients, and the growing ones at which the bound is reached."""
    worlds = []
    for tight in (False, True):
        beta_1, beta_2 = 0.5 + 0.3 * random.random(), 0.85 + 0.1 * random.random()
        g = {t: (beta_2 / beta_1) ** t if tight else random.normal() for t in range(1, STEPS + 1)}
        relations = {"relations": ["=" if tight else "<="]}
        worlds.append({"g": g, r"\beta_1": beta_1, r"\beta_2": beta_2, "t": STEPS, "k": range(STEPS)} | relations)
    return worlds


def adam_scaled(random):
    """One step of Adam on c g is one on g with eps / c."""
    hyper, c, g = settings(random, rules.adam), 1.5 + random.random(), random.normal()
    memory = rules.adam(0.0, g, **hyper)[1]
    m_hat, v_hat = memory["m"] / (1 - hyper["beta1"]), memory["v"] / (1 - hyper["beta2"])
    step = -rules.adam(0.0, c * g, **hyper)[0] / hyper["lr"]
    return [{"c": c, r"\hat m": m_hat, r"\hat v": v_hat, r"\epsilon": hyper["eps"], "value": step}]


def effective_betas(random):
    """beta_{1,t} as the shipped rule has it: at beta2 = eps = 0 its step is lr m_hat / |g|, which gives m_hat away."""
    hyper = settings(random, rules.adam, beta2=0, eps=0)
    gradients = random.normal(size=STEPS + 1)
    thetas, g, _ = trajectory(rules.adam, hyper, 0.0, lambda t, theta: gradients[t])
    m_hat = {0: 0.0} | {t: (thetas[t - 1] - thetas[t]) * abs(g[t]) / hyper["lr"] for t in g}
    kept = {t: (m_hat[t] - g[t]) / (m_hat[t - 1] - g[t]) for t in g}
    return each_step({r"\beta_1": hyper["beta1"], r"\beta_1,": kept})


# Chapter 9 ------------------------------------------------------------------------------------------------------------


def paper_decay(random):
    """How much one step shrinks theta for each unit of the schedule's multiplier."""
    base, multiplier, decay = 0.1 + random.random(), random.random(), 0.1 + random.random()
    shrunk = rules.adamw(1.0, 0.0, lr=base * multiplier, weight_decay=decay)[0]
    return [{r"\alpha": base, r"\lambda_\text{torch}": decay, r"\lambda_\text{paper}": (1 - shrunk) / multiplier}]


# The docstrings of rules.py -------------------------------------------------------------------------------------------


def calls_adam(rule):
    """A rule that is said in terms of Adam: the function adam(theta, g) takes one step with the rule's own memory."""

    def adam_of(known, hyper):
        t = known["t"]
        state = {"t": t - 1, "m": known["m"][t - 1], "v": known["v"][t - 1]} if t > 1 else {}
        own = {key: value for key, value in hyper.items() if key != "weight_decay"}
        return {r"\mathrm{adam}": lambda theta, g: rules.adam(theta, g, state, **own)[0]}

    return run_of(rule, extra=adam_of)


def average_is_y(known, hyper):
    return {"y": known[r"\theta"], r"\beta": hyper.get("beta", hyper.get("beta1"))}


def on_matrices(rows, columns):
    def world(random):
        hyper = settings(random, rules.muon, nesterov=False)
        gradients = random.normal(size=(STEPS + 1, rows, columns))
        run = trajectory(rules.muon, hyper, random.normal(size=(rows, columns)), lambda t, theta: gradients[t])
        given = seen(hyper, *run)
        shape = {r"\text{rows}": rows, r"\text{cols}": columns, r"\mathrm{NS}": rules.newton_schulz}
        return each_step({r"\Theta": given.pop(r"\theta"), "G": given.pop("g"), "M": given.pop("m")} | given | shape)

    return world


def newton_schulz_step(random):
    matrix = random.normal(size=(2, 4))
    return [{"X": Matrix(matrix / np.linalg.norm(matrix)), "X after": Matrix(rules.newton_schulz(matrix, steps=1))}]


# The table ------------------------------------------------------------------------------------------------------------

THETA, M, V, S = r"\theta", "m", "v", "s"
HATS = (r"\hat m_t", r"\hat v_t")
RHO = (r"\rho_t", r"\rho_\infty", "r_t")
MEMORIES = ("eq-c07-memories", "eq-c07-hats")
BIG_BETA2 = {"steps": 8, "beta2": lambda random: 0.9 + 0.09 * random.random()}  # so that both branches are taken
RADAM = run_of(rules.radam, extra=lambda known, hyper: {r"\text{threshold}": 5}, **BIG_BETA2)

UPDATES = [  # each says what a rule does: all of its memory and theta, unless ``compares`` is shorter
    System(("eq-sgd-minibatch",), minibatch, (THETA, "g")),
    System(("eq-sgd-decay",), run_of(rules.sgd), (THETA,)),
    System(("eq-momentum-rule",), average_and_sum, (THETA, V)),
    System(("eq-momentum-ema",), run_of(rules.adam, {r"\beta_1": r"\beta"}), (M, "m_0")),
    System(("eq-nesterov-lookahead",), two_forms, (r"\varphi", V)),
    System(("eq-nesterov-change",), two_forms, (THETA,)),
    System(("eq-nesterov-derivation",), two_forms, (THETA,)),
    System(("eq-nesterov",), run_of(rules.nesterov), (THETA, V)),
    System(("eq-adagrad",), run_of(rules.adagrad), (THETA, S)),
    System(("eq-rmsprop-memory", "eq-rmsprop"), run_of(rules.rmsprop), (THETA, V)),
    System((*MEMORIES, "eq-c07-step"), run_of(rules.adam), (THETA, M, V, "m_0", "v_0"), HATS),
    System(("eq-c08-beta1-zero",), run_of(rules.adam, beta1=0), (THETA,)),
    System(("eq-c08-beta1-zero",), run_of(rules.rmsprop, {r"\beta": r"\beta_2"}, debias=True), (THETA,)),
    System((*MEMORIES, "eq-c08-amsgrad"), run_of(rules.amsgrad), (THETA, M, V, r"v^\max"), (r"\hat m_t", r"\hat v_t")),
    System((*MEMORIES, "eq-c08-rho", "eq-c08-r", "eq-c08-radam"), RADAM, (THETA, M, V), (*HATS, *RHO, "c_t")),
    System(("eq-c09-sgd",), run_of(rules.sgd), (THETA,)),
    System(("eq-c07-hats", "eq-c09-adam-l2"), run_of(rules.adam_l2), (THETA, M, V), (*HATS, r"\tilde g_t")),
    System((*MEMORIES, "eq-c09-one-line"), run_of(rules.adamw), (THETA, M, V), (*HATS, "u_t")),
    System((*MEMORIES, "eq-c09-one-line", "eq-c09-shrink"), run_of(rules.adamw), (THETA, M, V), (*HATS, "u_t")),
    System(("eq-sgd-mean",), running_mean, (THETA,)),
    System(("eq-momentum-weighted",), weighted_sum, (M,)),
    System(("eq-momentum-average",), run_of(rules.adam, {r"\beta_1": r"\beta"}), (M,)),
    System(("eq-momentum-sum",), run_of(rules.momentum), (V,)),
    System(("eq-c08-without-m",), run_of(rules.adam, beta1=0), (THETA, V)),
    System(("eq-c08-without-m",), run_of(rules.rmsprop, {r"\beta": r"\beta_2"}, debias=True), (THETA, V)),
    System((*MEMORIES, "eq-c09-one-line", "eq-c09-shrunk"), run_of(rules.adamw), (THETA, M, V), (*HATS, "u_t")),
    System(("rules.sgd",), run_of(rules.sgd), (THETA,)),
    System(("rules.momentum",), run_of(rules.momentum), (THETA, V)),
    System(("rules.nesterov",), run_of(rules.nesterov), (THETA, V)),
    System(("rules.adagrad",), run_of(rules.adagrad), (THETA, S)),
    System(("rules.rmsprop",), run_of(rules.rmsprop), (THETA, V)),
    System(("rules.adam",), run_of(rules.adam), (THETA, M, V), HATS),
    System(("rules.adam_l2",), calls_adam(rules.adam_l2), (THETA,)),
    System(("rules.adamw",), calls_adam(rules.adamw), (THETA,)),
    System((*MEMORIES, "rules.amsgrad"), run_of(rules.amsgrad), (THETA, M, V, r"v^\max"), HATS),
    System((*MEMORIES, "eq-c08-r", "rules.radam"), RADAM, (THETA, M, V), (*HATS, *RHO)),
    System(("rules.schedule_free_sgd",), run_of(rules.schedule_free_sgd, extra=average_is_y), ("x", "y", "z")),
    System(("rules.schedule_free_adamw",), run_of(rules.schedule_free_adamw, extra=average_is_y), (V, "z")),
    System(("rules.muon",), on_matrices(2, 3), (r"\Theta", "M")),
    System(("rules.muon",), on_matrices(3, 2), (r"\Theta", "M")),
    System(("rules.newton_schulz",), newton_schulz_step, ("X",), ("A", "a", "b", "c")),
]

IDENTITIES = [  # what the chapters derive, each compared with runs too
    System(("eq-gd-linear",), lambda random: [surface(random, 0.0)]),
    System(("eq-gd-taylor",), lambda random: [surface(random, 1.0)]),
    System(("eq-gd-descent",), lambda random: [surface(random, 1.0)]),
    System(("eq-gd-lemma",), descent_lemma),
    System(("eq-gd-contraction",), gd_contraction, remarks=(r"\text{hence}",)),
    System(("eq-gd-best",), gd_best),
    System(("eq-sgd-full",), full_gradient),
    System(("eq-sgd-with-replacement",), minibatch_variance(True)),
    System(("eq-sgd-without-replacement",), minibatch_variance(False)),
    System(("eq-sgd-recursion",), noisy_sgd),
    System(("eq-sgd-variance",), noisy_sgd),
    System(("eq-sgd-floor",), sgd_floor),
    System(("eq-momentum-unrolled",), run_of(rules.momentum)),
    System(("eq-momentum-amplification",), momentum_limit),
    System(("eq-momentum-ratio",), lambda random: [{r"\beta": 0.9}]),
    System(("eq-momentum-half-life",), momentum_half_life),
    System(("eq-momentum-two-step",), momentum_quadratic),
    System(("eq-momentum-roots",), momentum_roots),
    System(("eq-momentum-plateau",), momentum_plateau),
    System(("eq-momentum-best",), momentum_best),
    System(("eq-momentum-floor",), momentum_floor),
    System(("eq-momentum-l2",), momentum_decays),
    System(("eq-nesterov-residual",), two_forms_scheduled),
    System(("eq-nesterov-ahead",), gradient_ahead),
    System(("eq-nesterov-friction",), nesterov_friction),
    System(("eq-nesterov-recurrence",), nesterov_quadratic),
    System(("eq-nesterov-velocity",), nesterov_quadratic),
    System(("eq-nesterov-inserted",), nesterov_quadratic),
    System(("eq-nesterov-modulus",), nesterov_modulus),
    System(("eq-nesterov-stability",), nesterov_stability),
    System(("eq-nesterov-rate",), nesterov_rate),
    System(("eq-adagrad-best-fixed",), adagrad_hindsight),
    System(("eq-adagrad-distance",), adagrad_distance),
    System(("eq-adagrad-budget",), adagrad_budget),
    System(("eq-rmsprop-unrolled",), run_of(rules.rmsprop)),
    System(("eq-rmsprop-first",), first_step(rules.rmsprop, {r"\beta": "beta"})),
    System(("eq-rmsprop-snr",), mean_step),
    System(("eq-c07-unrolled",), run_of(rules.adam)),
    System(("eq-c07-weights",), adam_weights),
    System(("eq-c07-expectation",), random_gradients(drift=0)),
    System(("eq-c07-hats", "eq-c07-drift"), random_gradients(drift=1), defines=HATS),
    System(("eq-c07-first",), uncorrected_first_step),
    System(("eq-c07-snr",), mean_step),
    System(("eq-c08-ratio",), adam_ratio),
    System(("eq-c08-cauchy",), adam_cauchy),
    System(("eq-c08-scale",), adam_scaled),
    System(("eq-c07-hats", "eq-c08-eps-hat"), run_of(rules.adam), defines=(*HATS, r"\hat \epsilon_t")),
    System(("eq-c08-betas",), effective_betas),
    System(("eq-c09-paper",), paper_decay),
]

UNCHECKED = {  # with the reason
    "eq-sgd-robbins-monro": "a condition on infinite sums, which no finite run decides",
    "eq-adagrad-idea": "words in the place of symbols",
    "eq-adagrad-hindsight": "an expression alone; its least value is eq-adagrad-best-fixed, which is checked",
    "eq-c09-effective": "an approximation for small decay; the chapter's table measures when it holds",
}
