"""One attack in one tier of the jail, whole or with layers left out: whether it had its effect."""

import contextlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from optimlab.grading import grader, submission
from optimlab.grading.jail import Limits
from optimlab.grading.session import Died, Orphaned, Zygote
from grading.conftest import TINY, processes
from grading.notebooks import notebook

from . import exhaustion, grades, kernel, memory, network, persistence, processes as others, reading, writing
from .attack import EFFECTS
from .world import World

FAMILIES = (reading, writing, others, network, kernel, memory, exhaustion, persistence, grades)
ATTACKS = [attack for family in FAMILIES for attack in family.ATTACKS]
LIMITS = Limits(call_seconds=1.5, cell_seconds=10, total_seconds=30, memory_mb=64)
PATIENCE = 4.0  # seconds after which what is still running was not stopped
SIZE_MB = 100 + LIMITS.memory_mb + 30  # of a warm process, what it may take more, and some
FOR_TIERS = ("mount", "pid", "net", "ipc", "account", "scratch")  # layers of the first tier alone


def identity(attack):
    return f"{family_of(attack)}.{attack.name}"


def family_of(attack):
    return next(family.__name__.rpartition(".")[2] for family in FAMILIES if attack in family.ATTACKS)


def run_all(tier, attacks=ATTACKS, jobs=2):
    """Whether each attack had its effect, by its identity."""
    with ThreadPoolExecutor(jobs) as pool:
        pieces = [attacks[n::jobs] for n in range(jobs)]
        parts = pool.map(lambda piece: _run_in_one_zygote(tier, piece), pieces)
        return {name: effect for part in parts for name, effect in part.items()}


def _run_in_one_zygote(tier, attacks):
    zygote = Zygote(tier, LIMITS)
    with contextlib.closing(zygote):
        return {identity(attack): succeeds(attack, zygote) for attack in attacks}


def succeeds(attack, zygote, same_child=False):
    """Whether an attack has its effect when it comes as a student's notebook. ``same_child``: and as the next one's."""
    if attack.effect == "score":
        return _score(attack, zygote) > 0
    with World(SIZE_MB, PATIENCE) as world:
        started = time.monotonic()
        try:
            child, loot = _loot(zygote, world.known(), attack.code, keep=same_child)
            world.seconds = time.monotonic() - started
            if attack.after:
                child, loot = _loot(zygote, {}, attack.after, child if same_child else None)
        except Orphaned:
            return attack.effect in ("hurt", "got")
        world.outlived = lambda: len(processes(zygote.scratch)) > PROCESSES[zygote.tier]
        return EFFECTS[attack.effect](world, loot, child)


PROCESSES = {"namespaces": 3, "bubblewrap": 3, "landlock": 2, "unsafe": 2}  # of a zygote without a child


def _loot(zygote, known, code, child=None, keep=False):
    """The child, ended if it is not to be kept, and what ``attack()`` in it returned, or how it died."""
    child = child or zygote.fork()
    cells = (f"W = {known!r}", code)
    try:
        list(child.ask("open", notebook(*cells), seconds=10))
        fates = list(child.ask("run", [0, 1], replies=2, seconds=LIMITS.cell_seconds))
        (reply,) = child.ask("call", "attack", None, [[[], {}]], seconds=zygote.limits.call_seconds)
        loot = reply[1] if reply[0] else str((fates, reply))
    except Died as death:
        loot = death.message
    if not keep:
        child.end()
    return child, loot


def _score(attack, zygote):
    found = submission.Submission("mallory", None)
    suite = grader.make_suite(TINY, seed=1)
    return grader._examine(found, notebook(attack.code), suite, zygote).score


if __name__ == "__main__":
    print(json.dumps(run_all(sys.argv[1])))
