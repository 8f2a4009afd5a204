"""Submissions for lab 9, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.lab09 import SCHEDULED
from optimlab.labs.verify import worth


def to_three_figures():
    return {key: float(f"{number:.3g}") for key, number in SCHEDULED.items()}


@worth()
def plain_python():
    """math and loops; lists of numbers inside."""

    def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
        if t <= warmup:
            return t * lr / warmup
        if t > steps:
            return floor
        return floor + 0.5 * (lr - floor) * (1 + math.cos(math.pi * (t - warmup - 1) / (steps - warmup)))

    def wsd(t, *, lr, warmup, steps, decay):
        if t <= warmup:
            return t * lr / warmup
        if t > steps:
            return 0
        left = steps - t + 1
        return lr if left > decay else lr * left / decay

    def clip(grads, max_norm):
        total = 0.0
        for g in grads.values():
            for entry in np.ravel(g):
                total += entry * entry
        norm, answer = math.sqrt(total), {}
        for name in grads:
            answer[name] = grads[name]
            if norm > max_norm:
                answer[name] = answer[name] * max_norm / norm
        return answer

    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if not all(map(math.isfinite, np.ravel(g))):
            return theta, state
        norm = math.sqrt(sum(x * x for x in g))
        old = state.get("v", [0.0] * len(g))
        v = [beta * a + x * (max_norm / norm if norm > max_norm else 1) for a, x in zip(old, g)]
        return np.array([x - lr * a for x, a in zip(theta, v)]), {"v": v}

    conclusion = to_three_figures
    return locals()


@worth()
def without_branches():
    """np.select, np.interp, np.clip on the scale."""

    def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
        p = np.clip((t - 1 - warmup) / (steps - warmup), 0, 1)
        return np.where(t <= warmup, lr * t / max(warmup, 1), floor + (lr - floor) * np.cos(np.pi * p / 2) ** 2)

    def wsd(t, *, lr, warmup, steps, decay):
        return np.interp(t, [0, warmup, steps + 1 - decay, steps + 1], [0 if warmup else lr, lr, lr, 0])

    def clip(grads, max_norm):
        norm = np.linalg.norm([np.linalg.norm(g) for g in grads.values()])
        return {name: g / np.maximum(1, norm / max_norm) for name, g in grads.items()}

    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if np.isnan(np.sum(g * 0)):
            return theta, dict(state)
        v = beta * state.get("v", np.zeros_like(theta)) + g / max(1, np.linalg.norm(g) / max_norm)
        return theta - lr * v, {"v": v}

    conclusion = SCHEDULED.copy
    return locals()


@worth()
def in_place_on_own_copies():
    """Copies first, then *= and -=; PyTorch's 1e-6 beside the norm."""

    def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
        if t <= warmup:
            lr *= t / warmup
        else:
            lr -= (lr - floor) * math.sin(math.pi / 2 * min(1, (t - 1 - warmup) / (steps - warmup))) ** 2
        return lr

    def wsd(t, *, lr, warmup, steps, decay):
        if t <= warmup:
            lr *= t / warmup
        elif t > steps - decay:
            lr *= max(steps + 1 - t, 0)
            lr /= decay
        return lr

    def clip(grads, max_norm):
        grads = {name: np.array(g, dtype=float) for name, g in grads.items()}
        norm = sum(np.vdot(g, g) for g in grads.values()) ** 0.5
        for g in grads.values():
            g *= min(1.0, max_norm / (norm + 1e-6))
        return grads

    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if np.isfinite(g).all():
            theta, v = np.array(theta, dtype=float), np.array(state.get("v", np.zeros(len(g))))
            v *= beta
            v += g * min(1.0, max_norm / (np.linalg.norm(g) + 1e-300))
            theta -= lr * v
            state = {**state, "v": v}
        return theta, state

    conclusion = to_three_figures
    return locals()


@worth()
def float32():
    """Everything in single precision."""
    f = np.float32

    def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
        if t <= warmup:
            return f(lr) * f(t) / f(warmup)
        p = min(f(1), f(t - 1 - warmup) / f(steps - warmup))
        return f(floor) + (f(lr) - f(floor)) * (f(1) + np.cos(f(np.pi) * p)) / f(2)

    def wsd(t, *, lr, warmup, steps, decay):
        if t <= warmup:
            return f(lr) * f(t) / f(warmup)
        return f(lr) * min(f(1), max(f(0), f(steps + 1 - t) / f(decay)))

    def clip(grads, max_norm):
        grads = {name: np.asarray(g, f) for name, g in grads.items()}
        norm = np.sqrt(sum((g**2).sum() for g in grads.values()), dtype=f)
        return {name: g * min(f(1), f(max_norm) / max(norm, f(1e-30))) for name, g in grads.items()}

    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        theta, g = np.asarray(theta, f), np.asarray(g, f)
        if not np.isfinite(g).all():
            return theta, state
        v = f(beta) * state.get("v", f(0)) + clip({"g": g}, max_norm)["g"]
        return theta - f(lr) * v, {"v": v}

    conclusion = to_three_figures
    return locals()


