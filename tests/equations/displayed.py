"""Where the displayed equations are: the pages of the book and the docstrings of the rules."""

import ast
import inspect
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

BOOK = Path(__file__).parents[2] / "book"
CODE = re.compile(r"^( *)(`{3,})(?:\{code-cell\}|[A-Za-z]).*?^\1\2 *$", re.DOTALL | re.MULTILINE)
DISPLAYED = re.compile(
    r"^ *(?P<fence>`{3,}|:{3,})\{math\}(?P<directive>.*?)^ *(?P=fence) *$"
    r"|\$\$(?P<dollars>.*?)\$\$(?: *\((?P<name>[^)\s]+)\))?"
    r"|^ *\\begin\{(?P<bare>equation|align|gather|multline|eqnarray|alignat|flalign)",
    re.DOTALL | re.MULTILINE,
)
OPTION = re.compile(r"^ *:(\w+): *(.*?) *$\n", re.MULTILINE)
DOCSTRING = re.compile(r"^\.\. math::(.*?\n(?:(?:[ \t]+.*)?\n)*)", re.MULTILINE)
MEMORY = r"(?:\\theta|\\Theta|[msvxyzM]|v\^\{?\\max\}?)"
UPDATE = re.compile(rf"(?<![\w^_{{]){MEMORY}_(?:t\b|\{{t(?:\+1)?\}}) *&? *(?:=|\\leftarrow)")


class Displayed(NamedTuple):
    label: str | None
    latex: str
    where: str


def on_page(path):
    """The displayed equations of one page, in order."""
    text = path.read_text(encoding="utf-8")
    blank = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)  # what a code cell holds is no equation
    return [_displayed(found, path.name) for found in DISPLAYED.finditer(blank)]


def _displayed(found, page):
    where = f"{page}:{found.string[: found.start()].count(chr(10)) + 1}"
    if found["directive"] is None:
        return Displayed(found["name"], found["dollars"] or found[0], where)
    options = dict(OPTION.findall(found["directive"]))
    return Displayed(options.get("label"), OPTION.sub("", found["directive"]), where)


def in_docstrings(module):
    """The displayed equations of a module's functions, each labelled with the name of its function."""
    found = []
    for function in ast.parse(inspect.getsource(module)).body:
        if isinstance(function, ast.FunctionDef) and (doc := ast.get_docstring(function)):
            for latex in DOCSTRING.findall(doc + "\n"):
                label = f"{module.__name__.split('.')[-1]}.{function.name}"
                where = f"{module.__name__.replace('.', '/')}.py:{function.lineno}"
                found.append(Displayed(label, textwrap.dedent(latex), where))
    return found
