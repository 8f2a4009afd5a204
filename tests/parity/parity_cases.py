"""What is compared with other libraries: settings, gradients alike on every machine, and how each library runs them."""

from optimlab.rules import RULES

STEPS = 1000
SHOWN = (1, 2, 3, 5, 6, 10, 100, 1000)  # the steps that are recorded
START = (1.5, -0.75, 0.5, -2.0)
LOOPS = ("open", "closed")

# Settings at which a closed loop settles or is still on its way after 1000 steps. Where it would hop around the minimum
# (lr times curvature above what the rule can hold), two paths that differ in the last bit part, whoever computed them.
TORCH = [
    ("sgd", dict(lr=0.01)),
    ("sgd", dict(lr=0.01, weight_decay=0.1)),
    ("sgd", dict(lr=0.005, weight_decay=1.0)),
    ("momentum", dict(lr=0.01, beta=0.0)),
    ("momentum", dict(lr=0.01, beta=0.9)),
    ("momentum", dict(lr=0.001, beta=0.99)),
    ("nesterov", dict(lr=0.01, beta=0.5)),
    ("nesterov", dict(lr=0.005, beta=0.9)),
    ("nesterov", dict(lr=0.001, beta=0.99)),
    ("adagrad", dict(lr=0.1)),
    ("adagrad", dict(lr=0.5, eps=0.1)),
    ("adagrad", dict(lr=1.0, eps=1.0)),
    ("rmsprop", dict(lr=1e-3)),
    ("rmsprop", dict(lr=1e-3, beta=0.9, eps=0.1)),
    ("rmsprop", dict(lr=0.01, beta=0.5, eps=1.0)),
    ("rmsprop", dict(lr=1e-4, centered=True)),
    ("rmsprop", dict(lr=1e-3, beta=0.9, eps=0.1, centered=True)),
    ("rmsprop", dict(lr=0.01, beta=0.999, eps=1.0, centered=True)),
    ("adam", dict()),
    ("adam", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1)),
    ("adam", dict(lr=0.1, eps=1.0)),
    ("adam", dict(lr=1e-3, beta1=0.0, beta2=0.9)),
    ("adam", dict(lr=1e-3, beta1=0.99, beta2=0.9999, eps=1e-4)),
    ("adam_l2", dict()),
    ("adam_l2", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1, weight_decay=0.1)),
    ("adam_l2", dict(lr=0.1, eps=1.0, weight_decay=1.0)),
    ("adamw", dict()),
    ("adamw", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1, weight_decay=0.1)),
    ("adamw", dict(lr=0.1, eps=1.0, weight_decay=1.0)),
    ("amsgrad", dict()),
    ("amsgrad", dict(lr=0.01, beta1=0.8, beta2=0.9, eps=0.1)),
    ("amsgrad", dict(lr=0.01, beta1=0.0, beta2=0.5, eps=1.0, debias="after")),
    ("radam", dict()),
    ("radam", dict(lr=1e-4, beta2=0.9)),
    ("radam", dict(lr=1e-3, beta1=0.0, beta2=0.6)),
    ("radam", dict(lr=0.01, beta1=0.8, beta2=0.99, eps=0.1)),
    ("radam", dict(lr=0.01, beta2=0.95, eps=1.0)),
]

OPTAX = [  # what torch lacks
    ("rmsprop", dict(lr=1e-3, debias=True)),
    ("rmsprop", dict(lr=1e-3, beta=0.9, eps=0.1, debias=True)),
    ("rmsprop", dict(lr=0.01, beta=0.5, eps=1.0, debias=True)),
    ("amsgrad", dict(debias="before")),
    ("amsgrad", dict(lr=0.01, beta1=0.8, beta2=0.9, eps=0.1, debias="before")),
    ("amsgrad", dict(lr=0.01, beta1=0.0, beta2=0.5, eps=1.0, debias="before")),
    ("amsgrad", dict(debias="none")),
    ("amsgrad", dict(lr=0.01, beta1=0.8, beta2=0.9, eps=0.1, debias="none")),
]

CASES = {"torch": TORCH, "optax": OPTAX}


def label(name, hyper):
    """``adam(lr=0.1, eps=1.0)``: the name of a case in test ids and in the recorded files."""
    return f"{name}({', '.join(f'{key}={value}' for key, value in hyper.items())})"


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
    """Closed loop: a quadratic with curvatures 1, 4, 20, 100 along the axes of a Hadamard matrix, plus 5 x^2/(1+x^2)."""
    a, b, c, d = theta
    p, q, r, s = (a + b + c + d) / 4, (a - b + c - d), 5 * (a + b - c - d), 25 * (a - b - c + d)
    along = (p + q + r + s, p - q + r - s, p + q - r - s, p - q - r + s)
    return [slope + 10 * x / ((1 + x * x) * (1 + x * x)) for slope, x in zip(along, theta, strict=True)]


def drive(loop, start, step):
    """The path of ``step(theta, g) -> theta`` from an array or tensor: lists of floats, the start left out."""
    theta, given = start, given_gradients()
    for _ in range(STEPS):
        theta = step(theta, next(given) if loop == "open" else gradient(theta.tolist()))
        yield theta.tolist()


def complete(name, hyper):
    """All hyperparameters of a case, defaults included, so that no library's own default plays a part."""
    return {**RULES[name].hyper, **hyper}


def with_torch(loop, name, hyper):
    """The path of torch.optim."""
    import torch

    h = complete(name, hyper)
    betas = (h.get("beta1"), h.get("beta2"))
    optimizer, settings = {
        "sgd": lambda: (torch.optim.SGD, dict(weight_decay=h["weight_decay"])),
        "momentum": lambda: (torch.optim.SGD, dict(momentum=h["beta"])),
        "nesterov": lambda: (torch.optim.SGD, dict(momentum=h["beta"], nesterov=True)),
        "adagrad": lambda: (torch.optim.Adagrad, dict(eps=h["eps"])),
        "rmsprop": lambda: (torch.optim.RMSprop, dict(alpha=h["beta"], eps=h["eps"], centered=h["centered"])),
        "adam": lambda: (torch.optim.Adam, dict(betas=betas, eps=h["eps"])),
        "adam_l2": lambda: (torch.optim.Adam, dict(betas=betas, eps=h["eps"], weight_decay=h["weight_decay"])),
        "adamw": lambda: (torch.optim.AdamW, dict(betas=betas, eps=h["eps"], weight_decay=h["weight_decay"])),
        "amsgrad": lambda: (torch.optim.Adam, dict(betas=betas, eps=h["eps"], amsgrad=True)),
        "radam": lambda: (torch.optim.RAdam, dict(betas=betas, eps=h["eps"])),
    }[name]()
    theta = torch.tensor(START, dtype=torch.float64)
    optimizer = optimizer([theta], lr=h["lr"], foreach=False, **settings)

    def step(theta, g):
        theta.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        return theta

    return drive(loop, theta, step)


def with_optax(loop, name, hyper):
    """The path of optax."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    h = complete(name, hyper)
    if name == "rmsprop":
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


LIBRARIES = {"torch": with_torch, "optax": with_optax}
