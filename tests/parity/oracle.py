"""Every rule once more, to 50 digits and in closed form: weighted sums over the whole history, no memory at all.

An oracle shares nothing with optimlab/rules.py: it never updates a moving average but writes the sum that it is.
"""

import functools

import mpmath
from mpmath import mp, sqrt


def path(name, theta, gradients, **hyper):
    """theta_1, theta_2, ... as mpmath numbers, from a start, its gradients and hyperparameters.

    For one coordinate; for lists of rows where the rule is for matrices.
    """
    with mp.workdps(50):
        number = mpmath.matrix if isinstance(theta, list) else mpmath.mpf
        given = DEFAULTS[name] | hyper
        exact = {key: mpmath.mpf(value) if isinstance(value, (int, float)) else value for key, value in given.items()}
        return ORACLES[name](number(theta), [number(g) for g in gradients], **exact)


def sums(weight, theta, steps):
    """theta_t = weight(t) theta_0 - sum_s weight(t - s) step_s, for every t."""
    return [
        weight(t) * theta - sum(weight(t - s) * step for s, step in enumerate(steps[:t], 1))
        for t in range(1, len(steps) + 1)
    ]


def average(beta, xs):
    """(1 - beta) sum_s beta^(t-s) x_s: what an exponential moving average that started at 0 holds."""
    return (1 - beta) * sum(beta ** (len(xs) - s) * x for s, x in enumerate(xs, 1))


def squares(gs):
    return [g**2 for g in gs]


def histories(gs):
    """The gradients up to step 1, up to step 2, ..."""
    return [gs[:t] for t in range(1, len(gs) + 1)]


def counted(gs):
    return enumerate(histories(gs), 1)


def sgd(theta, gs, lr, weight_decay):
    return sums(lambda k: (1 - lr * weight_decay) ** k, theta, [lr * g for g in gs])


def momentum(theta, gs, lr, beta):
    """A gradient of age k has been in k + 1 velocities, with total weight 1 + beta + ... + beta^k."""
    return [theta - lr * sum(g * geometric(beta, t - s) for s, g in enumerate(past, 1)) for t, past in counted(gs)]


def nesterov(theta, gs, lr, beta):
    """One term more: 1 + beta + ... + beta^(k+1)."""
    return [theta - lr * sum(g * geometric(beta, t - s + 1) for s, g in enumerate(past, 1)) for t, past in counted(gs)]


def geometric(beta, k):
    return (1 - beta ** (k + 1)) / (1 - beta)


def adagrad(theta, gs, lr, eps):
    return sums(lambda k: 1, theta, [lr * past[-1] / (sqrt(sum(squares(past))) + eps) for past in histories(gs)])


def rmsprop(theta, gs, lr, beta, eps, centered, debias):
    def step(past):
        weight = 1 - beta ** len(past) if debias else 1
        size = average(beta, squares(past)) / weight
        if centered:
            size -= (average(beta, past) / weight) ** 2
        return lr * past[-1] / (sqrt(size) + eps)

    return sums(lambda k: 1, theta, [step(past) for past in histories(gs)])


def adam_step(past, lr, beta1, beta2, eps):
    direction = average(beta1, past) / (1 - beta1 ** len(past))
    size = average(beta2, squares(past)) / (1 - beta2 ** len(past))
    return lr * direction / (sqrt(size) + eps)


def adam(theta, gs, **hyper):
    return sums(lambda k: 1, theta, [adam_step(past, **hyper) for past in histories(gs)])


def adam_l2(theta, gs, weight_decay, **hyper):
    penalized, path = [], [theta]
    for g in gs:
        penalized.append(g + weight_decay * path[-1])
        path.append(path[-1] - adam_step(penalized, **hyper))
    return path[1:]


def adamw(theta, gs, lr, weight_decay, **hyper):
    return sums(lambda k: (1 - lr * weight_decay) ** k, theta, [adam_step(past, lr, **hyper) for past in histories(gs)])


