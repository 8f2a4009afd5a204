"""Each rule once more, as its paper prints it or as its library writes it where no setting of ours is the same.

Written from the publications and the libraries' sources, not from optimlab/rules.py. Every function takes a start, the
gradients and settings in the source's own words, and gives the path of the parameters (of the point where the gradient
is taken, where a source has two).
"""

import numpy as np
from numpy import maximum, sqrt


def robbins_monro(x, gs, alpha):
    return walk(x, gs, lambda x, g, t: x - alpha * g)


def polyak(x, gs, alpha, beta):
    """x_(t+1) = x_t - alpha g + beta (x_t - x_(t-1)): no velocity."""
    path = [x, x]
    for g in gs:
        path.append(path[-1] - alpha * g + beta * (path[-1] - path[-2]))
    return path[2:]


def sutskever(x, gs, epsilon, mu):
    """Equations 3 and 4, whose gradient is taken at theta + mu v; it begins at x and is what is returned."""
    theta, v, path = x, 0 * x, []
    for g in gs:
        v = mu * v - epsilon * g
        theta = theta + v
        path.append(theta + mu * v)
    return path


def duchi(x, gs, eta, delta):
    seen = []

    def step(x, g, t):
        seen.append(g)
        return x - eta * g / (delta + sqrt(sum(g * g for g in seen)))

    return walk(x, gs, step)


def hinton(x, gs, eta, decay):
    mean_square = 0

    def step(x, g, t):
        nonlocal mean_square
        mean_square = decay * mean_square + (1 - decay) * g**2
        return x - eta * g / sqrt(mean_square)

    return walk(x, gs, step)


def kingma(x, gs, alpha, beta_1, beta_2, epsilon, penalty=0, decay=0):
    m = v = 0

    def step(x, g, t):
        nonlocal m, v
        g = g + penalty * x
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        return x - (alpha * m_hat / (sqrt(v_hat) + epsilon) + decay * x)  # Loshchilov & Hutter, line 12, eta_t = 1

    return walk(x, gs, step)


def reddi(x, gs, alpha, beta_1, beta_2):
    m = v = v_hat = 0

    def step(x, g, t):
        nonlocal m, v, v_hat
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        v_hat = maximum(v_hat, v)
        return x - alpha * m / sqrt(v_hat)

    return walk(x, gs, step)


def liu(x, gs, alpha, beta_1, beta_2):
    m = v = 0
    rho_inf = 2 / (1 - beta_2) - 1

    def step(x, g, t):
        nonlocal m, v
        v = beta_2 * v + (1 - beta_2) * g**2
        m = beta_1 * m + (1 - beta_1) * g
        m_hat = m / (1 - beta_1**t)
        rho = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)
        if rho <= 4:
            return x - alpha * m_hat
        adapt = sqrt((1 - beta_2**t) / v)
        rectify = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        return x - alpha * rectify * m_hat * adapt

    return walk(x, gs, step)


def defazio(x, gs, gamma, beta):
    """z_1 = x_1 = the start, c_(t+1) = 1/(t+1): the start is the first member of the mean."""
    z, mean, path = x, x, []
    for t, g in enumerate(gs, 1):
        z = z - gamma * g
        mean = (1 - 1 / (t + 1)) * mean + z / (t + 1)
        path.append((1 - beta) * z + beta * mean)
    return path


def defazio_adamw(x, gs, gamma, beta_1, beta_2, epsilon, decay):
    """Algorithm 1 without warmup: c_(t+1) = gamma^2 / sum gamma^2 = 1/t."""
    y, z, mean, v, path = x, x, x, 0, []
    for t, g in enumerate(gs, 1):
        v = beta_2 * v + (1 - beta_2) * g**2
        z = z - gamma * g / (sqrt(v / (1 - beta_2**t)) + epsilon) - gamma * decay * y
        mean = (1 - 1 / t) * mean + z / t
        y = (1 - beta_1) * z + beta_1 * mean
        path.append(y)
    return path


def jordan(x, gs, lr, momentum, weight_decay, nesterov, ns_steps):
    m = 0

    def step(x, g, t):
        nonlocal m
        m = m + (1 - momentum) * (g - m)
        update = near_orthogonal(g + momentum * (m - g) if nesterov else m, ns_steps, 1e-7)
        return x * (1 - lr * weight_decay) - lr * max(1, x.shape[0] / x.shape[1]) ** 0.5 * update

    return walk(x, gs, step)


