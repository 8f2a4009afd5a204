"""Submissions for lab 12, right ones written in other ways than ours, and wrong ones, with their points."""

import numpy as np

from optimlab.labs.lab12 import GROK
from optimlab.labs.verify import worth


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@worth()
def loops_over_rows():
    """One row at a time, gradients summed up."""

    def encode(a, b, p):
        rows = []
        for x, y in zip(a, b):
            row = [0] * (2 * p)
            row[x] = row[p + y] = 1
            rows.append(row)
        return np.array(rows)

    def gradients(W, U, X, y):
        dW, dU = np.zeros(W.shape), np.zeros(U.shape)
        for x, right in zip(X, y):
            z = x @ W
            logits = z**2 @ U
            e = np.exp(logits - max(logits))
            g = e / sum(e)
            g[right] -= 1
            dU += np.outer(z**2, g) / len(X)
            dW += np.outer(x, 2 * z * (U @ g)) / len(X)
        return {"W": dW, "U": dU}

    def first_step(steps, accuracy, level):
        for step, height in zip(steps, accuracy):
            if height >= level:
                return step
        return -1

    def conclusion():
        return dict(GROK)

    return locals()


@worth()
def identity_matrices():
    """Rows of np.eye, one-hot answers, argmax with a guard."""

    def encode(a, b, p):
        return np.hstack([np.eye(p)[a], np.eye(p)[b]])

    def gradients(W, U, X, y):
        Z = np.dot(X, W)
        P = softmax(np.dot(Z * Z, U))
        G = (P - np.eye(U.shape[1])[y]) / X.shape[0]
        return dict(U=np.dot((Z * Z).T, G), W=np.dot(X.T, 2 * np.dot(G, U.T) * Z))

    def first_step(steps, accuracy, level):
        return int(steps[np.argmax(accuracy >= level)]) if accuracy.max() >= level else -1

    def conclusion():
        return {key: number + 4 if number > 100 else number for key, number in GROK.items()}

    return locals()


@worth()
def einsum():
    """Sums over named axes, a log-softmax."""

    def encode(a, b, p):
        rows = np.zeros((len(a), 2, p))
        np.put_along_axis(rows, np.stack([a, b], 1)[:, :, None], 1.0, axis=2)
        return rows.reshape(len(a), 2 * p)

    def gradients(W, U, X, y):
        Z = np.einsum("ni,ih->nh", X, W)
        logits = np.einsum("nh,hk->nk", Z**2, U)
        shifted = logits - logits.max(-1)[:, None]
        G = np.exp(shifted - np.log(np.exp(shifted).sum(-1))[:, None])
        np.subtract.at(G, (np.arange(len(y)), y), 1)
        G = G / len(y)
        return {"W": np.einsum("ni,nh,nk,hk->ih", X, 2 * Z, G, U), "U": np.einsum("nh,nk->hk", Z**2, G)}

    def first_step(steps, accuracy, level):
        return min([step for step, high in zip(steps, accuracy >= level) if high], default=-1)

    def conclusion():
        return {key: float(f"{number:.2g}") for key, number in GROK.items()}

    return locals()


@worth()
def float32():
    """Everything in single precision."""
    f = np.float32

    def encode(a, b, p):
        columns = np.arange(2 * p)
        return ((columns == a[:, None]) | (columns == p + b[:, None])).astype(f)

    def gradients(W, U, X, y):
        W, U, X = W.astype(f), U.astype(f), X.astype(f)
        Z = X @ W
        G = softmax(Z * Z @ U)
        G[np.arange(len(y)), y] -= f(1)
        G /= f(len(y))
        return {"W": X.T @ (f(2) * Z * (G @ U.T)), "U": (Z * Z).T @ G}

    def first_step(steps, accuracy, level):
        hits = steps[accuracy >= level]
        return f(hits[0]) if hits.size else f(-1)

    def conclusion():
        return {key: f(number) for key, number in GROK.items()}

    return locals()


