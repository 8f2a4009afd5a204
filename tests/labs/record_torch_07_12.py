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


def reddi(beta2, amsgrad=False, steps=3000):
    """Lab 10: Reddi's problem on [-1, 1], gradients 3, -1, -1, 3, ...; the mean of x over the last 300 steps."""
    import torch

    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    stepper, seen = torch.optim.Adam([x], betas=(0.0, beta2), amsgrad=amsgrad), []
    for t in range(1, steps + 1):
        stepper.param_groups[0]["lr"] = 0.5 / t**0.5
        x.grad = torch.tensor(3.0 if t % 3 == 1 else -1.0, dtype=torch.float64)
        stepper.step()
        with torch.no_grad():
            x.clamp_(-1, 1)
        seen.append(x.item())
    return sum(seen[-300:]) / 300


def failure():
    memories = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
    return {
        "adam": reddi(0.1),
        "amsgrad": reddi(0.1, amsgrad=True),
        "long_memory": reddi(0.999),
        "failing": sum(reddi(beta2) > 0 for beta2 in memories),
    }


def rules():
    """AMSGrad and RAdam: gradients fed one by one, the parameters after every step."""
    import numpy as np
    import torch

    def path(kind, **hyper):
        rng = np.random.default_rng(10)
        start, gradients = rng.normal(size=3), rng.normal(size=(25, 3)) * 0.9 ** np.arange(25)[:, None]
        theta, seen = torch.tensor(start, requires_grad=True), []
        stepper = kind([theta], lr=0.1, betas=(0.8, 0.95), eps=0.1, **hyper)
        for g in gradients:
            theta.grad = torch.tensor(g)
            stepper.step()
            seen.append(theta.tolist())
        return {"start": start.tolist(), "g": gradients.tolist(), "theta": seen}

    return {"amsgrad": path(torch.optim.Adam, amsgrad=True), "radam": path(torch.optim.RAdam)}


def grokking():
    """Lab 12: addition mod 31 by a network of one hidden layer, gradients by autograd, AdamW."""
    import numpy as np
    import torch

    p, width = 31, 64

    def record(steps, decay, share=0.5):
        a, b = np.divmod(np.arange(p * p), p)
        order, count = np.random.default_rng(0).permutation(p * p), int(share * p * p)
        hot = torch.nn.functional.one_hot
        X = torch.cat([hot(torch.tensor(a), p), hot(torch.tensor(b), p)], 1)[order].double()
        y = torch.tensor((a + b) % p)[order]
        rng = np.random.default_rng(1)
        W = torch.tensor(rng.normal(size=(2 * p, width)) / np.sqrt(2 * p), requires_grad=True)
        U = torch.tensor(rng.normal(size=(width, p)) / np.sqrt(width), requires_grad=True)
        stepper, seen = torch.optim.AdamW([W, U], lr=0.01, betas=(0.9, 0.98), weight_decay=decay), []
        for t in range(steps + 1):
            logits = (X @ W) ** 2 @ U
            if t % 5 == 0:
                right = (logits.argmax(1) == y).double()
                seen.append((t, float(right[:count].mean()), float(right[count:].mean())))
            stepper.zero_grad()
            torch.nn.functional.cross_entropy(logits[:count], y[:count]).backward()
            stepper.step()
        return seen

    def first(seen, column, level):
        return next(row[0] for row in seen if row[column] >= level)

    whole = record(700, 1.0)
    return {
        "memorized": first(whole, 1, 0.99),
        "understood": first(whole, 2, 0.95),
        "half_decay": first(record(1200, 0.5), 2, 0.95),
        "no_decay": record(1000, 0.0)[-1][2],
        "more_data": first(record(300, 1.0, 0.8), 2, 0.95),
    }


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)  # sums come out in one order
    recorded = {"torch": torch.__version__, "valley": valley(), "decay": decay()}
    recorded |= {"failure": failure(), "rules": rules(), "grokking": grokking()}
    Path(__file__).with_name("torch_07_12.json").write_text(json.dumps(recorded) + "\n", encoding="utf-8")
