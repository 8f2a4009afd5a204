"""The graded labs, one module each: ``names()`` lists them, ``load(name)`` gives the questions of one as data."""

import importlib.util
from functools import cache
from importlib import import_module
from pathlib import Path

from ..contract import nearest

__all__ = ["load", "names"]


def names():
    """The labs of the course, in order.

    >>> "lab04_race" in names()
    True
    """
    return [_module(path.stem).LAB.name for path in sorted(Path(__file__).parent.glob("lab[0-9][0-9].py"))]


def load(name):
    """The Lab called ``name``, or the one in the file ``name`` of a teacher's own, "their_folder/lab21_loss.py".

    >>> load("lab04_race").max_score
    20
    >>> load("lab04_rase")
    Traceback (most recent call last):
    ValueError: there is no lab named 'lab04_rase'; did you mean 'lab04_race'?
    """
    if str(name).endswith(".py"):
        return _from_file(Path(name))
    if name not in names():
        raise ValueError(f"there is no lab named {name!r}; {nearest(name, names())}")
    return _module(name.partition("_")[0]).LAB


def _module(stem):
    return import_module(f"{__name__}.{stem}")


def _from_file(path):
    """A file is named outright and never searched for: running a stranger's because it lies about would be unwise."""
    path = path.resolve()
    if not path.is_file():
        raise ValueError(f"there is no file {path} with a lab's questions")
    return _run(path, path.stat().st_mtime_ns)


@cache
def _run(path, _changed):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        if module.LAB.name != path.stem:
            raise ValueError(f"its LAB is named {module.LAB.name!r}; a lab is named as its file, {path.stem!r}")
    except Exception as error:
        raise ValueError(f"{path} does not define a lab: {type(error).__name__}: {error}") from None
    return module.LAB
