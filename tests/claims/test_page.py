"""The page of claims: each row has a verdict, a reason and evidence, and all of the evidence exists."""

import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
FIELDS = {"says", "verdict", "why", "tests", "proofs", "see", "cites", "threads"}
GOOD = dict(says="Adam steps by a sign.", verdict="true", why="At eps = 0.",
            tests=["tests/test_rules.py::test_adams_size_does_shrink"])  # fmt: skip


@pytest.fixture(scope="module")
def extension():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    spec = importlib.util.spec_from_file_location("claims", BOOK / "_ext/claims.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sources(extension):
    return extension.load()


def rows(sources):
    return {key: claim for source in sources.values() for key, claim in source["claims"].items()}


def collected(ids):
    """Those of the pytest ids that pytest collects, whatever their parameters."""
    files = sorted({each.partition("::")[0] for each in ids})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    found = {line.partition("[")[0] for line in run.stdout.splitlines() if "::" in line}
    return {each for each in ids if each in found}


@pytest.fixture(scope="module")
def existing(extension):
    """For each kind of evidence, what there is of it."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in BOOK.glob("*.md")}
    figures = re.findall(r"^\s*name: (fig-\S+)$", "\n".join(pages.values()), re.MULTILINE)
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in (BOOK / "proofs").glob("*.ipynb")]
    cells = [cell for notebook in notebooks for cell in notebook["cells"] if cell["cell_type"] == "code"]
    proofs = re.findall(r"""prove\(\s*f?r?["'](thm-[a-z0-9-]+)""", "\n".join("".join(cell["source"]) for cell in cells))
    papers = re.findall(r"^@\w+\{([^,\s]+),", (BOOK / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    named = {test for claim in [GOOD, *rows(extension.load()).values()] for test in claim.get("tests", [])}
    return {"tests": collected(named), "proofs": set(proofs), "see": {*pages, *figures}, "cites": set(papers)}


def faults(key, claim, existing, verdicts):
    """What is wrong with a row, in sentences."""
    if claim["verdict"] not in verdicts:
        yield f"{key}: verdict {claim['verdict']!r} is none of {', '.join(verdicts)}"
    for field in ("says", "why"):
        if len(claim.get(field, "").split()) < (1 if field == "why" else 3):
            yield f"{key}: {field!r} says nothing"
    yield from (f"{key}: unknown field {field!r}" for field in set(claim) - FIELDS)
    for kind, known in existing.items():
        lost = [name for name in claim.get(kind, []) if name not in known]
        yield from (f"{key}: {kind} has {name!r}, which does not exist" for name in lost)
    if not any(claim.get(kind) for kind in ("tests", "proofs", "cites", "threads")):
        yield f"{key}: nothing decides it"
    for thread in claim.get("threads", []):
        if not re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", thread):
            yield f"{key}: thread {thread!r} is not owner/repository#number"
    for phrase in re.findall("“([^”]*)”", claim["says"]):
        if len(phrase.split()) > 12:
            yield f"{key}: quotes {len(phrase.split())} words at once; paraphrase"


def test_every_row_is_sound(sources, existing, extension):
    found = []
    for key, claim in rows(sources).items():
        verdicts = extension.STATES if key.startswith(extension.ERRATA) else extension.VERDICTS
        found += faults(key, claim, existing, verdicts)
    assert found == []


@pytest.mark.parametrize(
    "change, sentence",
    [
        (dict(verdict="mostly true"), "verdict 'mostly true' is none of"),
        (dict(why=" "), "'why' says nothing"),
        (dict(says=""), "'says' says nothing"),
        (dict(tests=["tests/test_rules.py::test_of_nothing"]), "tests has 'tests/test_rules.py::test_of_nothing'"),
        (dict(proofs=["thm-of-nobody"]), "proofs has 'thm-of-nobody', which does not exist"),
        (dict(see=["fig-c99-hook"]), "see has 'fig-c99-hook', which does not exist"),
        (dict(see=["99-epilogue"]), "see has '99-epilogue', which does not exist"),
        (dict(cites=["nobody1900"]), "cites has 'nobody1900', which does not exist"),
        (dict(threads=["pytorch 1"]), "is not owner/repository#number"),
        (dict(tests=[]), "nothing decides it"),
        (dict(verdicts="true"), "unknown field 'verdicts'"),
        (dict(says=f"It says “{'on and ' * 6}on”."), "quotes 13 words at once"),
    ],
)
def test_a_planted_fault_is_found(change, sentence, existing, extension):
    assert list(faults("Z99", GOOD, existing, extension.VERDICTS)) == []
    assert any(sentence in fault for fault in faults("Z99", {**GOOD, **change}, existing, extension.VERDICTS))


def test_every_row_of_every_source_is_numbered_from_one_without_gaps(sources):
    for letter, source in sources.items():
        assert list(source["claims"]) == [f"{letter}{number:02}" for number in range(1, len(source["claims"]) + 1)]


def test_the_table_counts_what_the_file_holds(sources, extension):
    table = {cells[1].strip().lstrip("[").partition("]")[0]: [int(number) for number in cells[2:-1]]
             for cells in (line.split("|") for line in extension.count_table(sources).splitlines()[3:-1])}
    five = [letter for letter in sources if letter != extension.ERRATA]
    for letter in five:
        verdicts = Counter(claim["verdict"] for claim in sources[letter]["claims"].values())
        assert table[letter] == [*(verdicts[verdict] for verdict in extension.VERDICTS), len(sources[letter]["claims"])]
    assert table["all"] == [sum(table[letter][column] for letter in five) for column in range(5)]
    assert len(five) == 5 and table["all"][-1] >= 80


def test_the_page_shows_every_source_and_the_contents_list_the_page(sources):
    page = (BOOK / "claims.md").read_text(encoding="utf-8")
    assert re.findall(r"^```\{claims\} (\w)$", page, re.MULTILINE) == list(sources)
    assert "file: book/claims" in (ROOT / "_toc.yml").read_text(encoding="utf-8")


def test_a_card_shows_the_verdict_the_reason_and_all_of_its_evidence(sources, extension):
    home = extension.homes(sources)
    for key, claim in rows(sources).items():
        card = extension.card(key, claim, home)
        evidence = [name for kind in ("tests", "proofs", "see", "cites", "threads") for name in claim.get(kind, [])]
        assert [each for each in [f"[{claim['verdict']}]", claim["why"], *evidence] if each not in card] == []


def test_the_source_of_each_test_is_shown_once(sources, extension):
    home = extension.homes(sources)
    page = "\n".join(extension.card(key, claim, home) for key, claim in rows(sources).items())
    included = re.findall(r"^```\{literalinclude\} /(\S+)\n:pyobject: (\w+)$", page, re.MULTILINE)
    assert sorted("::".join(each) for each in included) == sorted(home)
