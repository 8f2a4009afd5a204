"""Cases of one call, ``one``, and of an answer that is stored in a variable, ``stored``."""

from .play import Variants
from .question import STORED, Call, Case


def one(name, expected, mistakes, *args, rtol=1e-6, atol=1e-9, hidden=False, keeps=0.0, **kwargs):
    """A Case: call the function with ``args`` and ``kwargs``, expect ``expected``, within rtol of it plus atol.

    >>> one("two squared", 4.0, (), 2.0).expected
    (4.0,)
    """
    calls = (Call(args, kwargs),)
    return Case(name, calls, (expected,), rtol, atol, hidden, variants=Variants(mistakes, calls), keeps=keeps)


def stored(name, expected, mistakes, rtol=5e-3, atol=0.0):
    """The one Case, in a tuple, of a stored dict of numbers; a mistake's body is such a dict, with wrong numbers.

    >>> [case] = stored("the report", {"steps": 14}, ())
    >>> case.calls[0].args is None
    True
    """
    return (Case(name, (STORED,), (expected,), rtol, atol, variants=Variants(mistakes, (STORED,))),)
