"""Sphinx extension: ```{conventions} adam``` shows what optimlab/conventions.py knows of a rule, library by library.

Each entry has the call with its defaults, what keeps it from being ours, and how far the library was from our rule when
it was recorded (tests/parity/rosetta). Without a rule the directive shows all rules at a glance.
"""

import functools
import importlib.util
import sys
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

from optimlab import conventions
from optimlab.contract import RULES, nearest

ROOT = Path(__file__).parents[2]
PARITY = ROOT / "tests" / "parity"
GLANCE = {
    conventions.SAME: "same",
    conventions.CONSTANT: "fixed lr",
    conventions.ROUNDING: "rounds",
    conventions.OTHER: "differs",
}
HEADINGS = {"paper": "paper", "torch": "torch", "optax": "optax", "keras": "Keras", "schedulefree": "schedulefree"}


@functools.cache
def rosetta():
    """The module that knows the recordings."""
    sys.path.insert(0, str(PARITY))
    try:
        spec = importlib.util.spec_from_file_location("rosetta", PARITY / "rosetta.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(PARITY))


def settings(rule, library):
    """The defaults of the library, and something likely where it has none."""
    return next(words for each, name, words in rosetta().cases() if (each, name) == (rule, library))


def glance():
    """All rules and libraries: is ours the same optimizer?"""
    rows = [["rule", *HEADINGS.values()]]
    for rule in RULES:
        row = [f"`{rule}`"]
        for library in HEADINGS:
            known = library in conventions.FACTS[rule]
            row.append(GLANCE[carried(rule, library).verdict] if known else "–")
        rows.append(row)
    return table(rows, ":class: conventions glance\n:widths: 28 15 14 14 14 15\n")


def carried(rule, library):
    return conventions.convert(rule, library, "optimlab", settings(rule, library))


def details(rule):
    """One rule: a row for each library."""
    rows = [["", "the call with its defaults, and where it is not ours"]]
    rows += [[HEADINGS[library], entry(rule, library)] for library in conventions.FACTS[rule] if library in HEADINGS]
    return table(rows, ":class: conventions\n:widths: 22 78\n")


def entry(rule, library):
    """The call, the remark, what a translation says, and the distance when it was recorded."""
    there = conventions.cell(rule, library)
    defaults = {word: "…" if value is conventions.NEEDED else value for word, value in there.words.items()}
    call, _ = conventions.write(there, defaults, defaults)
    ours = {
        name: 0.01 for name, value in conventions.cell(rule, "optimlab").words.items() if value is conventions.NEEDED
    }
    said = conventions.convert(rule, "optimlab", library, ours).sentences
    about = [there.note, *(line for line in said if not line.startswith(("Spelling:", "The defaults of")))]
    paragraphs = [f"`{call.replace(repr('…'), '…')}`", " ".join(filter(None, about)), measured(rule, library)]
    return "\n\n".join(filter(None, paragraphs))


def measured(rule, library):
    """How far our rule, as the sentences advise or at the nearest setting, ends from where the library ended."""
    known, said = rosetta(), carried(rule, library)
    if library not in known.RECORDED:
        return ""
    shape = known.SHAPES.get(rule, ((4,),))[0]
    path = known.recorded(library)["theta"][known.key(rule, library, settings(rule, library), shape)]
    exact = known.translated(rule, conventions.meaning(rule, library, settings(rule, library)), shape)
    there = known.translated(rule, said.meaning, shape) if exact is None else exact
    gap = known.distance(there, path)
    if exact is None:
        return f"No setting of ours is the same; the nearest ends {gap:.0e} away from it after {known.STEPS} steps."
    ours = "With these changes ours" if said.verdict == conventions.OTHER else "Ours"
    return (
        f"{ours} stays within {gap:.0e} of it for {known.STEPS} steps."
        if gap
        else f"{ours} is equal to it, bit for bit."
    )


def table(rows, options):
    lines = []
    for row in rows:
        for bullet, text in zip(("* - ", *["  - "] * (len(row) - 1)), row, strict=True):
            first, *more = text.split("\n")
            lines += [bullet + first, *("    " + line if line else "" for line in more)]
    return "```{list-table}\n:header-rows: 1\n" + options + "\n" + "\n".join(lines) + "\n```\n"


class Conventions(SphinxDirective):
    """``{conventions} rule``, or of all rules; the page is read again when the facts change."""

    optional_arguments = 1

    def run(self):
        for path in (Path(conventions.__file__), *PARITY.glob("rosetta*"), *PARITY.glob("rosetta/*.json")):
            if path.is_file():
                self.env.note_dependency(str(path))
        if self.arguments and self.arguments[0] not in RULES:
            raise self.error(f"there is no rule named {self.arguments[0]!r}; {nearest(self.arguments[0], RULES)}")
        return self.parse_text_to_nodes(details(self.arguments[0]) if self.arguments else glance())


def setup(app):
    app.add_directive("conventions", Conventions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