def near_orthogonal(matrix, steps, guard, kind=np.float64):
    """The quintic, applied to the singular values; the norm is computed in ``kind``."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    values = values / (float(sqrt(np.sum(kind(matrix) ** 2))) + guard)
    for _ in range(steps):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return left * values @ right


def walk(x, gs, step):
    path = []
    for t, g in enumerate(gs, 1):
        x = step(x, g, t)
        path.append(x)
    return path


PAPERS = {  # rule -> the path of its paper, from the words of optimlab/conventions.py
    "sgd": robbins_monro,
    "momentum": polyak,
    "nesterov": sutskever,
    "adagrad": duchi,
    "rmsprop": hinton,
    "adam": kingma,
    "adam_l2": lambda x, gs, **words: kingma(x, gs, penalty=words.pop("lambda"), **words),
    "adamw": lambda x, gs, **words: kingma(x, gs, decay=words.pop("lambda"), **words),
    "amsgrad": reddi,
    "radam": liu,
    "schedule_free_sgd": defazio,
    "schedule_free_adamw": lambda x, gs, **words: defazio_adamw(x, gs, decay=words.pop("lambda"), **words),
    "muon": jordan,
}


def rmsprop_inside(x, gs, lr, beta, eps, centered, debias):
    """optax and Keras: eps under the root."""
    m = v = 0

    def step(x, g, t):
        nonlocal m, v
        weight = 1 - beta**t if debias else 1
        m, v = beta * m + (1 - beta) * g, beta * v + (1 - beta) * g**2
        return x - lr * g / sqrt(v / weight - (m / weight) ** 2 * centered + eps)

    return walk(x, gs, step)


def schedule_free_decayed_y(x, gs, lr, beta1, beta2, eps, weight_decay):
    """Keras: y is shrunk first, and the mean is worked out from the shrunk y."""
    y, z, v, path = x, x, 0, []
    for t, g in enumerate(gs, 1):
        y = y * (1 - lr * weight_decay)
        mean = (y - (1 - beta1) * z) / beta1
        v = beta2 * v + (1 - beta2) * g**2
        z = z - lr * g / (sqrt(v / (1 - beta2**t)) + eps)
        mean = (1 - 1 / t) * mean + z / t
        y = (1 - beta1) * z + beta1 * mean
        path.append(y)
    return path


def muon_debiased(x, gs, lr, beta, weight_decay, nesterov, steps, rms):
    """optax: momentum and gradient are each corrected for bias before the look-ahead. x is (outputs, inputs)."""
    m = 0
    scale = max(1, x.shape[0] / x.shape[1]) ** 0.5 if rms is None else rms * max(x.shape) ** 0.5

    def step(x, g, t):
        nonlocal m
        m = beta * m + (1 - beta) * g
        ahead = beta * m / (1 - beta ** (t + 1)) + (1 - beta) * g / (1 - beta**t)
        return x - lr * (scale * near_orthogonal(ahead, steps, 1e-8) + weight_decay * x)

    return walk(x, gs, step)


def muon_of_keras(x, gs, lr, beta, weight_decay, nesterov, steps, rms, kind):
    """Keras: the velocity is a sum, its norm and the scale are taken in ``kind``. x is (outputs, inputs)."""
    m = 0
    factor = float(sqrt(kind(max(x.shape))))

    def step(x, g, t):
        nonlocal m
        m = m + g + m * (beta - 1)
        update = near_orthogonal((g + beta * m if nesterov else m).T, steps, 1e-7, kind).T
        return x - x * weight_decay * lr - lr * update * factor * rms

    return walk(x, gs, step)


def nadam(x, gs, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=0.004, product=np.float64):
    """torch's NAdam; the product of its momenta is kept as ``product``."""
    m = v = 0
    mu_product = product(1)

    def step(x, g, t):
        nonlocal m, v, mu_product
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        mu_product = mu_product * product(mu)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        size = sqrt(v / (1 - beta2**t)) + eps
        ahead = (1 - mu) * g / (1 - float(mu_product)) + mu_next * m / (1 - float(mu_product) * mu_next)
        return x - lr * ahead / size

    return walk(x, gs, step)
