"""How long check() takes for one question: the solution's answer, and the known mistake that takes longest to name."""

import statistics
import time
from pathlib import Path

from optimlab.check import checker
from optimlab.labs import load, names, verify
from optimlab.labs.build import read

ROOT = Path(__file__).parents[2]


def milliseconds(check, name, answer, stored, times=5):
    """The median of some calls after a first one, which works out the cases."""

    def once():
        start = time.process_time()
        check(**{name: answer}) if stored else check(named(answer, name))
        return 1000 * (time.process_time() - start)

    once()
    return statistics.median(once() for _ in range(times))


def named(function, name):
    def stand_in(*args, **kwargs):
        return function(*args, **kwargs)

    stand_in.__name__, stand_in.__wrapped__ = name, function
    return stand_in


def main():
    print(f"{'ms of CPU time':40} right  slowest mistake")
    for lab in map(load, names()):
        check, solved = checker(lab.name), verify.defined(read(ROOT / "solutions" / f"{lab.name}.ipynb"), ROOT)
        for q in lab.questions:
            wrong = [milliseconds(check, q.name, m.body, q.stored, 1) for m in q.mistakes]
            right = milliseconds(check, q.name, solved[q.name], q.stored)
            print(f"{lab.name + ' ' + q.name:40} {right:5.1f}  {max(wrong, default=0):5.1f}")


if __name__ == "__main__":
    main()
