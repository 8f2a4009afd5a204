"""prove and refute bite: false claims, unproved ones, wrong assumptions, claims about nothing that ships."""

import pytest
from sympy import Function, Piecewise, Rational, Symbol, sqrt
from sympy import Eq as Equal

from optimlab import symbols
from optimlab.symbols import LEDGER, FalseStatement, NotProved, exact, expectation, prove, refute, shipped
from optimlab.symbols import beta, beta1, beta2, c, eps, g, h, lr, m, mu, s, t, theta, v


@pytest.fixture(autouse=True)
def fresh_ledger(monkeypatch):
    """An empty ledger, in which one rule has run."""
    monkeypatch.setattr(symbols, "_RAN", ["sgd"])
    before = list(LEDGER)
    LEDGER.clear()
    yield
    LEDGER[:] = before


def test_a_false_claim_fails_with_the_point_and_both_values():
    with pytest.raises(FalseStatement, match=r"thm-x: a claim: false at eta = [\d/]+, g = -?[\d/]+: \S+ and \S+$"):
        prove("thm-x: a claim", lr * g, lr * g * (1 + Rational(1, 10**12)))
    assert not LEDGER


def test_a_false_claim_fails_at_the_same_point_every_time():
    messages = []
    for _ in range(2):
        with pytest.raises(FalseStatement) as failed:
            prove("thm-x: a claim", lr, h)
        messages.append(str(failed.value))
    assert messages[0] == messages[1]


def test_a_claim_that_only_random_points_support_is_not_proved():
    false_at_one_point = Piecewise((1, Equal(lr, Rational(1, 1000003))), (0, True))
    with pytest.raises(NotProved, match="thm-x: a claim: no route .* proves it, though random points agree"):
        prove("thm-x: a claim", false_at_one_point, 0)


def test_a_claim_that_only_algebra_supports_is_false(monkeypatch):
    monkeypatch.setattr(symbols, "route", lambda *_: "wishful thinking")
    with pytest.raises(FalseStatement):
        prove("thm-x: a claim", sqrt(g**2), g)


def test_betas_lie_between_0_and_1():
    prove("thm-x: below 1", 1, beta1, relation=">")
    prove("thm-x: a root", sqrt((1 - beta) ** 2), 1 - beta)
    free = Symbol("b", positive=True)
    with pytest.raises(FalseStatement):
        prove("thm-x: a root", sqrt((1 - free) ** 2), 1 - free)
    prove("thm-x: a root of b", sqrt((1 - free) ** 2), 1 - free, domain={free: (0, 1)})


