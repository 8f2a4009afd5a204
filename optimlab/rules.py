r"""The ladder of update rules, in book order: each rung changes one thing in the memory because the rung below broke.

An update rule is a pure function

    theta, state = rule(theta, g, state, *, lr, ...)

of the parameters theta, the gradient g at theta (same shape, any shape), and a memory. The memory is a plain dict, {} at
birth: each of its entries starts at the number 0, which broadcasts to any shape and belongs to every number system (but
schedule-free's two sequences, which start at theta).
So one body runs on Python floats, NumPy arrays, SymPy symbols and torch tensors, and the proofs in book/proofs run these
very bodies. Nothing is changed in place.

Units: for a loss in joules and theta in metres, g is in J/m and v in J^2/m^2. lr is in m^2/J for the rules that step along g,
in metres for those that divide g by its own size; eps is in the units of g, weight_decay of the decoupled kind in 1/lr.
The decorator (contract.py) answers bad input with a sentence: TypeError for what is no number, an unknown or missing
hyperparameter; ValueError for a value out of range or shapes that differ.
"""

from typing import Literal

from .contract import RULES, Interval, Matrix, rule
from .ops import maximum, norm, sqrt

__all__ = [
    "RULES", "rule", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adam_l2", "adamw", "amsgrad", "radam",
    "schedule_free_sgd", "schedule_free_adamw", "muon", "newton_schulz",
]  # fmt: skip


@rule
def sgd(theta, g, state, *, lr, weight_decay=0):
    r"""Step against the gradient. No memory.

    .. math:: \theta_t = \theta_{t-1} - \eta\,(g_t + \lambda\,\theta_{t-1})

    >>> sgd(1.0, 2.0, lr=0.25)
    (0.5, {})

    Source: Cauchy (1847); Robbins & Monro (1951) for noisy gradients. weight_decay is the gradient of an L2 penalty
    (PyTorch); for this rule alone that is the same as decoupled decay (Keras). optax.sgd has none.
    """
    return theta - lr * (g + weight_decay * theta), {}


@rule
def momentum(theta, g, state, *, lr, beta=0.9):
    r"""Remember the direction: a velocity that sums the gradients and forgets at rate beta.

    .. math:: v_t = \beta v_{t-1} + g_t, \qquad \theta_t = \theta_{t-1} - \eta v_t

    >>> theta, state = momentum(1.0, 2.0, lr=0.125)
    >>> momentum(theta, 2.0, state, lr=0.125, beta=0.5)
    (0.375, {'v': 3.0})

    Source: Polyak (1964). PyTorch with dampening 0 and optax.trace agree; Keras puts lr inside the velocity, which
    differs once lr changes.
    """
    v = beta * state.get("v", 0) + g
    return theta - lr * v, {"v": v}


@rule
def nesterov(theta, g, state, *, lr, beta=0.9):
    r"""Momentum that looks ahead: step along where the velocity is about to be.

    .. math:: v_t = \beta v_{t-1} + g_t, \qquad \theta_t = \theta_{t-1} - \eta\,(g_t + \beta v_t)

    >>> nesterov(1.0, 2.0, lr=0.125, beta=0.5)
    (0.625, {'v': 2.0})

    Source: Nesterov (1983), in the variables of Sutskever et al. (2013) after Bengio et al. (2013): theta is the
    look-ahead point. PyTorch (nesterov=True) and optax agree.
    """
    v = beta * state.get("v", 0) + g
    return theta - lr * (g + beta * v), {"v": v}


@rule
def adagrad(theta, g, state, *, lr, eps=1e-10):
    r"""Remember the size: divide each coordinate by the root of the sum of its squared gradients.

    .. math:: s_t = s_{t-1} + g_t^2, \qquad \theta_t = \theta_{t-1} - \eta\,g_t / (\sqrt{s_t} + \epsilon)

    >>> theta, state = adagrad(1.0, 3.0, lr=0.5, eps=0)
    >>> adagrad(theta, 4.0, state, lr=0.5, eps=0)
    (0.09999999999999998, {'s': 25.0})

    Source: Duchi, Hazan & Singer (2011). PyTorch agrees; optax and Keras start s at 0.1 and put eps = 1e-7 inside the
    root.
    """
    s = state.get("s", 0) + g * g
    return theta - lr * g / (sqrt(s) + eps), {"s": s}


