"""Submissions for lab 11, right ones written in other ways than ours, and wrong ones, with their points."""

import math

import numpy as np

from optimlab.labs.lab11 import TRAINED
from optimlab.labs.verify import worth


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def clipped(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {name: g * min(1.0, max_norm / norm) for name, g in grads.items()}


def adamw(theta, g, old, lr, weight_decay, beta2=0.99):
    t, m, v = old.get("t", 0) + 1, 0.9 * old.get("m", 0) + 0.1 * g, beta2 * old.get("v", 0) + (1 - beta2) * g**2
    u = m / (1 - 0.9**t) / (np.sqrt(v / (1 - beta2**t)) + 1e-8)
    return theta * (1 - lr * weight_decay) - lr * u, {"t": t, "m": m, "v": v}


@worth()
def loops():
    """math, one row or one entry at a time."""

    def cross_entropy(logits, targets):
        loss, grad = 0.0, np.zeros(logits.shape)
        for i, (row, right) in enumerate(zip(logits, targets)):
            top = max(row)
            total = sum(math.exp(x - top) for x in row)
            loss += (top + math.log(total) - row[right]) / len(logits)
            for j, x in enumerate(row):
                grad[i, j] = (math.exp(x - top) / total - (j == right)) / len(logits)
        return {"loss": loss, "grad": grad}

    def lr_at(t, *, lr, warmup, steps):
        if t <= warmup:
            return lr * t / warmup
        if t > steps:
            return 0.1 * lr
        return 0.1 * lr + 0.45 * lr * (1 + math.cos(math.pi * (t - 1 - warmup) / (steps - warmup)))

    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        total = math.sqrt(sum(float(x) ** 2 for g in grads.values() for x in g.ravel()))
        scale, t = (max_norm / total if total > max_norm else 1), state.get("t", 0) + 1
        new, memory = {}, {"t": t}
        for name in params:
            flat, grad = params[name].ravel(), grads[name].ravel()
            ms, vs = state.get(name, ([0.0] * flat.size, [0.0] * flat.size))
            ms = [0.9 * m + 0.1 * scale * g for m, g in zip(ms, grad)]
            vs = [0.99 * v + 0.01 * (scale * g) ** 2 for v, g in zip(vs, grad)]
            decay = weight_decay if params[name].ndim > 1 else 0
            moved = [
                x * (1 - lr * decay) - lr * m / (1 - 0.9**t) / (math.sqrt(v / (1 - 0.99**t)) + 1e-8)
                for x, m, v in zip(flat, ms, vs)
            ]
            new[name], memory[name] = np.array(moved).reshape(params[name].shape), (ms, vs)
        return new, memory

    def conclusion():
        return dict(TRAINED)

    return locals()


@worth()
def helpers():
    """One helper a job."""

    def cross_entropy(logits, targets):
        top = logits.max(1)
        log_total = top + np.log(np.exp(logits - top[:, None]).sum(1))
        p = np.exp(logits - log_total[:, None])
        return {
            "loss": np.mean(log_total - logits[np.arange(len(targets)), targets]),
            "grad": (p - np.eye(logits.shape[1])[targets]) / len(targets),
        }

    def lr_at(t, *, lr, warmup, steps):
        p = np.clip((t - 1 - warmup) / (steps - warmup), 0, 1)
        return lr * min(t / warmup, 1.0) * (0.55 + 0.45 * np.cos(np.pi * p))

    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        grads = clipped(grads, max_norm)
        pairs = {
            name: adamw(theta, grads[name], state.get(name, {}), lr, weight_decay * (theta.ndim >= 2))
            for name, theta in params.items()
        }
        return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}

    def conclusion():
        return {key: float(f"{number:.3g}") for key, number in TRAINED.items()}

    return locals()


