"""The book's own Sphinx extensions: a rule is shown as it is shipped, and a change beneath a page is noticed."""

import doctest
import importlib.util
import inspect
from pathlib import Path

import pytest

from optimlab.rules import RULES

ROOT = Path(__file__).parents[2]


def extension(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "book/_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shown():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    module = extension("rule_source")
    return lambda name, **options: module.rule_source(module.RULES.read_text(), name, **options)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_shown_as_shipped_without_its_docstring(name, shown):
    before, _, after = inspect.getsource(RULES[name]).split('"""')
    assert shown(name).splitlines() == (before.removesuffix("r").rstrip() + after).rstrip().splitlines()
    assert shown(name, decorated=False) == shown(name).removeprefix("@rule\n")


def test_an_unknown_rule_is_answered_with_the_nearest(shown):
    with pytest.raises(ValueError, match="optimlab/rules.py has no rule 'adm'; did you mean 'adam'?"):
        shown("adm")


def test_the_example_in_rule_source_is_true(shown):
    assert doctest.testmod(extension("rule_source")).failed == 0


def test_the_digest_changes_with_any_file_and_any_name(tmp_path):
    freshness = extension("freshness")
    freshness.ROOT = tmp_path
    digests = []
    for name, text in [("a.py", "1"), ("a.py", "2"), ("b.py", "2")]:
        (tmp_path / "package").mkdir(exist_ok=True)
        (tmp_path / "package" / name).write_text(text)
        digests.append(freshness.digest("package", "*.py"))
    (tmp_path / "package/notes.txt").write_text("not code")
    assert len(set(digests)) == 3 and freshness.digest("package", "*.py") == digests[-1]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in place of optimlab: b imports a, the subpackage c imports b, d imports what it is told to."""
    freshness = extension("freshness")
    monkeypatch.setattr(freshness, "ROOT", tmp_path)
    texts = {"__init__": "", "a": "x = 1", "b": "def f():\n    from .a import x", "c/__init__": "",
             "c/e": "from .. import b", "d": "from importlib import import_module", "alone": ""}  # fmt: skip
    for name, text in texts.items():
        path = tmp_path / "optimlab" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "optimlab/data.json").write_text("{}")

    def reached(*code):
        paths = {path.relative_to(tmp_path / "optimlab").as_posix() for path in freshness.imported(code)}
        return "all" if paths == {*(f"{name}.py" for name in texts), "data.json"} else paths - {"__init__.py", "data.json"}

    return reached


@pytest.mark.parametrize(
    "code, modules",
    [
        ("import numpy as np", set()),
        ("import optimlab.a", {"a.py"}),
        ("from optimlab import a", {"a.py"}),
        ("from optimlab.a import x", {"a.py"}),
        ("from optimlab.b import f", {"a.py", "b.py"}),
        ("def late():\n    from optimlab.c import e", {"a.py", "b.py", "c/__init__.py", "c/e.py"}),
        ("from optimlab.d import anything", "all"),
        ("__import__('optimlab.a')", "all"),
        ("import importlib as i", "all"),
        ("%run optimlab/a.py", "all"),
    ],
)
def test_a_page_runs_again_when_a_module_that_its_code_reaches_changes(code, modules, package):
    assert package("y = 2", code) == modules


@pytest.fixture(scope="module")
def conventions():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    return extension("conventions")


@pytest.mark.parametrize("name", RULES)
def test_the_conventions_of_a_rule_are_shown_for_every_library_that_has_it(name, conventions):
    shown = conventions.details(name)
    for library, fact in conventions.conventions.FACTS[name].items():
        if library != "optimlab":
            assert f"* - {conventions.HEADINGS[library]}\n  - `{conventions.conventions.cell(name, library).called}" in shown.replace("`optax.chain(optax.add_decayed_weights(0), ", "`")
            assert fact[3] in shown
    counted = shown.count(" 1000 steps") + shown.count("bit for bit")
    assert counted == sum(library in conventions.rosetta().RECORDED for library in conventions.conventions.FACTS[name])


def test_the_page_shows_every_rule_and_says_which_are_the_same(conventions):
    page = (ROOT / "book/rosetta.md").read_text(encoding="utf-8")
    assert all(f"```{{conventions}} {name}\n```" in page for name in RULES)
    glance = conventions.glance()
    assert all(f"* - `{name}`\n" in glance for name in RULES) and {"same", "differs", "rounds"} <= set(glance.split())