@rule
def rmsprop(theta, g, state, *, lr, beta=0.99, eps=1e-8, centered=False, debias=False):
    r"""AdaGrad that forgets: the size is a moving average, not a sum.

    .. math:: v_t = \beta v_{t-1} + (1-\beta)\,g_t^2, \qquad \theta_t = \theta_{t-1} - \eta\,g_t / (\sqrt{v_t} + \epsilon)

    ``debias`` divides the averages by 1 - beta**t; ``centered`` subtracts the squared average gradient, which leaves the
    variance (kept at or above 0, where rounding would take it below).

    >>> theta, state = rmsprop(1.0, 2.0, lr=0.125, beta=0.75, eps=0)
    >>> theta, state["v"]
    (0.75, 1.0)

    Source: Hinton, Coursera lecture 6e (2012), unpublished; Graves (2013) for centered. PyTorch agrees; optax and Keras
    take beta = 0.9 and put eps inside the root.
    """
    t = state.get("t", 0) + 1
    v = beta * state.get("v", 0) + (1 - beta) * (g * g)
    new = {"t": t, "v": v}
    weight = 1 - beta**t if debias else 1
    v_hat = v / weight
    if centered:
        new["m"] = beta * state.get("m", 0) + (1 - beta) * g
        m_hat = new["m"] / weight
        v_hat = maximum(v_hat - m_hat * m_hat, 0)
    return theta - lr * g / (sqrt(v_hat) + eps), new


@rule
def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    r"""Momentum's direction, RMSProp's size, both corrected for having started at zero.

    .. math::
        m_t &= \beta_1 m_{t-1} + (1-\beta_1)\,g_t, & \hat m_t &= m_t / (1-\beta_1^t), \\
        v_t &= \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2, & \hat v_t &= v_t / (1-\beta_2^t), \\
        \theta_t &= \theta_{t-1} - \eta\,\hat m_t / (\sqrt{\hat v_t} + \epsilon)

    >>> theta, state = adam(1.0, 2.0, lr=0.1)
    >>> round(theta, 6), state["t"]
    (0.9, 1)

    Source: Kingma & Ba (2015), Algorithm 1. PyTorch and optax agree; Keras adds its eps = 1e-7 to the uncorrected root.
    """
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0) + (1 - beta2) * (g * g)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return theta - lr * m_hat / (sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}


