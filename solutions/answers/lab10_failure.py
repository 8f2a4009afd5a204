"""Submissions for lab 10, right ones written in other ways than ours, and wrong ones, with their points."""

import math

import numpy as np

from optimlab.labs.lab10 import FAILURE
from optimlab.labs.verify import worth


def to_three_figures():
    return {key: float(f"{number:.3g}") for key, number in FAILURE.items()}


def factor(t, beta2, threshold=5):
    inf = (1 + beta2) / (1 - beta2)
    rho = inf - 2 * t / (beta2**-t - 1)
    return math.sqrt((rho - 4) / (inf - 4) * (rho - 2) / (inf - 2) * inf / rho) if rho > threshold else 0.0


@worth()
def loops_over_entries():
    """math and Python floats, one coordinate at a time; the state holds lists."""

    def walk(theta, g, state, along):
        t, new, memories = state.get("t", 0) + 1, [], state.get("memories", [(0.0, 0.0, 0.0)] * np.size(g))
        kept = []
        for x, y, memory in zip(np.ravel(theta), np.ravel(g), memories):
            step, memory = along(t, y, *memory)
            new.append(x - step)
            kept.append(memory)
        return np.array(new).reshape(np.shape(theta)), {"t": t, "memories": kept}

    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        def along(t, y, m, v, top):
            m, v = beta1 * m + (1 - beta1) * y, beta2 * v + (1 - beta2) * y * y
            top = max(top, v)
            return lr * m / (1 - beta1**t) / (math.sqrt(top / (1 - beta2**t)) + eps), (m, v, top)

        return walk(theta, g, state, along)

    def rectification(t, *, beta2=0.999):
        return factor(t, beta2)

    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        def along(t, y, m, v, _):
            m, v = beta1 * m + (1 - beta1) * y, beta2 * v + (1 - beta2) * y * y
            r = rectification(t, beta2=beta2)
            size = r * math.sqrt(1 - beta2**t) / (math.sqrt(v) + eps) if r else 1.0
            return lr * m / (1 - beta1**t) * size, (m, v, 0.0)

        return walk(theta, g, state, along)

    conclusion = to_three_figures
    return locals()


@worth()
def pytorch_style():
    """Zero arrays at birth, averages by interpolation, the corrections folded into the step size."""

    def born(state, g):
        return state or {
            "step": 0,
            "exp_avg": np.zeros_like(g),
            "exp_avg_sq": np.zeros_like(g),
            "max": np.zeros_like(g),
        }

    def averages(state, g, beta1, beta2):
        m = state["exp_avg"] + (1 - beta1) * (g - state["exp_avg"])
        v = beta2 * state["exp_avg_sq"] + (1 - beta2) * g * g
        return state["step"] + 1, m, v

    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        state = born(state, g)
        t, m, v = averages(state, g, beta1, beta2)
        top = np.maximum(state["max"], v)
        denom = np.sqrt(top) / math.sqrt(1 - beta2**t) + eps
        return theta - lr / (1 - beta1**t) * m / denom, {"step": t, "exp_avg": m, "exp_avg_sq": v, "max": top}

    def rectification(t, *, beta2=0.999):
        return np.float64(factor(int(t), beta2))

    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        state = born(state, g)
        t, m, v = averages(state, g, beta1, beta2)
        r, corrected = factor(t, beta2), m / (1 - beta1**t)
        adaptive = math.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
        new = theta - lr * corrected * (adaptive * r if r > 0 else 1)
        return new, {"step": t, "exp_avg": m, "exp_avg_sq": v, "max": v}

    conclusion = FAILURE.copy
    return locals()


@worth()
def in_place_on_own_copies():
    """Copies first, then *= and +=."""

    def remembered(g, state, beta1, beta2):
        new = {key: np.array(state.get(key, np.zeros(np.shape(g))), dtype=float) for key in ("m", "v", "top")}
        new["m"] *= beta1
        new["m"] += (1 - beta1) * np.asarray(g)
        new["v"] *= beta2
        new["v"] += (1 - beta2) * np.square(g)
        new["t"] = state.get("t", 0) + 1
        return new

    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        theta, new = np.array(theta, dtype=float), remembered(g, state, beta1, beta2)
        np.maximum(new["top"], new["v"], out=new["top"])
        theta -= lr * new["m"] / (1 - beta1 ** new["t"]) / (np.sqrt(new["top"] / (1 - beta2 ** new["t"])) + eps)
        return theta, new

    def rectification(t, *, beta2=0.999):
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf
        rho -= 2 * t * beta2**t / (1 - beta2**t)
        return (max(rho > 5, 0) and ((rho - 4) * (rho - 2) * rho_inf / (rho_inf - 4) / (rho_inf - 2) / rho)) ** 0.5

    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        theta, new = np.array(theta, dtype=float), remembered(g, state, beta1, beta2)
        step = new["m"] / (1 - beta1 ** new["t"])
        if r := factor(new["t"], beta2):
            step *= r * np.sqrt(1 - beta2 ** new["t"])
            step /= np.sqrt(new["v"]) + eps
        theta -= lr * step
        return theta, new

    conclusion = to_three_figures
    return locals()


