"""Sphinx extension, the proof ledger: ```{proof-ledger} 07-adam``` lists a proof notebook's theorems, one row each, and
{proof-badge}`thm-bias-correction` is a link to a row that says on which rules the theorem was proved.

A row is read from what the notebook shows: the theorem it states, and the result that prove or refute printed below it.
Those outputs are compared with a fresh run by `pytest --nbval`, so the page cannot say more than the proofs do.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective

from optimlab.contract import nearest
from optimlab.rules import RULES
from optimlab.symbols import PARTS

BOOK = Path(__file__).parents[1]
SETTLED = re.compile(r"\b(?:prove|refute)\(\s*f?[\"'](thm-[a-z0-9-]+): ")
RESULT = re.compile(r"(proved|refuted): (.+)\n(?:  for ((?:.+\n)+?))?  (\S.*); on the shipped (.+)")
THEOREM = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{prf:(?:theorem|lemma|proposition|corollary)\} *(?P<title>.*)\n"
    r"(?P<options>(?::\w+:.*\n)*)(?P<body>(?:.*\n)*?)(?P=fence)$",
    re.MULTILINE,
)
LABEL = re.compile(r"^:label: (thm-[a-z0-9-]+)$", re.MULTILINE)
BADGE = re.compile(r"\{proof-badge\}`(?:[^`<]*<)?([^`>]+)>?`")
MENTION = re.compile(r"\{(?:proof-badge|prf:ref)\}`(?:[^`<]*<)?(thm-[a-z0-9-]+)>?`")
MATHS = {"alpha": "α", "beta": "β", "epsilon": "ϵ", "eps": "ϵ", "eta": "η", "kappa": "κ", "lambda": "λ", "lr": "η",
         "mu": "μ", "phi": "φ", "rho": "ρ", "sigma": "σ", "theta": "θ"}  # fmt: skip
SIGNS = {"!=": "≠", ">=": "≥", "<=": "≤", "**": "^", "^2": "²", "_star": "*"}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A settled claim, as the notebook shows it: for which values, by which method, on which rules."""

    verdict: str
    says: str
    assumptions: str
    method: str
    rules: tuple


@dataclass
class Theorem:
    """A theorem as its notebook states it, with the claims that settle it."""

    title: str
    statement: str
    notebook: str
    claims: list = field(default_factory=list)

    def badge(self):
        """On which rules it was proved; where all of its claims are refuted, it was shown by counterexamples."""
        rules = list(dict.fromkeys(rule for claim in self.claims for rule in claim.rules))
        how = "proved" if any(claim.verdict == "proved" for claim in self.claims) else "shown by a counterexample"
        return f"{how} on {' and '.join(filter(None, [', '.join(rules[:-1]), *rules[-1:]]))}"


def read(book=BOOK):
    """The theorems of the proof notebooks by label, and what is wrong with their rows, in sentences."""
    theorems, faults = {}, []
    paths = sorted(book.glob("proofs/*.ipynb"))
    notebooks = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    for name, notebook in notebooks.items():
        text = "\n\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
        for theorem in THEOREM.finditer(text):
            if label := LABEL.search(theorem["options"]):
                theorems[label[1]] = Theorem(theorem["title"], theorem["body"].strip(), name)
            else:
                faults.append(f"proofs/{name}: the theorem {theorem['title']!r} has no :label: thm-...")
    for name, notebook in notebooks.items():
        for label, claims in rows(notebook):
            if label not in theorems:
                faults.append(f"proofs/{name}: settles {label}, which no notebook states as a theorem")
            elif theorems[label].notebook != name:
                faults.append(f"proofs/{name}: settles {label}, which proofs/{theorems[label].notebook} states")
            elif not claims:
                faults.append(f"proofs/{name}: a cell settles {label} and does not show the result")
            else:
                theorems[label].claims += claims
    for label, theorem in theorems.items():
        if not theorem.claims:
            faults.append(f"proofs/{theorem.notebook}: the theorem {label} has no row: nothing settles it")
        for name in {name for claim in theorem.claims for name in claim.rules} - {*RULES, *PARTS}:
            faults.append(f"proofs/{theorem.notebook}: {label} ran on {name!r}, which does not ship")
    return theorems, faults


def rows(notebook):
    """For each cell that settles a theorem: its label, and the claims that the cell shows as settled."""
    for cell in notebook["cells"]:
        labels = set(SETTLED.findall("".join(cell["source"]))) if cell["cell_type"] == "code" else set()
        outputs = ["".join(output.get("data", {}).get("text/plain", "")) for output in cell.get("outputs", [])]
        found = [claim(*match.groups()) for match in map(RESULT.fullmatch, outputs) if match]
        for label in sorted(labels):
            yield label, found if len(labels) == 1 else []  # of two theorems in a cell, whose result is shown?


