"""A cluster gives what one machine gives, byte for byte, whatever becomes of its workers."""

import os
import pickle
import signal
import sys
import textwrap
from contextlib import nullcontext

import pytest

from optimlab import labs
from optimlab.grading import Refused, cluster, grader, run

from .conftest import QUICK
from .notebooks import hand_in, notebook, solved

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")
LAB = labs.load("lab04_race")
SGD = "def sgd(theta, g, state, *, lr, weight_decay=0):\n    return theta - lr * (g + weight_decay * theta), {}"
LIMITS = QUICK._replace(total_seconds=60)


@pytest.fixture
def workers():
    """Start a cluster of two workers, with what they are to run before they begin; gives its address and a client."""
    opened = []

    def start(preload=None):
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "set_as_default": False}
        options |= {"preload": [str(preload)]} if preload else {}
        opened.append(cluster._distributed().Client(**options))
        return opened[-1].scheduler.address, opened[-1]

    yield start
    for client in opened:
        client.close()


def grade(tmp_path, out, **options):
    options = {"tier": "unsafe", "limits": LIMITS, "seed_file": tmp_path / "seed", "jobs": 2} | options
    marks = run.grade_folder(tmp_path / "class", LAB, tmp_path / out, **options).marks
    return marks, [(tmp_path / out / name).read_bytes() for name in ("grades.csv", "questions.csv")]


def test_a_worker_that_is_killed_costs_a_repeat_and_the_files_are_those_of_one_machine(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(cluster, "CHUNK", 4)
    few = [notebook(SGD), notebook("def sgd(:"), b"{", solved(), notebook("import os; os._exit(3)", SGD), notebook()]
    hand_in(tmp_path / "class", **{f"s{n:02}": few[n % len(few)] + b"\n" * n for n in range(40)})
    _, plain = grade(tmp_path, "plain")
    address, client = workers()
    victim = next(iter(client.run(os.getpid).values()))

    def watch(results, count):
        def killing():
            for number, result in enumerate(results):
                if number == 3:
                    os.kill(victim, signal.SIGKILL)
                yield result

        return nullcontext(killing())

    _, spread = grade(tmp_path, "spread", dask=address, watch=watch)
    assert victim not in client.run(os.getpid).values() and spread == plain
    assert grade(tmp_path, "spread", dask=address)[1] == plain  # nothing is left to do


def test_a_submission_that_takes_every_worker_down_is_alone_in_its_grader_error(tmp_path, workers, monkeypatch):
    (tmp_path / "preload.py").write_text(
        textwrap.dedent("""
            import os
            from optimlab.grading import grader
            whole = getattr(grader, "whole", grader.grade_bytes)  # this file is run twice
            grader.whole = whole
            grader.grade_bytes = lambda found, data, *rest: (
                os._exit(1) if b"poison" in data else whole(found, data, *rest)
            )
        """)
    )
    hand_in(tmp_path / "class", ada=notebook(SGD), emmy=notebook("poison"), sofja=notebook(SGD, "1"))
    address, _ = workers(tmp_path / "preload.py")
    marks, _ = grade(tmp_path, "out", dask=address)
    assert {mark.student: mark.score for mark in marks} == {"ada": 2, "emmy": None, "sofja": 2}
    assert "the cluster loses its workers over it" in marks[1].grade.note


@pytest.mark.parametrize(
    ("preload", "sentence"),
    [
        ("grader.__version__ = 'another'", "a worker of the cluster cannot grade: it has another optimlab"),
        ("grader.grade_bytes = None", "a worker of the cluster failed with TypeError: 'NoneType' object is not callable"),
    ],
)
def test_a_worker_that_would_ask_other_questions_or_fails_is_refused(tmp_path, workers, preload, sentence):
    (tmp_path / "preload.py").write_text(f"from optimlab.grading import grader\n{preload}\n")
    hand_in(tmp_path / "class", ada=notebook(SGD))
    with pytest.raises(Refused, match=sentence):
        grade(tmp_path, "out", dask=workers(tmp_path / "preload.py")[0])


def test_a_scheduler_that_goes_away_is_told_of(monkeypatch):
    import distributed

    def wait(*_, **__):
        raise distributed.client.FuturesCancelledError([])  # what a client raises then

    monkeypatch.setattr(distributed, "wait", wait)
    with pytest.raises(Refused, match="the scheduler of the cluster is gone; what is graded is kept"):
        cluster._first(distributed, None, [])


def test_a_cluster_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 1)
    hand_in(tmp_path / "class", ada=notebook(SGD))
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(Refused, match=f"there is no Dask scheduler at {address}"):
            grade(tmp_path, "out", dask=address)


def test_the_seed_shows_itself_in_no_log():
    secret = pickle.loads(pickle.dumps(cluster.Secret(12345)))
    assert "12345" not in f"{secret!s} {secret!r} {({'seed': secret},)}" and int(secret) == 12345


def test_chunks_hold_what_needs_a_worker_and_nothing_is_read_ahead(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CHUNK", 2)
    hand_in(tmp_path / "class", **{f"s{n}": notebook(str(n)) for n in range(5)})
    suite = grader.make_suite(LAB, 1)
    found = grader.submission.find(tmp_path / "class", LAB.name)
    (tmp_path / "class" / "s4.ipynb").unlink()
    chunks = cluster._chunks(found, suite, frozenset(), {})
    assert [paper[0].student for paper in next(chunks)[1]] == ["s0", "s1"]
    ((ready, chunk), last) = chunks
    assert [paper[0].student for paper in chunk] == ["s2", "s3"] and ready == [] and last[1] == []
    assert last[0][0].status == "unreadable"
