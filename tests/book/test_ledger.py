"""The proof ledger: theorems and rows are one to one, a row says what its proof did, and each fault stops the build."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optimlab.symbols import LEDGER

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
CONF = """
extensions = ["myst_nb", "sphinx_proof", "ledger"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
nb_execution_mode = "off"
root_doc = "01-gradient-descent"
"""
CHAPTER = """
# Gradient descent

```{prf:theorem} Contraction
:label: c01-contraction
An error shrinks.

BADGE
```

```{toctree}
ledger
proofs/01-gradient-descent
```
"""
PAGE = """
# The proof ledger

```{proof-ledger} 01-gradient-descent
```
"""


@pytest.fixture(scope="module")
def ledger():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    spec = importlib.util.spec_from_file_location("ledger", BOOK / "_ext/ledger.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["ledger"] = module  # where its dataclasses look for their module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["ledger"]


@pytest.fixture(scope="module")
def theorems(ledger):
    return ledger.read()[0]


@pytest.fixture
def copy(tmp_path):
    """A copy of the book's texts and notebooks, to plant faults in."""
    shutil.copytree(BOOK / "proofs", tmp_path / "proofs")
    for page in BOOK.glob("*.md"):
        shutil.copy(page, tmp_path)
    return tmp_path


def test_theorems_and_rows_are_one_to_one_and_every_chapters_theorem_has_a_badge(ledger, theorems):
    assert ledger.faults() == []
    assert len(theorems) > 50 and all(theorem.claims for theorem in theorems.values())
    boxes = [box for text in ledger.chapters().values() for box in ledger.THEOREM.finditer(text)]
    assert len(boxes) > 20


@pytest.mark.parametrize(
    "file, old, new, sentence",
    [
        ("07-adam.md", "{proof-badge}`thm-bias-correction`", "",
         "07-adam: the theorem 'Bias correction' has no {proof-badge}"),
        ("07-adam.md", "{proof-badge}`thm-bias-correction`", "{proof-badge}`thm-bias-corection`",
         "07-adam: a badge names thm-bias-corection, which no notebook proves; did you mean 'thm-bias-correction'?"),
        ("05-adagrad.md", "{proof-badge}`thm-adagrad-budget`", "{proof-badge}`half <thm-nothing>`",
         "a badge names thm-nothing"),
        ("ledger.md", "```{proof-ledger} 04-nesterov\n```", "", "ledger: lists proofs/04-nesterov 0 times, not once"),
        ("proofs/01-gradient-descent.ipynb", ":label: thm-gd-descent", ":label: thm-gd-falls",
         "settles thm-gd-descent, which no notebook states as a theorem"),
        ("proofs/01-gradient-descent.ipynb", ":label: thm-gd-descent", ":label: thm-gd-falls",
         "the theorem thm-gd-falls has no row: nothing settles it"),
        ("proofs/01-gradient-descent.ipynb", ":label: thm-gd-descent", "",
         "the theorem 'Descent' has no :label: thm-..."),
        ("proofs/01-gradient-descent.ipynb", "proved: what one step gains", "what one step gains",
         "a cell settles thm-gd-descent and does not show the result"),
        ("proofs/05-adagrad.ipynb", '\\"thm-adagrad-scale: ', '\\"thm-gd-descent: ',
         "proofs/05-adagrad: settles thm-gd-descent, which proofs/01-gradient-descent states"),
        ("proofs/05-adagrad.ipynb", "on the shipped adagrad", "on the shipped adagard",
         "ran on 'adagard', which does not ship"),
        ("proofs/05-adagrad.ipynb", "; on the shipped adagrad", "",
         "the theorem thm-adagrad-budget has no row"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(file, old, new, sentence, copy, ledger):
    page = copy / file
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")
    assert any(sentence in fault for fault in ledger.faults(copy))


@pytest.mark.parametrize("name", ["01-gradient-descent", "05-adagrad", "09-adamw"])
def test_the_rows_of_a_notebook_are_what_running_it_settles(name, theorems, ledger):
    LEDGER.clear()
    names = {}
    for cell in json.loads((BOOK / f"proofs/{name}.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    settled = [(row.label, row.verdict, row.claim, ", ".join(row.assumptions), row.method, row.rules) for row in LEDGER]
    LEDGER.clear()
    shown = [
        (label, each.verdict, each.says, each.assumptions, each.method, each.rules)
        for label, theorem in theorems.items() if theorem.notebook == name for each in theorem.claims
    ]  # fmt: skip
    assert sorted(shown) == sorted(settled) and shown


def test_a_row_says_what_how_on_which_rules_and_where(ledger, theorems):
    for label, theorem in theorems.items():
        row = ledger.row(label, theorem, ["07-adam"])
        said = [ledger.maths(words) for each in theorem.claims for words in (each.says, each.assumptions, each.method)]
        rules = [f"`{rule}`" for each in theorem.claims for rule in each.rules]
        parts = [theorem.title, theorem.statement, f"<{label}>`", "{doc}`07-adam`", *said, *rules]
        assert [part for part in parts if part not in row] == []


def test_a_badge_names_the_rules_and_tells_a_counterexample_from_a_proof(ledger):
    proved = ledger.claim("proved", "the same", "t = 0,\n    1", "exactly", "adam, rmsprop")
    refuted = ledger.claim("refuted", "the same", None, "false at t = 1: 1 and 2", "adamw")
    assert ledger.Theorem("", "", "", [proved, refuted]).badge() == "proved on adam, rmsprop and adamw"
    assert ledger.Theorem("", "", "", [refuted]).badge() == "shown by a counterexample on adamw"
    assert proved.assumptions == "t = 0, 1"


def test_results_are_set_in_the_letters_of_the_book_and_cannot_become_markup(ledger):
    assert ledger.maths("beta1^2 != beta2, h_1 >= 0, theta_star real") == r"β₁² ≠ β₂, h₁ ≥ 0, θ\* real"
    assert ledger.maths("E[m_hat] = mu, the L2 penalty, 10*g") == r"E\[m\_hat\] = μ, the L2 penalty, 10\*g"


def build(folder, badge):
    """Build a book of one chapter, one notebook and their ledger; every warning is an error."""
    for path in ("_ext/ledger.py", "proofs/01-gradient-descent.ipynb"):
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(BOOK / path, folder / path)
    pages = {"conf.py": CONF, "01-gradient-descent.md": CHAPTER.replace("BADGE", badge), "ledger.md": PAGE}
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", folder, folder / "_build"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder / "_ext")])}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_a_badge_leads_to_its_row_and_the_row_to_its_proof_and_its_chapter(ledger, tmp_path):
    run = build(tmp_path, "{proof-badge}`the factor <thm-gd-contraction>`")
    assert run.returncode == 0, run.stderr
    chapter, page = ((tmp_path / f"_build/{name}.html").read_text() for name in ("01-gradient-descent", "ledger"))
    assert 'href="ledger.html#row-thm-gd-contraction"' in chapter and "the factor: proved on sgd" in chapter
    assert 'id="row-thm-gd-contraction"' in page
    assert 'href="proofs/01-gradient-descent.html#thm-gd-contraction"' in page
    assert 'href="01-gradient-descent.html"' in page.partition('class="claim')[2]


@pytest.mark.parametrize(
    "badge, sentence", [("", "has no {proof-badge}"), ("{proof-badge}`thm-no`", "a badge names thm-no")]
)
def test_a_fault_stops_the_build(badge, sentence, ledger, tmp_path):
    run = build(tmp_path, badge)
    assert run.returncode != 0 and sentence in run.stderr
