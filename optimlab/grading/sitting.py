"""One submission's examination: its process, a new one when that is gone, and its answers to the cases it is given.

A cell that ended its process is left out when the others run again: a function it was to define is lost, and no other.
"""

import contextlib
import math
import re
import time

from ..labs.question import NOT_WRITTEN, Failure, Ref, plain
from .session import Died, Killed, Orphaned
from .submission import Unreadable
from .wire import Held

CHILD_MAY_SAY = ("missing", "syntax", "exception", "exited")  # of itself; the other statuses are the grader's to give


class Sitting:
    """The examination of the notebook in ``data``, in children of ``zygote``.

    ``child`` is None whenever there is no process at work; ``lost`` maps the cells that ended one to their fate.
    """

    def __init__(self, data, zygote):
        self.data, self.zygote, self.limits = data, zygote, zygote.limits
        self.deadline = math.inf  # until there is a process
        self.child, self.sources, self.fates, self.lost = None, None, {}, {}
        self.orphaned, self.cpu = False, 0.0

    def answers(self, name, case):
        """What the submission's function ``name`` returns to each call of the case: a value or a Failure."""
        answers = []
        try:
            if time.monotonic() > self.deadline:
                raise Died("timeout", "its time for everything was up")
            if self.child is None:
                self._start()
            calls, seconds = on_the_wire(case.calls), self.limits.call_seconds
            for reply in self._ask("call", name, case.item, calls, replies=len(calls), seconds=seconds):
                answers.append(self._answer(reply))
        except Died as death:
            self.close()
            answers += [Failure(death.status, death.message)] * (len(case.calls) - len(answers))
        except Orphaned:
            self.close()
            return self.answers(name, case)
        return answers

    def why_missing(self, name):
        """The Failure of a function that is not there: what became of the last cell that was to define it."""
        definition = re.compile(rf"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+{name}\b|{name}[ \t]*=)", re.MULTILINE)
        for number, source in reversed(list(enumerate(self.sources))):
            fate = self.fates.get(number)
            if fate and definition.search(source) and not fate.message.startswith(NOT_WRITTEN):
                return Failure(fate.status, f"the cell that defines it failed: {plain(fate.message)}")
        return Failure("missing", f"there is no function {name}")

    def close(self):
        """End the process, if there is one."""
        if self.child is not None:
            with contextlib.suppress(Orphaned):  # then it has ended, too
                self.child.end()
            self.cpu += self.child.usage["cpu"]
            self.child = None

    @property
    def notes(self):
        """Sentences about the cells that were left out."""
        return [f"code cell {number + 1} was left out: {fate.message}" for number, fate in sorted(self.lost.items())]

    def _start(self):
        """A new process in which all cells have run but those that ended an earlier one."""
        while self.child is None:
            self.child = self.zygote.fork()
            self.deadline = min(self.deadline, time.monotonic() + self.limits.total_seconds)
            self.child.deadline = self.deadline
            self._open()
            self.fates = dict(self.lost)
            todo = [number for number in range(len(self.sources)) if number not in self.lost]
            try:
                for fate in self._ask("run", todo, replies=len(todo), seconds=self.limits.cell_seconds):
                    self.fates[todo[0]] = None if fate is None else self._failure(fate)
                    del todo[0]
            except Died as death:
                self.lost[todo[0]] = Failure(death.status, death.message)
                self.close()
                if time.monotonic() > self.deadline:
                    raise

    def _open(self):
        try:
            (sources,) = self._ask("open", self.data, seconds=self.limits.cell_seconds)
        except Died as death:
            if self.sources is not None:
                raise
            raise Unreadable(f"it cannot be taken apart: {death.message}") from None
        if isinstance(sources, str):
            raise Unreadable(sources)
        self.sources = sources

    def _ask(self, *request, **terms):
        """Ask the child. It may be killed, or its zygote go away, once; the next time it is the submission's doing."""
        try:
            yield from self.child.ask(*request, **terms)
        except (Killed, Orphaned) as error:
            if not self.orphaned:
                self.orphaned = True
                raise Orphaned from None
            if isinstance(error, Killed):
                raise
            raise Died("exited", "it ended the process that had started it") from None

    def _answer(self, reply):
        """The value or Failure in one reply to a call, which may be anything at all."""
        match reply:
            case (True, value):
                return value
            case (False, status, message):
                return self._failure((status, message))
        raise self._nonsense()

    def _failure(self, fate):
        """The Failure in a reply that tells of one."""
        match fate:
            case (str(status), str(message)) if status in CHILD_MAY_SAY:
                return Failure(status, message)
        raise self._nonsense()

    def _nonsense(self):
        self.child.end()
        return Died("exited", "it wrote to the grader's channel itself")


def on_the_wire(calls):
    """The calls of a case as they are sent: arguments, in which what was returned before is named, not repeated."""
    def sent(args):
        return args if args is None else [Held(*arg) if isinstance(arg, Ref) else arg for arg in args]

    return [[sent(call.args), dict(call.kwargs)] for call in calls]
