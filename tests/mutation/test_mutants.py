"""The mutants are what they say, reach every line and option, and each truth layer kills some of them.

All of them are run by `make mutants`; here it is a dozen, so that what runs them is tested.
"""

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from equivalents import EQUIVALENT
from mutants import from_mistakes, mutants

from optimlab import mistakes, rules

HERE = Path(__file__).parent
SOURCE = Path(rules.__file__).read_text()
ALL = list(mutants(SOURCE))
FUNCTIONS = {node.name: node for node in ast.parse(SOURCE).body if isinstance(node, ast.FunctionDef)}

SMALL = '''
def f(theta, g, state, *, lr, fast=True, how: Literal["a", "b"] = "a"):
    """A rule."""
    v = state.get("v", 0) - g
    if how == "a":
        v = sqrt(v)
    return theta * lr, {"v": v}
'''
OF_SMALL = {
    "default": ["def f(..., fast=False)", "def f(..., how='b')"],
    "option": [
        "lr = 1, whatever is given", "fast = True, whatever is given", "fast = False, whatever is given",
        "how = 'a', whatever is given", "how = 'b', whatever is given", "if True:", "if False:",
    ],
    "operator": [
        "v = state.get('v', 0) + g", "v = g - state.get('v', 0)", "if how != 'a':", "return (theta / lr, {'v': v})",
    ],
    "constant": [
        "v = state.get('v_', 0) - g", "v = state.get('v', 1) - g", "if how == 'a_':", "return (theta * lr, {'v_': v})",
    ],
    "dropped": [
        "v = state.get('v', 0)", "v = g", "v = state.get('v') - g", "v = v", "return (theta, {'v': v})",
        "return (lr, {'v': v})", "without v = sqrt(v)",
    ],
    "memory": ["return (theta * lr, {})"],
    "name": [
        *(f"v = state.get('v', 0) - {name}" for name in ("theta", "lr", "fast", "how")),
        *(f"if {name} == 'a':" for name in ("theta", "g", "lr", "fast", "v")),
        *(f"v = sqrt({name})" for name in ("theta", "g", "lr", "fast", "how")),
        *(f"return ({name} * lr, {{'v': v}})" for name in ("g", "lr", "fast", "how", "v")),
        *(f"return (theta * {name}, {{'v': v}})" for name in ("theta", "g", "fast", "how", "v")),
        *(f"return (theta * lr, {{'v': {name}}})" for name in ("theta", "g", "lr", "fast", "how")),
    ],
}  # fmt: skip

# layer -> (rule, statement with the error); each layer is asked alone
SAMPLE = {
    "recorded": [
        ("sgd", "def sgd(..., weight_decay=1)"),
        ("rmsprop", "if False:"),
        ("radam", "if rho < threshold:"),
        ("muon", "nesterov = True, whatever is given"),
    ],
    "oracle": [
        ("momentum", "return (theta - lr * v, {})"),
        ("amsgrad", "AMSGrad with eps inside the root"),
        ("radam", "if rho >= threshold:"),
        ("newton_schulz", "x = x / maximum(norm(x), 0)"),
    ],
    "equations": [
        ("adam", "m_hat = m"),
        ("schedule_free_sgd", "x = x + (z - x) * t"),
    ],
    "proofs": [
        ("adagrad", "AdaGrad with eps inside the root"),
        ("nesterov", "return (theta - lr * (g + v), {'v': v})"),
    ],
}
JUDGE = """
import json, sys
from run import TRUTH, all_mutants, judge
known, killed = {(m.rule, m.what): m for m in all_mutants()}, []
for layer, keys in json.loads(sys.argv[1]).items():
    queue = [known[tuple(key)] for key in keys]
    killed += [[layer, m.rule, m.what] for m, found in judge(queue, [layer]) if layer in dict(found)]
truth = TRUTH._replace(rule="adagrad")
killed += [list(said) for m, found in judge([truth], list(json.loads(sys.argv[1]))) for said in found]
hang = TRUTH._replace(install=lambda: max(iter(int, 1)))  # of endless zeros
killed += [list(found[0]) for m, found in judge([hang], ["recorded"], seconds=1)]
print(json.dumps(killed))
"""


def test_the_mutants_of_a_small_rule_are_these():
    made = [(mutant.kind, mutant.what) for mutant in mutants(SMALL)]
    assert Counter(made) == Counter((kind, what) for kind in OF_SMALL for what in OF_SMALL[kind])


def test_making_mutants_leaves_no_change_behind():
    assert [mutant[:3] for mutant in mutants(SOURCE)] == [mutant[:3] for mutant in ALL]


def test_no_two_mutants_of_a_function_have_one_name():
    counts = Counter((mutant.rule, mutant.what) for mutant in [*ALL, *from_mistakes()])
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_line_every_default_and_every_option_of_a_rule_is_changed(name):
    function, said = FUNCTIONS[name], [mutant.what for mutant in ALL if mutant.rule == name]
    for statement in [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.Return)]:
        start = ast.unparse(statement).partition(" ")[0]
        assert sum(what.startswith(f"{start} ") for what in said) >= 2, ast.unparse(statement)
    for parameter, default in zip(function.args.kwonlyargs, function.args.kw_defaults):
        assert any(what.startswith(f"{parameter.arg} = ") and what.endswith("whatever is given") for what in said)
        assert default is None or any(what.startswith(f"def {name}(..., {parameter.arg}=") for what in said)


def test_every_known_mistake_is_a_mutant():
    assert [(mutant.rule, mutant.what) for mutant in from_mistakes()] == [(m.rule, m.name) for m in mistakes.MISTAKES]


def test_every_equivalent_is_a_mutant_and_has_its_reason():
    assert EQUIVALENT.keys() <= {(mutant.rule, mutant.what) for mutant in [*ALL, *from_mistakes()]}
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork: run the tests on Linux or macOS")
def test_each_layer_kills_its_sample_and_spares_the_truth_and_a_hang_is_ended():
    command = [sys.executable, "-c", JUDGE, json.dumps(SAMPLE)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = [[layer, *key] for layer, keys in SAMPLE.items() for key in keys] + [["time", "no end in time"]]
    assert sorted(json.loads(done.stdout)) == sorted(expected)
