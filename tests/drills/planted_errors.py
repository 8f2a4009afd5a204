"""References and mistakes as Python sees them, and every small error that could be planted in one."""

import ast
import math
import random

NAMES = {name: getattr(math, name) for name in ("sqrt", "exp", "log2", "log10", "pi", "e")}
NAMES |= {"ln": math.log, "log": math.log, "abs": abs, "max": max, "min": min}


def value(source, **point):
    """The value of an expression as it stands in a drill."""
    text = source.replace("^", "**").replace("lambda", "lambda_")
    point = {name.replace("lambda", "lambda_"): x for name, x in point.items()}
    return eval(text, {"__builtins__": {}}, NAMES | point)


def points(where, count=8, seed=3):
    """Random points of a domain; other ones than the page draws."""
    source = random.Random(seed)
    return [
        {name: source.randint(*at[:2]) if len(at) == 3 else source.uniform(*at) for name, at in where.items()}
        for _ in range(count)
    ]


class Planted(ast.NodeTransformer):
    """Plants the error number ``wanted`` of those that can be planted."""

    SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}

    def __init__(self, names, wanted):
        self.names, self.wanted, self.seen = names, wanted, -1

    def here(self):
        self.seen += 1
        return self.seen == self.wanted

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if self.here():
            node.op = self.SWAPS[type(node.op)]()
        return node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return node.operand if self.here() else node

    def visit_Constant(self, node):
        if isinstance(node.value, (int, float)):
            for other in (node.value + 1, node.value * 1.05):
                if self.here():
                    return ast.Constant(other)
        return node

    def visit_Name(self, node):
        for other in self.names:
            if node.id in self.names and other != node.id and self.here():
                return ast.Name(other)
        return node

    def visit_Call(self, node):
        node.args = [self.visit(each) for each in node.args]
        if isinstance(node.func, ast.Name) and node.func.id in NAMES and self.here():
            return node.args[0]
        return node


def planted(source, names=()):
    """Every source that differs from this one by one small error."""
    text = source.replace("^", "**").replace("lambda", "lambda_")
    names = [name.replace("lambda", "lambda_") for name in names]
    wanted = 0
    while True:
        planter = Planted(names, wanted)
        tree = planter.visit(ast.parse(text))
        if planter.seen < wanted:
            return
        yield ast.unparse(ast.fix_missing_locations(tree)).replace("lambda_", "lambda")
        wanted += 1