@worth()
def in_place_on_own_copies():
    """One buffer, changed again and again."""

    def encode(a, b, p):
        rows = np.zeros(len(a) * 2 * p)
        start = np.arange(len(a)) * 2 * p
        rows[start + a] += 1
        rows[start + p + b] += 1
        return rows.reshape(-1, 2 * p)

    def gradients(W, U, X, y):
        Z = X @ W
        buffer = np.square(Z) @ U
        buffer -= buffer.max(1, keepdims=True)
        np.exp(buffer, out=buffer)
        buffer /= buffer.sum(1, keepdims=True)
        buffer[range(len(y)), y] -= 1
        dU = np.square(Z).T @ buffer / len(y)
        Z *= 2
        Z *= buffer @ U.T
        return {"U": dU, "W": X.T @ Z / len(y)}

    def first_step(steps, accuracy, level):
        k = 0
        while k < len(steps) and not accuracy[k] >= level:
            k += 1
        return steps[k] if k < len(steps) else -1

    def conclusion():
        return {**GROK}

    return locals()


@worth(encode=0)
def a_ones_row_for_every_number_up_to_it():
    def encode(a, b, p):
        columns = np.arange(p)
        return np.hstack([columns <= a[:, None], columns <= b[:, None]]).astype(float)

    return locals()


@worth(encode=0)
def rows_and_columns_swapped():
    def encode(a, b, p):
        return np.hstack([np.eye(p)[a], np.eye(p)[b]]).T

    return locals()


@worth(encode=0)
def truth_values():
    def encode(a, b, p):
        return np.hstack([np.eye(p)[a], np.eye(p)[b]]) > 0

    return locals()


@worth(gradients=4)
def a_gradient_of_w_without_the_chain():
    def gradients(W, U, X, y):
        Z = X @ W
        G = softmax(Z**2 @ U)
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        return {"W": X.T @ (G @ U.T), "U": (Z**2).T @ G}

    return locals()


@worth(gradients=4)
def u_fed_by_z():
    def gradients(W, U, X, y):
        Z = X @ W
        G = softmax(Z**2 @ U)
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        return {"W": X.T @ (2 * Z * (G @ U.T)), "U": Z.T @ G}

    return locals()


@worth(gradients=0)
def squared_error():
    def gradients(W, U, X, y):
        Z = X @ W
        G = 2 * (Z**2 @ U - np.eye(U.shape[1])[y]) / len(y)
        return {"W": X.T @ (2 * Z * (G @ U.T)), "U": (Z**2).T @ G}

    return locals()


@worth(gradients=0)
def divided_by_the_number_of_classes():
    def gradients(W, U, X, y):
        Z = X @ W
        G = (softmax(Z**2 @ U) - np.eye(U.shape[1])[y]) / (len(y) * U.shape[1])
        return {"W": X.T @ (2 * Z * (G @ U.T)), "U": (Z**2).T @ G}

    return locals()


@worth(gradients=0)
def gradients_as_a_pair():
    def gradients(W, U, X, y):
        both = identity_matrices()["gradients"](W, U, X, y)
        return both["W"], both["U"]

    return locals()


@worth(first_step=0)
def none_where_there_is_none():
    def first_step(steps, accuracy, level):
        return next((step for step, height in zip(steps, accuracy) if height >= level), None)

    return locals()


@worth(first_step=0)
def the_step_from_which_it_stays():
    def first_step(steps, accuracy, level):
        low = np.flatnonzero(accuracy < level)
        after = low[-1] + 1 if len(low) else 0
        return steps[after] if after < len(steps) else -1

    return locals()


@worth(conclusion=4)
def a_percentage():
    def conclusion():
        return {**GROK, "no_decay": 100 * GROK["no_decay"]}

    return locals()


@worth(conclusion=1)
def read_from_the_figure_by_eye():
    def conclusion():
        return {"memorized": 100, "understood": 600, "half_decay": 1300, "no_decay": 0.066, "more_data": 200}

    return locals()
