"""Record what torch gives in float64, for labs 7 to 12: python tests/labs/record_torch_07_12.py

Writes torch_07_12.json beside itself.
"""

import json
from pathlib import Path

VALLEY_STEPS = (1, 2, 5, 10, 100, 1000)


def valley():
    """Adam at lr = 0.1 down Rosenbrock's valley from (-1, 1), its gradient by autograd: theta after some steps."""
    import torch  # here, so that looking at this file for doctests does not need it

    theta = torch.tensor([-1.0, 1.0], dtype=torch.float64, requires_grad=True)
    adam, seen = torch.optim.Adam([theta], lr=0.1), {}
    for t in range(1, max(VALLEY_STEPS) + 1):
        adam.zero_grad()
        x, y = theta
        ((1 - x) ** 2 + 100 * (y - x**2) ** 2).backward()
        adam.step()
        if t in VALLEY_STEPS:
            seen[t] = theta.tolist()
    return seen


def decay():
    """Lab 8: the effective decay under pure noise, and where weights with targets of their own end."""
    import numpy as np
    import torch

    def optimizer(name, theta, lr, **hyper):
        kind = {"adam_l2": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
        return kind([theta], lr=lr, weight_decay=0.1, **hyper)

    def effective(name, noise, steps=300, lr=1e-3):
        rng, theta = np.random.default_rng(0), torch.ones(2000, dtype=torch.float64, requires_grad=True)
        stepper = optimizer(name, theta, lr)
        for _ in range(steps):
            theta.grad = torch.tensor(noise * rng.normal(size=2000))
            stepper.step()
        return float(-torch.log(theta.detach().mean()) / (lr * 0.1 * steps))

    def ends(name, target, steps=4000):
        theta = torch.zeros((), dtype=torch.float64, requires_grad=True)
        stepper = optimizer(name, theta, 0.1, betas=(0.9, 0.95))
        for t in range(1, steps + 1):
            stepper.param_groups[0]["lr"] = 0.1 * (1 + np.cos(np.pi * (t - 1) / steps)) / 2
            theta.grad = theta.detach() - target
            stepper.step()
        return float(theta.detach())

    return {
        "l2_quiet": effective("adam_l2", 0.01),
        "l2_loud": effective("adam_l2", 10.0),
        "adamw_loud": effective("adamw", 10.0),
        "l2_ends": ends("adam_l2", 2.0),
        "adamw_far": ends("adamw", 20.0),
    }


if __name__ == "__main__":
    import torch

    recorded = {"torch": torch.__version__, "valley": valley(), "decay": decay()}
    Path(__file__).with_name("torch_07_12.json").write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
