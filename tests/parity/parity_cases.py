"""What is compared with other libraries: settings, gradients alike on every machine, and how each library runs them."""

import typing
from unittest import mock

import numpy as np

from optimlab.rules import RULES

STEPS = 1000
SHOWN = (1, 2, 3, 5, 6, 10, 100, 1000)  # the steps that are recorded
START = (1.5, -0.75, 0.5, -2.0)
LOOPS = ("open", "closed")


class Case(typing.NamedTuple):
    """A rule at a setting, on the four numbers of START in some shape."""

    name: str
    hyper: dict
    shape: tuple = (4,)

    def __str__(self):
        on = "" if len(self.shape) == 1 else f" on {self.shape[0]}x{self.shape[1]}"
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.hyper.items())}){on}"

    @property
    def complete(self):
        """All its hyperparameters, so that no library's own default plays a part."""
        return {**RULES[self.name].hyper, **self.hyper}



# Settings at which a closed loop settles or is still on its way after 1000 steps. Where it would hop around the minimum
# (lr times curvature above what the rule can hold), two paths that differ in the last bit part, whoever computed them.
TORCH = [
    Case("sgd", dict(lr=0.01)),
    Case("sgd", dict(lr=0.01, weight_decay=0.1)),
    Case("sgd", dict(lr=0.005, weight_decay=1.0)),
    Case("momentum", dict(lr=0.01, beta=0.0)),
    Case("momentum", dict(lr=0.01, beta=0.9)),
    Case("momentum", dict(lr=0.001, beta=0.99)),
    Case("nesterov", dict(lr=0.01, beta=0.5)),
    Case("nesterov", dict(lr=0.005, beta=0.9)),
    Case("nesterov", dict(lr=0.001, beta=0.99)),
    Case("adagrad", dict(lr=0.1)),
    Case("adagrad", dict(lr=0.5, eps=0.1)),
    Case("adagrad", dict(lr=1.0, eps=1.0)),
    Case("rmsprop", dict(lr=1e-3)),
    Case("rmsprop", dict(lr=1e-3, beta=0.9, eps=0.1)),
    Case("rmsprop", dict(lr=0.01, beta=0.5, eps=1.0)),
    Case("rmsprop", dict(lr=1e-4, centered=True)),
    Case("rmsprop", dict(lr=1e-3, beta=0.9, eps=0.1, centered=True)),
    Case("rmsprop", dict(lr=0.01, beta=0.999, eps=1.0, centered=True)),
    Case("adam", dict()),
    Case("adam", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1)),
    Case("adam", dict(lr=0.1, eps=1.0)),
    Case("adam", dict(lr=1e-3, beta1=0.0, beta2=0.9)),
    Case("adam", dict(lr=1e-3, beta1=0.99, beta2=0.9999, eps=1e-4)),
    Case("adam_l2", dict()),
    Case("adam_l2", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1, weight_decay=0.1)),
    Case("adam_l2", dict(lr=0.1, eps=1.0, weight_decay=1.0)),
    Case("adamw", dict()),
    Case("adamw", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1, weight_decay=0.1)),
    Case("adamw", dict(lr=0.1, eps=1.0, weight_decay=1.0)),
    Case("amsgrad", dict()),
    Case("amsgrad", dict(lr=0.01, beta1=0.8, beta2=0.9, eps=0.1)),
    Case("amsgrad", dict(lr=0.01, beta1=0.0, beta2=0.5, eps=1.0, debias="after")),
    Case("radam", dict()),
    Case("radam", dict(lr=1e-4, beta2=0.9)),
    Case("radam", dict(lr=1e-3, beta1=0.0, beta2=0.6)),
    Case("radam", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1)),
    Case("radam", dict(lr=0.01, beta2=0.95, eps=1.0)),
    Case("muon", dict(lr=1e-3), (2, 2)),
    Case("muon", dict(lr=1e-3, weight_decay=0.1), (4, 1)),
    Case("muon", dict(lr=1e-3, beta=0.5, nesterov=False), (1, 4)),
    Case("muon", dict(lr=1e-3, beta=0.9, weight_decay=1.0, nesterov=False, steps=3), (2, 2)),
]

OPTAX = [  # what torch lacks
    Case("rmsprop", dict(lr=1e-3, debias=True)),
    Case("rmsprop", dict(lr=1e-3, beta=0.9, eps=0.1, debias=True)),
    Case("rmsprop", dict(lr=0.01, beta=0.5, eps=1.0, debias=True)),
    Case("amsgrad", dict(debias="before")),
    Case("amsgrad", dict(lr=0.01, beta1=0.8, beta2=0.9, eps=0.1, debias="before")),
    Case("amsgrad", dict(lr=0.01, beta1=0.0, beta2=0.5, eps=1.0, debias="before")),
    Case("amsgrad", dict(debias="none")),
    Case("amsgrad", dict(lr=0.01, beta1=0.8, beta2=0.9, eps=0.1, debias="none")),
]

SCHEDULEFREE = [
    Case("schedule_free_sgd", dict(lr=0.01)),
    Case("schedule_free_sgd", dict(lr=0.005, beta=0.5)),
    Case("schedule_free_sgd", dict(lr=0.01, beta=0.98)),
    Case("schedule_free_adamw", dict()),
    Case("schedule_free_adamw", dict(lr=1e-3, beta1=0.5, beta2=0.99, eps=0.1, weight_decay=0.1)),
    Case("schedule_free_adamw", dict(lr=0.01, beta1=0.98, beta2=0.9, eps=1.0, weight_decay=1.0)),
]

CASES = {"torch": TORCH, "optax": OPTAX, "schedulefree": SCHEDULEFREE}


