"""Every attack, in every tier this machine offers, has no effect; where a tier does not hold one, the probe says so."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from optimlab.grading.jail import probe, tiers

from . import run, unprivileged

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the jail is")


@pytest.fixture(scope="module", params=tiers.JAILS)
def effects(request):
    """The tier, and whether each attack had its effect in it."""
    if fault := probe.attempt(request.param).fault:
        pytest.skip(f"needs {request.param}: {fault}")
    return request.param, run.run_all(request.param)


@pytest.mark.parametrize("attack", run.ATTACKS, ids=run.identity)
def test_an_attack_has_no_effect(effects, attack):
    tier, had = effects
    assert not had[run.identity(attack)] or tier in attack.gaps, attack.mechanism


def test_no_attack_has_an_effect_as_a_user_without_rights():
    done = subprocess.run(
        unprivileged.command(["-m", "attacks.run", "namespaces"]),
        cwd=Path(run.__file__).parents[1], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert [name for name, had in json.loads(done.stdout).items() if had] == []


def test_the_mechanisms_are_many_and_no_two_are_the_same():
    counted = Counter(attack.mechanism for attack in run.ATTACKS)
    assert len(counted) == len(run.ATTACKS) >= 100
    assert len({run.identity(attack) for attack in run.ATTACKS}) == len(run.ATTACKS)
