"""Submissions for lab 2, right ones written in other ways than ours and wrong ones, with the points a teacher gives."""

import math

import numpy as np

from optimlab.labs.verify import worth

REPORT = {"edge": 0.02, "best_steps": 363, "safe_steps": 688, "growth": 1.1, "calm": 9.18, "bold": 6.43}


def descend(hessian, theta, *, lr, steps):
    path = np.empty((steps + 1, len(theta)))
    path[0] = theta
    for t in range(steps):
        path[t + 1] = path[t] - lr * hessian @ path[t]
    return path


def edge(hessian):
    return 2 / max(np.linalg.eigvalsh(hessian))


def best_lr(hessian):
    values = np.linalg.eigvalsh(hessian)
    return 2 / (values.min() + values.max())


def steps_needed(kappa, *, tol):
    steps, distance = 0, 1.0
    while distance > tol:
        distance *= (kappa - 1) / (kappa + 1)
        steps += 1
    return steps


ALL = {"descend": descend, "edge": edge, "best_lr": best_lr, "steps_needed": steps_needed, "report": REPORT}


@worth()
def an_array_filled_row_by_row_and_steps_counted():
    return ALL


@worth()
def one_entry_at_a_time():
    def descend(hessian, theta, *, lr, steps):
        rows = [list(theta)]
        for _ in range(steps):
            now = rows[-1]
            rows.append([now[i] - lr * sum(h * x for h, x in zip(hessian[i], now)) for i in range(len(now))])
        return np.array(rows)

    def edge(hessian):
        return min(2 / value for value in np.linalg.eigvalsh(hessian))

    return {**ALL, **locals(), "report": {key: np.float64(number) for key, number in REPORT.items()}}


@worth()
def powers_of_one_matrix():
    def descend(hessian, theta, *, lr, steps):
        step = np.eye(len(theta)) - lr * hessian
        return np.array([np.linalg.matrix_power(step, t) @ theta for t in range(steps + 1)])

    def edge(hessian):
        return 2 / np.linalg.norm(hessian, 2)

    def best_lr(hessian):
        singular = np.linalg.svd(hessian, compute_uv=False)
        return 2 / (singular[0] + singular[-1])

    def steps_needed(kappa, *, tol):
        if kappa == 1:
            return 1
        return int(np.ceil(np.log(1 / tol) / np.log1p(2 / (kappa - 1))))

    return {**locals(), "report": REPORT}


@worth()
def float32():
    f = np.float32

    def descend(hessian, theta, *, lr, steps):
        path = [f(theta)]
        for _ in range(steps):
            path.append(path[-1] - f(lr) * (f(hessian) @ path[-1]))
        return np.stack(path)

    def edge(hessian):
        return f(2) / np.linalg.eigvalsh(f(hessian))[-1]

    def best_lr(hessian):
        values = np.linalg.eigvalsh(f(hessian))
        return f(2) / (values[0] + values[-1])

    return {**ALL, **locals(), "report": {key: f(number) for key, number in REPORT.items()}}


@worth()
def in_place_on_an_own_copy():
    def descend(hessian, theta, *, lr, steps):
        theta = theta.copy()
        path = [theta.copy()]
        for _ in range(steps):
            theta -= lr * hessian.dot(theta)
            path.append(theta.copy())
        return np.vstack(path)

    def best_lr(hessian):
        values = sorted(np.linalg.eigvals(hessian).real)
        return 2.0 / (values[0] + values[-1])

    def steps_needed(kappa, *, tol):
        rate = (kappa - 1) / (kappa + 1)
        return max(1, math.ceil(math.log(tol, rate))) if rate > 0 else 1

    return {**ALL, **locals(), "report": {**REPORT, "calm": 9.1788, "bold": 6.432}}


# ---------------------------------------------------------------------------------------------------------- wrong ones


@worth(descend=0)
def the_start_is_forgotten():
    return {"descend": lambda hessian, theta, *, lr, steps: descend(hessian, theta, lr=lr, steps=steps)[1:]}


@worth(descend=0)
def every_row_is_the_same_array():
    def descend(hessian, theta, *, lr, steps):
        theta = theta.copy()
        path = [theta]
        for _ in range(steps):
            theta -= lr * hessian @ theta
            path.append(theta)
        return np.array(path)

    return locals()


@worth(descend=0)
def entries_are_multiplied():
    def descend(hessian, theta, *, lr, steps):
        path = [theta]
        for _ in range(steps):
            path.append(path[-1] - lr * (hessian * path[-1]).diagonal())
        return np.array(path)

    return locals()


@worth(edge=0)
def the_diagonal_is_taken_for_the_eigenvalues():
    return {"edge": lambda hessian: 2 / hessian.max()}


@worth(edge=0, best_lr=0)
def all_eigenvalues_are_returned():
    return {
        "edge": lambda hessian: 2 / np.linalg.eigvalsh(hessian),
        "best_lr": lambda hessian: 1 / np.linalg.eigvalsh(hessian),
    }


@worth(best_lr=0)
def one_over_the_largest():
    return {"best_lr": lambda hessian: 1 / np.linalg.eigvalsh(hessian)[-1]}


@worth(best_lr=0)
def a_search_on_a_coarse_grid():
    def best_lr(hessian):
        values, grid = np.linalg.eigvalsh(hessian), np.linspace(0, 2 / np.linalg.eigvalsh(hessian)[-1], 200)
        return grid[np.abs(1 - grid[:, None] * values).max(1).argmin()]

    return locals()


@worth(steps_needed=2)
def a_round_valley_divides_by_zero():
    def steps_needed(kappa, *, tol):
        return math.ceil(math.log(tol) / math.log((kappa - 1) / (kappa + 1)))

    return locals()


@worth(steps_needed=0)
def logarithms_of_two_bases():
    def steps_needed(kappa, *, tol):
        return 1 if kappa == 1 else math.ceil(math.log10(tol) / math.log((kappa - 1) / (kappa + 1)))

    return locals()


@worth(steps_needed=0)
def a_step_more_to_be_safe():
    return {"steps_needed": lambda kappa, *, tol: steps_needed(kappa, tol=tol) + 1}


@worth(report=4)
def two_numbers_are_guessed():
    return {"report": REPORT | {"growth": 2.1, "bold": 8.0}}


@worth(report=0)
def a_list_instead_of_a_dict():
    return {"report": list(REPORT.values())}
