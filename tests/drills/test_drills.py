"""Every reference is derived twice, every mistake is one and is named, and what is right is taken however written."""

import functools
import json
import math
import random
import re
from collections import Counter

import pytest
from derivations import DERIVED, SAID
from drill_text import ASKS, DRILLS, ROOT, extension
from planted_errors import planted, points, value
from rewriting import of_expression, of_function, of_number

SOURCE_002 = (  # the six problems of the lesson that the course audits as source C
    "ex-momentum-ema", "ex-adagrad-monotone", "ex-rmsprop-not-monotone", "ex-adam-iid", "ex-adamw-shrink",
    "ex-adamw-unequal", "ex-adam-beta1-zero",
)  # fmt: skip
DEFAULTS = {"0.9", "0.99", "0.999"}  # the betas of the rules
NUMBER = re.compile(r"(?<![\w.{^-])(\d+\.\d+|\d{2,})(?![\w.]|\.\d)")


def of_kind(*kinds):
    return [name for name, ask in ASKS.items() if ask.kind in kinds]


def differs(a, b, within):
    """Whether two results are not the same number, list or choice."""
    if isinstance(b, (list, tuple)):
        return len(a) != len(b) or any(differs(x, y, within) for x, y in zip(a, b))
    try:
        return not abs(a - b) <= within * max(abs(b), 1e-9)
    except (OverflowError, TypeError):
        return True


@functools.cache
def derived_points(name):
    """Points of the ask's domain, or its cases, each with what the derivation makes of it."""
    ask, derive = ASKS[name], DERIVED[name]
    if ask.kind == "expression":
        return [(at, derive(**at)) for at in points(ask.where)]
    if ask.kind == "function":
        return [(case, derive(*case)) for case in ask.cases]
    return [((), derive())]


def contradicted(name, **instead):
    """Whether the derivation speaks against the ask's reference, or against another one put ``instead`` of it."""
    ask, within = ASKS[name], DERIVED[name].within
    reference = instead.get("reference", ask.is_)
    derived = derived_points(name)
    try:
        if ask.kind == "expression":
            return any(differs(value(reference, **at), right, within) for at, right in derived)
        if ask.kind == "number":
            return differs(value(reference), derived[0][1], max(within, min(ask.within, 0.004)))
        if ask.kind == "function":
            found = extension("drills").results(reference, ask.name, ask.cases)
            return any(differs(mine, right, 1e-9) for mine, (_, right) in zip(found, derived))
    except (ArithmeticError, ValueError, TypeError, NameError, AttributeError):
        return True
    return derived[0][1] != [i == reference for i in range(len(ask.options))]


def test_the_drills_can_be_read():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    assert len(DRILLS) >= 45
    per_chapter = Counter(drill.page[:2] for drill in DRILLS)
    assert set(per_chapter) == {f"{n:02}" for n in range(1, 12)} and min(per_chapter.values()) >= 3
    assert set(SOURCE_002) <= {drill.label for drill in DRILLS}
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("*.md"))
    assert text.count("{drill}") == len(DRILLS) and text.count("{ask}") == len(ASKS)
    assert len(ASKS) == sum(len(drill.names) for drill in DRILLS)


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.label)
def test_a_drill_has_two_hints_an_answer_and_a_sentence_for_mistakes(drill):
    assert drill.body.count("```{hint}") == 2
    answers = (ROOT / f"solutions/drills/{drill.page}.md").read_text(encoding="utf-8")
    answer = answers.partition(f"<!-- {drill.label} -->")[2].partition(f"<!-- end {drill.label} -->")[0]
    assert len(answer.split()) > 15
    for ask in drill.asks:
        assert "`" not in ask.prompt  # it would end the fence
        assert re.search(r"\w", re.sub(r"\$[^$]*\$", "", ask.prompt)), "a field's label needs a word beside its formula"
        written = re.findall(r"^\* ", ask_text(drill, ask), re.MULTILINE)
        assert len(written) == len(ask.mistakes or ask.options), "a mistake that cannot be read"
        assert len(ask.mistakes) >= 1 or len(ask.options) >= 2
        sentences = [sentence for _, sentence in ask.mistakes or ask.options]
        assert len(set(sentences)) == len(sentences) and all(len(sentence.split()) >= 3 for sentence in sentences)


