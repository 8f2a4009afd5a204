"""The surfaces the course descends: each a Problem with its loss, exact gradient, start and minimum.

``f`` and ``grad`` take parameters of shape (..., n): the last axis holds the coordinates, the others are runs side by side.
"""

from dataclasses import dataclass
from typing import Callable

import numpy as np


@dataclass(frozen=True, eq=False)
class Problem:
    """A loss to minimize.

    Fields: ``f`` maps (..., n) to losses of shape (...); ``grad`` maps (..., n) to gradients of the same shape; ``start`` and
    ``minimum`` have shape (n,). Where gradients are noisy, ``sample(theta, t, rng)`` is the gradient seen at step t (its
    noise is the same for every run side by side, so that a comparison differs only in what is compared). Where parameters
    must stay in a set, ``project`` maps them back into it.
    """

    name: str
    f: Callable
    grad: Callable
    start: np.ndarray
    minimum: np.ndarray
    source: str
    sample: Callable | None = None
    project: Callable | None = None

    def __repr__(self):
        return f"Problem({self.name})"


def quadratic(kappa=100.0, angle=0.0):
    r"""A valley with curvatures 1 and kappa along axes turned by ``angle`` degrees.

    .. math:: f(\theta) = \tfrac12\,\theta^\top H\,\theta, \qquad H = R\,\mathrm{diag}(1, \kappa)\,R^\top

    >>> valley = quadratic(kappa=10)
    >>> float(valley.f(valley.start)), valley.grad(valley.start).tolist()
    (5.5, [1.0, 10.0])
    """
    radians = np.deg2rad(angle)
    cos, sin = np.cos(radians), np.sin(radians)

    def along_and_across(theta):
        x, y = theta[..., 0], theta[..., 1]
        return cos * x + sin * y, cos * y - sin * x

    def f(theta):
        along, across = along_and_across(theta)
        return 0.5 * (along**2 + kappa * across**2)

    def grad(theta):
        along, across = along_and_across(theta)
        return np.stack([cos * along - kappa * sin * across, sin * along + kappa * cos * across], -1)

    return Problem(
        name=f"quadratic, kappa {kappa:g}" + (f", turned {angle:g} degrees" if angle else ""),
        f=f,
        grad=grad,
        start=np.stack([cos - sin, sin + cos]),
        minimum=np.zeros(2),
        source="the second-order Taylor model of any smooth minimum",
    )


def noisy_quadratic(kappa=100.0, sigma=1.0, angle=0.0):
    """The valley of :func:`quadratic`, its gradient seen through independent normal noise of standard deviation sigma.

    >>> p = noisy_quadratic(kappa=10, sigma=0.5)
    >>> p.sample(p.start, 1, np.random.default_rng(0)).round(3).tolist()
    [1.063, 9.934]
    """
    clean = quadratic(kappa, angle)
    return _with_noise(clean, sigma, f"noisy {clean.name}, sigma {sigma:g}")


def saddle(sigma=(0.0, 0.0)):
    r"""A saddle at the origin between two minima at (0, 1) and (0, -1), entered along its ridge.

    .. math:: f(x, y) = \tfrac12 x^2 - \tfrac12 y^2 + \tfrac14 y^4

    The start (1, 0) lies on the ridge, where the gradient has no part along the escape direction y. ``sigma`` is the
    standard deviation of the noise along x and along y.

    >>> p = saddle()
    >>> float(p.f(p.minimum)), p.grad(p.start).tolist()
    (-0.25, [1.0, 0.0])
    """
    return _with_noise(
        Problem(
            name="saddle",
            f=lambda theta: 0.5 * theta[..., 0] ** 2 - 0.5 * theta[..., 1] ** 2 + 0.25 * theta[..., 1] ** 4,
            grad=lambda theta: np.stack([theta[..., 0], theta[..., 1] ** 3 - theta[..., 1]], -1),
            start=np.array([1.0, 0.0]),
            minimum=np.array([0.0, 1.0]),
            source="the normal form of a pitchfork",
        ),
        np.asarray(sigma),
        "saddle",
    )


def _rosenbrock(theta):
    x, y = theta[..., 0], theta[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _rosenbrock_grad(theta):
    x, y = theta[..., 0], theta[..., 1]
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], -1)


#: A narrow curved valley: f(x, y) = (1 - x)^2 + 100 (y - x^2)^2; curvatures at the minimum (1, 1) differ 2508-fold.
rosenbrock = Problem(
    name="Rosenbrock",
    f=_rosenbrock,
    grad=_rosenbrock_grad,
    start=np.array([-1.0, 1.0]),
    minimum=np.array([1.0, 1.0]),
    source="Rosenbrock (1960)",
)


