"""A class of very many, every tenth of them hostile: each gets one grade, the honest full marks, and nobody else any.

``python -m attacks.soak 10000`` is ``make soak``; it prints what it took.
"""

import itertools
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from optimlab.grading import grader, jail, submission
from grading.conftest import DOUBLE, TINY, WALK
from grading.notebooks import notebook

from . import run
from .hostile_files import HOSTILE
from .world import World

EVERY = 10  # one in so many is hostile
SLOW = ("endless", "grew")  # effects of attacks that sit out a deadline: one in a hundred hostile ones


def fill(folder, count, world):
    """Write so many submissions; returns the names of the honest and of the hostile students."""
    quick = [attack for attack in run.ATTACKS if attack.effect not in SLOW]
    slow = [attack for attack in run.ATTACKS if attack.effect in SLOW]
    attacks = itertools.chain.from_iterable(
        [*quick[n % 2 :: 2], slow[n % len(slow)]] for n in itertools.count()
    )
    files = itertools.cycle(hostile for hostile in HOSTILE if hostile.name == "zoe.ipynb" and hostile.status)
    good = notebook("import numpy as np", DOUBLE, WALK, "print(double(3.0), walk(1.0, {}))", "x = np.ones(3).sum()")
    honest, hostile = set(), set()
    for number in range(count):
        path = folder / f"student{number}.ipynb"
        if number % EVERY:
            path.write_bytes(good)
            honest.add(path.stem)
            continue
        hostile.add(path.stem)
        if number % (3 * EVERY) == 0:
            next(files).make(path, world)
        else:
            attack = next(attacks)
            call = "\nif 'attack' in globals(): attack()"
            path.write_bytes(notebook(f"W = {world.known()!r}", attack.code + call))
    return honest, hostile


def soak(count, jobs=2):
    """The grades of so many, who was honest, and what it took."""
    limits = run.LIMITS._replace(call_seconds=1, cell_seconds=1, total_seconds=10)
    with tempfile.TemporaryDirectory(prefix="soak-") as there, World() as world:
        honest, hostile = fill(Path(there), count, world)
        suite, tier = grader.make_suite(TINY, seed=1), jail.choose_tier(unsafe=False)
        submissions = submission.find(there, TINY.name)
        before, started = _size(), time.monotonic()
        grades = Counter()
        for grade in grader.grade_class(submissions, suite, tier, limits, jobs):
            kind = "honest" if grade.student in honest else "hostile" if grade.student in hostile else "unknown"
            grades[kind, grade.status, grade.score] += 1
        seconds = time.monotonic() - started
        unharmed = not (world.was_hit() or world.was_changed() or world.was_hurt())
    return {"grades": grades, "unharmed": unharmed, "seconds": seconds, "megabytes": (before, _size())}


def faults(count, taken):
    """What is wrong with a soak, in sentences."""
    honest = sum(n for (kind, *_), n in taken["grades"].items() if kind == "honest")
    if sum(taken["grades"].values()) != count:
        yield f"{sum(taken['grades'].values())} grades for {count} submissions"
    if taken["grades"]["honest", "pass", 5] != honest:
        yield f"{honest - taken['grades']['honest', 'pass', 5]} honest notebooks did not get full marks"
    for (kind, status, score), n in taken["grades"].items():
        if kind != "honest" and score != 0:
            yield f"{n} hostile submissions have {score} points, as {status}"
    if not taken["unharmed"]:
        yield "something outside was reached, changed or hurt"


def _size():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count):
    taken = soak(count)
    for (kind, status, score), n in sorted(taken["grades"].items(), key=str):
        print(f"{n:6}  {kind}, {status}, {score} points")
    print(f"{taken['seconds']:.0f} s, {1000 * taken['seconds'] / count:.1f} ms each; the grader's memory peaked at "
          f"{taken['megabytes'][1]:.0f} MB, {taken['megabytes'][0]:.0f} MB of it before the first")  # fmt: skip
    wrong = list(faults(count, taken))
    print(*wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