def ask_text(drill, ask):
    return next(
        part for part in drill.body.split("```{ask} ")[1:] if part.startswith(f"{ask.kind} {ask.prompt}")
    ).partition("\n```")[0]


@pytest.mark.parametrize("name", ASKS)
def test_the_reference_is_what_another_way_derives(name):
    assert not contradicted(name)


def test_nothing_is_derived_that_is_not_asked():
    assert set(DERIVED) == set(ASKS) and set(SAID) <= {drill.label for drill in DRILLS}


@pytest.mark.parametrize("name", of_kind("expression", "number", "function"))
def test_every_small_error_in_a_reference_is_found(name):
    ask = ASKS[name]
    where = points(ask.where, 20) if ask.where else []
    errors = list(planted(ask.is_, ask.where))
    if ask.kind == "expression":
        errors += [f"({ask.is_})*1.01", f"({ask.is_}) + 0.1"]
    if ask.kind == "number":
        errors += [f"({ask.is_})*{1 + 2.5 * max(ask.within, 0.004)}", f"-({ask.is_})"]
    missed = [error for error in errors if not contradicted(name, reference=error) and not same(ask, error, where)]
    assert missed == [] and errors


def same(ask, error, where):
    """Whether the planted error changed nothing at all."""
    if ask.kind == "expression":
        return all(not differs(value(error, **at), value(ask.is_, **at), 1e-9) for at in where)
    if ask.kind == "number":
        return not differs(value(error), value(ask.is_), max(ask.within, 0.004))
    results = extension("drills").results
    return not differs(results(error, ask.name, ask.cases), results(ask.is_, ask.name, ask.cases), 1e-9)


@pytest.mark.parametrize("name", of_kind("choice"))
def test_no_other_option_passes_for_the_right_one(name):
    assert all(contradicted(name, reference=i) for i in range(len(ASKS[name].options)) if i != ASKS[name].is_)


@pytest.mark.parametrize("name", of_kind("expression", "number"))
def test_every_mistake_differs_from_the_answer_and_from_the_other_mistakes(name):
    ask = ASKS[name]
    where = points(ask.where, 30) if ask.where else [{}]
    within = ask.within if ask.kind == "number" else 1e-6
    ways = {
        typed: [value(typed, **at) for at in where]
        for typed in [ask.is_, *(each for group, _ in ask.mistakes for each in group)]
    }
    group_of = {each: i for i, (group, _) in enumerate(ask.mistakes) for each in group}
    for a, b in ((a, b) for a in ways for b in ways if a < b and group_of.get(a, a) != group_of.get(b, b)):
        assert differs(ways[a], ways[b], 2 * within), f"{a} and {b} are the same"


@pytest.mark.parametrize("name", of_kind("function"))
def test_every_mistake_in_a_function_shows_in_its_cases(name):
    spec = ASKS[name].spec()
    found = [spec["is"], *spec["mistakes"]]
    assert all(differs(a, b, 1e-6) for i, a in enumerate(found) for b in found[:i])


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.label)
def test_every_number_that_a_hint_or_a_sentence_quotes_is_asked_for_or_derived(drill):
    hints = re.findall(r"```\{hint\}\n(.*?)```", drill.body, re.DOTALL)
    sentences = [sentence for ask in drill.asks for _, sentence in (ask.mistakes or ask.options)]
    given = re.sub(r"```\{(?:ask|hint)\}.*?^```", "", drill.body, flags=re.DOTALL | re.MULTILINE)
    known = set(re.findall(r"\d+(?:\.\d+)?", given + "".join(ask.prompt for ask in drill.asks))) | DEFAULTS
    quoted = {number for text in hints + sentences for number in NUMBER.findall(text.replace("{,}", ""))} - known
    derived = SAID.get(drill.label, {})
    assert quoted == set(derived)
    for number, derivation in derived.items():
        digits = len(number.partition(".")[2])
        assert abs(derivation() - float(number)) <= 0.51 * 10**-digits, number