@worth()
def float32():
    """Arrays in single precision; the factor r in double, as asked."""
    f = np.float32

    def averages(g, state, beta1, beta2):
        m = f(beta1) * state.get("m", f(0)) + f(1 - beta1) * g
        v = f(beta2) * state.get("v", f(0)) + f(1 - beta2) * g * g
        return state.get("t", 0) + 1, m, v

    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        theta, g = np.asarray(theta, f), np.asarray(g, f)
        t, m, v = averages(g, state, beta1, beta2)
        top = np.maximum(v, state.get("top", f(0)))
        step = m / f(1 - beta1**t) / (np.sqrt(top / f(1 - beta2**t)) + f(eps))
        return theta - f(lr) * step, {"t": t, "m": m, "v": v, "top": top}

    def rectification(t, *, beta2=0.999):
        return factor(t, beta2)

    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        theta, g = np.asarray(theta, f), np.asarray(g, f)
        t, m, v = averages(g, state, beta1, beta2)
        r, step = factor(t, beta2), m / f(1 - beta1**t)
        if r:
            step = step * f(r * math.sqrt(1 - beta2**t)) / (np.sqrt(v) + f(eps))
        return theta - f(lr) * step, {"t": t, "m": m, "v": v}

    conclusion = to_three_figures
    return locals()


@worth()
def whole_history():
    """Remembers every gradient and works everything out anew."""

    def weights(steps, beta):
        return (1 - beta) * np.array([beta**age for age in range(steps)])[::-1]

    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        seen = np.array([*state.get("seen", []), g])
        t = len(seen)
        vs = [np.tensordot(weights(k, beta2), seen[:k] ** 2, 1) for k in range(1, t + 1)]
        m_hat = np.tensordot(weights(t, beta1), seen, 1) / weights(t, beta1).sum()
        return theta - lr * m_hat / (np.sqrt(np.max(vs, axis=0) / (1 - beta2**t)) + eps), {"seen": list(seen)}

    def rectification(t, beta2=0.999):
        return factor(t, beta2)

    def radam(theta, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        seen = np.array([*state.get("seen", []), g])
        t = len(seen)
        m_hat = np.tensordot(weights(t, beta1), seen, 1) / weights(t, beta1).sum()
        v = np.tensordot(weights(t, beta2), seen**2, 1)
        r = rectification(t, beta2)
        scale = r * (1 - beta2**t) ** 0.5 / (v**0.5 + eps) if r else 1
        return theta - lr * m_hat * scale, {"seen": list(seen)}

    conclusion = FAILURE.copy
    return locals()


@worth(amsgrad=0)
def a_maximum_of_the_roots_step():
    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        m_max = np.maximum(state.get("m_max", 0), m)
        step = m_max / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        return theta - lr * step, {"t": t, "m": m, "v": v, "m_max": m_max}

    return locals()


@worth(amsgrad=0)
def one_maximum_for_all_entries():
    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        top = np.maximum(state.get("top", 0), np.max(v))
        return theta - lr * m / (1 - beta1**t) / (np.sqrt(top / (1 - beta2**t)) + eps), {
            "t": t,
            "m": m,
            "v": v,
            "top": top,
        }

    return locals()


@worth(amsgrad=0)
def a_minimum():
    def amsgrad(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        low = np.minimum(state.get("low", np.inf), v)
        return theta - lr * m / (1 - beta1**t) / (np.sqrt(low / (1 - beta2**t)) + eps), {
            "t": t,
            "m": m,
            "v": v,
            "low": low,
        }

    return locals()


@worth(rectification=0)
def rho_instead_of_r():
    def rectification(t, *, beta2=0.999):
        return 2 / (1 - beta2) - 1 - 2 * t * beta2**t / (1 - beta2**t)

    return locals()


@worth(rectification=0)
def none_while_it_waits():
    def rectification(t, *, beta2=0.999):
        return factor(t, beta2) or None

    return locals()


@worth(rectification=0)
def a_linear_warmup():
    def rectification(t, *, beta2=0.999):
        return 0.0 if t < 6 else min(1.0, t * (1 - beta2) / 2)

    return locals()


@worth(radam=0)
def a_size_corrected_twice():
    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        step, r = m / (1 - beta1**t), factor(t, beta2)
        if r:
            step = step * r * np.sqrt(1 - beta2**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        return theta - lr * step, {"t": t, "m": m, "v": v}

    return locals()


@worth(radam=0)
def a_size_remembered_from_the_wait_on():
    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        r = factor(t, beta2)
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2 if r else 0 * g
        step = m / (1 - beta1**t)
        if r:
            step = step * r * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
        return theta - lr * step, {"t": t, "m": m, "v": v}

    return locals()


@worth(radam=0)
def radam_with_its_own_beta2():
    def radam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        step, r = m / (1 - beta1**t), factor(t, 0.999)
        if r:
            step = step * r * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
        return theta - lr * step, {"t": t, "m": m, "v": v}

    return locals()


@worth(conclusion=4)
def a_wait_from_the_paper():
    def conclusion():
        return {**FAILURE, "first_rectified": 5, "r_first": 0.0127}

    return locals()


@worth(conclusion=3)
def everything_in_whole_numbers():
    def conclusion():
        return {key: round(number) + 0.02 * (key in ("adam", "amsgrad")) for key, number in FAILURE.items()}

    return locals()
