"""Inside a student's process: opens the notebook, runs its cells, answers "call f(args)". It knows no expected answer.

After the first cell nothing here is to be believed: student code shares this process and can do all that it can. So the
grader checks every frame, and the agent need only be fair to the honest. It says when it is ready; then come requests,
and their replies:

    open, bytes                     sources of the cells, or why there are none
    run, numbers of cells           one reply a cell: None, or [status, message] of what it raised
    call, f, item, [[args, kwargs]] one reply a call: [True, value] or [False, status, message];
                                    with None for args the value is what f holds
"""

import os
import random

from . import submission
from .wire import LENGTH, Held, Opaque, pack, unpack

OUT_OF_MEMORY = 86  # the exit status that says so


class Agent:
    """One submission, its cells and its answers. ``connection`` is a stream socket to the grader."""

    def __init__(self, connection, shell):
        self.connection, self.shell, self.cells = connection, shell, []

    def greet(self, sentence):
        """Say, before anything is asked, that all is "ready", or what is not."""
        self._reply(0, sentence)

    def serve(self):
        """Answer requests until the grader hangs up."""
        random.seed(0)  # so that a grade does not depend on the day; NumPy's is copied from the zygote, as it was seeded
        actions = {"open": self.open, "run": self.run, "call": self.call}
        while (request := self._receive()) is not None:
            number, action, *arguments = request
            try:
                for reply in actions[action](*arguments):
                    self._reply(number, reply)
            except MemoryError:
                os._exit(OUT_OF_MEMORY)

    def open(self, data):
        try:
            self.cells = submission.cells(data)
            yield self.cells
        except submission.Unreadable as error:
            yield str(error)

    def run(self, numbers):
        for number in numbers:
            error = self.shell.run(self.cells[number])
            yield error and _account(error, "syntax" if isinstance(error, SyntaxError) else "exception")

    def call(self, name, item, calls):
        """Make the calls of one case. What they return is held here, for the later ones to refer to."""
        answers = []  # (True, value) or (False, status, message)
        for args, kwargs in calls:
            answers.append(self._answer(name, args, kwargs, answers))
            yield _only(item, answers[-1])

    def _answer(self, name, args, kwargs, answers):
        if name not in self.shell.user_ns:
            return False, "missing", ""
        try:
            if args is None:
                return True, self.shell.user_ns[name]
            lost = [answers[arg.call] for arg in args if type(arg) is Held and not answers[arg.call][0]]
            if lost:
                return lost[0]
            args = [_held(arg, answers) if type(arg) is Held else arg for arg in args]
            return True, self.shell.user_ns[name](*args, **kwargs)
        except BaseException as error:
            return False, *_account(error, "exception")

    def _reply(self, number, reply):
        self.connection.sendall(pack([number, reply]))

    def _receive(self):
        head = self._exactly(LENGTH.size)
        return head and unpack(self._exactly(*LENGTH.unpack(head)))

    def _exactly(self, size):
        """That many bytes from the grader; None if it has hung up."""
        received = bytearray()
        while len(received) < size:
            chunk = self.connection.recv(min(size - len(received), 1 << 20))
            if not chunk:
                return None
            received += chunk
        return received


def _held(reference, answers):
    value = answers[reference.call][1]
    return value if reference.item is None else value[reference.item]


def _only(item, answer):
    """The answer with all but one entry left here: students keep a rule's state as they like, and it may be large."""
    done, value, *_ = answer
    if done and item is not None and type(value) in (tuple, list):
        return True, type(value)([x if n == item else Opaque(type(x).__name__) for n, x in enumerate(value)])
    return answer


def _account(error, status):
    """What was raised, as [status, message]. Running out of memory is not for this process to survive."""
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, SystemExit):
        return ["exited", "it called sys.exit()"]
    try:
        text = f"{error.msg}, line {error.lineno}" if status == "syntax" else str(error)
        return [status, f"{type(error).__name__}: {text}"[:500]]
    except BaseException:  # its own __str__ raised, too
        return [status, type(error).__name__]
