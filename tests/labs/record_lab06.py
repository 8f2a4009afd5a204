"""Record what torch's optimizers make of lab 6's texts, for its report: python tests/labs/record_lab06.py

Writes lab06.json beside itself: for each rule and learning rate the validation loss, and how long the weights of rare words are.
Data and gradients are NumPy's, as the notebook states them; every step is torch's.
"""

import json
from pathlib import Path

import numpy as np

RATES = {"sgd": [0.3, 1.0, 3.0, 10.0], "adagrad": [0.03, 0.1, 0.3, 1.0], "rmsprop": [0.003, 0.01, 0.03, 0.1]}


def texts():
    rng = np.random.default_rng(6)
    frequency = np.arange(1, 301) ** -1.1
    frequency /= frequency.sum()
    meaning = rng.normal(size=300) * np.minimum(3, 0.3 * np.sqrt(frequency[0] / frequency))
    words = rng.choice(300, size=(3000, 12), p=frequency)
    x = np.zeros((3000, 300))
    for row, text in zip(x, words):
        row[text] = 1
    return x, np.where(rng.random(3000) < 1 / (1 + np.exp(-(x @ meaning))), 1.0, -1.0)


def train(name, lr, x, y):
    import torch

    theta = torch.zeros(300, dtype=torch.float64)
    make = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "rmsprop": torch.optim.RMSprop}[name]
    stepper, rng = make([theta], lr=lr), np.random.default_rng(0)
    for _ in range(600):
        rows = rng.integers(2000, size=20)
        pulls = -y[rows] / (1 + np.exp(y[rows] * (x[rows] @ theta.numpy())))
        theta.grad = torch.tensor(pulls @ x[rows] / 20)
        stepper.step()
    return theta.numpy()


def main():
    x, y = texts()
    results = {}
    for name, rates in RATES.items():
        for lr in rates:
            theta = train(name, lr, x, y)
            loss = np.logaddexp(0, -y[2000:] * (x[2000:] @ theta)).mean()
            results[f"{name} {lr}"] = {"loss": loss, "rare": np.abs(theta[150:]).mean(), "common": np.abs(theta[:10]).mean()}
    Path(__file__).with_name("lab06.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
