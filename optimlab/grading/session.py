"""The grader's side of a zygote: start it, have it fork, talk to the child under deadlines, learn how it ended."""

import contextlib
import json
import math
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

from ..labs.question import Opaque
from . import wire
from .agent import OUT_OF_MEMORY
from .jail import cpu_seconds, tree
from .jail.tiers import WITH_A_HOME

FORKS = 2000  # then a zygote is replaced by a fresh one
WARM_UP_SECONDS = 120
START_SECONDS = 30  # for a child to say that it is ready
END_SECONDS = 10  # for a killed process to end and its files to be removed
GRACE_SECONDS = 1  # for a process that hung up to end of itself
MAY_GROW = 100  # MB, until a zygote is replaced by a fresh one
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "agg",
    "MALLOC_ARENA_MAX": "1",  # an arena a thread would use up the address space that is allowed
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    **dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"], "1"),
}


UNMEASURED = {"status": signal.SIGKILL, "cpu": 0.0, "memory": 0.0, "own": 0.0}


class Died(Exception):
    """A child is gone, or was ended because there was no talking to it: a status, and how, in a sentence."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


class Killed(Died):
    """A child was killed: by itself, by the system where memory ran out, or by whoever may on this machine."""


class Orphaned(Exception):
    """The zygote went away while a child of it was at work."""


class Broken(Exception):
    """No zygote can be started; nothing can be graded."""


class Zygote:
    """A zygote process, started when first needed and again when worn out or gone. It has one child at a time."""

    def __init__(self, tier, limits, without=()):
        self.tier, self.limits, self.without = tier, limits, list(without)  # layers to leave out
        self.process = self.control = self.child = None
        self.started = self.forks = 0  # processes in all; children of the present one
        self.size = self.first_size = 0.0  # of it, in MB
        self.closed = False

    def fork(self):
        """A new child that is ready to be asked, after the end of the one before."""
        if self.child is not None:
            with contextlib.suppress(Orphaned):
                self.child.end()
        for _ in range(2):  # what an earlier submission left behind may have killed or stopped the process
            if self.process is None or self._is_worn_out() or self.process.poll() is not None:
                self.stop()
                self._start()
            try:
                self.child = self._fork()
                return self.child
            except (OSError, Orphaned, Died) as error:
                why = error
            self.stop()
        raise Broken(f"the process that student code is forked from cannot fork: {why}")

    def kill_child(self):
        """Have the child killed, unless it has ended already."""
        try:
            self.control.send(b"k")
        except OSError:
            raise self._orphan() from None

    def report(self, seconds):
        """What the zygote says within so many seconds; None if it says nothing."""
        if not select.select([self.control], [], [], seconds)[0]:
            return None
        try:
            return json.loads(self.control.recv(1 << 10))
        except (OSError, ValueError):  # nothing more comes
            raise self._orphan() from None

    def close(self):
        """End the zygote and any child of it, for good. May be called while another thread is waiting for the child."""
        self.closed = True
        self.stop()

    def note_size(self, megabytes):
        """What the zygote needs now, with its first child and with later ones."""
        self.first_size = self.first_size or megabytes
        self.size = megabytes

    def _is_worn_out(self):
        return self.forks >= FORKS or self.size > self.first_size + MAY_GROW

    def _fork(self):
        self.forks += 1
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"f"], [theirs.fileno()])
        child = Child(self, ours)
        child.greet()
        return child

    def _start(self):
        if self.closed:
            raise Broken("grading was stopped")
        self.forks, self.started = 0, self.started + 1
        self.size = self.first_size = 0.0
        self.scratch = tempfile.mkdtemp(prefix="optimlab-")
        shown = tree.make(self.scratch)
        plan = {"tier": self.tier, "limits": self.limits._asdict(), "tree": shown._asdict(), "without": self.without}
        home = tree.HOME if self.tier in WITH_A_HOME else self.scratch
        places = dict.fromkeys(["HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"], home)
        places["PYTHONPATH"] = os.pathsep.join(shown.search)
        self.control, theirs = socket.socketpair()
        with theirs, open(os.path.join(self.scratch, "stderr"), "wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *tree.FLAGS, "-m", "optimlab.grading.zygote", str(theirs.fileno()), json.dumps(plan)],
                env=ENVIRONMENT | places,
                cwd=self.scratch,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the grader, which then hangs up
            )
        try:
            warm = self.report(WARM_UP_SECONDS) or {"refused": f"it took longer than {WARM_UP_SECONDS} s"}
        except Orphaned as error:
            raise Broken(f"the process that student code is forked from did not start: {error}") from None
        if warm["refused"]:
            self.stop()
            raise Broken(f"the process that student code is forked from refused to start: {warm['refused']}")

    def stop(self):
        """End the zygote and any child of it; the next fork starts another."""
        process, child = self.process, self.child
        self.process = self.child = None
        if process is None:
            return
        if child is not None and child.usage is None:
            child.usage = dict(UNMEASURED)  # it ends with its zygote
        try:
            self.control.shutdown(socket.SHUT_RDWR)
            process.wait(END_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
        self.control.close()
        subprocess.run(["rm", "-rf", self.scratch], stderr=subprocess.DEVNULL)  # unlike rmtree, it has no depth limit

    def _orphan(self):
        """Clean up after a zygote that is gone; the exception to raise holds its last words."""
        try:
            with open(os.path.join(self.scratch, "stderr"), errors="replace") as errors:
                last = errors.read(1 << 16).strip().rpartition("\n")[2]
        except OSError:
            last = ""
        self.stop()
        return Orphaned(last or "it was killed")


class Child:
    """One forked child of a zygote, in which a submission runs."""

    def __init__(self, zygote, connection):
        self.zygote, self.connection = zygote, connection
        self.deadline = math.inf  # of time.monotonic: when it must have answered everything
        self.incoming, self.outgoing, self.number = bytearray(), memoryview(b""), 0
        self.usage = None  # once it has ended: its wait status, cpu seconds and peak memory in MB
        connection.setblocking(False)

    def greet(self):
        """Wait until it says that it is ready, or why it could not be locked up: then nobody can be graded."""
        if (said := self._reply(START_SECONDS)) != "ready":
            raise Broken(f"a process for student code could not be locked up: {said}")

    def ask(self, *request, seconds, replies=1):
        """Send one request and yield its replies, each within so many seconds of the one before; or Died."""
        self.number += 1
        self.outgoing = memoryview(wire.pack([self.number, *request], whole=True))
        for _ in range(replies):
            yield self._reply(seconds)

    def end(self):
        """Kill the child and whatever it started."""
        self.connection.close()
        if self.usage is None:
            self.zygote.kill_child()
            self._ended(END_SECONDS)
        if self.usage is None:  # it or the zygote does not end, whatever that means
            self.zygote.stop()

    def _reply(self, seconds):
        due = min(time.monotonic() + seconds, self.deadline)
        while (frame := self._frame()) is None:
            if not self._exchange(due - time.monotonic()):
                self.end()
                late = f"it took longer than {seconds:g} s" if due < self.deadline else "its time for everything was up"
                raise Died("timeout", late)
        try:
            number, reply = wire.unpack(frame, Opaque)
        except (wire.WireError, TypeError, ValueError):
            self._garbled()
        if type(number) is not int or number != self.number:
            self._garbled()
        return reply

    def _frame(self):
        """The next whole frame that has come in, without its length; None if there is none yet."""
        head = wire.LENGTH.size
        if len(self.incoming) < head:
            return None
        (size,) = wire.LENGTH.unpack_from(self.incoming)
        if size > wire.MAX_FRAME:
            self._garbled()
        if len(self.incoming) < head + size:
            return None
        frame = bytes(self.incoming[head : head + size])
        del self.incoming[: head + size]
        return frame

    def _exchange(self, wait):
        """Once something can be received or sent, do so; False if nothing could for so long."""
        control = self.zygote.control
        readable, writable, _ = select.select(
            [self.connection, control], [self.connection] if self.outgoing else [], [], max(wait, 0)
        )
        if self.connection in readable and self._receive():
            return wait > 0
        if readable:  # it has hung up, or has ended and left nothing more to read
            raise self._death()
        if writable:
            self._send()
        return bool(writable) and wait > 0

    def _receive(self):
        try:
            chunk = self.connection.recv(1 << 20)
        except ConnectionError:
            return False
        self.incoming += chunk
        return bool(chunk)

    def _send(self):
        try:
            self.outgoing = self.outgoing[self.connection.send(self.outgoing[: 1 << 20]) :]
        except ConnectionError:
            self.outgoing = memoryview(b"")  # it is gone; reading will tell

    def _garbled(self):
        self.end()
        raise Died("exited", "it wrote to the grader's channel itself")

    def _death(self):
        """How the child ended."""
        self._ended(GRACE_SECONDS)
        if self.usage is None:
            self.end()
            return Died("exited", "it closed the grader's channel")
        self.connection.close()
        code = os.waitstatus_to_exitcode(self.usage["status"])
        if code == OUT_OF_MEMORY:
            return Died("memory", f"it needed more than the {self.zygote.limits.memory_mb} MB it may have")
        if code == -signal.SIGXCPU or self.usage["cpu"] > cpu_seconds(self.zygote.limits):
            return Died("timeout", "it used up its share of the processor")
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return (Killed if code == -signal.SIGKILL else Died)("exited", f"its process ended, with {how}")

    def _ended(self, seconds):
        self.usage = self.usage or self.zygote.report(seconds)
        if self.usage:
            self.zygote.note_size(self.usage["own"])
