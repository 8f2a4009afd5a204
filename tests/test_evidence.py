"""Algebra shows what is true and no more, a point what is false; a domain is a declaration and an interval."""

import random

import pytest
from sympy import Abs, Function, Lambda, Max, Piecewise, Rational, Sum, Symbol, oo, sign, simplify, sqrt
from sympy import Eq as Equal

from optimlab.evidence import admits, describe, draw, failure, route

beta, x, y = (Symbol(name, positive=True) for name in ("beta", "x", "y"))
g = Symbol("g", real=True)
a, t = Symbol("a", integer=True, nonnegative=True), Symbol("t", integer=True, nonnegative=True)
UNIT = {beta: (0, 1)}

DENIED = {  # true for 0 < beta < 1, g real, t = 0, 1, 2, ...; simplify(difference) is not 0
    "a root of a quotient": sqrt(1 - beta**t * beta) * sqrt(1 / (1 - beta ** (t + 1))) - 1,
    "a corrected root": x / (sqrt(y / (1 - beta**t * beta)) + x)
    - x * sqrt(1 - beta ** (t + 1)) / (sqrt(y) + x * sqrt(1 - beta ** (t + 1))),
    "a geometric sum": Sum(beta**a, (a, 0, t)) - (1 - beta ** (t + 1)) / (1 - beta),
    "a maximum": Max((1 - beta * beta**t) * x, (1 - beta**t) * x) - (1 - beta ** (t + 1)) * x,
    "a sign": sign(g) * Abs(g) * (1 - beta) * sqrt(1 / (1 - beta) ** 2) - g,
}


@pytest.mark.parametrize("what", DENIED)
def test_algebra_sees_truths_that_simplify_denies(what):
    assert simplify(DENIED[what]) != 0
    assert route(DENIED[what], "==", UNIT)


@pytest.mark.parametrize("what", ["a root of a quotient", "a corrected root", "a maximum", "a sign"])
def test_those_truths_need_the_interval(what):
    assert not route(DENIED[what], "==", {})


@pytest.mark.parametrize("what", DENIED)
def test_a_truth_made_a_little_false_is_not_shown(what):
    assert not route(DENIED[what] + Rational(1, 10**30), "==", UNIT)


def test_a_claim_false_at_a_single_point_is_not_shown():
    assert not route(Piecewise((1, Equal(x, Rational(1, 1000003))), (0, True)), "==", {})


def test_a_sign_is_split_into_all_its_cases():
    nonzero = Symbol("g", real=True, nonzero=True)
    assert route(sign(nonzero) ** 2 - 1, "==", {})
    assert not route(sign(g) ** 2 - 1, "==", {})  # 0 has sign 0
    assert route(g * sign(g) - Abs(g), "==", {})


def test_an_inequality_is_shown_where_it_holds_and_not_where_it_touches():
    assert route(1 - beta, ">", UNIT) and not route(1 - beta, ">", {})
    assert route(x**2 - 2 * x * y + y**2, ">=", {}) and not route(x**2 - 2 * x * y + y**2, ">", {})
    assert not route(x - y, ">=", {})
    assert route(Max(x, y) - x, ">=", {x: (0, 1), y: (1, oo)})


def test_a_point_is_compared_with_fifty_digits():
    nearly = 1 + Rational(1, 10**30)
    assert failure(x, x * nearly, "==", {x: Rational(2)}).startswith("false at x = 2:")
    assert failure(sqrt(x) ** 2, x, "==", {x: Rational(2)}) is None
    assert failure(x, x * nearly, ">", {x: Rational(2)}) and failure(x * nearly, x, ">", {x: Rational(2)}) is None
    assert failure(x, x * nearly, ">=", {x: Rational(2)}) and failure(x, x, ">=", {x: Rational(2)}) is None
    assert failure(x, x, ">", {x: Rational(2)})


def test_where_a_side_is_undefined_nothing_holds():
    assert failure(1 / (x - 2), x, "==", {x: Rational(2)}).startswith("undefined at x = 2")
    assert failure(g / Abs(g), sign(g), "==", {g: Rational(0)}).startswith("undefined at g = 0")


def test_random_points_lie_in_the_domain_and_are_the_same_every_time():
    symbols, domain = [beta, x, g, t, a, y], UNIT | {y: (2, oo)}
    for symbol in symbols:
        drawn = [draw(symbol, domain, random.Random(7)) for _ in range(2)]
        assert drawn[0] == drawn[1] and drawn[0].is_rational
        assert all(admits(symbol, draw(symbol, domain, source), domain) for source in map(random.Random, range(50)))


def test_an_unknown_function_is_drawn_and_is_not_linear():
    f = draw(Function("G", real=True), {}, random.Random(1))
    assert isinstance(f, Lambda) and f(0) + f(2) != 2 * f(1)


def test_a_symbol_that_fits_nowhere_in_its_interval_is_a_sentence():
    with pytest.raises(ValueError, match=r"x was declared to be no number of the interval \(-2, -1\)"):
        draw(x, {x: (-2, -1)}, random.Random(0))


def test_a_domain_is_the_declaration_and_the_interval():
    half, two = Rational(1, 2), Rational(2)
    assert admits(beta, half, UNIT) and not admits(beta, two, UNIT) and admits(beta, two, {})
    assert not admits(beta, -half, {}) and not admits(t, half, {}) and admits(t, two, {})
    assert [describe(z, UNIT | {y: (2, oo)}) for z in (beta, x, g, t, y)] == [
        "0 < beta < 1",
        "x > 0",
        "g real",
        "t = 0, 1, 2, ...",
        "y > 2",
    ]