def claim(verdict, says, assumptions, method, rules):
    return Claim(verdict, says, " ".join((assumptions or "").split()), method, tuple(rules.split(", ")))


def chapters(book=BOOK):
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(book.glob("*.md"))}


def unbadged(pages, theorems):
    """What is wrong with the theorems and the badges of the chapters, in sentences."""
    for page, text in pages.items():
        for theorem in THEOREM.finditer(text):
            if not BADGE.search(theorem["body"]):
                yield f"{page}: the theorem {theorem['title']!r} has no {{proof-badge}}; its last line names the proof"
        for label in BADGE.findall(text):
            if label not in theorems:
                yield f"{page}: a badge names {label}, which no notebook proves; {nearest(label, theorems)}"


def unlisted(page, theorems):
    """The notebooks that the page of the ledger leaves out."""
    listed = re.findall(r"^```\{proof-ledger\} (\S+)$", page, re.MULTILINE)
    for notebook in dict.fromkeys(theorem.notebook for theorem in theorems.values()):
        if listed.count(notebook) != 1:
            yield f"ledger: lists proofs/{notebook} {listed.count(notebook)} times, not once"


def faults(book=BOOK):
    """Whatever keeps theorems and rows from being one to one."""
    theorems, found = read(book)
    pages = chapters(book)
    return [*found, *unbadged(pages, theorems), *unlisted(pages.get("ledger", ""), theorems)]


def maths(text):
    """The text of a result in the letters of the book, safe in Markdown: "beta1 != 0" becomes "β₁ ≠ 0"."""
    for sign, shown in SIGNS.items():
        text = text.replace(sign, shown)
    text = re.sub(rf"\b({'|'.join(MATHS)})(?![a-z])", lambda name: MATHS[name[1]], text)
    text = re.sub(r"(?:(?<=[α-ωϵ])|_)([0-9])(?![0-9])", lambda digit: chr(0x2080 + int(digit[1])), text)
    return re.sub(r"([\\`*_{}\[\]<>$#~^|])", r"\\\1", text)


def row(label, theorem, mentions):
    """One theorem in MyST: its statement, how each of its claims was settled, and where."""
    lines = [f"(row-{label})=", "::::{container} claim ledger-row"]
    lines += [f"[{theorem.title}](#row-{label}) [{theorem.badge()}]{{.verdict}}", "", theorem.statement, ""]
    for each in theorem.claims:
        lines += [f"{each.verdict.capitalize()}: {maths(each.says)}"]
        lines += [f": for {maths(each.assumptions)}"] if each.assumptions else []
        lines += [f": {maths(each.method)}, on {', '.join(f'`{rule}`' for rule in each.rules)}", ""]
    used = "; ".join(f"{{doc}}`{page}`" for page in mentions)
    return "\n".join([*lines, f"{{prf:ref}}`The proof <{label}>`." + f" Used in: {used}." * bool(used), "::::", ""])


class ProofLedger(SphinxDirective):
    """``{proof-ledger} 07-adam``: the rows of a notebook's theorems."""

    required_arguments = 1

    def run(self):
        name, pages = self.arguments[0], chapters()
        for path in [BOOK / f"proofs/{name}.ipynb", *(BOOK / f"{page}.md" for page in pages)]:
            self.env.note_dependency(str(path))
        found = {label: theorem for label, theorem in read()[0].items() if theorem.notebook == name}
        if not found:
            raise self.error(f"proof-ledger: there are no theorems in proofs/{name}.ipynb")
        uses = {label: [page for page, text in pages.items() if label in MENTION.findall(text)] for label in found}
        return self.parse_text_to_nodes("\n".join(row(label, found[label], uses[label]) for label in found))


class ProofBadge(ReferenceRole):
    """``{proof-badge}`thm-label```, or where the proof covers a part ``{proof-badge}`for a quadratic <thm-label>```."""

    def run(self):
        theorem = read()[0].get(self.target)
        if theorem is None:  # faults has said so
            return [nodes.literal(self.rawtext, self.target)], []
        self.env.note_dependency(str(BOOK / f"proofs/{theorem.notebook}.ipynb"))
        words = f"{self.title}: {theorem.badge()}" if self.has_explicit_title else theorem.badge()
        link = pending_xref(
            "", nodes.inline("", words), refdomain="std", reftype="ref", reftarget=f"row-{self.target}",
            refexplicit=True, refwarn=True, refdoc=self.env.docname,
        )  # fmt: skip
        return [nodes.inline("", "", link, classes=["proof-badge"])], []


def warn(app):
    for fault in faults():
        logger.warning(fault, type="ledger")


def setup(app):
    app.add_directive("proof-ledger", ProofLedger)
    app.add_role("proof-badge", ProofBadge())
    app.connect("builder-inited", warn)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
