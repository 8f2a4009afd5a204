"""Submissions for lab 7, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.lab07 import STEPS
from optimlab.labs.verify import worth


def to_three_figures():
    return {key: float(f"{number:.3g}") for key, number in STEPS.items()}


@worth()
def loops_over_entries():
    """math and Python floats, one coordinate at a time; the state holds lists."""

    def averages(g, beta):
        out = np.zeros_like(g)
        for index in np.ndindex(g.shape[1:]):
            m = 0.0
            for t in range(len(g)):
                m = beta * m + (1 - beta) * float(g[(t, *index)])
                out[(t, *index)] = m
        return out

    def corrected(g, beta):
        out = averages(g, beta)
        for t in range(len(out)):
            out[t] /= 1 - math.pow(beta, t + 1)
        return out

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        flat, grads = np.ravel(theta), np.ravel(g)
        t = state.get("t", 0) + 1
        ms, vs = list(state.get("ms", [0.0] * len(flat))), list(state.get("vs", [0.0] * len(flat)))
        new = []
        for k, (x, y) in enumerate(zip(flat, grads)):
            ms[k] = beta1 * ms[k] + (1 - beta1) * y
            vs[k] = beta2 * vs[k] + (1 - beta2) * y * y
            new.append(x - lr * ms[k] / (1 - beta1**t) / (math.sqrt(vs[k] / (1 - beta2**t)) + eps))
        return np.array(new).reshape(np.shape(theta)), {"t": t, "ms": ms, "vs": vs}

    def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return {"lr": lr / (1 - beta1**t) * math.sqrt(1 - beta2**t), "eps": math.sqrt(1 - beta2**t) * eps}

    conclusion = to_three_figures
    return locals()


@worth()
def matrices():
    """Whole histories at once, the weights in a triangular matrix."""

    def weights(steps, beta):
        age = np.subtract.outer(np.arange(steps), np.arange(steps))
        return np.where(age >= 0, (1 - beta) * np.power(float(beta), np.maximum(age, 0)), 0.0)

    def averages(g, beta):
        return np.tensordot(weights(len(g), beta), g, 1)

    def corrected(g, beta):
        w = weights(len(g), beta)
        return np.tensordot(w / w.sum(1, keepdims=True), g, 1)

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        seen = np.array([*state.get("seen", []), g])
        step = corrected(seen, beta1)[-1] / (np.sqrt(corrected(seen**2, beta2)[-1]) + eps)
        return theta - lr * step, {"seen": list(seen)}

    def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        a, b = 1 - np.power([beta1, beta2], t)
        return dict(lr=lr * np.sqrt(b) / a, eps=eps * np.sqrt(b))

    conclusion = STEPS.copy
    return locals()


@worth()
def in_place_on_own_copies():
    """Zero arrays, then *= and +=; the state is copied before it is changed."""

    def averages(g, beta):
        out = np.array(g, dtype=float)
        out *= 1 - beta
        for t in range(1, len(out)):
            out[t] += beta * out[t - 1]
        return out

    def corrected(g, beta):
        out = averages(g, beta)
        steps = np.arange(1, len(out) + 1).reshape((-1,) + (1,) * (out.ndim - 1))
        out /= 1 - beta**steps
        return out

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        state = dict(state) or {"t": 0, "m": np.zeros(np.shape(g)), "v": np.zeros(np.shape(g))}
        theta, m, v = (np.array(x, dtype=float) for x in (theta, state["m"], state["v"]))
        state["t"] += 1
        m *= beta1
        m += (1 - beta1) * np.asarray(g)
        v *= beta2
        v += (1 - beta2) * np.square(g)
        theta -= lr * (m / (1 - beta1 ** state["t"])) / (np.sqrt(v / (1 - beta2 ** state["t"])) + eps)
        state.update(m=m, v=v)
        return theta, state

    def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        answer = {"eps": (1 - beta2**t) ** 0.5}
        answer["lr"] = lr * answer["eps"] / (1 - beta1**t)
        answer["eps"] *= eps
        return answer

    conclusion = to_three_figures
    return locals()


@worth()
def float32():
    """Everything in single precision."""
    f = np.float32

    def averages(g, beta):
        m, out = f(0), []
        for x in np.asarray(g, f):
            m = f(beta) * m + (f(1) - f(beta)) * x
            out.append(m)
        return np.array(out, f)

    def corrected(g, beta):
        return np.array([m / (f(1) - f(beta) ** f(t)) for t, m in enumerate(averages(g, beta), 1)], f)

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        theta, g, lr, beta1, beta2, eps = np.asarray(theta, f), np.asarray(g, f), f(lr), f(beta1), f(beta2), f(eps)
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", f(0)) + (f(1) - beta1) * g
        v = beta2 * state.get("v", f(0)) + (f(1) - beta2) * g * g
        m_hat, v_hat = m / (f(1) - beta1 ** f(t)), v / (f(1) - beta2 ** f(t))
        return theta - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}

    def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        root = np.sqrt(f(1) - f(beta2) ** f(t))
        return {"lr": f(lr) * root / (f(1) - f(beta1) ** f(t)), "eps": f(eps) * root}

    conclusion = to_three_figures
    return locals()


@worth()
def built_on_one_another():
    """Interpolations, and an Adam that steps by its own folded numbers."""

    def averages(g, beta):
        m, out = np.zeros(np.shape(g)[1:]), []
        for x in g:
            m = m + (1 - beta) * (x - m)
            out.append(m)
        return np.stack(out)

    def corrected(g, beta):
        return averages(g, beta) / averages(np.ones_like(g), beta)  # the average of ones is the weight gathered

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t, m, v = state.get("memory", (0, 0 * g, 0 * g))
        t, m, v = t + 1, m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v)
        now = folded(t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
        return theta - now["lr"] * m / (v**0.5 + now["eps"]), {"memory": (t, m, v)}

    def folded(t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        root = -math.expm1(t * math.log(beta2))
        return {"lr": lr * root**0.5 / (1 - beta1**t), "eps": eps * root**0.5}

    conclusion = STEPS.copy
    return locals()


@worth(averages=0)
def averages_of_squares():
    def averages(g, beta):
        return matrices()["averages"](g**2, beta)

    return locals()


@worth(averages=0)
def averages_last_only():
    def averages(g, beta):
        return matrices()["averages"](g, beta)[-1]

    return locals()


@worth(averages=0)
def averages_as_a_list():
    def averages(g, beta):
        return list(matrices()["averages"](g, beta))

    return locals()


@worth(corrected=0)
def corrected_by_the_last_t():
    def corrected(g, beta):
        return matrices()["averages"](g, beta) / (1 - beta ** len(g))

    return locals()


@worth(corrected=0)
def corrected_only_while_it_matters():
    def corrected(g, beta):
        m = matrices()["averages"](g, beta)
        return np.array([x / (1 - beta**t) if t < 4 else x for t, x in enumerate(m, 1)])

    return locals()


@worth(adam=0)
def adam_rooting_the_average_of_absolutes():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * abs(g)
        return theta - lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps), {"t": t, "m": m, "v": v}

    return locals()


@worth(adam=0)
def adam_with_its_own_defaults():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.99, eps=1e-8):
        return matrices()["adam"](theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    return locals()


@worth(adam=0)
def adam_returning_theta_alone():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return theta - lr * np.sign(g)

    return locals()


@worth(folded=0)
def folded_as_a_pair():
    def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        root = (1 - beta2**t) ** 0.5
        return lr * root / (1 - beta1**t), eps * root

    return locals()


@worth(folded=2)
def folded_lr_alone():
    def folded(t, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return {"lr": lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t)}

    return locals()


@worth(conclusion=3)
def conclusion_guessed():
    def conclusion():
        return {"first": 3.0, "longest": 6.57, "longest_at": 12, "spike": 3.16, "tiny": 0.5}

    return locals()


@worth(conclusion=3)
def conclusion_to_two_figures():
    def conclusion():
        return {"first": 3.2, "longest": 6.6, "longest_at": 12, "spike": 2.5, "tiny": 0.5}

    return locals()
