"""The schedules against the rates that torch.optim.lr_scheduler gave when they were recorded, and gives now."""

import json

import pytest
from schedule_cases import CASES, LR, RECORDED, ours, with_torch

from optimlab import schedules
from optimlab.symbols import PARTS

THEIRS = json.loads(RECORDED.read_text())


def test_every_schedule_is_recorded_with_and_without_a_warmup():
    shipped = {name for name, part in PARTS.items() if part is schedules}
    assert {(case.name, "warmup" in case.hyper) for case in CASES} == {(n, w) for n in shipped for w in (True, False)}
    assert THEIRS["lr"].keys() == {str(case) for case in CASES}
    assert THEIRS["made with"].startswith("torch 2.13.0")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_schedule_agrees_with_the_recorded_rates(case):
    assert ours(case) == pytest.approx(THEIRS["lr"][str(case)], rel=0, abs=1e-12 * LR)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_live_torch_gives_the_recorded_rates(case):
    pytest.importorskip("torch")
    assert with_torch(case) == pytest.approx(THEIRS["lr"][str(case)], rel=0, abs=1e-12 * LR)
