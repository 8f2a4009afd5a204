"""The vocabulary of the proofs: symbols that know their domain, ``expectation``, ``prove``, ``refute`` and the LEDGER.

A proof runs a shipped rule on these symbols and hands both sides of its claim to ``prove``, which asks twice: algebra must
show the claim for every value of the symbols, and 50-digit arithmetic must agree at random points. Neither is enough
alone: algebra believes the assumptions it is given, and points can miss the one place where a claim fails.
"""

import random
from dataclasses import dataclass
from functools import wraps

from sympy import Abs, Dummy, Float, Lambda, Max, Mul, Poly, PolynomialError, Rational, Sum, Symbol, cancel, expand, factor
from sympy import oo, sign, simplify, symbols, sympify
from sympy.core.function import AppliedUndef, UndefinedFunction

from .contract import find

theta, g, m, mu = symbols("theta g m mu", real=True)  # parameter, gradient, average gradient, expected gradient
v, s = symbols("v s", nonnegative=True)  # average and sum of squared gradients
lr, eps, weight_decay, c, h = symbols("eta epsilon lambda c h", positive=True)  # c: a scale, h: a curvature
beta, beta1, beta2 = symbols("beta beta1 beta2", positive=True)
t = Symbol("t", integer=True, nonnegative=True)  # steps taken so far

DOMAIN = {beta: (0, 1), beta1: (0, 1), beta2: (0, 1)}  # open intervals, which SymPy's assumptions cannot say
POINTS = 20  # random points at which a claim is confirmed
LEDGER = []  # one Row per claim, in the order they were settled
_RAN = []  # the rules that ran since the last claim was settled


class FalseStatement(Exception):
    """The claim fails at a point of its domain, which the message names."""


class NotProved(Exception):
    """No route shows the claim, and no point speaks against it: it may still be true."""


@dataclass(frozen=True)
class Row:
    """A settled claim: "thm-label: in words", its verdict and how it was reached, the rules that ran, for which values."""

    name: str
    verdict: str
    method: str
    rules: tuple
    assumptions: tuple = ()
    route: str = ""  # which algebra showed it

    label = property(lambda self: self.name.partition(": ")[0])
    claim = property(lambda self: self.name.partition(": ")[2])

    def __repr__(self):
        values = f"\n  for {', '.join(self.assumptions)}" if self.assumptions else ""
        return f"{self.verdict}: {self.claim}{values}\n  {self.method}; on the shipped {', '.join(self.rules)}"


def shipped(*names):
    """The rules of optimlab.rules by name, as they ship; the ledger notes which of them ran for which claim.

    >>> sgd = shipped("sgd")
    >>> sgd(theta, g, lr=lr)
    (-eta*g + theta, {})
    """

    def noted(rule):
        @wraps(rule)
        def run(*args, **hyper):
            _RAN.append(rule.__name__)
            return rule(*args, **hyper)

        return run

    rules = [noted(find(name)) for name in names]
    return rules[0] if len(rules) == 1 else rules


def expectation(expression, moments, independent=False):
    """The expectation of a polynomial in random symbols, term by term: E is linear, and that is all it is.

    ``moments`` maps powers of random symbols to their expectations. E does not pass through a root or a quotient, and
    splits a product only where its factors are ``independent``.

    >>> expectation(3 * g + g**2 - c, {g: mu, g**2: s})
    -c + 3*mu + s
    >>> expectation(1 / (1 + g**2), {g: mu})
    Traceback (most recent call last):
    ValueError: 1/(g**2 + 1) is no polynomial in g: E does not pass through it
    """
    moments = {sympify(power): sympify(value) for power, value in moments.items()}
    drawn = sorted({x for power in moments for x in power.free_symbols}, key=str)
    try:
        terms = Poly(expand(expression), *drawn).terms()
    except PolynomialError:
        names = ", ".join(map(str, drawn))
        raise ValueError(f"{expression} is no polynomial in {names}: E does not pass through it") from None
    total = sympify(0)
    for powers, coefficient in terms:
        factors = [x**k for x, k in zip(drawn, powers) if k]
        if missing := [power for power in factors if power not in moments]:
            raise ValueError(f"E[{missing[0]}] is not given; given are those of {', '.join(map(str, moments))}")
        if len(factors) > 1 and not independent:
            raise ValueError(f"E[{Mul(*factors)}] is a product of expectations only where its factors are independent")
        total += coefficient * Mul(*(moments[power] for power in factors))
    return total


