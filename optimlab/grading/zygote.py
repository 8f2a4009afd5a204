"""A warm process that forks one child a submission. It runs no student code, holds no secret and has one thread.

Started by exec with an environment of its own, it goes into the jail and imports there what notebooks need, once; a
fork of it is a Python with NumPy, matplotlib and IPython, ready at once. It has one child at a time. The other end of
its control socket sends

    f, and a socket with it     fork a child that serves that socket
    k                           kill the child and whatever it started

and reads, once it is warm and then for each child, one line of JSON: {"refused": why not, or null} or
{"status": of wait, "cpu": seconds, "memory": peak in MB, "own": peak of the zygote itself}. When that end closes,
everything here ends and is tidied up.
"""

import functools
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile

from .jail import Jail, Limits, Unconfined
from .jail.keeper import close_all_but
from .jail.linux import is_single_threaded
from .jail.tree import FLAGS, Tree

REHEARSAL = (
    "import numpy as np\nprint(np.ones(2))",
    "def f(x, state, *, lr=1):\n    return np.sqrt(x * x) + lr, {'t': np.zeros(2), 'x': [x, 'word']}",
    "%matplotlib inline\n1 / 0",
    "def (",
)
CONNECTION = 3  # the file descriptor a child speaks to the grader through


def main(control, plan):
    control, plan = socket.socket(fileno=int(control)), json.loads(plan)
    jail = Jail(plan["tier"], Limits(**plan["limits"]), Tree(**plan["tree"]), plan["without"], plan.get("inside"))
    try:
        jail.enter(lambda: _again(control, plan))
        make_agent = _warm_up()
        jail.prepare()
    except Unconfined as error:
        return _tell(control, refused=str(error))
    child_ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    gc.collect()
    gc.freeze()  # the collector would write to every page that the children share
    _tell(control, refused=None if is_single_threaded() else "it has several threads, of which a fork copies only one")
    while True:
        order, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not order:
            return
        if order == b"f":
            (connection,) = descriptors
            jail.make_scratch()
            child = jail.fork()
            if child == 0:
                _become_child(connection, make_agent, jail)
            os.close(connection)
            report = _watch(child, control, child_ended)
            jail.clear_scratch()
            _tell(control, **report)


def _again(control, plan):
    """The words after the interpreter that run this program, with the same connection to the grader."""
    control.set_inheritable(True)
    return [*FLAGS, "-m", "optimlab.grading.zygote", str(control.fileno()), json.dumps(plan | {"inside": True})]


def _warm_up():
    """Import everything, let optimlab offer what students may use, and give what makes an Agent of a connection."""
    import site  # not at the start, when it would run what installed packages ask it to

    from . import agent, offered, shell, wire

    site.setquit()
    site.sethelper()
    offered.offer()
    make_agent = functools.partial(agent.Agent, shell=shell.make())
    _rehearse(make_agent(_Nobody()), wire)
    return make_agent


def _rehearse(agent, wire):
    """Do once what every child does, so that none of them has to load the code for it."""
    import numpy as np

    cells = [{"cell_type": "code", "source": source} for source in REHEARSAL]
    list(agent.open(json.dumps({"cells": cells}).encode()))
    list(agent.run(range(len(cells))))
    request = [1, "call", "f", 0, [[[1.0, {}], {"lr": 0.1}], [[wire.Held(0, 0), wire.Held(0, 1)], {}]]]
    _, _, *call = wire.unpack(memoryview(wire.pack(request, whole=True))[wire.LENGTH.size :])
    for reply in agent.call(*call):
        agent.greet(reply)
    agent.shell.forget()
    np.random.seed(0)


class _Nobody:
    """A connection to no grader."""

    def sendall(self, data):
        pass


def _become_child(connection, make_agent, jail):
    """From here on this process is one student's. It never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()  # a group of its own, to be killed as one
        _keep_only(connection, jail.rules)
        _move_to(jail.scratch)
        agent = make_agent(socket.socket(fileno=CONNECTION))
        try:
            jail.confine()
        except Unconfined as error:
            agent.greet(str(error))
            return
        agent.greet("ready")
        agent.serve()
        code = 0
    finally:
        os._exit(code)


def _keep_only(connection, rules):
    """Of all open files keep the connection, and the rules for a while; what is printed goes nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.dup2(connection, CONNECTION, inheritable=False)
    close_all_but(0, 1, 2, CONNECTION, *([] if rules is None else [rules]))


def _move_to(scratch):
    os.chdir(scratch)
    for name in ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        os.environ[name] = scratch
    tempfile.tempdir = scratch


def _watch(child, control, child_ended):
    """Wait until the child has ended, of itself or because it is told to, and say how."""
    while True:
        readable, _, _ = select.select([control, child_ended], [], [])
        if control in readable:
            order = control.recv(1)
            os.kill(child, signal.SIGKILL)
            _kill_group(child)
            if not order:  # the grader is gone
                sys.exit()
        if child_ended in readable:
            os.read(child_ended, 1 << 10)
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            _kill_group(child)
            per_mb = 1 << 20 if sys.platform == "darwin" else 1 << 10
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            facts = {"status": status, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / per_mb}
            return facts | {"own": own / per_mb}


def _kill_group(child):
    """Kill what a child has started. Its number is the group's, even when it is dead, while the group has members."""
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # there is none, or (macOS) only dead ones
        pass


def _tell(control, **facts):
    control.sendall(json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
