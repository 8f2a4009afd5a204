"""Submissions for lab 8, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.lab08 import DECAY
from optimlab.labs.verify import worth


def to_three_figures():
    return {key: float(f"{number:.3g}") for key, number in DECAY.items()}


@worth()
def loops_over_entries():
    """math and Python floats, one coordinate at a time; the state holds lists."""

    def both(theta, g, state, penalty, shrink, lr, beta1, beta2, eps):
        t, new = state.get("t", 0) + 1, []
        ms, vs = list(state.get("ms", [0.0] * np.size(g))), list(state.get("vs", [0.0] * np.size(g)))
        for k, (x, y) in enumerate(zip(np.ravel(theta), np.ravel(g))):
            y = y + penalty * x
            ms[k] = beta1 * ms[k] + (1 - beta1) * y
            vs[k] = beta2 * vs[k] + (1 - beta2) * y * y
            u = ms[k] / (1 - beta1**t) / (math.sqrt(vs[k] / (1 - beta2**t)) + eps)
            new.append(x - lr * (u + shrink * x))
        return np.array(new).reshape(np.shape(theta)), {"t": t, "ms": ms, "vs": vs}

    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return both(theta, g, state, weight_decay, 0.0, lr, beta1, beta2, eps)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return both(theta, g, state, 0.0, weight_decay, lr, beta1, beta2, eps)

    def decays(params, *, weight_decay=1e-2):
        answer = {}
        for name in params:
            answer[name] = weight_decay
            if len(np.shape(params[name])) <= 1:
                answer[name] = 0
        return answer

    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        params, state = dict(params), dict(state)
        for name, decay in decays(params, weight_decay=weight_decay).items():
            old = state.get(name, {})
            params[name], state[name] = adamw(params[name], grads[name], old, lr=lr, weight_decay=decay)
        return params, state

    conclusion = to_three_figures
    return locals()


@worth()
def pytorch_style():
    """Zero arrays at birth, the corrections folded into the step size; a class of its own keeps the groups."""

    def update(theta, g, state, lr, beta1, beta2, eps):
        state = state or {"step": 0, "exp_avg": np.zeros_like(g), "exp_avg_sq": np.zeros_like(g)}
        t = state["step"] + 1
        m = state["exp_avg"] + (1 - beta1) * (g - state["exp_avg"])
        v = state["exp_avg_sq"] * beta2 + (1 - beta2) * g * g
        denom = np.sqrt(v) / math.sqrt(1 - beta2**t) + eps
        return theta - lr / (1 - beta1**t) * m / denom, {"step": t, "exp_avg": m, "exp_avg_sq": v}

    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return update(theta, np.add(g, np.multiply(theta, weight_decay)), state, lr, beta1, beta2, eps)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return update(theta - lr * weight_decay * theta, np.asarray(g), state, lr, beta1, beta2, eps)

    def decays(params, *, weight_decay=1e-2):
        return dict(zip(params, (weight_decay if np.asarray(p).ndim >= 2 else 0.0 for p in params.values())))

    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        groups = {0.0: [], weight_decay: []}
        for name, decay in decays(params, weight_decay=weight_decay).items():
            groups[decay].append(name)
        pairs = {
            name: adamw(params[name], grads[name], state.get(name), lr=lr, weight_decay=decay)
            for decay, names in groups.items()
            for name in names
        }
        return {name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}

    conclusion = DECAY.copy
    return locals()


@worth()
def in_place_on_own_copies():
    """Copies first, then += and -=."""

    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        g = np.array(g, dtype=float)
        g += weight_decay * np.asarray(theta)
        return adamw(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=0)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        theta, state = np.array(theta, dtype=float), dict(state)
        m, v = (np.array(state.get(key, np.zeros(np.shape(g)))) for key in "mv")
        state["t"] = t = state.get("t", 0) + 1
        m *= beta1
        m += (1 - beta1) * np.asarray(g)
        v *= beta2
        v += (1 - beta2) * np.square(g)
        theta *= 1 - lr * weight_decay
        theta -= lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        state["m"], state["v"] = m, v
        return theta, state

    def decays(params, *, weight_decay=1e-2):
        answer = dict.fromkeys(params, 0.0)
        answer.update({name: weight_decay for name in params if np.ndim(params[name]) > 1})
        return answer

    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        params, state = {k: np.array(v) for k, v in params.items()}, {k: dict(v) for k, v in state.items()}
        for name, decay in decays(params, weight_decay=weight_decay).items():
            new, state[name] = adamw(params[name], grads[name], state.get(name, {}), lr=lr, weight_decay=decay)
            params[name][...] = new
        return params, state

    conclusion = to_three_figures
    return locals()


@worth()
def float32():
    """Everything in single precision."""
    f = np.float32

    def adam(theta, g, state, lr, beta1, beta2, eps):
        lr, beta1, beta2, eps = f(lr), f(beta1), f(beta2), f(eps)
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", f(0)) + (f(1) - beta1) * g
        v = beta2 * state.get("v", f(0)) + (f(1) - beta2) * g * g
        m_hat, v_hat = m / (f(1) - beta1 ** f(t)), v / (f(1) - beta2 ** f(t))
        return theta - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}

    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        theta = np.asarray(theta, f)
        return adam(theta, np.asarray(g, f) + f(weight_decay) * theta, state, lr, beta1, beta2, eps)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        theta = np.asarray(theta, f) * (f(1) - f(lr) * f(weight_decay))
        return adam(theta, np.asarray(g, f), state, lr, beta1, beta2, eps)

    def decays(params, *, weight_decay=1e-2):
        return {name: f(weight_decay) * (np.ndim(value) > 1) for name, value in params.items()}

    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        pairs = [adamw(params[k], grads[k], state.get(k, {}), lr=lr, weight_decay=d)
                 for k, d in decays(params, weight_decay=weight_decay).items()]  # fmt: skip
        return dict(zip(params, (p for p, _ in pairs))), dict(zip(params, (s for _, s in pairs)))

    conclusion = to_three_figures
    return locals()


@worth()
def whole_history():
    """Remembers every gradient it was fed; a model's memory is one list for all of its parameters."""

    def average(values, beta):
        weights = [beta**age for age in range(len(values))][::-1]
        return sum(w * x for w, x in zip(weights, values)) / sum(weights)

    def along(seen, beta1, beta2, eps):
        return average(seen, beta1) / (average([x * x for x in seen], beta2) ** 0.5 + eps)

    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        seen = [*state.get("seen", []), g + weight_decay * theta]
        return theta - lr * along(seen, beta1, beta2, eps), {"seen": seen}

    def adamw(theta, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        seen = [*state.get("seen", []), g]
        return (1 - lr * weight_decay) * theta - lr * along(seen, beta1, beta2, eps), {"seen": seen}

    def decays(params, *, weight_decay=1e-2):
        return {name: [0.0, weight_decay][np.ndim(value) >= 2] for name, value in params.items()}

    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        seen = [*state.get("grads", []), grads]
        new = {}
        for name, value in params.items():
            keep = 1 - lr * weight_decay if np.ndim(value) > 1 else 1
            new[name] = keep * value - lr * along([g[name] for g in seen], 0.9, 0.999, 1e-8)
        return new, {"grads": seen}

    conclusion = DECAY.copy
    return locals()


def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return whole_history()["adamw"](theta, g, state, lr, beta1, beta2, eps, 0)


@worth(adam_l2=0)
def the_penalty_is_averaged_apart():
    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * (g + weight_decay * theta)
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        u = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        return theta - lr * u, {"t": t, "m": m, "v": v}

    return locals()


@worth(adam_l2=0, adamw=0)
def both_are_adam():
    def adam_l2(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return adam(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return adam(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    return locals()


@worth(adamw=0)
def hyperparameters_are_not_handed_on():
    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return adam(theta * (1 - lr * weight_decay), g, state, lr=lr)

    return locals()


@worth(adamw=0)
def the_decay_starts_at_step_two():
    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        keep = 1 - lr * weight_decay if state else 1
        return adam(keep * theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    return locals()


@worth(decays=0)
def a_list_of_names():
    def decays(params, *, weight_decay=1e-2):
        return [name for name in params if np.ndim(params[name]) > 1]

    return locals()


@worth(decays=3)
def only_what_has_two_axes():
    def decays(params, *, weight_decay=1e-2):
        return {name: weight_decay if np.ndim(value) == 2 else 0.0 for name, value in params.items()}

    return locals()


@worth(decays=1)
def only_matrices_are_listed():
    def decays(params, *, weight_decay=1e-2):
        return {name: weight_decay for name, value in params.items() if np.ndim(value) > 1}

    return locals()


@worth(decays=1.6)
def a_decay_of_its_own():
    def decays(params, *, weight_decay=1e-2):
        return {name: 0.01 * weight_decay if np.ndim(value) > 1 else 0.0 for name, value in params.items()}

    return locals()


@worth(step=0)
def one_state_for_all():
    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        new = {}
        for name in params:
            decay = weight_decay * (np.ndim(params[name]) > 1)
            new[name], state = whole_history()["adamw"](params[name], grads[name], {}, lr=lr, weight_decay=decay)
        return new, state

    return locals()


@worth(step=0)
def the_model_without_its_memory():
    def step(params, grads, state, *, lr=1e-3, weight_decay=1e-2):
        return {name: params[name] - lr * np.sign(grads[name]) for name in params}

    return locals()


@worth(conclusion=2)
def a_conclusion_that_was_guessed():
    def conclusion():
        return {"l2_quiet": 10.0, "l2_loud": 0.1, "adamw_loud": 1.01, "l2_ends": 1.82, "adamw_far": 18.2}

    return locals()


@worth(conclusion=0)
def a_conclusion_in_words():
    def conclusion():
        return {key: "about " + str(number) for key, number in DECAY.items()}

    return locals()