def given_gradients():
    """Open loop: g_1, g_2, ... by a linear congruential generator (Knuth's MMIX), the same bits on every machine.

    Four coordinates: drifting; small; rare (zero in six steps of seven, the first among them); a spike every 50 steps.
    """
    x = 2026
    for t in range(1, STEPS + 1):
        u = []
        for _ in START:
            x = (6364136223846793005 * x + 1442695040888963407) % 2**64
            u.append((x >> 11) / 2**52 - 1)
        yield [u[0] + 0.5, 0.001 * u[1], u[2] if t % 7 == 0 else 0.0, (20.0 if t % 50 == 0 else 1.0) * u[3]]


def gradient(theta):
    """Closed loop: a quadratic of curvatures 1, 4, 20, 100 along the axes of a Hadamard matrix, plus 5 x^2/(1+x^2)."""
    a, b, c, d = theta
    p, q, r, s = (a + b + c + d) / 4, (a - b + c - d), 5 * (a + b - c - d), 25 * (a - b - c + d)
    along = (p + q + r + s, p - q + r - s, p + q - r - s, p - q - r + s)
    return [slope + 10 * x / ((1 + x * x) * (1 + x * x)) for slope, x in zip(along, theta, strict=True)]


def drive(loop, theta, step):
    """The path of ``step(theta, g) -> theta`` from an array or tensor: lists of four floats, the start left out."""
    given = given_gradients()
    for _ in range(STEPS):
        theta = step(theta, next(given) if loop == "open" else gradient(theta.reshape(4).tolist()))
        yield theta.reshape(4).tolist()


def ours(case, loop):
    """The path of the rule."""
    memory = [{}]

    def step(theta, g):
        theta, memory[0] = RULES[case.name](theta, np.array(g).reshape(case.shape), memory[0], **case.hyper)
        return theta

    return drive(loop, np.array(START).reshape(case.shape), step)


def with_torch(case, loop):
    """The path of torch.optim, Muon in float64 like the others: it would round to bfloat16 inside."""
    import torch

    h, optim = case.complete, torch.optim
    betas = (h.get("beta1"), h.get("beta2"))
    optimizer, settings = {
        "sgd": lambda: (optim.SGD, dict(weight_decay=h["weight_decay"])),
        "momentum": lambda: (optim.SGD, dict(momentum=h["beta"])),
        "nesterov": lambda: (optim.SGD, dict(momentum=h["beta"], nesterov=True)),
        "adagrad": lambda: (optim.Adagrad, dict(eps=h["eps"])),
        "rmsprop": lambda: (optim.RMSprop, dict(alpha=h["beta"], eps=h["eps"], centered=h["centered"])),
        "adam": lambda: (optim.Adam, dict(betas=betas, eps=h["eps"])),
        "adam_l2": lambda: (optim.Adam, dict(betas=betas, eps=h["eps"], weight_decay=h["weight_decay"])),
        "adamw": lambda: (optim.AdamW, dict(betas=betas, eps=h["eps"], weight_decay=h["weight_decay"])),
        "amsgrad": lambda: (optim.Adam, dict(betas=betas, eps=h["eps"], amsgrad=True)),
        "radam": lambda: (optim.RAdam, dict(betas=betas, eps=h["eps"])),
        "muon": lambda: (optim.Muon, dict(
            momentum=h["beta"], weight_decay=h["weight_decay"], nesterov=h["nesterov"], ns_steps=h["steps"])),
    }[case.name]()  # fmt: skip
    if case.name != "muon":
        settings["foreach"] = False
    with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
        yield from drive_torch(case, loop, lambda theta: optimizer([theta], lr=h["lr"], **settings))


def with_schedulefree(case, loop):
    """The path of schedulefree's y."""
    import schedulefree

    h = case.complete
    optimizer, settings = {
        "schedule_free_sgd": lambda: (schedulefree.SGDScheduleFree, dict(momentum=h["beta"])),
        "schedule_free_adamw": lambda: (schedulefree.AdamWScheduleFree, dict(
            betas=(h["beta1"], h["beta2"]), eps=h["eps"], weight_decay=h["weight_decay"])),
    }[case.name]()  # fmt: skip

    def make(theta):
        made = optimizer([theta], lr=h["lr"], foreach=False, **settings)
        made.train()
        return made

    return drive_torch(case, loop, make)


def drive_torch(case, loop, make):
    """The path of an optimizer that changes a tensor in place."""
    import torch

    theta = torch.tensor(START, dtype=torch.float64).reshape(case.shape)
    optimizer = make(theta)

    def step(theta, g):
        theta.grad = torch.tensor(g, dtype=torch.float64).reshape(case.shape)
        optimizer.step()
        return theta

    return drive(loop, theta, step)


def with_optax(case, loop):
    """The path of optax."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    h = case.complete
    if case.name == "rmsprop":
        size = optax.scale_by_rms(decay=h["beta"], eps=h["eps"], eps_in_sqrt=False, bias_correction=h["debias"])
    else:
        corrected = h["debias"] == "before"
        size = optax.scale_by_amsgrad(
            h["beta1"], h["beta2"], h["eps"], bias_correction_mu=corrected, bias_correction_nu=corrected
        )
    optimizer = optax.chain(size, optax.scale(-h["lr"]))
    update = jax.jit(optimizer.update)
    start = jnp.array(START, dtype=jnp.float64)
    memory = [optimizer.init(start)]

    def step(theta, g):
        change, memory[0] = update(jnp.array(g, dtype=jnp.float64), memory[0])
        return optax.apply_updates(theta, change)

    return drive(loop, start, step)


LIBRARIES = {"torch": with_torch, "optax": with_optax, "schedulefree": with_schedulefree}
