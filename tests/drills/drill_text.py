"""The drills of the book, read from its text by the code that puts them on the pages."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def extension(name):
    """A module of book/_ext, under its own name, as Sphinx loads it."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "book/_ext" / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def all_drills():
    """The drills; none where Sphinx is missing, and test_drills.py says so."""
    if importlib.util.find_spec("sphinx") is None:
        return []
    extension("bundle")
    return extension("drills").all_drills()


DRILLS = all_drills()
ASKS = {name: ask for drill in DRILLS for name, ask in zip(drill.names, drill.asks)}
