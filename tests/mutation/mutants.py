"""Wrong rules, made automatically: each operator, constant, name, factor, term, option and default changed in turn.

What is changed is a rule's body and its defaults. The annotations belong to the contract, whose own tests judge them,
as others judge what refuses bad input. Schedules and clipping are changed likewise.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from optimlab import descent, rules, schedules
from optimlab.contract import rule
from optimlab.mistakes import MISTAKES

OPERATORS = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult], ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
}  # fmt: skip
ORDERED = (ast.Sub, ast.Div, ast.Pow, ast.MatMult)  # whose sides cannot be exchanged
COMPARISONS = {ast.Gt: [ast.GtE, ast.Lt], ast.Eq: [ast.NotEq]}


class Mutant(NamedTuple):
    """A function of rules.py, what kind of change was made, the statement as it reads now, and how to put it in."""

    rule: str
    kind: str
    what: str
    install: Callable


def of_all():
    """All mutants of what the truth layers judge: the rules, the schedules, clipping by norm."""
    yield from mutants(Path(rules.__file__).read_text())
    yield from mutants(Path(schedules.__file__).read_text(), schedules)
    yield from mutants(Path(descent.__file__).read_text(), descent, only=["clip_by_norm"])


def mutants(source, module=rules, only=()):
    """All mutants of the functions of a module, in order; two changes with one result are one mutant."""
    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef) and (not only or function.name in only) and not _refuses(function):
            # the docstring is no part of the rule
            function.body[: ast.get_docstring(function) is not None] = [ast.Pass()]
            seen = {ast.unparse(function)}
            for kind, what in _changes(function):
                if (code := ast.unparse(function)) not in seen:
                    seen.add(code)
                    yield Mutant(function.name, kind, what, _installer(code, module))


def _refuses(function):
    return any(isinstance(node, ast.Raise) for node in ast.walk(function))


def from_mistakes():
    """The catalogue of mistakes as mutants."""
    for mistake in MISTAKES:

        def install(mistake=mistake):
            setattr(rules, mistake.rule, rule(mistake.body))

        yield Mutant(mistake.rule, "mistake", mistake.name, install)


def _installer(code, module):
    def install():
        exec(compile(code, module.__file__, "exec"), vars(module))

    return install


def _changes(function):
    """Make each change to the tree of a function, yield its kind and the wrong statement, and take it back."""
    yield from _defaults(function)
    yield from _ignored(function)
    for statement in _statements(function):
        bound = _bound(function, statement)
        for owner, field, at, node in _expressions(statement):
            for kind, new in _replacements(node, bound, owner):
                yield from _with(owner, field, at, new, kind, statement)
        if isinstance(statement, ast.If):
            for value in (True, False):
                yield from _with(statement, "test", None, ast.Constant(value), "option", statement)
    for owner in ast.walk(function):
        for at, statement in enumerate(getattr(owner, "body", []) if isinstance(owner, ast.stmt) else []):
            if isinstance(statement, ast.Assign) and not _is_first(function, statement):
                said = f"without {ast.unparse(statement)}"
                yield from _with(owner, "body", at, ast.Pass(), "dropped", said)


def _with(owner, field, at, new, kind, statement):
    """Put ``new`` into the tree, yield once, restore."""
    values = getattr(owner, field)
    old = values if at is None else values[at]
    _put(owner, field, at, new)
    yield kind, statement if isinstance(statement, str) else ast.unparse(statement).partition("\n")[0]
    _put(owner, field, at, old)


def _put(owner, field, at, new):
    if at is None:
        setattr(owner, field, new)
    else:
        getattr(owner, field)[at] = new


def _defaults(function):
    """Each default: another number, the other truth value, another choice."""
    given = function.args
    positional = given.args[len(given.args) - len(given.defaults) :]
    for names, field in ((given.kwonlyargs, "kw_defaults"), (positional, "defaults")):
        for at, (parameter, default) in enumerate(zip(names, getattr(given, field))):
            choices = [ast.Constant(choice) for choice in _choices(parameter)] if default else []
            for new in choices or [new for _, new in _constants(default)]:
                said = f"def {function.name}(..., {parameter.arg}={ast.unparse(new)})"
                yield from _with(given, field, at, new, "default", said)


def _ignored(function):
    """Each option read nowhere: its default, or the other choices, or 1 where there is none, stands for it."""
    for parameter, default in zip(function.args.kwonlyargs, function.args.kw_defaults):
        values = [default or ast.Constant(1)] + [ast.Constant(choice) for choice in _choices(parameter)]
        if isinstance(default, ast.Constant) and isinstance(default.value, bool):
            values.append(ast.Constant(not default.value))
        body = function.body
        for value in values:
            first = ast.Assign([ast.Name(parameter.arg, ast.Store())], value, lineno=0)
            function.body = [body[0], first, *body[1:]]
            yield "option", f"{ast.unparse(first)}, whatever is given"
            function.body = body


def _choices(parameter):
    """The words of a Literal."""
    note = parameter.annotation
    is_literal = isinstance(note, ast.Subscript) and ast.unparse(note.value) == "Literal"
    return [choice.value for choice in note.slice.elts] if is_literal else []


def _statements(function):
    """All statements of a function but the one in its docstring's place and those that refuse bad input."""
    outside = (function, function.body[0])
    inside = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node not in outside]
    return [node for node in inside if not isinstance(node, ast.Expr)]


