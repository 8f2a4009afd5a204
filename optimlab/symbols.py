"""The vocabulary of the proofs: symbols that know their domain, ``expectation``, ``prove``, ``refute`` and the LEDGER.

A proof runs a shipped rule on these symbols and hands both sides of its claim to ``prove``, which asks twice
(evidence.py): algebra must show the claim for every value of the symbols, and 50-digit arithmetic must agree at random
points. Neither is enough alone: algebra believes the assumptions it is given, and points can miss the one place where a
claim fails.
"""

import random
from dataclasses import dataclass
from functools import wraps
from textwrap import wrap

from sympy import Float, Mul, Poly, PolynomialError, Rational, Symbol, expand, symbols, sympify
from sympy.core.function import AppliedUndef

from . import descent, rules, schedules
from .contract import RULES, nearest
from .evidence import ROUTES, admits, describe, draw, failure, route

theta, g, m, mu = symbols("theta g m mu", real=True)  # parameter, gradient, average gradient, expected gradient
v, s = symbols("v s", nonnegative=True)  # average and sum of squared gradients
lr, eps, weight_decay, c, h = symbols("eta epsilon lambda c h", positive=True)  # c: a scale, h: a curvature
beta, beta1, beta2 = symbols("beta beta1 beta2", positive=True)
t = Symbol("t", integer=True, nonnegative=True)  # steps taken so far

DOMAIN = {beta: (0, 1), beta1: (0, 1), beta2: (0, 1)}  # open intervals, which SymPy's assumptions cannot say
POINTS = 20  # random points at which a claim is confirmed
PARTS = {  # what ships beside the rules and has theorems too -> its module
    "newton_schulz": rules,
    **dict.fromkeys(("clip_by_norm", "clip_by_value"), descent),
    **dict.fromkeys(("constant", "step", "linear", "polynomial", "cosine", "wsd", "inverse_sqrt"), schedules),
}
LEDGER = []  # one Row per claim, in the order they were settled
_RAN = []  # the rules that ran since the last claim was settled


class FalseStatement(Exception):
    """The claim fails at a point of its domain, which the message names."""


class NotProved(Exception):
    """No route shows the claim, and no point speaks against it: it may still be true."""


@dataclass(frozen=True)
class Row:
    """A settled claim: its name, "thm-label: in words"; verdict and method; the rules that ran; for which values."""

    name: str
    verdict: str
    method: str
    rules: tuple
    assumptions: tuple = ()
    route: str = ""  # which algebra showed it

    label = property(lambda self: self.name.partition(": ")[0])
    claim = property(lambda self: self.name.partition(": ")[2])

    def __repr__(self):
        lines = [f"{self.verdict}: {self.claim}", f"  {self.method}; on the shipped {', '.join(self.rules)}"]
        whole = ", ".join(words.replace(" ", "\xa0") for words in self.assumptions)  # no line breaks inside one
        lines[1:1] = wrap(whole, 84, initial_indent="  for ", subsequent_indent="    ")
        return "\n".join(lines).replace("\xa0", " ")


def shipped(*names):
    """The rules of optimlab.rules by name, as they ship, and PARTS; the ledger notes which of them ran for which claim.

    >>> sgd = shipped("sgd")
    >>> sgd(theta, g, lr=lr)
    (-eta*g + theta, {})
    """

    def noted(name):
        if name not in RULES and name not in PARTS:
            raise ValueError(f"nothing that ships is named {name!r}; {nearest(name, [*RULES, *PARTS])}")
        function = RULES[name] if name in RULES else getattr(PARTS[name], name)

        @wraps(function)
        def run(*args, **hyper):
            _RAN.append(name)
            return function(*args, **hyper)

        return run

    found = [noted(name) for name in names]
    return found[0] if len(found) == 1 else found