@pytest.fixture(scope="module")
def said(judge):
    """{(name, answer): what the page says}, judged in one go: the references, rewritings and mistakes of all asks."""
    asked = []
    for name, ask in ASKS.items():
        asked += [(name, answer) for answer in rewritings(name)]
        asked += [(name, typed) for group, _ in ask.mistakes if ask.kind != "function" for typed in group]
    return dict(zip(asked, judge([(ASKS[name], answer) for name, answer in asked]), strict=True))


def rewritings(name):
    ask = ASKS[name]
    if ask.kind == "expression":
        return [ask.is_, *of_expression(ask.is_, list(ask.where))]
    if ask.kind == "number":
        return [ask.is_, *of_number(ask.is_, value(ask.is_), ask.unit)]
    return []


@pytest.mark.parametrize("name", of_kind("expression", "number"))
def test_the_page_takes_a_right_answer_however_it_is_written(name, said):
    ways = rewritings(name)
    assert len(ways) >= 6
    assert {way: said[name, way] for way in ways if said[name, way]["verdict"] != "right"} == {}


@pytest.mark.parametrize("name", of_kind("expression", "number"))
def test_the_page_knows_every_mistake(name, said):
    for number, (group, _) in enumerate(ASKS[name].mistakes):
        for typed in group:
            assert (said[name, typed]["verdict"], said[name, typed]["mistake"]) == ("mistake", number), typed


def test_what_was_understood_can_be_set(said):
    assert {asked: answer["preview"] for asked, answer in said.items() if "tex" not in answer["preview"]} == {}


@pytest.mark.parametrize("name", of_kind("function"))
def test_the_page_judges_functions_by_what_they_return(name, judge):
    run = runner()
    ask = ASKS[name]
    right = [run(code, ask) for code in of_function(ask.code, ask.name)]
    wrong = [run(code, ask) for code, _ in ask.mistakes]
    verdicts = judge([(ask, ran) for ran in right + wrong])
    assert [each["verdict"] for each in verdicts[: len(right)]] == ["right"] * len(right), right
    assert [each.get("mistake") for each in verdicts[len(right) :]] == list(range(len(wrong)))


def runner():
    """The very code that the worker runs in Pyodide, run here."""
    names = {}
    exec((ROOT / "book/scripts/drills/run.py").read_text(encoding="utf-8"), names)
    return lambda code, ask: json.loads(names["run"](code, ask.name, json.dumps(ask.cases)))


