"""The rules against what torch.optim, optax and schedulefree did when they were recorded (record.py), within 1e-12."""

import json
import pathlib

import numpy as np
import pytest
from parity_cases import CASES, LOOPS, SHOWN, ours

RECORDED = {file.stem: json.loads(file.read_text()) for file in pathlib.Path(__file__).parent.glob("recorded/*.json")}


def test_every_case_is_recorded_from_the_library_it_names():
    assert RECORDED.keys() == CASES.keys()
    for library, cases in CASES.items():
        assert RECORDED[library]["theta"].keys() == {f"{case} {loop}" for case in cases for loop in LOOPS}
        assert RECORDED[library]["at steps"] == list(SHOWN)
        assert RECORDED[library]["made with"].startswith(library)
    assert RECORDED["torch"]["made with"].startswith("torch 2.13.0")
    assert RECORDED["schedulefree"]["made with"] == "schedulefree 1.4.1"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("library, case", [(library, case) for library in CASES for case in CASES[library]], ids=str)
def test_rule_agrees_with_the_recorded_path(library, case, loop):
    theirs = dict(zip(SHOWN, RECORDED[library]["theta"][f"{case} {loop}"], strict=True))
    for t, theta in enumerate(ours(case, loop), 1):  # no step is taken after a wrong one
        if t in SHOWN:
            error = np.abs(np.array(theta) - np.array(theirs[t])).max()
            assert error <= 1e-12, f"{case} is {error:.1e} from {RECORDED[library]['made with']} at step {t}"
