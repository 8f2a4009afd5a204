"""Record what torch.optim gives in float64, for the tests of the labs: python tests/labs/record_torch.py

Writes torch.json beside itself. "trajectories" holds gradients fed one by one and the parameters after every step,
"race" the numbers of lab 4: 5000 steps on Rosenbrock's valley from (-1, 1); "momentum" and "rare" are for labs 5 and 6.
"""

import json
from pathlib import Path

import numpy as np

SETTINGS = {
    "sgd": [{"lr": 0.1}, {"lr": 0.05, "weight_decay": 0.3}],
    "momentum": [{"lr": 0.1}, {"lr": 0.05, "beta": 0.5}],
    "adam": [{}, {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "eps": 0.5}, {"lr": 0.1, "beta1": 0.0}],
    "adamw": [{}, {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "eps": 0.5, "weight_decay": 0.4}],
}

FALLING = [0.1] * 12 + [0.01] * 13
MOMENTUM = {"momentum": [{"lr": FALLING}], "nesterov": [{"lr": 0.1}, {"lr": FALLING, "beta": 0.5}]}
RARE = {
    "adagrad": [{"lr": 0.1, "eps": 1e-10}, {"lr": 0.5, "eps": 0.1}],
    "rmsprop": [{"lr": 0.01, "beta": 0.99}, {"lr": 0.1, "beta": 0.5, "eps": 0.1}],
}


def optimizer(name, theta, *, lr=1e-3, beta=0.9, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=None):
    decay = {} if weight_decay is None else {"weight_decay": weight_decay}
    import torch  # here, so that looking at this file for doctests does not need it

    match name:
        case "sgd":
            return torch.optim.SGD([theta], lr=lr, **decay)
        case "momentum":
            return torch.optim.SGD([theta], lr=lr, momentum=beta)
        case "adam":
            return torch.optim.Adam([theta], lr=lr, betas=(beta1, beta2), eps=eps)
        case "adamw":
            return torch.optim.AdamW([theta], lr=lr, betas=(beta1, beta2), eps=eps, **decay)
        case "nesterov":
            return torch.optim.SGD([theta], lr=lr, momentum=beta, nesterov=True)
        case "adagrad":
            return torch.optim.Adagrad([theta], lr=lr, eps=eps)
        case "rmsprop":
            return torch.optim.RMSprop([theta], lr=lr, alpha=beta, eps=eps)


def path(name, start, gradient, steps, **hyper):
    """Parameters after every step, shape (steps, *start.shape); the gradient at step k from 0 is gradient(theta, k).

    An lr that is a list changes from step to step.
    """
    import torch

    lr = hyper.pop("lr", 1e-3)
    rates = lr if isinstance(lr, list) else [lr] * steps
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    stepper, thetas = optimizer(name, theta, lr=rates[0], **hyper), []
    for k in range(steps):
        stepper.param_groups[0]["lr"] = rates[k]
        theta.grad = torch.tensor(gradient(theta.detach().numpy(), k))
        stepper.step()
        thetas.append(theta.detach().clone())
    return torch.stack(thetas).numpy()


def trajectory(name, hyper, steps=25):
    rng = np.random.default_rng(4)
    start, gradients = rng.normal(size=3), rng.normal(size=(steps, 3))
    thetas = path(name, start, lambda theta, k: gradients[k], steps, **hyper)
    return {"rule": name, "hyper": hyper, "start": start.tolist(), "g": gradients.tolist(), "theta": thetas.tolist()}


def rosenbrock(theta, k):
    x, y = theta
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


def distances(name, lr):
    return np.linalg.norm(path(name, [-1.0, 1.0], rosenbrock, 5000, lr=lr) - 1, axis=1)


def arrival(distance):
    """The first step (from 1) at which the distance is below 0.1, None if there is none."""
    near = np.flatnonzero(distance < 0.1)
    return int(near[0]) + 1 if near.size else None


def race():
    runs = {name: distances(name, 1e-3) for name in SETTINGS}
    rates = np.logspace(-4, -1, 13)
    return {
        "sgd_distance": float(runs["sgd"][-1]),
        "momentum_step": arrival(runs["momentum"]),
        "adam_step": arrival(runs["adam"]),
        "adamw_distance": float(runs["adamw"][-1]),
        "adam_rates": sum(arrival(distances("adam", lr)) is not None for lr in rates),
    }


if __name__ == "__main__":
    import torch

    recorded = {
        "torch": torch.__version__,
        "trajectories": [trajectory(name, hyper) for name, settings in SETTINGS.items() for hyper in settings],
        "race": race(),
        "momentum": [trajectory(name, hyper) for name, settings in MOMENTUM.items() for hyper in settings],
        "rare": [trajectory(name, hyper) for name, settings in RARE.items() for hyper in settings],
    }
    Path(__file__).with_name("torch.json").write_text(json.dumps(recorded) + "\n", encoding="utf-8")
