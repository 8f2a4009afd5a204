"""Submissions for lab 3, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import numpy as np

from optimlab.labs.verify import worth

REPORT = {"floor": 0.0576, "half_lr": 2.15, "four_batches": 4.0, "averaged": 0.00301}


def batch_gradient(theta, x, y, rows):
    xb, yb = x[rows], y[rows]
    return xb.T @ (xb @ theta - yb) / len(yb)


def noise(gradients, *, batch, replace=True):
    n = len(gradients)
    spread = gradients.var(axis=0).sum()
    return spread / batch if replace else spread / batch * (n - batch) / (n - 1)


def floor(*, lr, curvature, sigma):
    variance = (lr * sigma) ** 2 / (1 - (1 - lr * curvature) ** 2)
    return curvature * variance / 2


def tail_average(path, *, tail):
    return np.mean(path[len(path) - tail :], axis=0)


ALL = {"batch_gradient": batch_gradient, "noise": noise, "floor": floor, "tail_average": tail_average, "report": REPORT}


@worth()
def with_arrays():
    return ALL


@worth()
def one_row_at_a_time():
    def batch_gradient(theta, x, y, rows):
        total = np.zeros(len(theta))
        for i in rows:
            total = total + (sum(a * w for a, w in zip(x[i], theta)) - y[i]) * x[i]
        return total / len(rows)

    def noise(gradients, *, batch, replace=True):
        n, middle = len(gradients), sum(gradients) / len(gradients)
        spread = sum(float((g - middle) @ (g - middle)) for g in gradients) / n
        return spread / batch * (1.0 if replace else (n - batch) / (n - 1.0))

    def floor(*, lr, curvature, sigma):
        variance = 0.0
        for _ in range(20_000):
            variance = (1 - lr * curvature) ** 2 * variance + lr**2 * sigma**2
        return curvature / 2 * variance

    def tail_average(path, *, tail):
        total = 0
        for row in path[-tail:]:
            total = total + row
        return total / tail

    return {**locals(), "report": {"floor": 0.0577, "half_lr": 2.16, "four_batches": 4, "averaged": 0.003}}


@worth()
def float32():
    f = np.float32

    def batch_gradient(theta, x, y, rows):
        x, y = f(x)[rows], f(y)[rows]
        return (x @ f(theta) - y) @ x / f(len(rows))

    def noise(gradients, *, batch, replace=True):
        g = f(gradients)
        spread = np.square(g - g.mean(0)).sum(1).mean()
        return spread / f(batch) * (f(1) if replace else f(len(g) - batch) / f(len(g) - 1))

    def floor(*, lr, curvature, sigma):
        return f(lr) * f(sigma) ** 2 / (f(4) - f(2) * f(lr) * f(curvature))

    def tail_average(path, *, tail):
        return f(path)[-tail:].mean(0)

    return {**locals(), "report": {key: f(number) for key, number in REPORT.items()}}


@worth()
def from_the_covariance():
    def noise(gradients, *, batch, replace=True):
        n = len(gradients)
        sample = np.trace(np.atleast_2d(np.cov(gradients.T)))
        return sample * (n - 1) / n / batch if replace else sample * (1 / batch - 1 / n)

    def batch_gradient(theta, x, y, rows):
        counts = np.bincount(rows, minlength=len(y))
        return (counts * (x @ theta - y)) @ x / counts.sum()

    def tail_average(path, *, tail):
        return np.average(path, axis=0, weights=np.arange(len(path)) >= len(path) - tail)

    return {**ALL, **locals()}


@worth()
def in_place_on_own_copies():
    def batch_gradient(theta, x, y, rows):
        errors = x[rows].dot(theta)
        errors -= y[rows]
        errors /= len(rows)
        return errors.dot(x[rows])

    def noise(gradients, *, batch, replace=True):
        centred = gradients.copy()
        centred -= centred.mean(axis=0)
        centred **= 2
        result = centred.sum() / len(centred) / batch
        if not replace:
            result *= (len(centred) - batch) / (len(centred) - 1)
        return result

    return {**ALL, **locals(), "report": {**REPORT, "more": "it is proportional to 1 / batch"}}


# ---------------------------------------------------------------------------------------------------------- wrong ones


@worth(batch_gradient=0)
def the_batch_is_summed():
    return {"batch_gradient": lambda theta, x, y, rows: (x[rows] @ theta - y[rows]) @ x[rows]}


@worth(batch_gradient=0)
def all_rows_are_used():
    return {"batch_gradient": lambda theta, x, y, rows: (x @ theta - y) @ x / len(y)}


@worth(batch_gradient=0)
def the_loss_has_no_half():
    return {"batch_gradient": lambda theta, x, y, rows: 2 * np.mean((x[rows] @ theta - y[rows])[:, None] * x[rows], axis=0)}


@worth(noise=3)
def replacement_is_ignored():
    return {"noise": lambda gradients, *, batch, replace=True: gradients.var(axis=0).sum() / batch}


@worth(noise=0)
def noise_with_the_samples_n_minus_one():
    def noise(gradients, *, batch, replace=True):
        n, spread = len(gradients), gradients.var(axis=0, ddof=1).sum() if len(gradients) > 1 else 0.0
        return spread / batch * (1 if replace else (n - batch) / (n - 1))

    return locals()


@worth(noise=0)
def an_array_with_one_variance_an_entry():
    return {"noise": lambda gradients, *, batch, replace=True: gradients.var(axis=0) / batch}


@worth(floor=0)
def the_small_step_estimate():
    return {"floor": lambda *, lr, curvature, sigma: lr * sigma**2 / 4}


@worth(floor=0)
def twenty_steps_are_taken_for_the_long_run():
    def floor(*, lr, curvature, sigma):
        variance = 0.0
        for _ in range(20):
            variance = (1 - lr * curvature) ** 2 * variance + lr**2 * sigma**2
        return curvature / 2 * variance

    return locals()


@worth(tail_average=0)
def the_head_is_left_out_instead():
    return {"tail_average": lambda path, *, tail: path[tail:].mean(axis=0)}


@worth(report=2.5)
def two_ratios_are_turned_round():
    return {"report": REPORT | {"half_lr": 0.465, "four_batches": 0.25}}


@worth(report=0, tail_average=0)
def nothing_but_names():
    return {"report": dict.fromkeys(REPORT, "?"), "tail_average": lambda path, *, tail: None}
