"""The layers of truth, each a function of a rule's name that raises where the rule is wrong; the cheapest come first.

They are what `make truth` runs, called without pytest. The modules that run a rule as they are imported are imported by
the layer itself, when the wrong rule is in its place.
"""

import ast
import json
import re
import sys
from pathlib import Path

import numpy as np

from optimlab import rules
from optimlab.contract import RULES

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "parity"), str(TESTS / "equations")]

import arithmetic  # noqa: E402, F401  (imported once for all mutants, as are the next)
import displayed  # noqa: E402, F401
import grammar  # noqa: E402, F401
import parity_cases  # noqa: E402
import test_oracle  # noqa: E402
import test_recorded  # noqa: E402
import typos  # noqa: E402, F401

NOTEBOOKS = {path.stem: json.loads(path.read_text()) for path in sorted((TESTS.parent / "book/proofs").glob("*.ipynb"))}
SHIPPED = re.compile(r"\bshipped\(([^)]*)\)")
NAMES = {  # function of rules.py -> the names in it
    function.name: {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    for function in ast.parse(Path(rules.__file__).read_text()).body
    if isinstance(function, ast.FunctionDef)
}


def users(name):
    """The rules that a function of rules.py decides about: itself and those that call it; all of them for "all"."""
    return [rule for rule in RULES if name in ("all", rule) or name in NAMES[rule]]


def recorded(name):
    """The paths that torch, optax and schedulefree took."""
    for library, cases in parity_cases.CASES.items():
        for case in cases:
            for loop in parity_cases.LOOPS:
                if case.name in users(name):
                    test_recorded.test_rule_agrees_with_the_recorded_path(library, case, loop)


def oracle(name):
    """The closed forms at 50 digits."""
    for case in [case for cases in parity_cases.CASES.values() for case in cases] + test_oracle.NOWHERE_ELSE:
        if case.name in users(name):
            test_oracle.test_rule_agrees_with_its_closed_form(case)
    for function, test in test_oracle.POINTS:
        if name in (function, "all"):
            test()


def equations(name):
    """The displayed equations, all of them: any may run any rule."""
    import test_equations

    for system in test_equations.TABLE:
        test_equations.test_the_equation_says_what_the_rule_does(system)


def proofs(name):
    """The notebooks that run the rule, those with the fewest cells first."""
    for notebook in sorted(NOTEBOOKS.values(), key=lambda notebook: len(notebook["cells"])):
        code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        shipped = {word for names in SHIPPED.findall("\n".join(code)) for word in re.findall(r"\w+", names)}
        if shipped & {name, *users(name)}:
            run = {}
            for cell in code:
                exec(cell, run)


LAYERS = {layer.__name__: layer for layer in (recorded, oracle, equations, proofs)}


def kills(mutant, layers):
    """(layer, what it says) for each layer that finds the mutant, which stays in place: a process each, please."""
    mutant.install()
    with np.errstate(all="ignore"):
        for layer in layers:
            try:
                LAYERS[layer](mutant.rule)
            except BaseException as error:  # pytest's failures are no Exceptions
                yield layer, f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