def test_every_part_of_a_state_is_compared():
    adam = shipped("adam")
    after, state = adam(theta, g, {}, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    prove("thm-x: the same", (after, state), (after, dict(reversed(state.items()))))
    with pytest.raises(FalseStatement):
        prove("thm-x: the same", (after, state), (after, state | {"v": state["v"] + m}))
    with pytest.raises(ValueError, match="are not of one form"):
        prove("thm-x: the same", state, {"t": 1})
    with pytest.raises(ValueError, match="are not of one form"):
        prove("thm-x: the same", (after, 1), after)


def test_a_symbol_without_assumptions_is_refused():
    with pytest.raises(ValueError, match="thm-x: a claim: z may be complex; declare it real, positive or an integer"):
        prove("thm-x: a claim", Symbol("z"), Symbol("z"))


def test_a_namesake_with_other_assumptions_is_refused():
    with pytest.raises(ValueError, match="two different symbols are named theta; use the one of optimlab.symbols"):
        prove("thm-x: a claim", theta - Symbol("theta", positive=True), 0)


def test_a_float_is_refused():
    with pytest.raises(ValueError, match=r"0.9\d* is a float; write Rational\(9, 10\), not 0.9"):
        prove("thm-x: a claim", 0.9 * g, g * Rational(9, 10))


def test_what_holds_for_parabolas_only_is_not_proved_for_all_functions():
    G = Function("G", real=True)
    prove("thm-x: any function", G(theta) + G(m) - G(theta), G(m))
    with pytest.raises(FalseStatement):
        prove("thm-x: a linear function", G(theta) + G(m), G(theta + m))
    second_difference = G(theta + 3) - 3 * G(theta + 2) + 3 * G(theta + 1) - G(theta)
    with pytest.raises(NotProved):
        prove("thm-x: a parabola", second_difference, 0)


def test_a_refutation_needs_a_point_of_the_domain_where_the_claim_fails():
    row = refute("thm-x: g is positive", g, 0, {g: -1}, relation=">")
    assert row.method == "false at g = -1: -1 and 0"
    with pytest.raises(NotProved, match="true at .* so this point refutes nothing"):
        refute("thm-x: g is positive", g, 0, {g: 1}, relation=">")
    with pytest.raises(NotProved, match="undefined at g = 0"):
        refute("thm-x: one over g", 1 / g, g, {g: 0})
    with pytest.raises(ValueError, match="the point must give 0 < beta < 1, got beta = 2"):
        refute("thm-x: beta", beta, 1, {beta: 2})
    with pytest.raises(ValueError, match="the point must give eta > 0, got eta = None"):
        refute("thm-x: lr", lr, g, {g: 1})
    with pytest.raises(ValueError, match="the point must give t = 0, 1, 2, ..., got t = 1/2"):
        refute("thm-x: t", t, 1, {t: Rational(1, 2)})


def test_a_claim_is_named_by_its_label():
    for name in ("first step", "thm-first-step", "lemma-x: a claim"):
        with pytest.raises(ValueError, match='a claim is named "thm-label: in words"'):
            prove(name, g, g)


def test_a_theorem_for_which_no_shipped_rule_ran_is_refused(monkeypatch):
    prove("thm-x: the first claim may use what ran", g, g)
    prove("thm-x: a second claim of the same theorem too", g, g)
    with pytest.raises(ValueError, match="thm-y: another theorem: no shipped rule ran for this theorem"):
        prove("thm-y: another theorem", g, g)


def test_the_ledger_knows_what_ran_and_what_was_assumed():
    symbols._RAN.clear()
    adam, rmsprop = shipped("adam", "rmsprop")
    memory = {"t": t, "m": m, "v": v}
    ours, _ = adam(theta, g, memory, lr=lr, beta1=0, beta2=beta2, eps=eps)
    theirs, _ = rmsprop(theta, g, {"t": t, "v": v}, lr=lr, beta=beta2, eps=eps, debias=True)
    prove("thm-x: one step", ours, theirs, assuming="nothing else")
    [row] = LEDGER
    assert (row.label, row.claim, row.verdict, row.rules) == ("thm-x", "one step", "proved", ("adam", "rmsprop"))
    assert row.assumptions[0] == "0 < beta2 < 1" and row.assumptions[-1] == "nothing else"
    assert row.method == "algebraically, and at 20 random points" and row.route


def test_a_claim_made_again_replaces_its_row():
    prove("thm-x: a claim", g, g)
    prove("thm-x: another", g, g)
    prove("thm-x: a claim", h, h)
    assert [row.claim for row in LEDGER] == ["another", "a claim"]


def test_numbers_alone_are_compared_exactly():
    assert prove("thm-x: numbers", sqrt(8), 2 * sqrt(2)).method == "exactly"
    with pytest.raises(FalseStatement, match="false at these numbers: 1 and 2"):
        prove("thm-x: numbers", 1, 2)


def test_expectation_is_linear_and_no_more():
    assert expectation(lr * g + h * g**2, {g: mu, g**2: s}) == lr * mu + h * s
    assert expectation(g * m, {g: mu, m: c}, independent=True) == mu * c
    with pytest.raises(ValueError, match=r"E\[g\*m\] is a product of expectations only where"):
        expectation(g * m, {g: mu, m: c})
    with pytest.raises(ValueError, match=r"E\[g\*\*2\] is not given; given are those of g"):
        expectation(g**2, {g: mu})
    for outside in (sqrt(h + g), abs(g), 1 / (1 + g)):
        with pytest.raises(ValueError, match="E does not pass through it"):
            expectation(outside, {g: mu})


def test_only_what_ships_is_shipped():
    for name, near in {"adan": "adam", "cosin": "cosine", "clip_norm": "clip_by_norm"}.items():
        with pytest.raises(ValueError, match=f"nothing that ships is named '{name}'; did you mean '{near}'"):
            shipped(name)


def test_a_shipped_part_is_noted_under_its_own_name():
    symbols._RAN.clear()
    cosine, clip_by_norm = shipped("cosine", "clip_by_norm")
    n = Symbol("n", integer=True, positive=True)
    row = prove("thm-x: a schedule begins with its rate", cosine(lr, steps=n, floor=0)(1), lr)
    assert row.rules == ("cosine",)
    row = prove("thm-y: clipping keeps a short gradient", list(clip_by_norm([Rational(1, 2), 0], 1)), [Rational(1, 2), 0])
    assert row.rules == ("clip_by_norm",)


def test_exact_reads_a_float_as_the_decimal_that_was_written():
    assert exact(0.1 * g + 1e-7) == g / 10 + Rational(1, 10**7)
    sgd = shipped("sgd")
    prove("thm-x: a float made exact may be proved", exact(2.5 * sgd(theta, g, lr=lr)[0]), Rational(5, 2) * (theta - lr * g))
