r"""The labs' own answers for update rules: closed forms over the whole history of gradients.

Nothing here steps or keeps a memory, so none of it can share a mistake with ``optimlab.rules``. Each function takes the
start theta (any shape) and all gradients (T, *shape), and returns the parameters after every step (T, *shape).
"""

import numpy as np


def sgd(theta, g, *, lr, weight_decay=0.0):
    r"""Unrolled gradient descent with an L2 penalty.

    .. math:: \theta_t = a^t \theta_0 - \eta \sum_{i \le t} a^{t-i} g_i, \qquad a = 1 - \eta\lambda

    >>> sgd(1.0, [2.0, 2.0], lr=0.25).tolist()
    [0.5, 0.0]
    """
    return _decayed(theta, np.asarray(g, dtype=float), lr, weight_decay)


def momentum(theta, g, *, lr, beta=0.9):
    r"""Unrolled heavy ball: by time t, gradient i has been stepped along with the sum of a geometric series.

    .. math:: \theta_t = \theta_0 - \eta \sum_{i \le t} \frac{1 - \beta^{t-i+1}}{1 - \beta}\, g_i

    >>> momentum(1.0, [2.0, 2.0], lr=0.125, beta=0.5).tolist()
    [0.75, 0.375]
    """
    return theta - lr * _weigh(lambda age: (1 - beta ** (age + 1)) / (1 - beta), np.asarray(g, dtype=float))


def adam(theta, g, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam, its corrected memories written as what they are: weighted averages of all gradients seen.

    >>> adam(1.0, [2.0, -2.0], lr=0.1, beta1=0.5).round(4).tolist()
    [0.9, 0.9333]
    """
    return adamw(theta, g, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=0.0)


def adamw(theta, g, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    r"""AdamW: gradient descent with weight decay along Adam's normalised averages.

    .. math:: \theta_t = a^t \theta_0 - \eta \sum_{i \le t} a^{t-i}
        \frac{\bar g_i}{\sqrt{\overline{g^2}_i} + \epsilon}, \qquad a = 1 - \eta\lambda

    >>> adamw(1.0, [3.0], lr=0.1, weight_decay=0.1).round(4).tolist()
    [0.89]
    """
    g = np.asarray(g, dtype=float)
    return _decayed(theta, _average(g, beta1) / (np.sqrt(_average(g * g, beta2)) + eps), lr, weight_decay)


def adam_l2(theta, g, *, weight_decay=1e-2, **hyper):
    """Adam along g + weight_decay * theta: each step worked out from all the gradients up to it.

    >>> adam_l2(1.0, [3.0], lr=0.1, weight_decay=0.1).round(4).tolist()
    [0.9]
    """
    path, fed = [theta], []
    for gradient in g:
        fed.append(gradient + weight_decay * path[-1])
        path.append(adam(theta, fed, **hyper)[-1])
    return np.array(path[1:])


def _average(x, beta):
    """At each time the average of x so far, an entry of age a weighing beta**a."""
    return _weigh(lambda age: beta**age, x) / _weigh(lambda age: beta**age, np.ones_like(x))


def _decayed(theta, direction, lr, weight_decay):
    keep = 1 - lr * weight_decay
    time = np.arange(1.0, len(direction) + 1).reshape(-1, *[1] * np.ndim(theta))
    return keep**time * theta - lr * _weigh(lambda age: keep**age, direction)


def _weigh(weight, x):
    """At each time t the sum over i <= t of weight(t - i) * x_i."""
    age = np.subtract.outer(np.arange(len(x)), np.arange(len(x)))
    return np.tensordot(np.where(age >= 0, weight(np.maximum(age, 0.0)), 0.0), x, 1)
