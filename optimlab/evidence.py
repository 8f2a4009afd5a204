"""Whether a claim about two SymPy expressions holds: by algebra for every value, by 50 digits at a point of the domain.

A domain maps symbols to open intervals; what a symbol was declared to be (real, positive, an integer) holds besides.
"""

from sympy import Abs, Dummy, Lambda, Max, Pow, Rational, Sum, cancel, expand, factor, oo, sign, simplify, sympify
from sympy.core.function import UndefinedFunction

# Each route turns a zero into 0, and a positive expression into one that SymPy sees to be positive; the quickest first.
ROUTES = {
    "cancelling": cancel,
    "expansion": expand,
    "factoring": lambda difference: factor(difference, deep=True),
    "simplification": simplify,
}
SEEN = {"==": "is_zero", ">=": "is_nonnegative", ">": "is_positive"}


def route(difference, relation, domain):
    """The first route that shows ``difference relation 0`` for every value of its symbols, in words, or None.

    >>> from sympy import Symbol, sqrt
    >>> beta = Symbol("beta", positive=True)
    >>> route(sqrt(1 - beta) * sqrt(1 / (1 - beta)) - 1, "==", {beta: (0, 1)})
    'cancelling with beta as 1/(1 + q)'
    >>> route(sqrt(1 - beta) * sqrt(1 / (1 - beta)) - 1, "==", {})    # false for beta = 2
    """
    forms = [(_cases(form), how) for form, how in _forms(difference, domain)]
    for name, rewrite in ROUTES.items():
        for cases, how in forms:
            if all(getattr(rewrite(case), SEEN[relation]) for case in cases):
                return name + how
    return None


def _forms(difference, domain):
    """The expression as it is, and written so that SymPy sees the intervals: beta = 1/(1 + q), beta**t = 1/(1 + w)."""
    intervals, powers = {}, {}
    for x in sorted(difference.free_symbols & domain.keys(), key=str):
        (low, high), q = domain[x], Dummy(f"q_{x}", positive=True)
        intervals[x] = low + q if high is oo else low + (high - low) / (1 + q)
    how = f" with {', '.join(map(str, intervals))} as 1/(1 + q)"
    if difference.has(Sum):  # a sum of powers of beta has a closed form once SymPy knows that beta is not 1
        return [(difference.subs(intervals).doit(), how)]
    unrolled = difference.replace(lambda e: e.is_Pow and e.base in intervals, lambda e: e.expand(power_exp=True))
    for power in unrolled.atoms(Pow):
        counts = power.exp.is_Symbol and power.exp.is_integer and power.exp.is_nonnegative
        if counts and domain.get(power.base) == (0, 1):
            powers[power] = 1 / (1 + Dummy(f"w_{power.base}", nonnegative=True))
    return [(difference, ""), (unrolled.subs(powers).subs(intervals), how)]


def _cases(expression):
    """The expression for each sign of a symbol inside an absolute value or a sign, where SymPy decides nothing."""
    undecided = {x for f in expression.atoms(Abs, sign) for x in f.args if x.is_Symbol and x.is_positive is None}
    if not undecided:
        return [expression.replace(Max, _largest)]
    x, size = min(undecided, key=str), Dummy("size", positive=True)
    values = [size, -size] + [0] * (x.is_zero is None)
    return [case for value in values for case in _cases(expression.subs(x, value))]


def _largest(*values):
    """Max, which by itself does not factor the differences of its arguments."""
    return next((x for x in values if all(factor(x - y).is_nonnegative for y in values)), Max(*values))


def failure(left, right, relation, point):
    """In words, where and how ``left relation right`` fails at a point of its domain; None where it holds.

    >>> from sympy import Symbol
    >>> x = Symbol("x")
    >>> failure(x**2, x, "==", {x: Rational(1, 3)})
    'false at x = 1/3: 1/9 and 1/3'
    >>> failure(x**2, x, "==", {x: Rational(1)})
    """
    where = ", ".join(f"{x} = {value}" for x, value in point.items()) or "these numbers"
    counts = {x: value for x, value in point.items() if not value.is_number or value.is_integer}
    sides = (side.subs(point if side.has(Sum) else counts).doit() for side in (left, right))
    a, b = (side.evalf(50, subs=point) for side in sides)
    if not (a.is_finite and b.is_finite):
        return f"undefined at {where}: {a} and {b}"
    slack = Rational(1, 10**40) * (1 + abs(a) + abs(b))
    if {"==": abs(a - b) <= slack, ">=": a - b >= -slack, ">": a - b > 0}[relation]:
        return None
    exact = [side.subs(point).doit() for side in (left, right)]
    return f"false at {where}: {' and '.join(str(x if len(str(x)) < 20 else x.evalf(5)) for x in exact)}"


def draw(x, domain, source):
    """A random rational of the domain of x; for an undefined function, a random parabola."""
    if isinstance(x, UndefinedFunction):
        a, b, c = (Rational(source.randint(-30, 30), 10) for _ in range(3))
        return Lambda(y := Dummy("y"), a + b * y + c * y**2)
    low, high = domain.get(x, (-3, 3))
    for _ in range(1000):
        part = Rational(source.randint(1, 99), 100)
        value = sympify(source.randint(-40, 40)) if x.is_integer else low + part * (min(high, low + 6) - low)
        if admits(x, value, domain):
            return value
    raise ValueError(f"{x} was declared to be no number of the interval {domain[x]}")


def admits(x, value, domain):
    """Whether x may take this value, by its declaration and by its interval."""
    low, high = domain.get(x, (-oo, oo))
    declared = all(getattr(value, f"is_{key}") == flag for key, flag in x.assumptions0.items())
    return declared and bool(low < value) and bool(value < high)


def describe(x, domain):
    """The domain of x in words.

    >>> from sympy import Symbol
    >>> n, beta = Symbol("n", integer=True, positive=True), Symbol("beta", positive=True)
    >>> describe(n, {}), describe(beta, {}), describe(beta, {beta: (0, 1)})
    ('n = 1, 2, 3, ...', 'beta > 0', '0 < beta < 1')
    """
    if isinstance(x, UndefinedFunction):
        return f"any function {x}"
    if x in domain:
        low, high = domain[x]
        return f"{x} > {low}" if high is oo else f"{low} < {x} < {high}"
    if x.is_integer:
        return f"{x} = 1, 2, 3, ..." if x.is_positive else f"{x} = 0, 1, 2, ..." if x.is_nonnegative else f"{x} integer"
    signs = {"positive": "> 0", "negative": "< 0", "nonnegative": ">= 0", "nonzero": "!= 0"}
    return next((f"{x} {words}" for key, words in signs.items() if getattr(x, f"is_{key}")), f"{x} real")
