"""The lab that every grader is given: two rules to write, five cells, thirty hidden calls; and its three faces.

``CELLS`` are those of the notebook, ``SUITE`` holds the calls as we put them, ``tests()`` the same calls as cells of
asserts, for graders that run tests inside the notebook.
"""

import numpy as np

from optimlab.grading import grader
from optimlab.labs import oracles
from optimlab.labs.question import Lab, Question
from optimlab.labs.trajectories import trajectory

STEPS, CASES = 3, 5
CELLS = (
    "import numpy as np",
    "def norm(x):\n    return np.sqrt(np.sum(x * x))",
    '''def momentum(theta, g, state, *, lr, beta=0.9):
    v = beta * state.get("v", 0) + g
    return theta - lr * v, {"v": v}''',
    '''def adam(theta, g, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta - lr * step, {"t": t, "m": m, "v": v}''',
    "print(momentum(1.0, 2.0, {}, lr=0.1), adam(1.0, 2.0, {}))",
)


def _cases(oracle):
    def cases(seed):
        rng = np.random.default_rng(seed)
        for number in range(CASES):
            theta, *gradients = rng.normal(size=(STEPS + 1, 3))
            yield trajectory(f"case {number}", oracle, (), theta, gradients, hidden=True, lr=0.1)

    return lambda seed: tuple(cases(seed))


LAB = Lab(
    "lab00_bench",
    "Two rules",
    (
        Question("momentum", 5, "(theta, g, state, *, lr, beta=0.9)", "", _cases(oracles.momentum)),
        Question("adam", 5, "(theta, g, state, *, lr, ...)", "", _cases(oracles.adam)),
    ),
)
SUITE = grader.make_suite(LAB, seed=1)


def tests():
    """The hidden calls as source: one cell of asserts a question."""
    for name, cases in SUITE.cases.items():
        lines = []
        for case in cases:
            theta, lr = case.calls[0].args[0], case.calls[0].kwargs["lr"]
            lines.append(f"theta, state = np.array({theta.tolist()}), {{}}")
            for call, expected in zip(case.calls, case.expected):
                lines.append(f"theta, state = {name}(theta, np.array({call.args[1].tolist()}), state, lr={lr})")
                lines.append(f"assert np.allclose(theta, {expected.tolist()}, rtol=1e-6)")
        yield name, "\n".join(lines)