@rule
def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    r"""Adam fed the gradient of an L2 penalty: the mistake that AdamW repairs.

    .. math:: \theta_t = \mathrm{adam}(\theta_{t-1},\; g_t + \lambda\,\theta_{t-1})

    >>> theta, state = adam_l2(1.0, 3.0, lr=0.1, weight_decay=0.1)
    >>> round(theta, 6)
    0.9

    Source: torch.optim.Adam's weight_decay; Loshchilov & Hutter (2019), Algorithm 2 (pink) name what is wrong with it.
    """
    return adam.body(theta, g + weight_decay * theta, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


@rule
def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    r"""Shrink, then take Adam's step; the gradient was taken before the shrinking.

    .. math:: \theta_t = \mathrm{adam}((1 - \eta\lambda)\,\theta_{t-1},\; g_t)

    >>> theta, state = adamw(1.0, 3.0, lr=0.1, weight_decay=0.1)
    >>> round(theta, 6)
    0.89

    Source: Loshchilov & Hutter (2019), Algorithm 2 (green), whose decay is this weight_decay times the base lr. PyTorch
    agrees; optax's default decay is 1e-4, Keras's 4e-3.
    """
    return adam.body(theta * (1 - lr * weight_decay), g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


@rule
def amsgrad(
    theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, debias: Literal["after", "before", "none"] = "after"
):
    r"""Adam whose size never shrinks: the largest v so far.

    .. math::
        v^{\max}_t = \max(v^{\max}_{t-1}, v_t), \qquad
        \theta_t = \theta_{t-1} - \eta\,\hat m_t / \bigl(\sqrt{v^{\max}_t / (1-\beta_2^t)} + \epsilon\bigr)

    ``debias`` says when v is corrected: "after" the maximum, "before" it, or "none" for neither v nor m.

    >>> theta, state = amsgrad(1.0, 2.0, lr=0.1)
    >>> round(theta, 6), sorted(state)
    (0.9, ['m', 't', 'v', 'v_max'])

    Source: Reddi, Kale & Kumar (2018), Algorithm 2, which corrects nothing ("none"). PyTorch is "after", optax "before".
    """
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0) + (1 - beta2) * (g * g)
    weight_m, weight_v = (1, 1) if debias == "none" else (1 - beta1**t, 1 - beta2**t)
    before, after = (weight_v, 1) if debias == "before" else (1, weight_v)
    v_max = maximum(v / before, state.get("v_max", 0))
    return theta - lr * (m / weight_m) / (sqrt(v_max / after) + eps), {"t": t, "m": m, "v": v, "v_max": v_max}


@rule
def radam(
    theta, g, state, *, lr=1e-3, beta1=0.9, beta2: Interval(0, 1, single=True) = 0.999, eps=1e-8,
    threshold: Interval(4, single=True) = 5,
):  # fmt: skip
    r"""Adam that waits until its size can be trusted, then warms up: r_t makes up for the size's variance.

    .. math::
        \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1-\beta_2^t}, \quad \rho_\infty = \frac{2}{1-\beta_2} - 1, \qquad
        \theta_t = \theta_{t-1} - \eta\,\hat m_t \cdot
        \begin{cases} r_t \sqrt{1-\beta_2^t} / (\sqrt{v_t} + \epsilon) & \rho_t > \text{threshold} \\ 1 & \text{else} \end{cases}

    with :math:`r_t = \sqrt{(\rho_t-4)(\rho_t-2)\rho_\infty / ((\rho_\infty-4)(\rho_\infty-2)\rho_t)}`. The branch needs t
    and beta2 as numbers, not symbols.

    >>> theta, state = radam(1.0, 2.0, lr=0.1)        # not yet rectified: momentum's step, lr * g
    >>> round(theta, 6)
    0.8

    Source: Liu et al. (2020), Algorithm 2, with threshold 4 and eps after the correction. PyTorch agrees with this rule;
    optax rectifies from rho_t >= 5 on, with eps after the correction.
    """
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0) + (1 - beta2) * (g * g)
    step = m / (1 - beta1**t)
    rho_inf = 2 / (1 - beta2) - 1
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho > threshold:
        r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        step = step * r * sqrt(1 - beta2**t) / (sqrt(v) + eps)
    return theta - lr * step, {"t": t, "m": m, "v": v}


@rule
def schedule_free_sgd(theta, g, state, *, lr, beta: Interval(0, 1, closed=True) = 0.9):
    r"""Average instead of decaying the learning rate: z steps, x is the mean of all z, theta = y lies between the two.

    .. math::
        z_t = z_{t-1} - \eta\,g_t, \qquad x_t = x_{t-1} + (z_t - x_{t-1}) / t, \qquad y_t = (1-\beta)\,z_t + \beta\,x_t

    Gradients are taken at y, which is theta; what has been learnt is x: evaluate at ``state["x"]``. beta = 0 is
    Polyak's averaging, beta = 1 primal averaging.

    >>> theta, state = schedule_free_sgd(1.0, 2.0, lr=0.25)
    >>> theta, state = schedule_free_sgd(theta, 1.0, state, lr=0.25, beta=0.5)
    >>> theta, state["x"], state["z"]
    (0.3125, 0.375, 0.25)

    Source: Defazio et al. (2024), "The Road Less Scheduled". schedulefree 1.4.1 agrees while lr is constant; otherwise
    it weights the mean by the largest lr squared.
    """
    t = state.get("t", 0) + 1
    z = state.get("z", theta) - lr * g
    x = state.get("x", theta)
    x = x + (z - x) / t
    return (1 - beta) * z + beta * x, {"t": t, "x": x, "z": z}