def prove(name, lhs, rhs, *, relation="==", domain=None, assuming=""):
    """Show ``lhs relation rhs`` (==, >= or >) for every value of the symbols, confirm it at random points, note it.

    ``name`` is "thm-label: the claim in words"; the sides are expressions, or tuples and states of them; ``domain`` puts
    symbols into open intervals; ``assuming`` says what symbols cannot.

    >>> sgd = shipped("sgd")
    >>> prove("thm-sgd: a step against the gradient", sgd(theta, g, lr=lr), (theta - lr * g, {}))
    proved: a step against the gradient
      for eta > 0, g real, theta real
      algebraically, and at 20 random points; on the shipped sgd
    >>> prove("thm-sgd: the step is longer than 1", lr, 1, relation=">")
    Traceback (most recent call last):
    optimlab.symbols.FalseStatement: thm-sgd: the step is longer than 1: false at eta = 33/50: 33/50 and 1
    """
    domain, pairs = DOMAIN | (domain or {}), list(_pairs(name, lhs, rhs))
    free, draw, routes = _free(name, pairs), random.Random(name), []
    for _ in range(POINTS if free else 1):
        if failure := _failure(name, pairs, relation, {x: _draw(x, domain, draw) for x in free}):
            raise FalseStatement(f"{name}: false {failure}")
    for left, right in pairs:
        if not (route := _route(left - right, relation, domain)):
            raise NotProved(f"{name}: no route ({', '.join(ROUTES)}) proves it, though random points agree")
        routes.append(route)
    method = f"algebraically, and at {POINTS} random points" if free else "exactly"
    where = [_describe(x, domain) for x in free] + [assuming] * bool(assuming)
    return _note(name, "proved", method, tuple(where), ", ".join(dict.fromkeys(routes)))


def refute(name, lhs, rhs, point, *, relation="==", domain=None):
    """Show that ``lhs relation rhs`` is not always so, by one exact point of its domain where it fails; note it.

    >>> sgd = shipped("sgd")
    >>> refute("thm-sgd: the step is g long", theta - sgd(theta, g, lr=lr)[0], g, {g: 3, lr: Rational(1, 2)})
    refuted: the step is g long
      at g = 3, eta = 1/2: 3/2 and 3; on the shipped sgd
    """
    domain, pairs = DOMAIN | (domain or {}), list(_pairs(name, lhs, rhs))
    point = {x: sympify(value) for x, value in point.items()}
    for x in _free(name, pairs):
        if x not in point or not _admits(x, point[x], domain):
            raise ValueError(f"{name}: the point must give {_describe(x, domain)}, got {x} = {point.get(x)}")
    if not (failure := _failure(name, pairs, relation, point)):
        raise NotProved(f"{name}: true at {point}, so this point refutes nothing")
    return _note(name, "refuted", failure)


# How algebra is asked: each route turns a zero into 0, and a positive expression into one that SymPy sees to be positive.
ROUTES = {
    "expansion": expand,
    "factoring": lambda difference: factor(difference, deep=True),
    "cancelling": cancel,
    "simplification": simplify,
}
SEEN = {"==": "is_zero", ">=": "is_nonnegative", ">": "is_positive"}


def _route(difference, relation, domain):
    """The first route that shows ``difference relation 0``, in words, or None."""
    forms = [(_cases(form.doit()), how) for form, how in _forms(difference, domain)]
    for route, rewrite in ROUTES.items():
        for cases, how in forms:
            if all(getattr(rewrite(case), SEEN[relation]) for case in cases):
                return route + how
    return None


def _forms(difference, domain):
    """The expression as it stands, and written so that SymPy sees the intervals: beta = 1/(1 + q), beta**t = 1/(1 + w)."""
    if not difference.has(Sum):  # a sum of powers of beta has a closed form once SymPy knows that beta is not 1
        yield difference, ""
    intervals, powers = {}, {}
    for x in sorted(difference.free_symbols & domain.keys(), key=str):
        (low, high), q = domain[x], Dummy(f"q_{x}", positive=True)
        intervals[x] = low + q if high is oo else low + (high - low) / (1 + q)
        if (low, high) == (0, 1):
            powers[x**t] = 1 / (1 + Dummy(f"w_{x}", nonnegative=True))
    names = ", ".join(map(str, intervals))
    yield difference.subs(intervals), f" with {names} as 1/(1 + q)"
    unrolled = difference.replace(lambda e: e.is_Pow and e.base in intervals, lambda e: e.expand(power_exp=True))
    yield unrolled.subs(powers).subs(intervals), f" with {names} as 1/(1 + q), powers of t as 1/(1 + w)"


def _cases(expression):
    """The expression for each sign of a symbol inside an absolute value or a sign, where SymPy decides nothing itself."""
    undecided = {x for f in expression.atoms(Abs, sign) for x in f.args if x.is_Symbol and x.is_positive is None}
    if not undecided:
        return [expression.replace(Max, _largest)]
    x, size = min(undecided, key=str), Dummy("size", positive=True)
    values = [size, -size] + [0] * (x.is_zero is None)
    return [case for value in values for case in _cases(expression.subs(x, value))]


def _largest(*values):
    """Max, which by itself does not factor the differences of its arguments."""
    return next((x for x in values if all(factor(x - y).is_nonnegative for y in values)), Max(*values))


