"""The proof notebooks prove every theorem they state, and fail when a rule holds an error.

That they run, with the outputs they show, is tested by nbval: `pytest --nbval book/proofs`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "book/proofs").glob("*.ipynb"))}
STATED = re.compile(r"^:label: (thm-[a-z0-9-]+)$", re.MULTILINE)
CLAIMED = re.compile(r"\b(?:prove|refute)\(\s*f?\"(thm-[a-z0-9-]+): ")
COMPLAINTS = r"optimlab\.symbols\.(FalseStatement|NotProved): thm-|ValueError: .* E does not pass"

# notebook, rule, what its body says, what it says with an error in it
ERRORS = {
    "a learning rate of the wrong sign": ("01-gradient-descent", "sgd", "theta - lr *", "theta + lr *"),
    "an average for momentum's sum": ("03-momentum", "momentum", "+ g\n", "+ (1 - beta) * g\n"),
    "momentum where nesterov looks ahead": ("04-nesterov", "nesterov", "(g + beta * v)", "v"),
    "no root": ("05-adagrad", "adagrad", "sqrt(s)", "s"),
    "debias that corrects nothing": ("06-rmsprop", "rmsprop", "1 - beta**t if debias", "1 if debias"),
    "no bias correction of m": ("07-adam", "adam", "m / (1 - beta1**t)", "m"),
    "one beta for the other": ("07-adam", "adam", "v / (1 - beta2**t)", "v / (1 - beta1**t)"),
    "eps inside adam's root": ("07-adam", "adam", "sqrt(v_hat) + eps", "sqrt(v_hat + eps)"),
    "eps inside rmsprop's root": ("08-what-adam-is", "rmsprop", "sqrt(v_hat) + eps", "sqrt(v_hat + eps)"),
    "a start in the mean": ("10-family", "schedule_free_sgd", "(z - x) / t", "(z - x) / (t + 1)"),
    "a step for every row": ("10-family", "muon", "rows / cols", "rows * cols"),
    "a decayed gradient": ("09-adamw", "adamw", ", g, state", ", g * (1 - lr * weight_decay), state"),
}

RUN = """
import json, optimlab, pathlib, sys
assert pathlib.Path(optimlab.__file__).is_relative_to(pathlib.Path.cwd()), "this is not the copy with the error"
names = {}
for cell in json.loads(pathlib.Path(sys.argv[1]).read_text())["cells"]:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), names)
"""


def text(name, kind):
    return "\n".join("".join(cell["source"]) for cell in NOTEBOOKS[name]["cells"] if cell["cell_type"] == kind)


def run(name, package):
    """Run the code of a notebook against the package in the folder ``package``."""
    environment = os.environ | {"PYTHONPATH": str(package), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", RUN, ROOT / f"book/proofs/{name}.ipynb"]
    return subprocess.run(command, cwd=package, env=environment, capture_output=True, text=True, timeout=120)


def plant(rule, right, wrong, folder):
    """A copy of the package in which the body of one rule holds an error."""
    unneeded = shutil.ignore_patterns("__pycache__", "grading", "labs")
    shutil.copytree(ROOT / "optimlab", folder / "optimlab", ignore=unneeded)
    rules = folder / "optimlab/rules.py"
    before, definition, rest = rules.read_text().partition(f"\ndef {rule}(")
    end = re.search(r"\n(?=@rule\n|def |$)", rest).start()
    function, others = rest[:end], rest[end:]
    docstring, quotes, body = function.rpartition('"""')
    assert body.count(right) == 1, f"{rule} no longer says {right!r}"
    rules.write_text(before + definition + docstring + quotes + body.replace(right, wrong) + others)


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_in_a_rule_breaks_the_proofs(error, tmp_path):
    name, rule, right, wrong = ERRORS[error]
    plant(rule, right, wrong, tmp_path)
    result = run(name, tmp_path)
    assert result.returncode == 1
    complaint = result.stderr.strip().splitlines()[-1]
    assert re.match(COMPLAINTS, complaint), complaint


def test_a_copy_without_an_error_proves_everything(tmp_path):
    plant("adagrad", "sqrt(s)", "sqrt(s)", tmp_path)
    result = run("05-adagrad", tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_theorem_of_a_notebook_is_claimed_there_and_every_claim_stated(name):
    stated, claimed = STATED.findall(text(name, "markdown")), CLAIMED.findall(text(name, "code"))
    assert sorted(stated) == sorted(set(claimed)) and stated


def test_no_two_theorems_share_a_label():
    labels = Counter(label for name in NOTEBOOKS for label in STATED.findall(text(name, "markdown")))
    labels += Counter(label for page in (ROOT / "book").glob("*.md") for label in STATED.findall(page.read_text()))
    assert not [label for label, times in labels.items() if times > 1]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_carries_nothing_of_the_machine_it_ran_on(name):
    notebook = NOTEBOOKS[name]
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert not any(cell["metadata"] for cell in notebook["cells"])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] in ("error", "stream")]


def test_each_chapter_of_the_ladder_has_its_proofs():
    chapters = [path.stem for path in sorted((ROOT / "book").glob("[0-9][0-9]-*.md"))]
    assert list(NOTEBOOKS) == chapters