@rule
def schedule_free_adamw(
    theta, g, state, *, lr=2.5e-3, beta1: Interval(0, 1, closed=True) = 0.9, beta2=0.999, eps=1e-8, weight_decay=0
):
    r"""Schedule-free with Adam's size: the average between y and z takes momentum's place.

    .. math::
        v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2, \qquad
        z_t = z_{t-1} - \eta\,\Bigl(\frac{g_t}{\sqrt{v_t / (1-\beta_2^t)} + \epsilon} + \lambda\,y_{t-1}\Bigr)

    with x and y as in :func:`schedule_free_sgd`.

    >>> theta, state = schedule_free_adamw(1.0, 2.0, lr=0.1)
    >>> round(theta, 6), sorted(state)
    (0.9, ['t', 'v', 'x', 'z'])

    Source: Defazio et al. (2024), Algorithm 1, without its warmup. schedulefree 1.4.1 agrees, the decay taken at y.
    """
    t = state.get("t", 0) + 1
    v = beta2 * state.get("v", 0) + (1 - beta2) * (g * g)
    step = g / (sqrt(v / (1 - beta2**t)) + eps) + weight_decay * theta
    theta, averages = schedule_free_sgd.body(theta, step, state, lr=lr, beta=beta1)
    return theta, {**averages, "v": v}


@rule
def muon(theta: Matrix, g, state, *, lr=0.02, beta=0.95, weight_decay=0, nesterov=True, steps: int = 5):
    r"""Momentum made orthogonal: every singular value of the step is brought near 1. For matrices only.

    .. math:: M_t = \beta M_{t-1} + (1-\beta)\,G_t, \qquad
        \Theta_t = (1-\eta\lambda)\,\Theta_{t-1} - \eta\sqrt{\max(1, \text{rows}/\text{cols})}\;\mathrm{NS}(M_t)

    NS is :func:`newton_schulz` with so many ``steps``. ``nesterov`` looks ahead as :func:`nesterov` does:
    :math:`\beta M_t + (1-\beta)\,G_t` takes the place of :math:`M_t`.

    >>> import numpy as np
    >>> theta, state = muon(np.zeros((2, 2)), np.diag([30.0, 4.0]), lr=1.0)
    >>> theta.diagonal().round(2).tolist()      # two gradients of very different size, two steps of about one
    [-0.71, -0.69]

    Source: Jordan et al. (2024), a blog post. torch.optim.Muon agrees, but that it computes NS in bfloat16; optax
    scales by the root of cols/rows.
    """
    m = beta * state.get("m", 0) + (1 - beta) * g
    direction = beta * m + (1 - beta) * g if nesterov else m
    rows, cols = theta.shape
    scale = sqrt(max(1, rows / cols))
    return theta * (1 - lr * weight_decay) - lr * scale * newton_schulz(direction, steps), {"m": m}


def newton_schulz(matrix, steps=5):
    r"""The matrix with its singular vectors kept and its singular values brought near 1.

    .. math:: X \leftarrow a X + (b\,A + c\,A^2)\,X, \qquad A = X X^\top, \qquad (a, b, c) = (3.4445, -4.7750, 2.0315)

    from the matrix divided by its Frobenius norm: each step applies :math:`a\sigma + b\sigma^3 + c\sigma^5` to every
    singular value. The three numbers are Jordan's: they lift small values fast and do not converge to 1. Five steps
    leave every value that was above .01 of the norm between .68 and 1.14.

    >>> import numpy as np
    >>> np.linalg.svd(newton_schulz(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])))[1].round(2).tolist()
    [0.92, 0.7]
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / maximum(norm(x), 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x