@pytest.mark.parametrize(
    "code, sentence",
    [
        ("def steps(:", "SyntaxError: invalid syntax (line 1)"),
        ("x = 1", "There is no function named steps; keep the first line as it was."),
        ("def steps(*a):\n    return nowhere", "NameError: name 'nowhere' is not defined (line 2)"),
        ("import sys\ndef steps(*a):\n    sys.exit(3)", "SystemExit: 3 (line 3)"),
        ("def steps(*a):\n    return [0.0] * 10**6", "The result is far longer than any answer here."),
        ("def steps(*a):\n    return steps(*a)", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_a_function_that_fails_is_answered_with_a_sentence(code, sentence, judge):
    ask = ASKS["ex-adam-function"]
    [answer] = judge([(ask, runner()(code, ask))])
    assert answer["verdict"] == "unreadable" and answer["say"].startswith(sentence)


@pytest.mark.parametrize(
    "returned", ["None", "'text'", "object()", "{1: 2}", "[float('nan')]", "[1j]", "[[[[1]]]]", "True"]
)
def test_whatever_a_function_returns_is_judged(returned, judge):
    ask = ASKS["ex-adam-function"]
    [answer] = judge([(ask, runner()(f"def steps(*a):\n    print('x' * 10**5)\n    return {returned}", ask))])
    assert answer["verdict"] == "wrong" and "gave" in answer["say"]


def test_a_choice_is_judged_by_its_number(judge):
    for name in of_kind("choice"):
        ask = ASKS[name]
        answers = [*map(str, range(len(ask.options))), "", "9", "x"]
        verdicts = [each["verdict"] for each in judge([(ask, answer) for answer in answers])]
        assert (
            verdicts == ["right" if i == ask.is_ else "mistake" for i in range(len(ask.options))] + ["unreadable"] * 3
        )


READ = [
    ("(1-beta1", "A closing parenthesis is missing."),
    ("1 - ", "It ends too early: something must follow the last sign."),
    ("", "Nothing is written yet."),
    ("1-beta2^t", "“beta2” is not one of the symbols beta1, t; did you mean beta1?"),
    ("1-bta1^t", "“bta1” is not one of the symbols beta1, t; did you mean beta1?"),
    ("1 - (beta1 +* t)", "I cannot read on at character 13: “* t)”."),
    ("sqrt t", "Write the argument of sqrt in parentheses: sqrt(...)."),
    ("f(t) = g = 1", "There are two equals signs; write one expression."),
    ("t < 1", "A comparison is no expression; write what it is equal to."),
    ("t!", "“!” means nothing here."),
]


@pytest.mark.parametrize("typed, sentence", READ)
def test_what_cannot_be_read_gets_a_sentence_that_names_the_place(typed, sentence, judge):
    [answer] = judge([(ASKS["ex-adam-iid-a"], typed)])
    assert (answer["verdict"], answer["say"]) == ("unreadable", sentence)


GENERAL = [
    ("ex-adam-iid-a", "beta1^t - 1", "Right but for the sign."),
    ("ex-adam-iid-a", "(1 - beta1^t)/2", "Right but for a constant factor."),
    ("ex-adam-iid-a", "t", "Not the same: at beta1 = "),
    ("ex-adam-iid-a", "ln(beta1 - 1)", "Yours has no value at beta1 = "),
    ("ex-adam-longest-b", "1.36", "Close, but not close enough: work with more digits."),
    ("ex-adam-longest-b", "-1.344", "Right but for the sign."),
    ("ex-adam-longest-b", "7", "Too large."),
    ("ex-adam-longest-b", "1/0", "That has no finite value."),
]


@pytest.mark.parametrize("name, typed, sentence", GENERAL)
def test_an_unknown_mistake_still_gets_a_useful_sentence(name, typed, sentence, judge):
    [answer] = judge([(ASKS[name], typed)])
    assert answer["verdict"] == "wrong" and answer["say"].startswith(sentence)


HOSTILE = [
    "constructor", "__proto__", "toString()", "eval('1')", "import('fs')", "f(x) = x", "a.b.c", "[1,2;3,4]",
    "{a: 1}", "'text'", "1;2", "x -> x", "1:3", "5 cm", "i", "Infinity", "NaN", "null", "true", "1e999",
    "(" * 299, ")" * 300, "((" + "-" * 200, "1" * 300, "\\", "_", "_{", "\\frac{1}{2}", "beta1" * 60, "√" * 200,
    "²", "^", "|", "||", "\u202e1", "\x00", "💥", "t" * 299, "1/0", "0/0", "t^t^t^t^t^t", "9^9^9^9", "sqrt(",
    "max()", "hasOwnProperty(1)", "1 to 2", "1 % 2", "~1", "t'", "not t", "1 mod 0",
]  # fmt: skip


def test_nothing_that_is_typed_makes_the_judge_throw_or_slow(judge):
    source = random.Random(7)
    letters = "beta1 t()^*/+-.,=|_{}[]√²β₁−\\sqrt0123 \n'\"<>!&;:@#"
    noise = ["".join(source.choices(letters, k=source.randrange(1, 60))) for _ in range(1500)]
    asks = ASKS["ex-adam-iid-a"], ASKS["ex-adam-longest-b"]
    answers = judge([(ask, typed) for ask in asks for typed in HOSTILE + noise])
    assert {answer["verdict"] for answer in answers} <= {"right", "wrong", "mistake", "unreadable"}
    assert all(answer.get("say") or answer["verdict"] in ("right", "mistake") for answer in answers)
    assert [typed for typed, answer in zip(HOSTILE, answers) if answer["verdict"] == "right"] == []


def test_a_planted_contradiction_is_seen():
    """The check of the references is no rubber stamp: the reference itself shifted by a hair is contradicted."""
    assert contradicted("ex-adam-iid-a", reference="(1 - beta1^t)*1.0001")
    assert not math.isnan(value(ASKS["ex-adam-two-steps-b"].is_))
