"""Making the calls of a case in this process: for what is our own (known mistakes) and for a learner's check()."""

import copy
from collections.abc import Mapping

import numpy as np

from .question import Failure, Ref


def play(function, calls):
    """What ``function`` answers to ``calls``, made in order: one value or Failure each.

    A STORED call asks for what is given itself, a value. Arguments are copied first, so a function that changes them
    spoils nobody's case. A call that refers to an answer which never came fails with it.

    >>> from optimlab.labs.question import Call
    >>> play(lambda x: (x / 2, {}), [Call((8.0,)), Call((Ref(0, 0),))])
    [(4.0, {}), (2.0, {})]
    >>> play(lambda x: 1 / x, [Call((0,))])
    [Failure(status='exception', message='ZeroDivisionError: division by zero')]
    """
    answers = []
    for call in calls:
        if call.args is None:
            answers.append(function)
            continue
        try:
            args = [_argument(argument, answers) for argument in call.args]
            answers.append(function(*args, **copy.deepcopy(dict(call.kwargs))))
        except _Lost as lost:
            answers.append(lost.failure)
        except MemoryError:
            answers.append(Failure("memory"))
        except SystemExit:
            answers.append(Failure("exited"))
        except Exception as error:
            answers.append(Failure("exception", f"{type(error).__name__}: {error}"))
    return answers


class Variants(Mapping):
    """What each known mistake answers to ``calls``: a mapping name -> answers, worked out when first asked for."""

    def __init__(self, mistakes, calls):
        self._bodies = {mistake.name: mistake.body for mistake in mistakes}
        self._calls, self._answers = calls, {}

    def __getitem__(self, name):
        if name not in self._answers:
            with np.errstate(all="ignore"):
                self._answers[name] = tuple(play(self._bodies[name], self._calls))
        return self._answers[name]

    def __iter__(self):
        return iter(self._bodies)

    def __len__(self):
        return len(self._bodies)


class _Lost(Exception):
    def __init__(self, failure):
        self.failure = failure


def _argument(argument, answers):
    if not isinstance(argument, Ref):
        return copy.deepcopy(argument)
    answer = answers[argument.call]
    if isinstance(answer, Failure):
        raise _Lost(answer)
    return answer if argument.item is None else answer[argument.item]
