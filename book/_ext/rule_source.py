"""Sphinx extension: ```{rule-source} adam``` shows a rule's own source, read from optimlab/rules.py at build time.

The docstring is left out, for the chapter says what it says. The decorator is shown, unless ``:undecorated:`` is given.
"""

import ast
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.directives.code import container_wrapper
from sphinx.util.docutils import SphinxDirective

from optimlab.contract import nearest

RULES = Path(__file__).parents[2] / "optimlab" / "rules.py"


def rule_source(text, name, decorated=True):
    """The lines of the function ``name`` in the module ``text``, without its docstring.

    >>> print(rule_source('@rule\\ndef sgd(x, g):\\n    "Step."\\n    return x - g, {}\\n', "sgd"))
    @rule
    def sgd(x, g):
        return x - g, {}
    """
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        raise ValueError(f"optimlab/rules.py has no rule {name!r}; {nearest(name, functions)}")
    function = functions[name]
    hidden = set()
    if ast.get_docstring(function) is not None:
        hidden.update(range(function.body[0].lineno, function.body[0].end_lineno + 1))
    first = min([function.lineno] + [each.lineno for each in function.decorator_list] * decorated)
    lines = text.splitlines()
    return "\n".join(lines[n - 1] for n in range(first, function.end_lineno + 1) if n not in hidden)


class RuleSource(SphinxDirective):
    """``{rule-source} name``, a captioned literal block; the page is read again when the file changes."""

    required_arguments = 1
    option_spec = {"undecorated": directives.flag, "name": directives.unchanged}

    def run(self):
        self.env.note_dependency(str(RULES))
        name = self.arguments[0]
        try:
            source = rule_source(RULES.read_text(encoding="utf-8"), name, "undecorated" not in self.options)
        except ValueError as problem:
            raise self.error(str(problem)) from None
        block = nodes.literal_block(source, source, language="python")
        block["classes"].append("rule-source")
        self.set_source_info(block)
        block = container_wrapper(self, block, f"`optimlab/rules.py`, `{name}`")
        self.add_name(block)
        return [block]


def setup(app):
    app.add_directive("rule-source", RuleSource)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
