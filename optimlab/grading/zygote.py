"""A warm process that forks one child a submission. It runs no student code, holds no secret and has one thread.

Started by exec with an environment of its own, it imports what notebooks need, once; a fork of it is a Python with
NumPy, matplotlib and IPython, ready at once. It has one child at a time. The other end of its control socket sends

    f, and a socket with it     fork a child that serves that socket
    k                           kill the child and whatever it started

and reads, once it is warm and then for each child, one line of JSON: {"threads": ...} or
{"status": of wait, "cpu": seconds, "memory": peak in MB}. When that end closes, everything here ends
and is tidied up.
"""

import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile

from . import agent, jail, offered, shell

CONNECTION = 3  # the file descriptor a child speaks to the grader through


def main(control, tier, limits):
    control = socket.socket(fileno=int(control))
    limits = jail.Limits(**json.loads(limits))
    child_ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    offered.offer()
    ready = shell.make()
    gc.collect()
    gc.freeze()  # the collector would write to every page that the children share
    _tell(control, threads=jail.threads())
    while True:
        order, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not order:
            return _remove(os.getcwd())
        if order == b"f":
            (connection,) = descriptors
            scratch = tempfile.mkdtemp(dir=os.getcwd())
            child = os.fork()
            if child == 0:
                _become_child(connection, scratch, ready, tier, limits)
            os.close(connection)
            report = _watch(child, control, child_ended)
            _remove(scratch)
            _tell(control, **report)


def _become_child(connection, scratch, ready, tier, limits):
    """From here on this process is one student's. It never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()  # a group of its own, to be killed as one
        jail.die_with_parent()
        _keep_only(connection)
        _move_to(scratch)
        jail.confine(tier, limits)
        agent.Agent(socket.socket(fileno=CONNECTION), ready).serve()
        code = 0
    finally:
        os._exit(code)


def _keep_only(connection):
    """Of all open files keep the connection; what is printed goes nowhere, what is read is empty."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.dup2(connection, CONNECTION, inheritable=False)
    os.closerange(CONNECTION + 1, 256)


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
                sys.exit(_remove(os.getcwd()))
        if child_ended in readable:
            os.read(child_ended, 1 << 10)
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            _kill_group(child)
            per_mb = 1 << 20 if sys.platform == "darwin" else 1 << 10
            return {"status": status, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / per_mb}


def _kill_group(child):
    """Kill what a child has started. Its number is the group's, even when it is dead, while the group has members."""
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # there is none, or (macOS) only dead ones
        pass


def _remove(scratch):
    try:
        shutil.rmtree(scratch, ignore_errors=True)
    except RecursionError:  # nested on purpose; the grader removes the rest with a tool that can
        pass


def _tell(control, **facts):
    control.sendall(json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