@worth()
def another_memory():
    """Momentum unrolled over all gradients that were kept; one flat vector for a model's gradients."""

    def warmup_cosine(t, lr, warmup, steps, floor=0.0):
        fall = [floor + (lr - floor) * (1 + np.cos(np.pi * k / (steps - warmup))) / 2 for k in range(steps - warmup)]
        whole = [lr * (k + 1) / warmup for k in range(warmup)] + fall
        return whole[t - 1] if t <= len(whole) else floor

    def wsd(t, lr, warmup, steps, decay):
        whole = [lr * (k + 1) / warmup for k in range(warmup)]
        whole += [lr] * (steps - decay - warmup) + [lr * k / decay for k in range(decay, 0, -1)]
        return [*whole, 0.0][min(t - 1, steps)]

    def clip(grads, max_norm):
        flat = np.concatenate([g.ravel() for g in grads.values()])
        if np.dot(flat, flat) > max_norm**2:
            flat = flat * (max_norm / np.sqrt(np.dot(flat, flat)))
        ends = np.cumsum([g.size for g in grads.values()])
        parts = np.split(flat, ends[:-1])
        return {name: part.reshape(g.shape) for (name, g), part in zip(grads.items(), parts)}

    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if not np.isfinite(g).all():
            return theta, state
        seen = [*state.get("seen", []), clip({"g": g}, max_norm)["g"]]
        v = sum(beta**age * old for age, old in enumerate(reversed(seen)))
        return theta - lr * v, {"seen": seen}

    conclusion = SCHEDULED.copy
    return locals()


@worth(warmup_cosine=0)
def pytorchs_cosine_with_a_period_of_all_steps():
    def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
        if t <= warmup:
            return lr * t / warmup
        return floor + (lr - floor) * (1 + np.cos(np.pi * (t - 1 - warmup) / steps)) / 2

    return locals()


@worth(warmup_cosine=0)
def a_cosine_in_degrees():
    def warmup_cosine(t, *, lr, warmup, steps, floor=0.0):
        if t <= warmup:
            return lr * t / warmup
        return floor + (lr - floor) * (1 + np.cos(180 * min(1, (t - 1 - warmup) / (steps - warmup)))) / 2

    return locals()


@worth(wsd=0)
def a_fall_by_a_tenth_a_step():
    def wsd(t, *, lr, warmup, steps, decay):
        if t <= warmup:
            return lr * t / warmup
        return lr if t <= steps - decay else lr * 0.9 ** (t - steps + decay)

    return locals()


@worth(wsd=0)
def a_decay_taken_for_a_share():
    def wsd(t, *, lr, warmup, steps, decay):
        if t <= warmup:
            return lr * t / warmup
        return lr * min(1.0, max(0.0, (steps + 1 - t) / (decay * steps)))

    return locals()


@worth(clip=0, safe_momentum=0)
def the_largest_entry_for_the_norm():
    def clip(grads, max_norm):
        norm = max(np.abs(g).max() for g in grads.values())
        return {name: g * min(1.0, max_norm / max(norm, 1e-300)) for name, g in grads.items()}

    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if not np.isfinite(g).all():
            return theta, state
        v = beta * state.get("v", 0) + clip({"g": g}, max_norm)["g"]
        return theta - lr * v, {"v": v}

    return locals()


@worth(clip=0)
def the_scale_instead_of_the_gradients():
    def clip(grads, max_norm):
        return max_norm / np.sqrt(sum((g**2).sum() for g in grads.values()))

    return locals()


@worth(clip=0)
def only_the_first_array():
    def clip(grads, max_norm):
        answer = dict(grads)
        name = next(iter(grads))
        norm = np.sqrt((grads[name] ** 2).sum())
        answer[name] = grads[name] * min(1.0, max_norm / max(norm, 1e-300))
        return answer

    return locals()


@worth(safe_momentum=0)
def a_skip_that_forgets():
    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if not np.isfinite(g).all():
            return theta, {}
        norm = np.sqrt((g**2).sum())
        v = beta * state.get("v", 0) + g * min(1.0, max_norm / norm)
        return theta - lr * v, {"v": v}

    return locals()


@worth(safe_momentum=0)
def only_nan_is_skipped():
    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if np.isnan(g).any():
            return theta, state
        norm = np.sqrt((g**2).sum())
        with np.errstate(all="ignore"):
            v = beta * state.get("v", 0) + g * min(1.0, max_norm / norm)
        return theta - lr * v, {"v": v}

    return locals()


@worth(safe_momentum=0)
def an_average_for_momentum():
    def safe_momentum(theta, g, state, *, lr, beta=0.9, max_norm=1.0):
        if not np.isfinite(g).all():
            return theta, state
        norm = np.sqrt((g**2).sum())
        v = beta * state.get("v", 0) + (1 - beta) * g * min(1.0, max_norm / norm)
        return theta - lr * v, {"v": v}

    return locals()


@worth(conclusion=3)
def rates_that_were_not_counted():
    def conclusion():
        return {**SCHEDULED, "plain_rates": 6, "warm_rates": 11}

    return locals()


@worth(conclusion=1)
def two_figures():
    def conclusion():
        return {"constant": 0.056, "cosine": 0.0044, "wsd": 0.01, "plain_rates": 5}

    return locals()
