"""The grammar reads the book's LaTeX as TeX does, and refuses what it does not know: nothing is dropped in silence."""

import pytest
from arithmetic import evaluate
from checking import NOTATION
from grammar import Name, Unreadable, parse, tokenize
from typos import same, typos

WORDS = NOTATION.plus(constants=["a", "b", "c", r"\text{rows}"], sequences=["x"])
GIVEN = {"a": 2.0, "b": 3.0, "c": 5.0, "t": 3, r"\beta": 0.5, "x": {1: 10.0, 2: 20.0, 3: 30.0}}


@pytest.mark.parametrize(
    "latex, value",
    [
        (r"a + b c", 17),
        (r"a - b - c", -6),
        (r"-a^2", -4),
        (r"a b^2", 18),
        (r"(a b)^2", 36),
        (r"\tfrac12 a", 1),
        (r"\frac1b c", 5 / 3),
        (r"a / b", 2 / 3),
        (r"a / (b + c)", 0.25),
        (r"\sqrt{a b + 3} \cdot c", 15),
        (r"\beta^{\,t-1}", 0.25),
        (r"\sum_{i=1}^{t} \beta^{t-i} x_i", 42.5),
        (r"\sum_{i=1}^{t} x_i - a", 58),
        (r"\prod_{i=1}^3 i", 6),
        (r"\max(a, b - 2)", 2),
        (r"|a - c|", 3),
        (r"\bigl\lvert a - |b - c|\bigr\rvert", 0),
        (r"x_{t-1}", 20),
        (r"\begin{cases} a & b > c \\ b & \text{else} \end{cases}", 3),
    ],
)
def test_the_grammar_reads_as_tex_does(latex, value):
    (chain,) = parse(latex, WORDS)
    assert evaluate(chain.sides[0], GIVEN) == pytest.approx(value)


@pytest.mark.parametrize(
    "latex",
    [
        r"a = \alpha",  # no such symbol
        r"a = d",
        r"m = a",  # a memory without its step
        r"a_t = b",  # a step where there is none
        r"\beta_3 = a",
        r"a = \foo{b}",
        r"a = b \% c",
        r"a = b / c a",  # a / (b c) or (a / b) c?
        r"a = |b - |c||",  # which bar closes which?
        r"a = b 2",  # b2? b^2? 2 b?
        r"a^10",  # TeX reads a^1 0
        r"a = (b + c",
        r"a = b + c)",
        r"a = {b + c}",
        r"a = \sqrt b c}",
        r"a = b +",
        r"a = = b",
        r"a = b \bigl+ c",
        r"a ^ b ^ c",
        r"x_{t-}",
        r"x_{t,1",
        r"\begin{aligned} a &= b",
        r"a &= b \end{aligned}",
        r"\begin{matrix} a \end{matrix}",
        r"\begin{cases} a & b > c \end{cases}",
        r"a = \max b",
        r"a = \text{the size} + b",
        r"a = b \text{rows",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(latex):
    with pytest.raises(Unreadable):
        parse(latex, WORDS)


def test_a_block_is_read_to_its_end():
    chains = parse(r"\begin{aligned} a &= b, & b &= c, \\[2ex] c &= a \\ &\quad \le b . \end{aligned}", WORDS)
    assert [chain.relations for chain in chains] == [("=",), ("=",), ("=", "<=")]


def test_a_sum_goes_on_in_the_next_row():
    (chain,) = parse(r"\begin{aligned} a &= b \\ &\quad - c + b . \end{aligned}", WORDS)
    assert evaluate(chain.sides[1], GIVEN) == 1


def test_words_are_kept():
    (chain,) = parse(r"a = b \;\text{ at rest},", WORDS)
    assert chain.remarks == (r"\text{at rest}",)


def test_a_label_belongs_to_the_name_and_a_power_does_not():
    (chain,) = parse(r"v^{\max}_t = v_t^2", WORDS)
    assert chain.sides[0] == Name(r"v^\max", (Name("t", ()),))
    assert chain.sides[1].head == "^"


def test_the_classic_mistakes_are_among_the_planted_ones():
    hat = r"\hat m_t = \frac{m_t}{1-\beta_1^t},"
    step = r"\theta_t = \theta_{t-1} - \eta\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}"
    adam = hat + step
    planted = {latex.replace(" ", "") for _, latex in typos(adam)}
    said = "".join(tokenize(adam))
    classics = {
        r"\sqrt{\hatv_t}+\epsilon": r"\sqrt{\hatv_t+\epsilon}",  # eps within the root
        r"\sqrt{\hatv_t}": r"\sqrt{v_t}",  # a hat too few
        r"\beta_1": r"\beta_2",  # the other beta
        r"\theta_{t-1}": r"\theta_{t}",  # t for t-1
        r"-\eta\frac": r"-\frac",  # a lost learning rate
        r"-\eta": r"+\eta",  # uphill
        r"\beta_1^t": r"\beta_1",  # a lost power
        r"\frac{\hatm_t}": r"\frac{\hatv_t}",  # the other memory
    }
    for right, wrong in classics.items():
        before, after = said.split(right)[0], right.join(said.split(right)[1:])
        assert before + wrong + after in planted, f"{wrong} for {right}"


def test_a_commuted_product_is_no_typo_and_a_lost_factor_is():
    world = {"a": 1.0, "b": 1.0, "t": 3}
    original = parse(r"x_t = a b x_{t-1}", WORDS)
    assert same(original, parse(r"x_t = b x_{t-1} a", WORDS), WORDS, world)
    assert not same(original, parse(r"x_t = a x_{t-1}", WORDS), WORDS, world)
