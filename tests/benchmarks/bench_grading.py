"""What grading one submission costs, in CPU seconds: here, with and without the jail, and with the graders people use.

All grade the same notebook of five cells with the same thirty calls. The others are installed into virtual
environments of their own under _build/graders. ``make bench WHICH=grading`` runs this.
"""

import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import lab
import nbformat
import numpy as np

from optimlab.grading import grader, jail, submission
from optimlab.grading.session import FORKS, Zygote

ROOT = Path(__file__).parents[2]
FEW, MANY = 20, 220  # the difference leaves out what is spent once, on warming up; it is spread over FORKS
OTHERS = {"nbclient": ["nbclient"], "nbgrader": ["nbgrader==0.9.6"], "otter": ["otter-grader"]}
TIMES = {"nbclient": 3, "nbgrader": 3, "otter": 3}
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main():
    bare = bare_exec()
    rows = {"bare exec in one process": bare}
    tier = jail.choose_tier(unsafe=False)
    off, _ = ours("unsafe")
    on, memory = ours(tier)
    rows |= {"optimlab, isolation off": off, f"optimlab, {tier}": on}
    for name in OTHERS:
        try:
            rows[name] = other(name)
        except subprocess.CalledProcessError as error:
            print(f"{name} could not be measured: {(error.stderr or '').strip()[-200:]}", file=sys.stderr)
    print(f"CPU a submission of {len(lab.CELLS)} cells and {2 * lab.CASES * lab.STEPS} hidden calls\n")
    for name, seconds in rows.items():
        print(f"  {name:26} {1e3 * seconds:9.1f} ms   {seconds / on:8.2f} times ours")
    print(f"\nthe jail costs {on / off:.2f} times isolation off, {on / bare:.1f} times bare exec\n")
    breakdown(tier, on)
    throughput(tier)
    print(f"the grader's memory peaked at {memory:.0f} MB")


def solution():
    return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in lab.CELLS]))


def cpu():
    """CPU seconds of this process, and of all that were its children and have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def bare_exec():
    """The floor: exec of the cells, the calls, and a comparison, without a process, a jail or a deadline."""
    tests = [compile(source, name, "exec") for name, source in lab.tests()]
    started = time.process_time()
    for _ in range(MANY):
        names = {"print": lambda *_: None}
        for cell in lab.CELLS:
            exec(compile(cell, "cell", "exec"), names)
        for test in tests:
            exec(test, names)
    return (time.process_time() - started) / MANY


def ours(tier, jobs=1):
    """CPU seconds a submission, and the peak of this process's memory in MB."""
    spent = {}
    for count in (FEW, MANY):
        before = cpu()
        assert all(grade.score == lab.LAB.max_score for grade in grade_copies(count, tier, jobs))
        spent[count] = cpu() - before
    each = (spent[MANY] - spent[FEW]) / (MANY - FEW) + warm_up(tier) / FORKS
    return each, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def warm_up(tier):
    """CPU seconds until a zygote has forked its first child."""
    before = cpu()
    zygote = Zygote(tier, jail.Limits())
    zygote.fork().end()
    zygote.close()
    return cpu() - before


def grade_copies(count, tier, jobs):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ada.ipynb")
        path.write_text(solution())
        found = [submission.Submission(f"student{number}", path) for number in range(count)]
        yield from grader.grade_class(found, lab.SUITE, tier, jail.Limits(), jobs)


def breakdown(tier, whole):
    """Where the time goes: to fork and lock up a child that does nothing, to the student's code, to the grader."""
    found, data = submission.Submission("ada", None), solution().encode()
    zygote = Zygote(tier, jail.Limits())
    for _ in range(FEW):
        zygote.fork().end()
    empty = []
    for _ in range(MANY):
        child = zygote.fork()
        child.end()
        empty.append(child.usage["cpu"])
    started, inside = time.process_time(), []
    for _ in range(MANY):
        inside.append(grader._examine(found, data, lab.SUITE, zygote).cpu)
    own = (time.process_time() - started) / MANY
    zygote.close()
    forked, ran = np.mean(empty), np.mean(inside)
    print(f"  {1e3 * forked:5.1f} ms  a child that is locked up and does nothing")
    print(f"  {1e3 * (ran - forked):5.1f} ms  the cells and the calls in it")
    print(f"  {1e3 * own:5.1f} ms  the grader: asking, reading, judging")
    print(f"  {1e3 * (whole - ran - own):5.1f} ms  the zygote: forking, waiting, a new scratch; its warm-up, spread over {FORKS} children\n")


def throughput(tier, count=1000, jobs=2):
    started = time.monotonic()
    assert sum(1 for _ in grade_copies(count, tier, jobs)) == count
    print(f"{count} submissions on {jobs} processes: {time.monotonic() - started:.1f} s")


def other(name):
    """CPU seconds that another grader takes for one submission, all its processes counted."""
    python = environment(name)
    with tempfile.TemporaryDirectory() as folder:
        write_for(name, Path(folder))
        spent = []
        for number in range(TIMES[name]):
            before = cpu()
            subprocess.run(
                [python, ROOT / "tests" / "benchmarks" / "others.py", name, str(number)],
                cwd=folder, check=True, capture_output=True, text=True, timeout=300,
                env={**THREADS, "PATH": f"{python.parent}:/usr/bin:/bin", "HOME": folder},
            )  # fmt: skip
            spent.append(cpu() - before)
    return min(spent)


def environment(name):
    """The interpreter of the grader's own virtual environment, made if need be."""
    folder = ROOT / "_build" / "graders" / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True)
        wanted = ["numpy", "ipykernel", *OTHERS[name]]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True, capture_output=True, text=True)
        (folder / "ready").touch()
    return python


def write_for(name, folder):
    """The solved notebook with its tests, the way that grader wants it."""
    tests = dict(lab.tests())
    cells = [nbformat.v4.new_code_cell(cell) for cell in lab.CELLS]
    for question, source in tests.items():
        cells.append(nbformat.v4.new_code_cell(source))
        if name == "nbgrader":
            cells[-1].metadata["nbgrader"] = {
                "grade": True, "grade_id": question, "locked": True, "points": 5, "schema_version": 3,
                "solution": False, "task": False, "cell_type": "code",
            }  # fmt: skip
    if name == "otter":
        cells = cells[: len(lab.CELLS)]
        (folder / "tests").mkdir()
        for question, source in tests.items():
            code = "".join(f">>> {line}\n" for line in source.splitlines())
            case = {"code": code, "hidden": False, "locked": False}
            suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
            test = {"name": question, "points": 5, "suites": [suite]}
            (folder / "tests" / f"{question}.py").write_text(f"OK_FORMAT = True\n\ntest = {test!r}\n")
        cells += [nbformat.v4.new_code_cell("import otter\ngrader = otter.Notebook()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "ada.ipynb")


if __name__ == "__main__":
    main()
