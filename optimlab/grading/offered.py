"""What ``import optimlab`` gives a submission: problems, schedules, figures, descent, and a check() that says nothing.

The rules, the questions and the grader are withheld: their import fails with a sentence. That is a courtesy to the
honest, who learn why; against the others it is the jail that must keep the files out of reach.
"""

import importlib
import sys
import types
from importlib.abc import MetaPathFinder

OFFERED = ("problems", "schedules", "figures", "descent")
NEEDED = ("ops",)  # by those; holds nothing a student is asked for
UNSEEN = ("contract",)  # by those, too, and withheld nonetheless
CHECK = "optimlab.check"


class Unchecked:
    """The verdict of a check() that did not look: nothing is right, nothing is wrong."""

    passed, points, headline, rows = False, 0.0, "not checked here", ()

    def __bool__(self):
        return False


class Withheld(MetaPathFinder):
    """Answers every import of an optimlab module that is not already there."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("optimlab."):
            raise ImportError(
                f"{name} cannot be imported in a graded notebook: there optimlab offers {', '.join(OFFERED)} and check"
            )
        return None


def offer():
    """Load what is offered, hide the other modules of optimlab, and refuse to find them again."""
    optimlab = importlib.import_module("optimlab")
    for name in OFFERED:
        importlib.import_module(f"optimlab.{name}")
    stand_in = types.ModuleType(CHECK, "A check() that says nothing: here the grader asks.")
    stand_in.check = lambda *args, **kwargs: Unchecked()
    stand_in.checker = lambda lab: stand_in.check
    sys.modules[CHECK] = optimlab.check = stand_in
    public = {CHECK, *(f"optimlab.{name}" for name in OFFERED + NEEDED)}
    for name in [name for name in sys.modules if name.startswith("optimlab.") and name not in public]:
        del sys.modules[name]
        vars(optimlab).pop(name.removeprefix("optimlab."), None)
    sys.meta_path.insert(0, Withheld())