def _failure(name, pairs, relation, point):
    """Where ``left relation right`` fails at a point, compared with 50 digits, or None where it holds."""
    where = ", ".join(f"{x} = {value}" for x, value in point.items()) or "these numbers"
    counts = {x: value for x, value in point.items() if not value.is_number or value.is_integer}
    for sides in pairs:
        left, right = (side.subs(point if side.has(Sum) else counts).doit().evalf(50, subs=point) for side in sides)
        if not (left.is_finite and right.is_finite):
            raise FalseStatement(f"{name}: undefined at {where}: {left} and {right}")
        gap, slack = left - right, Rational(1, 10**40) * (1 + abs(left) + abs(right))
        if not {"==": abs(gap) <= slack, ">=": gap >= -slack, ">": gap > 0}[relation]:
            exact = [side.subs(point).doit() for side in sides]
            return f"at {where}: {' and '.join(str(x if len(str(x)) < 20 else x.evalf(5)) for x in exact)}"
    return None


def _pairs(name, lhs, rhs):
    """Corresponding expressions of two expressions, tuples or states."""
    if isinstance(lhs, dict) and isinstance(rhs, dict) and lhs.keys() == rhs.keys():
        lhs, rhs = list(lhs.values()), [rhs[key] for key in lhs]
    if isinstance(lhs, (tuple, list)) and isinstance(rhs, (tuple, list)) and len(lhs) == len(rhs):
        for left, right in zip(lhs, rhs):
            yield from _pairs(name, left, right)
    elif isinstance(lhs, (tuple, list, dict)) or isinstance(rhs, (tuple, list, dict)):
        raise ValueError(f"{name}: {lhs} and {rhs} are not of one form")
    elif inexact := sympify(lhs).atoms(Float) | sympify(rhs).atoms(Float):
        raise ValueError(f"{name}: {min(inexact).n(6)} is a float; write Rational(9, 10), not 0.9")
    else:
        yield sympify(lhs), sympify(rhs)


def _free(name, pairs):
    """The symbols and the undefined functions of a claim, in alphabetical order."""
    sides = [side for pair in pairs for side in pair]
    free = {x for side in sides for x in side.free_symbols | {f.func for f in side.atoms(AppliedUndef)}}
    for x in free:
        if isinstance(x, Symbol) and not x.is_real:
            raise ValueError(f"{name}: {x} may be complex; declare it real, positive or an integer")
        if sum(str(y) == str(x) for y in free) > 1:
            raise ValueError(f"{name}: two different symbols are named {x}; use the one of optimlab.symbols")
    return sorted(free, key=str)


def _draw(x, domain, draw):
    """A random rational of the domain of x; for an undefined function a random parabola."""
    if isinstance(x, UndefinedFunction):
        a, b, c = (Rational(draw.randint(-30, 30), 10) for _ in range(3))
        return Lambda(theta, a + b * theta + c * theta**2)
    low, high = domain.get(x, (-3, 3))
    for _ in range(1000):
        fraction = Rational(draw.randint(1, 99), 100)
        value = sympify(draw.randint(-40, 40)) if x.is_integer else low + fraction * (min(high, low + 6) - low)
        if _admits(x, value, domain):
            return value
    raise ValueError(f"{x} was declared to be no number of the interval {domain[x]}")


def _admits(x, value, domain):
    """Whether x may take this value, by its declaration and its interval."""
    low, high = domain.get(x, (-oo, oo))
    declared = all(getattr(value, f"is_{key}") == flag for key, flag in x.assumptions0.items())
    return declared and bool(low < value) and bool(value < high)


def _describe(x, domain):
    """The domain of x in words."""
    if isinstance(x, UndefinedFunction):
        return f"any function {x}"
    if x in domain:
        low, high = domain[x]
        return f"{x} > {low}" if high is oo else f"{low} < {x} < {high}"
    if x.is_integer:
        return f"{x} = 1, 2, 3, ..." if x.is_positive else f"{x} = 0, 1, 2, ..." if x.is_nonnegative else f"{x} integer"
    signs = {"positive": "> 0", "negative": "< 0", "nonnegative": ">= 0", "nonzero": "!= 0"}
    return next((f"{x} {words}" for key, words in signs.items() if getattr(x, f"is_{key}")), f"{x} real")


def _note(name, verdict, method, assumptions=(), route=""):
    """Enter a settled claim into the ledger; one for which no shipped rule ran is refused."""
    if not (name.startswith("thm-") and ": " in name):
        raise ValueError(f'a claim is named "thm-label: in words", got {name!r}')
    rules = [rule for row in LEDGER if row.label == name.partition(": ")[0] for rule in row.rules] + _RAN
    if not rules:
        raise ValueError(f"{name}: no shipped rule ran for this theorem; call one of shipped(...) and compare its result")
    _RAN.clear()
    row = Row(name, verdict, method, tuple(dict.fromkeys(rules)), assumptions, route)
    LEDGER[:] = [old for old in LEDGER if old.name != name] + [row]
    return row
