"""Running a rule: minimize a problem (one run or a whole sweep), step a tree of parameters, clip gradients."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np

from .contract import find, nearest
from .ops import maximum, norm, sqrt
from .problems import Problem


@dataclass(frozen=True, eq=False)
class Run:
    """The whole path of a descent. In a sweep over k values every array has one more axis of length k after the steps.

    ``theta`` (steps + 1, n), the start first; ``lr`` (steps,); ``state``, the rule's last memory; ``diverged``, the first
    step at which theta was no longer finite, None if that never happened (in a sweep an array of steps, -1 for never).
    ``loss`` (steps + 1,), without noise, and ``distance`` (steps + 1,) to the minimum are worked out when asked for.
    """

    problem: Problem
    rule: str
    theta: np.ndarray
    lr: np.ndarray
    state: dict
    diverged: int | None | np.ndarray

    @cached_property
    def loss(self):
        with np.errstate(all="ignore"):
            return np.array([self.problem.f(theta) for theta in self.theta])

    @cached_property
    def distance(self):
        with np.errstate(all="ignore"):
            return np.sqrt(((self.theta - self.problem.minimum) ** 2).sum(-1))

    def __repr__(self):
        steps, *sweep, _ = self.theta.shape
        return f"Run({self.rule} on {self.problem.name}, {steps - 1} steps{f', sweep of {sweep[0]}' if sweep else ''})"


def minimize(problem, rule, *, steps=1000, lr=None, start=None, seed=0, clip_norm=None, clip_value=None, **hyper):
    """Run ``rule`` on ``problem`` and return the whole path as a :class:`Run`.

    ``rule`` is a name ("adam") or any function with a rule's signature. ``lr`` is a number, a schedule (a function of
    t = 1, 2, ...) or a sequence of k numbers: then k runs go side by side, which see the same gradient noise. Any other
    hyperparameter may be such a sequence too. ``start`` has shape (n,) or (k, n). ``seed`` fixes the noise. A run that
    leaves the finite goes on and is reported in ``Run.diverged``.

    >>> from optimlab.problems import rosenbrock
    >>> run = minimize(rosenbrock, "adam", lr=1e-2, steps=2000)
    >>> run, run.theta.shape, bool(run.distance[-1] < 0.01)
    (Run(adam on Rosenbrock, 2000 steps), (2001, 2), True)
    >>> sweep = minimize(rosenbrock, "sgd", lr=[1e-4, 1e-3, 1e-2], steps=100)
    >>> sweep.theta.shape, sweep.diverged.tolist()
    ((101, 3, 2), [-1, -1, 9])
    """
    rule = find(rule) if isinstance(rule, str) else rule
    name = getattr(rule, "__name__", str(rule))
    if not isinstance(problem, Problem):
        raise TypeError(f"minimize: problem must be a Problem (see optimlab.problems), got {problem!r}")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise ValueError(f"minimize: steps must be a whole number, at least 0, got {steps!r}")
    schedule = _schedule_of(lr, rule, name)
    hyper = {key: _column(value) for key, value in hyper.items()}
    theta = _start_of(problem, start, [schedule(1), *hyper.values()])

    rng = np.random.default_rng(seed)
    path, lrs, state = np.empty((steps + 1, *theta.shape)), [], {}
    path[0] = theta
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            g = problem.sample(theta, t, rng) if problem.sample else problem.grad(theta)
            if clip_norm is not None:
                g = clip_by_norm(g, clip_norm, axis=-1)
            if clip_value is not None:
                g = clip_by_value(g, clip_value)
            lrs.append(schedule(t))
            theta, state = rule(theta, g, state, lr=lrs[-1], **hyper)
            if problem.project:
                theta = problem.project(theta)
            path[t] = theta
    lrs = np.reshape([np.broadcast_to(lr, (*theta.shape[:-1], 1)) for lr in lrs], path[1:].shape[:-1])
    return Run(problem, name, path, lrs, state, _first_nonfinite(path))


def step_tree(rule, params, grads, state=None, *, groups=None, **hyper):
    """One step of ``rule`` on named parameters: (params, state), each a dict by name.

    ``groups`` maps a pattern (shell style: ``*`` and ``?``) to the hyperparameters that parameters of such names get
    instead; a later pattern wins over an earlier one.

    >>> params = {"layer.weight": np.ones(2), "layer.bias": np.ones(1)}
    >>> zero = {name: 0 * value for name, value in params.items()}
    >>> params, _ = step_tree("adamw", params, zero, lr=0.1, weight_decay=0.5, groups={"*bias": {"weight_decay": 0.0}})
    >>> params["layer.weight"].tolist(), params["layer.bias"].tolist()
    ([0.95, 0.95], [1.0])
    """
    rule = find(rule) if isinstance(rule, str) else rule
    state, groups = state or {}, groups or {}
    for what, names in (("gradient", grads), ("memory", state)):
        if unknown := [name for name in names if name not in params]:
            raise ValueError(f"step_tree: a {what} is named {unknown[0]!r} but no parameter is; {nearest(unknown[0], params)}")
    if missing := [name for name in params if name not in grads]:
        raise ValueError(f"step_tree: no gradient for {', '.join(missing)}")
    for pattern in groups:
        if not any(fnmatchcase(name, pattern) for name in params):
            raise ValueError(f"step_tree: the group {pattern!r} matches no parameter; {nearest(pattern, params)}")
    stepped = {}
    for name in params:
        own = dict(hyper)
        for pattern, overrides in groups.items():
            if fnmatchcase(name, pattern):
                own |= overrides
        stepped[name] = rule(params[name], grads[name], state.get(name, {}), **own)
    return {name: pair[0] for name, pair in stepped.items()}, {name: pair[1] for name, pair in stepped.items()}


def clip_by_norm(g, max_norm, axis=None):
    """Shorten g to ``max_norm`` where it is longer, keeping its direction; a NaN anywhere makes the result NaN.

    g is an array (its norm taken over ``axis``, default all) or a dict of arrays (one norm over all of them). PyTorch's
    ``clip_grad_norm_`` divides by the norm plus 1e-6, and so ends a little below the limit.

    >>> clip_by_norm(np.array([3.0, 4.0]), 2.5).tolist()
    [1.5, 2.0]
    >>> clip_by_norm({"w": np.array([0.3]), "b": np.array([0.4])}, 1.0)["w"].tolist()
    [0.3]
    """
    _require_positive("clip_by_norm", "max_norm", max_norm)
    if isinstance(g, dict):
        excess = maximum(norm(g) / max_norm, 1)
        return {name: leaf / excess for name, leaf in g.items()}
    g = np.asarray(g)
    return g / maximum(sqrt((g * g).sum(axis, keepdims=axis is not None)) / max_norm, 1)


def clip_by_value(g, limit):
    """Clip every entry of g (an array or a dict of arrays) to [-limit, limit]; this changes the direction.

    >>> clip_by_value(np.array([3.0, -0.5]), 1.0).tolist()
    [1.0, -0.5]
    """
    _require_positive("clip_by_value", "limit", limit)
    if isinstance(g, dict):
        return {name: np.clip(leaf, -limit, limit) for name, leaf in g.items()}
    return np.clip(g, -limit, limit)


def _require_positive(function, what, value):
    if not value > 0:
        raise ValueError(f"{function}: {what} must be above 0, got {value}")


def _schedule_of(lr, rule, name):
    """lr as a function of t, sweeps as columns; without lr the rule's own default."""
    if lr is None:
        lr = getattr(rule, "hyper", {}).get("lr")
        if not isinstance(lr, (int, float)):
            raise TypeError(f"minimize: {name} has no default learning rate; give lr=, a number, a sequence or a schedule")
    if callable(lr):
        return lambda t: _column(lr(t))
    column = _column(lr)
    return lambda t: column


def _column(value):
    """A sequence of k hyperparameters as a (k, 1) column beside (k, n) parameters; everything else unchanged."""
    if isinstance(value, (list, tuple, range)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return np.array(value, dtype=float)[:, None]
    return value


def _start_of(problem, start, hyper):
    theta = np.array(problem.start if start is None else start, dtype=float)
    n = problem.start.shape[-1]
    if theta.ndim not in (1, 2) or theta.shape[-1] != n:
        raise ValueError(f"minimize: start must have shape ({n},) or (k, {n}), got {theta.shape}")
    if not np.isfinite(theta).all():
        raise ValueError(f"minimize: start must be finite, got {theta.tolist()}")
    sizes = [np.shape(value) for value in hyper if np.ndim(value)]
    return np.array(np.broadcast_to(theta, np.broadcast_shapes(theta.shape, *sizes)))


def _first_nonfinite(path):
    gone = ~np.isfinite(path).all(-1)
    first = np.where(gone.any(0), gone.argmax(0), -1)
    return first if first.ndim else (int(first) if first >= 0 else None)
