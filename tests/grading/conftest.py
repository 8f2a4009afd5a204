"""A warm zygote to fork children from, a small lab to ask them about, and a look at the processes that are left."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from optimlab.grading import grader
from optimlab.grading.jail import Limits
from optimlab.grading.session import Zygote
from optimlab.labs.question import Call, Case, Lab, Question, Ref

from .notebooks import notebook

QUICK = Limits(call_seconds=2, cell_seconds=2, total_seconds=20, memory_mb=128, file_mb=1)


@pytest.fixture(scope="session")
def zygote():
    zygote = Zygote("unsafe", QUICK)
    yield zygote
    zygote.close()


@pytest.fixture
def child(zygote):
    """Open a notebook with these cells in a child, run them, and give (the child, what each of them raised)."""

    def open_and_run(*sources):
        child = zygote.fork()
        assert list(child.ask("open", notebook(*sources), seconds=30)) == [list(sources)]
        return child, list(child.ask("run", list(range(len(sources))), replies=len(sources), seconds=30))

    yield open_and_run
    if zygote.child is not None:
        zygote.child.end()


def tiny_cases(seed):
    secret = np.random.default_rng(seed).normal()
    return (
        Case("two", (Call((2.0,)),), (4.0,), 1e-9, 0.0),
        Case("an array", (Call((np.array([1.0, -3.0]),)),), (np.array([2.0, -6.0]),), 1e-9, 0.0),
        Case("a secret", (Call((secret,)),), (2 * secret,), 1e-9, 0.0, hidden=True),
    )


def walk_cases(seed):
    first, second = Call((1.0, {})), Call((Ref(0, 0), Ref(0, 1)))
    return (Case("two steps", (first, second), (2.0, 4.0), 1e-9, 0.0, item=0),)


TINY = Lab(
    "lab00_tiny",
    "Two functions",
    (
        Question("double", 2, "(x)", "Twice x.", tiny_cases),
        Question("walk", 3, "(x, state)", "Add the number of the step.", walk_cases),
    ),
)
DOUBLE = "def double(x):\n    return 2 * x"
WALK = 'def walk(x, state):\n    t = state.get("t", 0) + 1\n    return x + t, {"t": t}'


@pytest.fixture(scope="session")
def suite():
    return grader.make_suite(TINY, seed=1)


@pytest.fixture
def examine(suite, zygote):
    """The Grade of a notebook with these cells, in the small lab."""

    def grade(*sources, data=None):
        found = grader.submission.Submission("ada", None)
        return grader._examine(found, notebook(*sources) if data is None else data, suite, zygote)

    return grade


def processes(mark):
    """The processes, other than this one, whose command line or working directory holds ``mark``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes().decode(errors="replace") + os.readlink(process / "cwd")
        except OSError:
            continue
        if mark in text and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def eventually(holds, seconds=10):
    """Whether ``holds()`` becomes true; the time is a bound, not a claim."""
    end = time.monotonic() + seconds
    while not (answer := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer
