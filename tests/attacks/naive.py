"""Graders as one writes them at first, and what they are worth: student code runs in their process and is believed.

``memory(code, token)`` holds a secret as such graders do, and gives what ``attack()`` finds. ``points(code)`` are those
of the kindest of four: one that compares with numpy.allclose, one with ==, one that runs a cell of asserts after the
student's, and one that believes what is printed. ``wire(code)`` reads frames as they come. Each is run as a program, in
a process of its own, because it seldom survives.
"""

import contextlib
import io
import json
import operator
import os
import pickle
import re
import resource
import struct
import subprocess
import sys
import tempfile

SECONDS = 20
SCORES = []
KINDS = ("memory", "allclose", "equal", "asserts", "printed", "wire")


def outcome(kind, code, token=""):
    """What became of one naive grader: {"loot": ...}, {"score": ...}, or {"crashed": how}."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, kind, token], input=code, capture_output=True, text=True,
            timeout=SECONDS, env={**os.environ, "TOKEN": token},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"crashed": "it never ended"}
    if kind == "printed":
        return {"score": max(map(int, re.findall(r"score: (\d+)", done.stdout)), default=0)}
    try:
        return json.loads(done.stdout.rpartition("\n=")[2])
    except ValueError:
        return {"crashed": done.stderr[-300:] or f"exit code {done.returncode}"}


def points(code):
    """The points that the kindest of the naive graders gives."""
    said = [outcome(kind, code) for kind in ("allclose", "equal", "asserts", "printed")]
    return max(outcome.get("score", 0) for outcome in said)


def memory(code, SECRET):
    with tempfile.TemporaryFile() as left_open:
        left_open.write(SECRET.encode())
        left_open.flush()
        held = ["SECRET", SECRET]
        globals()["SECRET"] = SECRET
        names = {"SECRET": SECRET, "W": {}, "__name__": "__main__", "held": held}
        exec(code, names)
        return {"loot": repr(names["attack"]())}


CASES = [("double", (2.0,), 4.0), ("walk", (1.0, {}), 2.0)]


def graded(code, agree):
    """Points, by comparing in this very process."""
    import numpy as np

    globals()["np"] = np
    names = {"__name__": "__main__"}
    exec(compile(code, "cell", "exec"), names)
    for name, args, expected in CASES:
        with contextlib.suppress(Exception):
            value = names[name](*args)
            value = value[0] if isinstance(value, tuple) else value
            if agree(value, expected):
                SCORES.append(1)
    with contextlib.suppress(Exception):  # what is expected is worked out from the arguments, after the call
        x = np.array([1.0, -3.0])
        if agree(names["double"](x), 2 * x):
            SCORES.append(1)
    return {"score": sum(SCORES)}


def _close(value, expected):
    return globals()["np"].allclose(value, expected)


def asserted(code):
    """Points, by running a cell of asserts after the student's, in the shell a notebook runs in."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell(code, silent=True)
    tests = shell.run_cell("assert double(2.0) == 4.0", silent=True)
    return {"score": sum(SCORES) + 2 * (tests.error_before_exec is None and tests.error_in_exec is None)}


def wire(code):
    """Points, by reading frames from the student's process in the order they come, whatever they are."""
    import msgpack

    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(writing, 3)
        names = {}
        exec(code, names)
        with open(3, "wb") as channel:
            for name, args, _ in CASES:
                data = pickle.dumps(names[name](*args))
                channel.write(struct.pack("<I", len(data)) + data)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as channel:
        for _, _, expected in CASES:
            data = channel.read(*struct.unpack("<I", channel.read(4)))
            try:
                value = pickle.loads(data)
            except pickle.UnpicklingError:
                value = msgpack.unpackb(data[4:], max_array_len=2**31 - 1)
            value = value[-1][-1] if isinstance(value, list) else value
            SCORES.append(value == expected)
    return {"score": sum(SCORES)}


if __name__ == "__main__":
    kind, token = sys.argv[1:]
    source = sys.stdin.read()
    said, out = sys.stdout, io.StringIO()
    if kind == "memory":
        answer = memory(source, token)
    elif kind == "wire":
        answer = wire(source)
    elif kind == "asserts":
        answer = asserted(source)
    else:
        answer = graded(source, _close if kind == "allclose" else operator.eq)
    print("\n=" + json.dumps(answer, default=float), flush=True)