def exact(expression):
    """The expression with the decimal that a float was written as in its place: 0.1 becomes 1/10.

    For what ships with decimals in its body. ``prove`` takes no floats, which would make algebra approximate.

    >>> exact(theta + 3.4445 * g)
    6889*g/2000 + theta
    """
    return sympify(expression).replace(lambda part: part.is_Float, lambda part: Rational(str(part)))


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
    random_ones = sorted({x for power in moments for x in power.free_symbols}, key=str)
    try:
        terms = Poly(expand(expression), *random_ones).terms()
    except PolynomialError:
        names = ", ".join(map(str, random_ones))
        raise ValueError(f"{expression} is no polynomial in {names}: E does not pass through it") from None
    total = sympify(0)
    for powers, coefficient in terms:
        factors = [x**k for x, k in zip(random_ones, powers) if k]
        if missing := [power for power in factors if power not in moments]:
            raise ValueError(f"E[{missing[0]}] is not given; given are those of {', '.join(map(str, moments))}")
        if len(factors) > 1 and not independent:
            raise ValueError(f"E[{Mul(*factors)}] is a product of expectations only where its factors are independent")
        total += coefficient * Mul(*(moments[power] for power in factors))
    return total


def prove(name, lhs, rhs, *, relation="==", domain=None, assuming=""):
    """Show ``lhs relation rhs`` (==, >= or >) for every value of the symbols, confirm it at random points, note it.

    ``name`` is "thm-label: the claim in words"; the sides are expressions, or tuples and states of them; ``domain``
    puts symbols into open intervals; ``assuming`` says what symbols cannot.

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
    free, source, routes = _free(name, pairs), random.Random(name), []
    for _ in range(POINTS if free else 1):
        point = {x: draw(x, domain, source) for x in free}
        for left, right in pairs:
            if failed := failure(left, right, relation, point):
                raise FalseStatement(f"{name}: {failed}")
    for left, right in pairs:
        if not (found := route(left - right, relation, domain)):
            raise NotProved(f"{name}: no route ({', '.join(ROUTES)}) proves it, though random points agree")
        routes.append(found)
    method = f"algebraically, and at {POINTS} random points" if free else "exactly"
    where = [describe(x, domain) for x in free] + [assuming] * bool(assuming)
    return _note(name, "proved", method, tuple(where), ", ".join(dict.fromkeys(routes)))


def refute(name, lhs, rhs, point, *, relation="==", domain=None):
    """Show that ``lhs relation rhs`` is not always so, by one exact point of its domain where it fails; note it.

    >>> sgd = shipped("sgd")
    >>> refute("thm-sgd: the step is g long", theta - sgd(theta, g, lr=lr)[0], g, {g: 3, lr: 2})
    refuted: the step is g long
      false at g = 3, eta = 2: 6 and 3; on the shipped sgd
    """
    domain, [(left, right)] = DOMAIN | (domain or {}), _pairs(name, lhs, rhs)
    point = {x: sympify(value) for x, value in point.items()}
    for x in _free(name, [(left, right)]):
        if x not in point or not admits(x, point[x], domain):
            raise ValueError(f"{name}: the point must give {describe(x, domain)}, got {x} = {point.get(x)}")
    failed = failure(left, right, relation, point)
    if not failed or failed.startswith("undefined"):
        raise NotProved(f"{name}: {failed or f'true at {point}'}, so this point refutes nothing")
    return _note(name, "refuted", failed)


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


def _note(name, verdict, method, assumptions=(), route=""):
    """Enter a settled claim into the ledger; one for which no shipped rule ran is refused."""
    if not (name.startswith("thm-") and ": " in name):
        raise ValueError(f'a claim is named "thm-label: in words", got {name!r}')
    rules = [rule for row in LEDGER if row.label == name.partition(": ")[0] for rule in row.rules] + _RAN
    if not rules:
        raise ValueError(f"{name}: no shipped rule ran for this theorem; call one of shipped(...)")
    _RAN.clear()
    row = Row(name, verdict, method, tuple(dict.fromkeys(rules)), assumptions, route)
    LEDGER[:] = [old for old in LEDGER if old.name != name] + [row]
    return row
