"""The rules against what torch.optim and optax did when they were recorded (record.py): 1000 steps, within 1e-12."""

import json
import pathlib

import numpy as np
import pytest
from parity_cases import CASES, LOOPS, SHOWN, START, drive, label

from optimlab.rules import RULES

RECORDED = {file.stem: json.loads(file.read_text()) for file in pathlib.Path(__file__).parent.glob("recorded/*.json")}


def test_every_case_is_recorded_from_the_library_it_names():
    assert RECORDED.keys() == CASES.keys()
    for library, cases in CASES.items():
        wanted = {f"{label(name, hyper)} {loop}" for name, hyper in cases for loop in LOOPS}
        assert RECORDED[library]["theta"].keys() == wanted
        assert RECORDED[library]["at steps"] == list(SHOWN)
        assert RECORDED[library]["made with"].startswith(library)
    assert RECORDED["torch"]["made with"].startswith("torch 2.13.0")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    "library, name, hyper",
    [pytest.param(library, *case, id=label(*case)) for library, cases in CASES.items() for case in cases],
)
def test_rule_agrees_with_the_recorded_path(library, name, hyper, loop):
    memory = [{}]

    def step(theta, g):
        theta, memory[0] = RULES[name](theta, np.array(g), memory[0], **hyper)
        return theta

    ours = list(drive(loop, np.array(START), step))
    theirs = RECORDED[library]["theta"][f"{label(name, hyper)} {loop}"]
    error = np.abs(np.array([ours[t - 1] for t in SHOWN]) - np.array(theirs)).max()
    assert error <= 1e-12, f"{label(name, hyper)} is {error:.1e} from {RECORDED[library]['made with']}"
