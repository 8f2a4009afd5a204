"""Submissions for lab 4, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.verify import worth


def race(**differing):
    """The five numbers, some of them perhaps other than they should be."""
    return {
        "sgd_distance": 0.132,
        "momentum_step": 534,
        "adam_step": 4250,
        "adamw_distance": 0.0414,
        "adam_rates": 9,
        **differing,
    }


@worth()
def one_entry_at_a_time():
    """Loops over entries with math.sqrt; the state holds lists."""

    def stepwise(rule):
        def step(theta, g, state, **hyper):
            flat, grads = np.ravel(theta), np.ravel(g)
            memories = state.get("entries", [{} for _ in flat])
            pairs = [rule(float(x), float(y), memory, **hyper) for x, y, memory in zip(flat, grads, memories)]
            new = np.array([x for x, _ in pairs]).reshape(np.shape(theta))
            return new, {"entries": [memory for _, memory in pairs]}

        return step

    def sgd(theta, g, state, *, lr, weight_decay=0):
        return stepwise(lambda x, y, memory: (x - lr * y - lr * weight_decay * x, {}))(theta, g, state)

    def momentum(theta, g, state, *, lr, beta=0.9):
        def one(x, y, memory):
            v = y if not memory else memory["v"] * beta + y
            return x - lr * v, {"v": v}

        return stepwise(one)(theta, g, state)

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return adamw(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=0)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        def one(x, y, memory):
            m, v, t = memory.get("mvt", (0.0, 0.0, 0))
            m, v, t = m * beta1 + y * (1 - beta1), v * beta2 + y**2 * (1 - beta2), t + 1
            u = m / (1 - math.pow(beta1, t)) / (math.sqrt(v / (1 - math.pow(beta2, t))) + eps)
            return x - lr * (u + weight_decay * x), {"mvt": (m, v, t)}

        return stepwise(one)(theta, g, state)

    def conclusion():
        return race()

    return locals()


@worth()
def pytorch_style():
    """Zero arrays at birth, averages by interpolation, the corrections folded into the step size."""

    def sgd(theta, g, state, *, lr, weight_decay=0):
        return theta - lr * np.add(g, np.multiply(weight_decay, theta)), state

    def momentum(theta, g, state, *, lr, beta=0.9):
        buffer = state["momentum_buffer"] * beta + g if "momentum_buffer" in state else g
        return theta - lr * buffer, {"momentum_buffer": buffer}

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        if not state:
            state = {"step": 0, "exp_avg": np.zeros_like(theta), "exp_avg_sq": np.zeros_like(theta)}
        step = state["step"] + 1
        exp_avg = state["exp_avg"] + (1 - beta1) * (g - state["exp_avg"])
        exp_avg_sq = state["exp_avg_sq"] * beta2 + (1 - beta2) * g * g
        denom = np.sqrt(exp_avg_sq) / math.sqrt(1 - beta2**step) + eps
        new = theta - lr / (1 - beta1**step) * exp_avg / denom
        return new, {"step": step, "exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return adam(theta - lr * weight_decay * theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    def conclusion():
        return race(sgd_distance=0.13155, adam_step=4252)

    return locals()


@worth()
def in_place_on_own_copies():
    """Copies first, then += and -= ; everything becomes an array."""

    def sgd(theta, g, state, *, lr, weight_decay=0):
        theta = np.array(theta, dtype=float)
        theta -= lr * (g + weight_decay * theta)
        return theta, {}

    def momentum(theta, g, state, *, lr, beta=0.9):
        theta, v = np.array(theta, dtype=float), np.array(state.get("v", np.zeros(np.shape(g))), dtype=float)
        v *= beta
        v += g
        theta -= lr * v
        return theta, {"v": v}

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return adamw(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=0)

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        theta, g, state = np.array(theta, dtype=float), np.array(g, dtype=float), dict(state)
        state.setdefault("t", 0)
        m, v = (np.array(state.get(key, np.zeros(g.shape))) for key in ("m", "v"))
        state["t"] += 1
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * np.square(g)
        theta *= 1 - lr * weight_decay
        theta -= lr * (m / (1 - beta1 ** state["t"])) / (np.sqrt(v / (1 - beta2 ** state["t"])) + eps)
        state["m"], state["v"] = m, v
        return theta, state

    def conclusion():
        return {key: np.float64(number) for key, number in race().items()}

    return locals()


@worth()
def float32():
    """Everything in float32, the hyperparameters too."""
    f = np.float32

    def sgd(theta, g, state, *, lr, weight_decay=0):
        theta, g = np.asarray(theta, f), np.asarray(g, f)
        return theta - f(lr) * (g + f(weight_decay) * theta), {}

    def momentum(theta, g, state, *, lr, beta=0.9):
        v = f(beta) * state.get("v", f(0)) + np.asarray(g, f)
        return np.asarray(theta, f) - f(lr) * v, {"v": v}

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        theta, g, lr, beta1, beta2, eps = np.asarray(theta, f), np.asarray(g, f), f(lr), f(beta1), f(beta2), f(eps)
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", f(0)) + (f(1) - beta1) * g
        v = beta2 * state.get("v", f(0)) + (f(1) - beta2) * g * g
        m_hat, v_hat = m / (f(1) - beta1 ** f(t)), v / (f(1) - beta2 ** f(t))
        return theta - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        theta = np.asarray(theta, f) * (f(1) - f(lr) * f(weight_decay))
        return adam(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    def conclusion():
        return {key: np.float32(number) for key, number in race().items()}

    return locals()


@worth()
def whole_history():
    """Remembers every gradient and works the averages out anew each time."""

    def history(g, state):
        return [*state.get("seen", []), g]

    def sgd(theta, g, state, *, lr, weight_decay=0):
        return theta * (1 - lr * weight_decay) - lr * g, {"seen": history(g, state)}

    def momentum(theta, g, state, *, lr, beta=0.9):
        seen = history(g, state)
        return theta - lr * sum(beta**age * old for age, old in enumerate(reversed(seen))), {"seen": seen}

    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        return adamw(theta, g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=0.0)

    def adamw(theta, g, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        seen = history(g, state)

        def average(values, beta):
            weights = [beta**age for age in range(len(seen))][::-1]
            return sum(w * x for w, x in zip(weights, values)) / sum(weights)

        u = average(seen, beta1) / (average([x * x for x in seen], beta2) ** 0.5 + eps)
        return (1 - lr * weight_decay) * theta - lr * u, {"seen": seen}

    def conclusion():
        return race(momentum_step=534.0, more="a remark")

    return locals()


# ---------------------------------------------------------------------------------------------------------- wrong ones


@worth(sgd=0)
def decay_is_left_out():
    def sgd(theta, g, state, *, lr, weight_decay=0):
        return theta - lr * g, {}

    return locals()


@worth(sgd=0)
def decay_is_taken_for_a_shrinking_of_the_step():
    def sgd(theta, g, state, *, lr, weight_decay=0):
        return theta - lr * (1 - weight_decay) * g, {}

    return locals()


@worth(momentum=0)
def velocity_holds_the_learning_rate_and_the_step_too():
    def momentum(theta, g, state, *, lr, beta=0.9):
        v = beta * state.get("v", 0) + lr * g
        return theta - lr * v, {"v": v}

    return locals()


@worth(momentum=0)
def theta_alone_is_returned():
    def momentum(theta, g, state, *, lr, beta=0.9):
        state["v"] = beta * state.get("v", 0) + g
        return theta - lr * state["v"]

    return locals()


@worth(adam=0)
def time_is_not_counted():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1), v / (1 - beta2)
        return theta - lr * m_hat / (np.sqrt(v_hat) + eps), {"m": m, "v": v}

    return locals()


@worth(adam=0, adamw=0)
def eps_is_under_the_root_and_adamw_calls_adam():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        return theta - lr * m_hat / np.sqrt(v_hat + eps), {"t": t, "m": m, "v": v}

    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        return adam(theta * (1 - lr * weight_decay), g, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)

    return locals()


@worth(adam=0)
def hyperparameters_are_written_in():
    def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state.get("t", 0) + 1
        m = 0.9 * state.get("m", 0) + 0.1 * g
        v = 0.999 * state.get("v", 0) + 0.001 * g**2
        return theta - lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), {"t": t, "m": m, "v": v}

    return locals()


@worth(adamw=0)
def decay_goes_through_the_gradient():
    def adamw(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
        t = state.get("t", 0) + 1
        g = g + weight_decay * theta
        m = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        return theta - lr * m_hat / (np.sqrt(v_hat) + eps), {"t": t, "m": m, "v": v}

    return locals()


@worth(conclusion=3)
def two_numbers_of_the_race_are_guessed():
    def conclusion():
        return race(adam_step=4000, adam_rates=13)

    return locals()


@worth(sgd=0, momentum=0, adam=0, adamw=0, conclusion=0)
def everything_stands_still():
    def sgd(theta, g, state, **hyper):
        return theta, state

    momentum = adam = adamw = sgd

    def conclusion():
        return {"sgd_distance": "near", "momentum_step": None, "adam_rates": 0}

    return locals()