@worth()
def one_flat_vector():
    """The whole model as one vector, with a vector of decays."""

    def cross_entropy(logits, targets):
        hot = np.zeros_like(logits)
        np.put_along_axis(hot, targets[:, None], 1.0, axis=1)
        shifted = logits - logits.max(1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        return {"loss": -(hot * log_p).sum() / len(hot), "grad": (np.exp(log_p) - hot) / len(hot)}

    def lr_at(t, lr, warmup, steps):
        rising = [lr * (k + 1) / warmup for k in range(warmup)]
        left = steps - warmup
        falling = [lr * (1 - 0.9 * math.sin(math.pi * k / left / 2) ** 2) for k in range(left)]
        return [*rising, *falling, 0.1 * lr][min(t - 1, steps)]

    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        theta = np.concatenate([x.ravel() for x in params.values()])
        g = np.concatenate([grads[name].ravel() for name in params])
        decay = np.concatenate([np.full(x.size, weight_decay * (x.ndim > 1)) for x in params.values()])
        g = g / max(1.0, np.linalg.norm(g) / max_norm)
        theta, state = adamw(theta, g, state, lr, decay)
        parts = np.split(theta, np.cumsum([x.size for x in params.values()])[:-1])
        return {name: part.reshape(x.shape) for (name, x), part in zip(params.items(), parts)}, state

    def conclusion():
        return dict(TRAINED)

    return locals()


@worth()
def float32():
    """Arrays in single precision."""
    f = np.float32

    def cross_entropy(logits, targets):
        logits, n = logits.astype(f), len(targets)
        logits = logits - logits.max(1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        grad = np.exp(log_p)
        grad[np.arange(n), targets] -= f(1)
        return {"loss": -log_p[np.arange(n), targets].mean(), "grad": grad / f(n)}

    def lr_at(t, *, lr, warmup, steps):
        p = f(min(1, max(0, (t - 1 - warmup) / (steps - warmup))))
        return f(lr) * (f(t / warmup) if t <= warmup else f(0.1) + f(0.45) * (f(1) + np.cos(f(np.pi) * p)))

    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        grads = {name: g.astype(f) for name, g in clipped(grads, max_norm).items()}
        new, memory = {}, {}
        for name, theta in params.items():
            decay = weight_decay if theta.ndim > 1 else 0.0
            new[name], memory[name] = adamw(theta.astype(f), grads[name], state.get(name, {}), lr, decay)
        return new, memory

    def conclusion():
        return {key: f(number) for key, number in TRAINED.items()}

    return locals()


@worth()
def in_place_on_own_copies():
    """Everything copied once, then changed in place."""

    def cross_entropy(logits, targets):
        p = np.array(logits)
        p -= p.max(1, keepdims=True)
        picked = p[np.arange(len(p)), targets].copy()
        np.exp(p, out=p)
        total = p.sum(1, keepdims=True)
        p /= total
        p[np.arange(len(p)), targets] -= 1
        p /= len(p)
        return {"loss": (np.log(total[:, 0]) - picked).mean(), "grad": p}

    def lr_at(t, *, lr, warmup, steps):
        if t <= warmup:
            lr *= t / warmup
        else:
            lr -= 0.9 * lr * (1 - math.cos(math.pi * min(1, (t - 1 - warmup) / (steps - warmup)))) / 2
        return lr

    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        params, grads = ({k: np.array(x) for k, x in d.items()} for d in (params, grads))
        state = {k: {"t": s["t"], "m": s["m"].copy(), "v": s["v"].copy()} for k, s in state.items()}
        norm = sum(np.vdot(g, g) for g in grads.values()) ** 0.5
        for name, theta in params.items():
            g = grads[name]
            g *= min(1.0, max_norm / (norm + 1e-12))
            s = state.setdefault(name, {"t": 0, "m": np.zeros_like(g), "v": np.zeros_like(g)})
            s["t"] += 1
            s["m"] += 0.1 * (g - s["m"])
            s["v"] += 0.01 * (g * g - s["v"])
            if theta.ndim > 1:
                theta *= 1 - lr * weight_decay
            theta -= lr * (s["m"] / (1 - 0.9 ** s["t"])) / (np.sqrt(s["v"] / (1 - 0.99 ** s["t"])) + 1e-8)
        return params, state

    def conclusion():
        return dict(TRAINED)

    return locals()


@worth(cross_entropy=2)
def a_gradient_that_is_not_averaged():
    def cross_entropy(logits, targets):
        n, grad = len(targets), softmax(logits)
        top = logits.max(1)
        loss = (top + np.log(np.exp(logits - top[:, None]).sum(1)) - logits[np.arange(n), targets]).mean()
        grad[np.arange(n), targets] -= 1
        return {"loss": loss, "grad": grad}

    return locals()


@worth(cross_entropy=0)
def loss_and_gradient_as_a_pair():
    def cross_entropy(logits, targets):
        both = helpers()["cross_entropy"](logits, targets)
        return both["loss"], both["grad"]

    return locals()


@worth(cross_entropy=0)
def probabilities_taken_for_logits():
    def cross_entropy(logits, targets):
        return helpers()["cross_entropy"](softmax(logits), targets)

    return locals()


@worth(lr_at=0)
def an_inverse_root():
    def lr_at(t, *, lr, warmup, steps):
        return lr * min(t / warmup, math.sqrt(warmup / t))

    return locals()


@worth(lr_at=0)
def a_floor_of_a_tenth_of_one():
    def lr_at(t, *, lr, warmup, steps):
        if t <= warmup:
            return lr * t / warmup
        return 0.1 + (lr - 0.1) * (1 + math.cos(math.pi * min(1, (t - 1 - warmup) / (steps - warmup)))) / 2

    return locals()


@worth(lr_at=0)
def a_straight_fall():
    def lr_at(t, *, lr, warmup, steps):
        if t <= warmup:
            return lr * t / warmup
        return lr * (1 - 0.9 * min(1, (t - 1 - warmup) / (steps - warmup)))

    return locals()


@worth(train_step=0)
def the_step_is_clipped_instead():
    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        new, memory = {}, {}
        for name, theta in params.items():
            decay = weight_decay * (theta.ndim > 1)
            new[name], memory[name] = adamw(theta, grads[name], state.get(name, {}), lr, decay)
        moved = clipped({name: new[name] - theta for name, theta in params.items()}, max_norm * lr)
        return {name: theta + moved[name] for name, theta in params.items()}, memory

    return locals()


@worth(train_step=0)
def betas_of_lab_8():
    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        grads, new, memory = clipped(grads, max_norm), {}, {}
        for name, theta in params.items():
            decay = weight_decay * (theta.ndim > 1)
            new[name], memory[name] = adamw(theta, grads[name], state.get(name, {}), lr, decay, beta2=0.95)
        return new, memory

    return locals()


@worth(train_step=0)
def always_scaled_to_max_norm():
    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        norm, new, memory = np.sqrt(sum((g**2).sum() for g in grads.values())), {}, {}
        for name, theta in params.items():
            g, decay = grads[name] * max_norm / norm, weight_decay * (theta.ndim > 1)
            new[name], memory[name] = adamw(theta, g, state.get(name, {}), lr, decay)
        return new, memory

    return locals()


@worth(train_step=4.8)
def no_decay_by_name():
    def train_step(params, grads, state, *, lr, weight_decay=0.1, max_norm=1.0):
        grads, new, memory = clipped(grads, max_norm), {}, {}
        for name, theta in params.items():
            decay = weight_decay if name == "token" else 0
            new[name], memory[name] = adamw(theta, grads[name], state.get(name, {}), lr, decay)
        return new, memory

    return locals()


@worth(conclusion=4)
def a_theoretical_start():
    def conclusion():
        return {**TRAINED, "start": math.log(21)}

    return locals()


@worth(conclusion=2)
def numbers_left_out():
    def conclusion():
        return {"start": TRAINED["start"], "undecayed": TRAINED["undecayed"]}

    return locals()
