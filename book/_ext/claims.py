"""Sphinx extension: the claims of book/claims.toml, ```{claims} A``` those of source A, ```{claim-counts}``` a table.

A claim is decided by tests, whose source its card shows on a click, by theorems of the proof notebooks, or, where it is
about history and usage, by what is cited. tests/claims/test_page.py sees to it that all of them exist.
"""

import tomllib
from collections import Counter
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

CLAIMS = Path(__file__).parents[1] / "claims.toml"
VERDICTS = ("true", "true if", "half true", "false")
STATES = ("open", "mended", "a convention")  # of an erratum elsewhere
ERRATA = "X"


def load(path=CLAIMS):
    """The sources, ``{"A": {"name", "about", "claims": {"A01": claim}}}``, in the order of the file."""
    sources = {}
    for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if len(key) == 1:
            sources[key] = {**entry, "claims": {}}
        else:
            sources[key[0]]["claims"][key] = entry
    return sources


def homes(sources):
    """The claim at which each test's source is shown: the first that names it."""
    found = {}
    for source in sources.values():
        for key, claim in source["claims"].items():
            for test in claim.get("tests", []):
                found.setdefault(test, key)
    return found


def card(key, claim, home):
    """One claim in MyST; ``home`` says where each test's source is shown."""
    verdict = claim["verdict"]
    return "\n".join([
        f"(claim-{key.lower()})=",
        f"::::{{container}} claim claim-{verdict.replace(' ', '-')}",
        f"[{key}](#claim-{key.lower()}) [{verdict}]{{.verdict}} {claim['says']}",
        "",
        claim["why"],
        "",
        *links(claim),
        *tests(key, claim, home),
        "::::",
        "",
    ])  # fmt: skip


def links(claim):
    """What a reader can look up: proofs, figures, pages, threads, papers."""
    found = [f"{{prf:ref}}`{name[4:].replace('-', ' ')} (proof) <{name}>`" for name in claim.get("proofs", [])]
    found += [f"{{numref}}`{name}`" if name.startswith("fig-") else f"{{doc}}`{name}`" for name in claim.get("see", [])]
    found += [f"[{name}](https://github.com/{name.replace('#', '/issues/')})" for name in claim.get("threads", [])]
    found += [f"{{cite:t}}`{name}`" for name in claim.get("cites", [])]
    return ["See " + "; ".join(found) + ".", ""] if found else []


def tests(key, claim, home):
    """The tests, folded: the source of those at home here, a link to the others."""
    names = claim.get("tests", [])
    if not names:
        return
    yield from (f":::{{dropdown}} {'Decided by a test' if len(names) == 1 else f'Decided by {len(names)} tests'}", "")
    for test in names:
        file, _, name = test.partition("::")
        if home[test] == key:
            yield from (f"`{test}`", "", f"```{{literalinclude}} /{file}", f":pyobject: {name}", "```", "")
        else:
            yield from (f"`{test}`, shown at [{home[test]}](#claim-{home[test].lower()}).", "")
    yield ":::"


def count_table(sources):
    """How many claims of each source got which verdict, in MyST."""
    rows = [["source", *VERDICTS, "all"]]
    totals = Counter()
    for key, source in sources.items():
        if key != ERRATA:
            counts = Counter(claim["verdict"] for claim in source["claims"].values())
            totals += counts
            rows.append([f"[{key}](#source-{key.lower()})", *(counts[verdict] for verdict in VERDICTS), counts.total()])
    rows.append(["all", *(totals[verdict] for verdict in VERDICTS), totals.total()])
    rows.insert(1, ["---"] + ["---:"] * (len(VERDICTS) + 1))
    return "\n".join([":::{container} claim-counts", *("| " + " | ".join(map(str, row)) + " |" for row in rows), ":::"])


class Claims(SphinxDirective):
    """``{claims} A``: a sentence on the source, then its claims."""

    required_arguments = 1

    def run(self):
        self.env.note_dependency(str(CLAIMS))
        sources = load()
        if self.arguments[0] not in sources:
            raise self.error(f"claims: there is no source {self.arguments[0]!r}; there are {', '.join(sources)}")
        source, home = sources[self.arguments[0]], homes(sources)
        text = "\n".join([source["about"], "", *(card(key, claim, home) for key, claim in source["claims"].items())])
        return self.parse_text_to_nodes(text)


class ClaimCounts(SphinxDirective):
    """``{claim-counts}``: the table of verdicts."""

    def run(self):
        self.env.note_dependency(str(CLAIMS))
        return self.parse_text_to_nodes(count_table(load()))


def setup(app):
    app.add_directive("claims", Claims)
    app.add_directive("claim-counts", ClaimCounts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
