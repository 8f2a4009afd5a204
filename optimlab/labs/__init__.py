"""The graded labs, one module each: ``names()`` lists them, ``load(name)`` gives the questions of one as data."""

from importlib import import_module
from pathlib import Path

from ..contract import nearest

__all__ = ["load", "names"]


def names():
    """The labs in course order.

    >>> names()
    ['lab04_race']
    """
    return [_module(path.stem).LAB.name for path in sorted(Path(__file__).parent.glob("lab[0-9][0-9].py"))]


def load(name):
    """The Lab called ``name``; an unknown name is answered with the nearest one.

    >>> load("lab04_race").max_score
    20
    >>> load("lab04_rase")
    Traceback (most recent call last):
    ValueError: there is no lab named 'lab04_rase'; did you mean 'lab04_race'?
    """
    if name not in names():
        raise ValueError(f"there is no lab named {name!r}; {nearest(name, names())}")
    return _module(name.partition("_")[0]).LAB


def _module(stem):
    return import_module(f"{__name__}.{stem}")