def _beale_residuals(theta):
    x, y = theta[..., 0], theta[..., 1]
    return [(constant - x * (1 - y**power), power) for power, constant in ((1, 1.5), (2, 2.25), (3, 2.625))]


def _beale_grad(theta):
    x, y = theta[..., 0], theta[..., 1]
    residuals = _beale_residuals(theta)
    return np.stack(
        [
            sum(-2 * r * (1 - y**power) for r, power in residuals),
            sum(2 * r * x * power * y ** (power - 1) for r, power in residuals),
        ],
        -1,
    )


#: A plateau with steep walls: f(x, y) = sum over p of (c_p - x (1 - y^p))^2, minimum at (3, 1/2).
beale = Problem(
    name="Beale",
    f=lambda theta: sum(r**2 for r, _ in _beale_residuals(theta)),
    grad=_beale_grad,
    start=np.array([1.0, 1.0]),
    minimum=np.array([3.0, 0.5]),
    source="Beale (1958)",
)


def sparse_logistic(seed=0, n=4000, d=1000, words=20, zipf=1.1, batch=32):
    r"""Bag-of-words classification with rare informative words: the three Problems (train, validation, test).

    Each of n texts draws ``words`` words from d, word j with probability proportional to :math:`j^{-\mathrm{zipf}}`
    (zipf=0: all words equally often); x holds 0/1. The label follows a logistic model in which a word's weight is
    normal with a standard deviation that grows as the word gets rarer. f is the mean log loss, ``sample`` its
    gradient on a random batch. The minimum is not known: it is reported as NaN.

    >>> train, validation, test = sparse_logistic(n=200, d=50)
    >>> round(float(train.f(train.start)), 4)
    0.6931
    """
    rng = np.random.default_rng(seed)
    frequency = np.arange(1, d + 1, dtype=float) ** -zipf
    frequency /= frequency.sum()
    spread = np.minimum(3.0, 0.3 * np.sqrt(frequency.max() / frequency)) if zipf else np.ones(d)
    weights = rng.normal(size=d) * spread
    return tuple(_logistic(split, rng, frequency, weights, n, words, batch) for split in ("train", "validation", "test"))


def _logistic(split, rng, frequency, weights, n, words, batch):
    d = len(frequency)
    x = np.zeros((n, d))
    x[np.arange(n)[:, None], rng.choice(d, size=(n, words), p=frequency)] = 1.0
    y = rng.random(n) < 1 / (1 + np.exp(-(x @ weights)))
    sign = np.where(y, 1.0, -1.0)

    def gradient(theta, rows):
        margin = sign[rows] * (theta @ x[rows].T)
        return (-sign[rows] * np.exp(-np.logaddexp(0, margin))) @ x[rows] / len(sign[rows])

    return Problem(
        name=f"sparse logistic regression ({split})",
        f=lambda theta: np.logaddexp(0, -sign * (theta @ x.T)).mean(-1),
        grad=lambda theta: gradient(theta, slice(None)),
        start=np.zeros(d),
        minimum=np.full(d, np.nan),
        source="synthetic, after the bag-of-words experiments of Duchi, Hazan & Singer (2011)",
        sample=lambda theta, t, rng: gradient(theta, rng.integers(n, size=batch)),
    )


def reddi(C=3.0):
    r"""Reddi's online problem on [-1, 1]: the gradient is C at every third step (t = 1, 4, ...) and -1 at the others.

    .. math:: f(x) = \tfrac{C-2}{3}\,x \quad\text{on average, least at } x = -1 \text{ for } C > 2

    >>> [p := reddi(), [float(p.sample(p.start, t, None)[0]) for t in (1, 2, 3, 4)]][1]
    [3.0, -1.0, -1.0, 3.0]
    """
    slope = (C - 2) / 3
    return Problem(
        name=f"Reddi's online problem, C = {C:g}",
        f=lambda theta: slope * theta[..., 0],
        grad=lambda theta: np.full_like(theta, slope),
        start=np.zeros(1),
        minimum=np.array([-1.0]),
        source="Reddi, Kale & Kumar (2018), Theorem 1",
        sample=lambda theta, t, rng: np.full_like(theta, C if t % 3 == 1 else -1.0),
        project=lambda theta: np.clip(theta, -1.0, 1.0),
    )


def _with_noise(problem, sigma, name):
    """The same problem, its gradient seen with independent normal noise: one draw a step, shared by runs side by side."""
    return Problem(
        **{
            **problem.__dict__,
            "name": name,
            "sample": lambda theta, t, rng: problem.grad(theta) + sigma * rng.normal(size=theta.shape[-1]),
        }
    )
