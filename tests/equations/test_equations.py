"""Every displayed equation of the book and of the docstrings is read, and compared with runs of the shipped rules."""

import re
from collections import Counter

import numpy as np
import pytest
from arithmetic import NO_VALUE, Unknown
from checking import BUILT_IN, NOTATION, Mismatch, check, read, vocabulary
from displayed import BOOK, UPDATE, Displayed, in_docstrings, on_page
from equations import IDENTITIES, UNCHECKED, UPDATES
from grammar import Unreadable
from typos import same, typos

from optimlab import rules

DRILLS = BOOK.parent / "solutions" / "drills"
PAGES = [equation for path in sorted(BOOK.glob("*.md")) for equation in on_page(path)]
ANSWERS = [equation for path in sorted(DRILLS.glob("*.md")) for equation in on_page(path)]
DOCSTRINGS = in_docstrings(rules)
LATEX = {equation.label: equation for equation in PAGES + ANSWERS + DOCSTRINGS if equation.label}
TABLE = UPDATES + IDENTITIES
LABELS = list(dict.fromkeys(label for system in TABLE for label in system.labels))
WORLDS = {system: [given for seed in (2, 1) for given in system.world(np.random.default_rng(seed))] for system in TABLE}
TRUE_ALL_THE_SAME = {  # what some typos leave behind is another truth
    "eq-nesterov-rate": "a bound for the worst case, which our run is far from: it may be made smaller or larger",
    "eq-adagrad-budget": "the sum begins with its second term",
    "rules.muon": "NS forgets the size of its argument: NS(M_t t) is NS(M_t)",
}


def complaint(system, **instead):
    """What is wrong with a system, with other LaTeX ``instead`` of that of some labels; None if nothing is."""
    if missing := [label for label in system.labels if label not in LATEX]:
        return f"no displayed equation is labelled {' or '.join(missing)}"
    blocks = [instead[label] if label in instead else LATEX[label].latex for label in system.labels]
    try:
        check(system, blocks, WORLDS[system])
    except (Unreadable, Mismatch) as problem:
        return f"{problem}"
    return None


def test_every_displayed_equation_has_a_label():
    assert [f"{equation.where}: {equation.latex.strip()}" for equation in PAGES if not equation.label] == []


def test_every_update_in_the_answers_to_the_drills_has_a_label():
    unlabelled = [equation for equation in ANSWERS if not equation.label and UPDATE.search(equation.latex)]
    assert [f"{equation.where}: {equation.latex.strip()}" for equation in unlabelled] == []


def test_no_label_is_given_twice():
    counts = Counter(equation.label for equation in PAGES + ANSWERS + DOCSTRINGS if equation.label)
    assert [label for label, count in counts.items() if count > 1] == []


def test_the_table_has_every_label_and_no_other():
    assert set(LABELS) | set(UNCHECKED) == set(LATEX)
    assert not set(LABELS) & set(UNCHECKED)


def test_no_update_equation_goes_unchecked():
    assert [label for label in UNCHECKED if UPDATE.search(LATEX[label].latex)] == []


def test_every_rule_has_its_update_checked_in_its_docstring():
    assert {f"rules.{name}" for name in rules.RULES} <= {system.labels[-1] for system in UPDATES}


@pytest.mark.parametrize("system", TABLE, ids=lambda system: " ".join(system.labels))
def test_the_equation_says_what_the_rule_does(system):
    if problem := complaint(system):
        where = " with ".join(f"{label} ({LATEX[label].where})" for label in system.labels if label in LATEX)
        pytest.fail(f"{where}: {problem}", pytrace=False)


def test_the_vocabulary_is_that_of_the_notation_page():
    table = re.findall(r"^\| (\$.*?) \|", (BOOK / "notation.md").read_text(encoding="utf-8"), re.MULTILINE)
    written = {symbol for cell in table for symbol in re.findall(r"\$([^$]*)\$", cell)}
    listed = {re.sub(r"_(t|0)$", "", part.strip()) for symbol in written for part in re.split(r"=|\\dots|/", symbol)}
    listed = {name.replace("{", "").replace("}", "") if "max" in name else name for name in listed}
    ours = (NOTATION.constants | NOTATION.sequences | NOTATION.functions) - BUILT_IN
    assert listed - {r"\lvert B \rvert"} == ours


@pytest.mark.parametrize("label", LABELS)
def test_every_typo_is_found(label):
    """Whatever one slip makes of the equation is unreadable, or no longer what the rule does, or the same formula."""
    assert label in LATEX
    systems = [system for system in TABLE if label in system.labels]
    survivors = [what for what, latex in typos(LATEX[label].latex) if not rejected(systems, label, latex)]
    assert bool(survivors) == (label in TRUE_ALL_THE_SAME), survivors
    assert label == "eq-nesterov-rate" or len(survivors) <= 1, survivors


def rejected(systems, label, latex):
    """Whether some system finds the typo; or it is none."""
    first, *others = systems
    if complaint(first, **{label: latex}) or is_no_typo(first, label, latex):
        return True
    return any(complaint(each, **{label: latex}) for each in others)


def is_no_typo(system, label, latex):
    world = WORLDS[system][-1]  # at a late step, for at t = 1 a factor t would not show
    words = vocabulary(world, system.defines)
    try:
        return same(read(LATEX[label].latex, words), read(latex, words), words, world)
    except (Unknown, *NO_VALUE):
        return False