def _bound(function, statement):
    """The names that have a value when the statement runs, the memory left out, which is a dict."""
    parameters = [p.arg for p in function.args.args + function.args.kwonlyargs if p.arg != "state"]
    stored = [node.id for node in ast.walk(function) if _stores(node) and node.lineno < statement.lineno]
    return list(dict.fromkeys(parameters + stored))


def _stores(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _is_first(function, statement):
    """Whether an assignment gives its names their first values."""
    bound = _bound(function, statement)
    return all(isinstance(t, (ast.Name, ast.Tuple)) for t in statement.targets) and not any(
        _stores(node) and node.id in bound for target in statement.targets for node in ast.walk(target)
    )


def _expressions(node):
    """(owner, field, position, expression) for each expression of one statement, those of statements in it left out."""
    for field, value in ast.iter_fields(node):
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt):
                if isinstance(child, ast.expr):
                    yield node, field, at, child
                yield from _expressions(child)


def _replacements(node, bound, owner):
    """(kind, wrong expression) for an expression."""
    match node:
        case ast.BinOp(left, op, right):
            yield from (("operator", ast.BinOp(left, new(), right)) for new in OPERATORS.get(type(op), []))
            yield from (("dropped", side) for side in (left, right))
            if isinstance(op, ORDERED):
                yield "operator", ast.BinOp(right, op, left)
        case ast.UnaryOp(ast.USub(), operand):
            yield "operator", operand
        case ast.Compare(left, [op], [right]):
            yield from (("operator", ast.Compare(left, [new()], [right])) for new in COMPARISONS.get(type(op), []))
        case ast.Constant():
            yield from _constants(node)
        case ast.Name(name, ast.Load()) if name in bound:
            yield from (("name", ast.Name(other, ast.Load())) for other in bound if other != name)
        case ast.Call(called, given, named):
            yield from (("dropped", argument) for argument in given if not isinstance(argument, ast.Constant))
            yield from (("dropped", ast.Call(called, given, [k for k in named if k is not key])) for key in named)
            if len(given) > 1:
                yield "dropped", ast.Call(called, given[:-1], named)
        case ast.IfExp(_, body, orelse):
            yield from (("option", branch) for branch in (body, orelse))
        case ast.Dict(keys, values):
            for at in range(len(keys)):
                yield "memory", ast.Dict(keys[:at] + keys[at + 1 :], values[:at] + values[at + 1 :])
        case ast.Attribute(value, _) if not isinstance(owner, ast.Call):
            yield "dropped", value


def _constants(node):
    """Wrong constants: a number one larger, a little larger, or 0; the other truth value; a word nobody knows."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, str):
        yield "constant", ast.Constant(value + "_")
    elif isinstance(value, (int, float)):
        near = [value * 1.01] if isinstance(value, float) else []
        yield from (("constant", ast.Constant(other)) for other in [value + 1, *near, 0] if other != value)
