"""Right answers written otherwise, made automatically: what a student might type instead of the reference."""

import ast
import random
import re

import sympy
from sympy.printing.str import StrPrinter

GREEK = dict(zip("alpha beta eta theta kappa lambda mu rho sigma".split(), "αβηθκλμρσ")) | {"eps": "ε"}
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def expression(source, names):
    """The reference as SymPy has it."""
    known = {name.replace("lambda", "lambda_"): sympy.Symbol(name, positive=True) for name in names}
    text = source.replace("^", "**").replace("lambda", "lambda_")
    return sympy.sympify(text, locals=known | {"ln": sympy.log})


class Reversed(StrPrinter):
    """Terms and factors in the other order."""

    def _print_Add(self, expr, order=None):
        return " + ".join(f"({self._print(term)})" for term in reversed(expr.args))

    def _print_Mul(self, expr):
        return "*".join(f"({self._print(factor)})" for factor in reversed(expr.args))

    def _print_Pow(self, expr, rational=False):
        return f"({self._print(expr.base)})^({self._print(expr.exp)})"


def unicode_notation(text):
    """β₁ for beta1, no sign between factors, − for -, ² for ^2."""
    for name, letter in GREEK.items():
        text = re.sub(rf"\b{name}(\d*)\b", lambda found: letter + found[1].translate(LOWERED), text)
    return text.replace("**2", "²").replace("**", "^").replace("*", " ").replace("-", "−")


def underscored(text):
    r"""\beta_{1} for beta1, brackets for parentheses."""
    for name in GREEK:
        text = re.sub(rf"\b{name}(\d)\b", rf"\\{name}_{{\1}}", text)
    return text.replace("**", "^").replace("sqrt(", "sqrt [").replace("^(", "^{").replace("sqrt [", "sqrt(")


def of_expression(source, names, seed=0):
    """At least five ways to write an expression, none of them as the reference is written."""
    e = expression(source, names)
    x = sympy.Symbol(random.Random(f"{source}{seed}").choice(sorted(names)), positive=True)
    ways = [
        str(way(e))
        for way in (sympy.expand, sympy.factor, sympy.together, sympy.powsimp, sympy.simplify, sympy.radsimp)
    ]
    ways += [Reversed().doprint(e), unicode_notation(str(e)), underscored(str(e)), f"1/(1/({e}))", f"({e}) + {x} − {x}"]
    ways += [f"answer = {e}", f"({sympy.expand(e * x)})/{x}", re.sub(r"sqrt(\([^()]*\))", r"\1^0.5", str(e))]
    return [way for way in dict.fromkeys(ways) if way != source]


def of_number(source, number, unit):
    """At least five ways to write a number."""
    exact = sympy.sympify(source.replace("^", "**"), locals={"ln": sympy.log})
    short = f"{number:.6g}"
    fraction = sympy.Rational(short)
    ways = [
        short,
        f"{number:.12g}",
        f"{number:.7e}",
        str(fraction),
        f"2*({exact})/2",
        f" ({short}) ",
        short.replace(".", ","),
    ]
    ways += [
        f"{short} {unit}",
        f"{short}{unit.replace('×', 'x')}",
        f"sqrt({number**2:.12g})" if number > 0 else f"-{-number:.6g}",
    ]
    return [way for way in dict.fromkeys(ways) if way != source]


class Renamed(ast.NodeTransformer):
    """The locals of a function, renamed."""

    def __init__(self, names):
        self.names = names

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node

    visit_FunctionDef = ast.NodeTransformer.generic_visit


def of_function(code, name):
    """Five ways to write a function."""
    tree = ast.parse(code)
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored -= {argument.arg for argument in tree.body[0].args.args}
    renamed = ast.unparse(Renamed({local: f"my_{local}" for local in stored}).visit(ast.parse(code)))
    squared = re.sub(r"\bg \* g\b", "g**2", code)
    helper = code.replace(f"def {name}(", "def helper(") + f"\ndef {name}(*given):\n    return tuple(helper(*given))\n"
    printing = code.replace("    return", "    print('done')\n    return", 1)
    return [ast.unparse(tree), renamed, squared.replace("    ", "\t"), helper, printing, "import math\n" + code]