def amsgrad(theta, gs, lr, beta1, beta2, eps, debias):
    def step(past):
        sizes = [average(beta2, squares(earlier)) for earlier in histories(past)]
        weights = [1 - beta2**t for t in range(1, len(past) + 1)]
        size = {
            "after": max(sizes) / weights[-1],
            "before": max(size / weight for size, weight in zip(sizes, weights, strict=True)),
            "none": max(sizes),
        }[debias]
        direction = average(beta1, past) / (1 if debias == "none" else 1 - beta1 ** len(past))
        return lr * direction / (sqrt(size) + eps)

    return sums(lambda k: 1, theta, [step(past) for past in histories(gs)])


def radam(theta, gs, lr, beta1, beta2, eps, threshold):
    def step(past):
        t = len(past)
        direction = average(beta1, past) / (1 - beta1**t)
        longest = (1 + beta2) / (1 - beta2)  # 2/(1 - beta2) - 1
        length = longest - 2 * t / (beta2**-t - 1) if beta2 else longest
        if length <= threshold:
            return lr * direction
        rectify = sqrt((length - 4) / (longest - 4) * (length - 2) / (longest - 2) * longest / length)
        return lr * direction * rectify * sqrt(1 - beta2**t) / (sqrt(average(beta2, squares(past))) + eps)

    return sums(lambda k: 1, theta, [step(past) for past in histories(gs)])


def schedule_free_sgd(theta, gs, lr, beta):
    return between(theta, [lr * g for g in gs], beta)


def schedule_free_adamw(theta, gs, lr, beta1, beta2, eps, weight_decay):
    steps, path = [], [theta]
    for past in histories(gs):
        size = average(beta2, squares(past)) / (1 - beta2 ** len(past))
        steps.append(lr * (past[-1] / (sqrt(size) + eps) + weight_decay * path[-1]))
        path.append(between(theta, steps, beta1)[-1])
    return path[1:]


def between(theta, steps, beta):
    """y_t: (1 - beta) of where all steps lead, beta of the mean of where they have led."""
    z = [theta - sum(past) for past in histories(steps)]
    return [(1 - beta) * past[-1] + beta * sum(past) / len(past) for past in histories(z)]


def muon(theta, gs, lr, beta, weight_decay, nesterov, steps):
    """Of mpmath matrices: the singular value decomposition, and the quintic applied to the singular values alone."""

    def step(past):
        momentum = (1 - beta) * total([beta ** (len(past) - s) * g for s, g in enumerate(past, 1)])
        direction = beta * momentum + (1 - beta) * past[-1] if nesterov else momentum
        left, values, right = mpmath.svd_r(direction)
        values = [value / mpmath.norm(values, 2) for value in values]
        for _ in range(int(steps)):
            values = [near_one(value) for value in values]
        return lr * sqrt(max(1, mpmath.mpf(theta.rows) / theta.cols)) * (left * mpmath.diag(values) * right)

    made, shrink = [step(past) for past in histories(gs)], 1 - lr * weight_decay
    return [
        shrink**t * theta - total([shrink ** (t - s) * step for s, step in enumerate(made[:t], 1)])
        for t in range(1, len(gs) + 1)
    ]


def near_one(x):
    return mpmath.mpf("3.4445") * x - mpmath.mpf("4.7750") * x**3 + mpmath.mpf("2.0315") * x**5


def total(matrices):
    return functools.reduce(lambda a, b: a + b, matrices)


ADAM = dict(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8)
DEFAULTS = {  # told once more, or an error in a rule's own would be an error here
    "sgd": dict(weight_decay=0),
    "momentum": dict(beta=0.9),
    "nesterov": dict(beta=0.9),
    "adagrad": dict(eps=1e-10),
    "rmsprop": dict(beta=0.99, eps=1e-8, centered=False, debias=False),
    "adam": ADAM,
    "adam_l2": ADAM | dict(weight_decay=1e-2),
    "adamw": ADAM | dict(weight_decay=1e-2),
    "amsgrad": ADAM | dict(debias="after"),
    "radam": ADAM | dict(threshold=5),
    "schedule_free_sgd": dict(beta=0.9),
    "schedule_free_adamw": ADAM | dict(lr=2.5e-3, weight_decay=0),
    "muon": dict(lr=0.02, beta=0.95, weight_decay=0, nesterov=True, steps=5),
}
ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        sgd, momentum, nesterov, adagrad, rmsprop, adam, adam_l2, adamw, amsgrad, radam, schedule_free_sgd,
        schedule_free_adamw, muon,
    )
}  # fmt: skip
