"""A whole class, graded by one command: right scores, right statuses, each mistake named, nobody touched by another."""

import csv
import os
import stat
import subprocess
import sys

import pytest

from .notebooks import UNSOLVED, hand_in, solved

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")

LAB = "lab04_race"
FULL = {"sgd": 2, "momentum": 3, "adam": 5, "adamw": 5, "conclusion": 5}
BIAS = [("m / (1 - beta1**t)", "m"), ("v / (1 - beta2**t)", "v")]
EPS = [("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")]
L2 = [("adam(theta * (1 - lr * weight_decay), g,", "adam(theta, g + weight_decay * theta,")]
MOMENTUM = "    v = beta * state"

# student: (notebook, status, questions lost: their status and what the diagnosis says)
CLASS = {
    "solution": (lambda: solved(), "pass", {}),
    "unsolved": (UNSOLVED.read_bytes, "missing", {name: ("missing", "it is not written yet") for name in FULL}),
    "no-bias-correction": (
        lambda: solved(*BIAS),
        "wrong",
        {"adam": ("wrong", "matches Adam without bias correction: the first step is 3.16 times too long"),
         "adamw": ("wrong", "matches AdamW built on Adam without bias correction")},
    ),
    "eps-inside": (
        lambda: solved(*EPS),
        "wrong",
        {"adam": ("wrong", "matches Adam with eps inside the root"),
         "adamw": ("wrong", "matches AdamW built on Adam with eps inside the root")},
    ),
    "l2": (lambda: solved(*L2), "wrong", {"adamw": ("wrong", "matches L2 instead of decoupled decay")}),
    "loop": (
        lambda: solved((MOMENTUM, "    while True: pass\n" + MOMENTUM)),
        "timeout",
        {"momentum": ("timeout", "it took too long")},
    ),
    "syntax": (
        lambda: solved((MOMENTUM, "    v = = beta * state")),
        "syntax",
        {"momentum": ("syntax", "the cell that defines it failed: SyntaxError: invalid syntax, line 4")},
    ),
    "sys-exit": (lambda: solved(first=["import sys; sys.exit()"]), "pass", {}),
    "sys-exit-inside": (
        lambda: solved((MOMENTUM, "    import sys; sys.exit()\n" + MOMENTUM)),
        "exited",
        {"momentum": ("exited", "it ended its process")},
    ),
    "os-exit": (lambda: solved(first=["import os; os._exit(0)"]), "exited", {}),
    "os-exit-inside": (
        lambda: solved((MOMENTUM, "    import os; os._exit(0)\n" + MOMENTUM)),
        "exited",
        {"momentum": ("exited", "it ended its process")},
    ),
    "corrupt": (
        lambda: solved()[:-100],
        "unreadable",
        {name: ("unreadable", "it is not a Jupyter notebook: it is not valid JSON") for name in FULL},
    ),
}  # fmt: skip


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """OUT, and what the command printed."""
    there = tmp_path_factory.mktemp("grading")
    class_dir = hand_in(there / "class", **{student: make() for student, (make, *_) in CLASS.items()})
    command = [sys.executable, "-m", "optimlab", "grade", class_dir, "--lab", LAB, "--out", there / "out"]
    done = subprocess.run(
        [*command, "--seed-file", there / "seed", "--jobs", "2"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return there / "out", done


@pytest.mark.parametrize("student", CLASS)
def test_a_submission_gets_its_score_its_status_and_its_diagnoses(graded, student):
    out, _ = graded
    _, status, lost = CLASS[student]
    (grade,) = [row for row in rows(out / "grades.csv") if row["student"] == student]
    questions = {row["question"]: row for row in rows(out / "questions.csv") if row["student"] == student}
    assert grade["status"] == status and grade["lab"] == LAB and grade["max_score"] == "20"
    assert float(grade["score"]) == sum(points for name, points in FULL.items() if name not in lost)
    assert list(questions) == list(FULL)
    for name, points in FULL.items():
        assert float(questions[name]["max_score"]) == points
        expected, diagnosis = lost.get(name, ("pass", ""))
        assert questions[name]["status"] == expected and diagnosis in questions[name]["diagnosis"]
        assert float(questions[name]["score"]) == (0 if name in lost else points)


def test_every_student_has_one_row_and_files_no_one_else_reads_are_private(graded):
    out, _ = graded
    assert [row["student"] for row in rows(out / "grades.csv")] == sorted(CLASS)
    files = ["feedback", "gradebook.sqlite", "grades.csv", "questions.csv", "report.html"]
    assert sorted(os.listdir(out)) == files and len(os.listdir(out / "feedback")) == len(CLASS)
    assert stat.S_IMODE((out.parent / "seed").stat().st_mode) == 0o600


def test_the_teacher_reads_a_summary(graded):
    _, done = graded
    lines = done.stdout.splitlines()
    assert lines[0] == "lab04_race: 12 students, mean 13.6 of 20 points"
    for line in ("    3  wrong", "    3  exited", "    2  pass", "    1  timeout", "    1  syntax", "  1.7  of 2  sgd"):
        assert line in lines
    assert any(line.startswith("    1  adamw: matches L2 instead of decoupled decay: ") for line in lines)
    assert done.stderr.splitlines() == [
        "corrupt: it is not a Jupyter notebook: it is not valid JSON",
        "os-exit: code cell 1 was left out: its process ended, with exit code 0",
    ]


def test_grading_again_says_the_same_and_gives_the_same_files(graded):
    out, done = graded
    before = {name: (out / name).read_bytes() for name in ("grades.csv", "questions.csv")}
    again = subprocess.run(done.args, capture_output=True, text=True, timeout=60)
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, done.stderr)
    assert {name: (out / name).read_bytes() for name in before} == before
