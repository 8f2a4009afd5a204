"""Which schedules are compared with torch.optim.lr_scheduler, and how; run by torch's Python it records torch's rates.

    python tests/parity/schedule_cases.py        # writes schedules/torch.json
"""

import json
import pathlib
import typing

from optimlab import schedules

RECORDED = pathlib.Path(__file__).parent / "schedules/torch.json"
LR = 0.3


class Case(typing.NamedTuple):
    """A schedule at a setting."""

    name: str
    hyper: dict
    steps: int = 40  # so many rates are compared

    def __str__(self):
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.hyper.items())})"


CASES = [
    Case("constant", dict()),
    Case("constant", dict(warmup=7)),
    Case("step", dict(every=5)),
    Case("step", dict(every=6, factor=0.5, warmup=4)),
    Case("linear", dict(steps=20)),
    Case("linear", dict(steps=30, warmup=6, floor=0.05)),
    Case("polynomial", dict(steps=20)),
    Case("polynomial", dict(steps=30, warmup=6, power=3)),
    Case("cosine", dict(steps=20), 21),  # torch's rises again afterwards
    Case("cosine", dict(steps=30, warmup=6, floor=0.05), 31),
    Case("wsd", dict(steps=30)),
    Case("wsd", dict(steps=30, warmup=6, decay=0.5, floor=0.05)),
    Case("inverse_sqrt", dict()),
    Case("inverse_sqrt", dict(warmup=8)),
]


def ours(case):
    """The rates of the shipped schedule."""
    lr = getattr(schedules, case.name)(LR, **case.hyper)
    return [lr(t) for t in range(1, case.steps + 1)]


def with_torch(case):
    """The rates that an optimizer has under torch's schedulers, a warmup being a LinearLR before the others."""
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=LR)
    scheduler = _torchs(case, optimizer, torch.optim.lr_scheduler)
    rates = []
    for _ in range(case.steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


def _torchs(case, optimizer, lib):
    h = {"warmup": 0, "floor": 0.0, **case.hyper}
    warmup, low = h["warmup"], h["floor"] / LR
    if case.name == "inverse_sqrt":  # torch has none: the formula as Vaswani et al. print it, its peak put at LR
        warmup = h["warmup"] or 1
        return lib.LambdaLR(optimizer, lambda k: warmup**0.5 * min((k + 1) ** -0.5, (k + 1) * warmup**-1.5))
    left = h.get("steps", 0) - warmup
    if case.name == "constant":
        parts, at = [lib.ConstantLR(optimizer, factor=1.0)], []
    elif case.name == "step":
        parts, at = [lib.StepLR(optimizer, h["every"], gamma=h.get("factor", 0.1))], []
    elif case.name == "linear":
        parts, at = [lib.LinearLR(optimizer, 1.0, low, total_iters=left)], []
    elif case.name == "polynomial":
        parts, at = [lib.PolynomialLR(optimizer, total_iters=left, power=h.get("power", 2))], []
    elif case.name == "cosine":
        parts, at = [lib.CosineAnnealingLR(optimizer, T_max=left, eta_min=h["floor"])], []
    elif case.name == "wsd":
        last = round(h.get("decay", 0.2) * h["steps"])
        parts = [lib.ConstantLR(optimizer, factor=1.0), lib.LinearLR(optimizer, 1.0, low, total_iters=last)]
        at = [h["steps"] - last]
    if warmup:
        parts, at = [lib.LinearLR(optimizer, 1 / warmup, 1.0, total_iters=warmup - 1), *parts], [warmup, *at]
    return lib.SequentialLR(optimizer, parts, at) if at else parts[0]


if __name__ == "__main__":
    import torch

    lines = ",\n".join(f"{json.dumps(str(case))}: {json.dumps(with_torch(case))}" for case in CASES)
    made = json.dumps({"made with": f"torch {torch.__version__}"})
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(f'{made[:-1]}, "lr": {{\n{lines}\n}}}}\n')
    print(f"wrote {RECORDED.name}: {RECORDED.stat().st_size} bytes")
