"""Grading on a Dask cluster: chunks of submissions go out, grades come back; the gradebook stays here, with one writer.

A worker's process is a grader: it draws the hidden cases from the seed, keeps a zygote of its own, and judges. The seed
travels with each task to that process and, as a Secret, into no log; the zygote and the students' processes get their
questions and nothing else, as on one machine.
A worker that is lost costs its chunk a repeat. The submissions of a chunk that loses two workers are tried again at the
end, each alone on the whole cluster; one that then loses two more is a grader-error.
"""

import hashlib
import threading
import time
from types import MappingProxyType

from .. import labs
from . import Refused, grader, jail
from .session import Zygote

LOCAL = "local"
CHUNK = 25  # submissions: about a second of work, against some milliseconds to send a task
AHEAD = 2  # chunks a worker, at work or on their way: the class is never in memory as a whole
MAY_LOSE = 1  # worker, before a chunk is taken for the reason
PATIENCE = 600  # seconds without any worker, which a queue may take to start one, before the class is given up
CONNECT = 10  # seconds for the scheduler to answer

_here = threading.local()  # what a worker's thread keeps from task to task: its suite and its zygote


class Secret(int):
    """A number that shows itself in no log."""

    def __repr__(self):
        return "Secret()"

    __str__ = __repr__


def grade_class(submissions, suite, seed, tier, limits, address, jobs=1, known=frozenset(), kept=MappingProxyType({})):
    """As grader.grade_class, by the workers at ``address``, or ``jobs`` processes of this machine if that is "local".

    ``seed`` is the one ``suite`` was made with.
    """
    distributed = _distributed()
    terms = suite.lab.name, Secret(seed), suite.sha256, tier == "unsafe", limits
    with _client(distributed, address, jobs) as client, client.as_current():

        def send(chunk):
            return client.submit(_grade_chunk, chunk, *terms, pure=False)

        at_work, suspects = {}, []
        for ready, chunk in _chunks(submissions, suite, known, kept):
            yield from ready
            if chunk:
                at_work[send(chunk)] = chunk
            while len(at_work) >= AHEAD * max(1, len(client.nthreads())):
                yield from _take(distributed, client, at_work, suspects)
        while at_work:
            yield from _take(distributed, client, at_work, suspects)
        for paper in suspects:
            found, data, _ = paper
            _first(distributed, client, alone := [send([paper])])
            lost = [grader.failed(found, suite, "the cluster loses its workers over it", hashlib.sha256(data).hexdigest())]
            yield from _result(alone[0]) or lost


def _take(distributed, client, at_work, suspects):
    """The grades of the chunks that are done first; the submissions of one that lost its workers become suspects."""
    for future in _first(distributed, client, list(at_work)):
        chunk = at_work.pop(future)
        grades = _result(future)
        if grades is None:
            suspects += chunk
        else:
            yield from grades


def _distributed():
    try:
        import distributed
    except ImportError:
        raise Refused('grading on a cluster needs Dask; install it with pip install "optimlab[cluster]"') from None
    import dask

    dask.config.set({"distributed.scheduler.allowed-failures": MAY_LOSE})
    # A local cluster gives up for good a worker that is not back by then, and it may have lost them all.
    dask.config.set({"distributed.deploy.lost-worker-timeout": PATIENCE})
    return distributed


def _client(distributed, address, jobs):
    """A client of the cluster; a local one ends with it."""
    if address == LOCAL:
        local = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
        return distributed.Client(**local, set_as_default=False)
    try:
        return distributed.Client(address, set_as_default=False, timeout=CONNECT)
    except (OSError, ValueError, TimeoutError) as error:
        raise Refused(f"there is no Dask scheduler at {address}: {error}; write an address like tcp://host:8786") from None


def _chunks(submissions, suite, known, kept):
    """The class in pieces: what needs no worker, and a chunk of (submission, its bytes, what to keep of it)."""
    ready, chunk = [], []
    for found in submissions:
        data = grader.fetch(found, suite, known)
        if not isinstance(data, bytes):
            ready.append(data)
        else:
            pair = found.student, hashlib.sha256(data).hexdigest()
            chunk.append((found._replace(path=None), data, {pair: kept[pair]} if pair in kept else {}))
        if len(chunk) == CHUNK or len(ready) == CHUNK:
            yield ready, chunk
            ready, chunk = [], []
    yield ready, chunk


def _first(distributed, client, futures):
    """Those that are done, as soon as there is one; Refused if nobody has been at work for too long."""
    alone_since = None
    while True:
        try:
            return distributed.wait(futures, timeout=1, return_when="FIRST_COMPLETED").done
        except (TimeoutError, distributed.TimeoutError):
            pass
        except distributed.CancelledError:  # Dask's name for what a client is told whose scheduler is gone
            raise Refused("the scheduler of the cluster is gone; what is graded is kept") from None
        alone_since = None if client.nthreads() else alone_since or time.monotonic()
        if alone_since is not None and time.monotonic() - alone_since > PATIENCE:
            raise Refused(f"the cluster has had no worker for {PATIENCE} s; what is graded is kept")


def _result(future):
    """The grades of a chunk; None if it lost its workers. Refused if a worker cannot grade at all."""
    try:
        answer = future.result()
    except Exception as error:  # a lost worker, or a fault of ours
        if type(error).__name__ == "KilledWorker":
            return None
        raise Refused(f"a worker of the cluster failed with {type(error).__name__}: {error}") from None
    if isinstance(answer, str):
        raise Refused(f"a worker of the cluster cannot grade: {answer}")
    return answer


def _grade_chunk(chunk, lab, seed, suite_sha256, unsafe, limits):
    """On a worker: a Grade for each submission of the chunk, or a sentence why there can be none."""
    try:
        suite, zygote = _ready(lab, seed, suite_sha256, unsafe, limits)
    except (Refused, ValueError) as error:
        return str(error)
    return [grader.grade_bytes(found, data, suite, zygote, kept) for found, data, kept in chunk]


def _ready(lab, seed, suite_sha256, unsafe, limits):
    """The suite and the zygote of this worker's thread, kept from one chunk to the next."""
    terms = lab, suite_sha256, unsafe, limits
    if getattr(_here, "terms", None) != terms:
        suite = grader.make_suite(labs.load(lab), int(seed))
        if suite.sha256 != suite_sha256:
            raise Refused("it has another optimlab, or another NumPy, and would ask other questions")
        if hasattr(_here, "zygote"):
            _here.zygote.close()
        _here.suite, _here.zygote = suite, Zygote(jail.choose_tier(unsafe), limits)
        _here.terms = terms
    return _here.suite, _here.zygote
