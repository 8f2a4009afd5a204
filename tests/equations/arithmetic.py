"""The values of parsed equations: numbers, arrays (entry by entry), matrices, whole numbers as indices."""

import math

import numpy as np
from grammar import Apply, Cases, Name, Number, Sum


MANY = 10_000  # terms of a sum; more are a typo
NO_VALUE = (ArithmeticError, AttributeError, TypeError, ValueError)  # what operations on values that do not fit raise


class Unknown(LookupError):
    """A name or a step that has no value (yet)."""


class Matrix:
    """A matrix or a column whose product is the matrix product, as in d^T H d; one by one it is a number."""

    __array_ufunc__ = None

    def __init__(self, entries):
        self.entries = np.asarray(entries, float)

    def __add__(self, other):
        return Matrix(self.entries + other.entries)

    def __sub__(self, other):
        return Matrix(self.entries - other.entries)

    def __mul__(self, other):
        product = self.entries @ other.entries if isinstance(other, Matrix) else self.entries * other
        return product.item() if product.size == 1 else Matrix(product)

    def __rmul__(self, number):
        return Matrix(self.entries * number)

    def __neg__(self):
        return Matrix(-self.entries)

    def __pow__(self, exponent):
        return Matrix(np.linalg.matrix_power(self.entries, exponent))

    @property
    def T(self):
        return Matrix(self.entries.T)


def bare(x):
    return x.entries if isinstance(x, Matrix) else x


OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "neg": lambda a: -a,
    "sqrt": np.sqrt,
    "abs": lambda a: len(a) if isinstance(a, tuple) else abs(a),
    "norm": lambda a: float(np.sqrt((bare(a) ** 2).sum())),
    "transpose": lambda a: a.T,
    "tuple": lambda *a: np.array(a),
    r"\ln": math.log,
    r"\max": np.maximum,
    r"\mathrm{sign}": np.sign,
    r"\mathbb{E}": lambda samples: samples.mean(axis=0),  # of what is random, the first axis runs over all cases
}


def evaluate(node, given):
    r"""The value of an expression, where ``given`` maps names to numbers, {step: value} and functions.

    >>> from grammar import parse, Vocabulary
    >>> chain, = parse(r"\sum_{i=1}^{3} \beta^{3-i}", Vocabulary(frozenset({r"\beta"}), frozenset(), frozenset()))
    >>> evaluate(chain.sides[0], {r"\beta": 0.5})
    1.75
    """
    match node:
        case Number(value):
            return int(value) if value == int(value) else value
        case Name(name, ()):
            return lookup(given, name, name)
        case Name(name, index):
            steps = tuple(whole(evaluate(part, given), name) for part in index)
            return lookup(lookup(given, name, name), steps[0] if len(steps) == 1 else steps, name)
        case Apply(head, args):
            operation = given[head] if head in given else lookup(OPERATIONS, head, head)
            return operation(*(evaluate(arg, given) for arg in args))
        case Sum(head, variable, low, high, body):
            terms = [evaluate(body, {**given, variable: i}) for i in span(variable, low, high, given)]
            return sum(terms) if head == r"\sum" else math.prod(terms)
        case Cases(branches):
            return next(evaluate(value, given) for value, chain in branches if chain is None or holds(chain, given))
    raise TypeError(f"{node!r} is no expression")


def lookup(mapping, key, name):
    if key not in mapping:
        raise Unknown(name if key == name else f"{name} at step {key}")
    return mapping[key]


def whole(index, name):
    if not isinstance(index, int):
        raise Unknown(f"{name} at step {index}, which is no whole number")
    return index


def span(variable, low, high, given):
    """The numbers a sum runs over: from low to high, the members of a set, or what is given for the bare letter."""
    if high is not None:
        numbers = range(whole(evaluate(low, given), variable), whole(evaluate(high, given), variable) + 1)
        if len(numbers) > MANY:
            raise Unknown(f"a sum of {len(numbers)} terms")
        return numbers
    return evaluate(low, given) if low is not None else lookup(given, variable, variable)


def compare(a, relation, b, near=1e-2):
    """Whether two values stand in the relation: equal to 1e-9, about equal to ``near``."""
    a, b = np.asarray(bare(a)), np.asarray(bare(b))
    if a.shape != b.shape and a.size > 1 < b.size:
        return False
    match relation:
        case "=" | "<-":
            return bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))
        case "~":
            return bool(np.allclose(a, b, rtol=near, atol=0))
        case "<":
            return bool((a < b).all())
        case ">":
            return bool((a > b).all())
        case "<=":
            return bool((a <= b + 1e-12).all())
        case ">=":
            return bool((a >= b - 1e-12).all())
    raise ValueError(f"{relation!r} is no relation")


def holds(chain, given):
    values = [evaluate(side, given) for side in chain.sides]
    return all(compare(a, relation, b) for a, relation, b in zip(values, chain.relations, values[1:]))
