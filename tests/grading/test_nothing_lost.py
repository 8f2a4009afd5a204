"""Whatever is killed, full or locked: the same command goes on, each submission has one row, and no file is half there.

Everything is bounded: a class of fifteen, a dozen kills, and an end after which a grader is left in peace.
"""

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from optimlab import labs
from optimlab.grading.sitting import Sitting

from .conftest import eventually, processes
from .notebooks import hand_in, notebook, solved

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")
LAB = labs.load("lab04_race")
SGD = "def sgd(theta, g, state, *, lr, weight_decay=0):\n    return theta - lr * (g + weight_decay * theta), {}"
PAUSE = "import time; time.sleep(0.15)"
EACH = 3  # notebooks of a kind
SCORES = {"right": "20", "sgd": "2", "none": "0", "exits": "2", "broken": "0"}


@pytest.fixture
def class_dir(tmp_path):
    kinds = {
        "right": solved(),
        "sgd": notebook(SGD, PAUSE),
        "none": notebook(PAUSE),
        "exits": notebook("import os; os._exit(9)", SGD),
        "broken": b"{",
    }
    copies = {f"{kind}{n}": data + b"\n" * n for n in range(EACH) for kind, data in kinds.items()}
    return hand_in(tmp_path / "class", **copies)


def command(tmp_path, out="out"):
    words = ["grade", tmp_path / "class", "--lab", LAB.name, "--out", tmp_path / out, "--unsafe", "--seed-file"]
    return [sys.executable, "-m", "optimlab", *words, tmp_path / "seed", "--jobs", "2"]


def there(tmp_path):
    return {**os.environ, "TMPDIR": str(tmp_path)}  # by which its processes are known


def is_whole(out):
    """Whether the files that are there are whole, with one right row a student."""
    students = EACH * len(SCORES)
    for name, rows in (("grades.csv", students), ("questions.csv", students * len(LAB.questions))):
        with open(out / name, newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        assert len(found) == rows and len({(row["student"], row.get("question")) for row in found}) == rows
        if name == "grades.csv":
            assert {row["student"]: row["score"] for row in found} == {
                f"{kind}{n}": score for kind, score in SCORES.items() for n in range(EACH)
            }
    assert not list(out.glob(".*.part")) and len(list((out / "feedback").glob("*.html"))) == students


def finish(tmp_path):
    done = subprocess.run(command(tmp_path), capture_output=True, text=True, env=there(tmp_path), timeout=300)
    assert done.returncode == 0, done.stderr
    is_whole(tmp_path / "out")


def test_a_grader_that_is_killed_at_any_moment_is_finished_by_the_next(tmp_path, class_dir):
    chance = random.Random(6)
    for _ in range(4):
        grading = subprocess.Popen(
            command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=there(tmp_path)
        )
        time.sleep(chance.uniform(0.5, 6))
        ended = grading.poll() is not None
        grading.kill()
        grading.wait()
        assert eventually(lambda: not processes(str(tmp_path / "optimlab-")), 30)  # its zygotes follow it
        if ended or (tmp_path / "out" / "grades.csv").exists() and (tmp_path / "out" / "report.html").exists():
            break
    finish(tmp_path)


def test_zygotes_and_children_that_are_killed_cost_nobody_a_point(tmp_path, class_dir):
    chance = random.Random(7)
    grading = subprocess.Popen(command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=there(tmp_path))
    kills = 0
    while grading.poll() is None and kills < 12:
        time.sleep(chance.uniform(0.1, 0.8))
        found = [pid for pid in processes(str(tmp_path / "optimlab-")) if pid != grading.pid]
        if found:
            try:
                os.kill(chance.choice(found), signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                pass
    _, errors = grading.communicate(timeout=300)
    assert kills and grading.returncode in (0, 1), errors
    finish(tmp_path)


@pytest.mark.parametrize("kills", [1, 2])
def test_a_child_that_is_killed_is_asked_again_once(suite, zygote, kills):
    """So the system may end a process where memory runs out, and a student who ends their own gains nothing."""
    sitting = Sitting(notebook("def double(x):\n    return 2 * x"), zygote)
    (first, second, _) = suite.cases["double"]
    assert sitting.answers("double", first) == [4.0]
    ask, left = sitting.child.__class__.ask, [kills]

    def killing(child, *request, **terms):
        if request[0] == "call" and left[0]:
            left[0] -= 1
            child.zygote.kill_child()
            child._ended(10)  # or it might answer before it is killed
            assert child.usage is not None
        return ask(child, *request, **terms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sitting.child.__class__, "ask", killing)
        (answer,) = sitting.answers("double", second)
    sitting.close()
    if kills == 1:
        assert list(answer) == [2, -6]
    else:
        assert (answer.status, answer.message) == ("exited", "its process ended, with signal SIGKILL")


NAMESPACES = shutil.which("unshare") and not subprocess.run(
    ["unshare", "--user", "--map-root-user", "--mount", "true"], capture_output=True
).returncode


@pytest.mark.skipif(not NAMESPACES, reason="needs unshare and user namespaces, to give OUT a disk of its own")
@pytest.mark.parametrize("options", ["size=64k", "size=1m,ro"], ids=["full", "read-only"])
def test_a_disk_that_is_full_or_read_only_stops_with_a_sentence_and_the_rest_is_kept(tmp_path, class_dir, options):
    (tmp_path / "out").mkdir()
    (tmp_path / "kept").mkdir()
    script = 'mount -t tmpfs -o "$0" tmpfs "$1" || exit 99; out=$1 kept=$2; shift 2; "$@"; code=$?; cp -a "$out/." "$kept"; exit $code'
    words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, options]
    done = subprocess.run(
        [*words, tmp_path / "out", tmp_path / "kept", *command(tmp_path)],
        capture_output=True,
        text=True,
        env=there(tmp_path),
        timeout=300,
    )
    assert done.returncode == 1 and done.stderr.startswith("optimlab: ") and "Traceback" not in done.stderr, done.stderr
    assert any(said in done.stderr for said in ("full", "No space", "readonly", "read-only", "Read-only"))
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "kept").rename(tmp_path / "out")
    finish(tmp_path)
