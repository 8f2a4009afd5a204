r"""A strict reader for the book's displayed equations: LaTeX in, expressions that can be evaluated out.

    block      = chain { separator chain }            separator: , . \\ & \quad \qquad \Longrightarrow
    chain      = sum { relation sum }                 relation:  = \approx \leftarrow \le \ge < >
    sum        = [+|-] product { (+|-) product }
    product    = power { [\cdot|\odot|/] power }      what follows a / is one factor: a / b c is refused as ambiguous
    power      = primary [ ^ exponent ]
    primary    = number | name | function ( sum, ... ) | ( sum ) | | sum | | \frac | \sqrt | \sum | \prod | cases

A name must be in the vocabulary: the symbols of the notation page, and those an equation declares for itself. Whatever
is not in the grammar or the vocabulary, and whatever is left over at the end, is an error: nothing is read in part.
"""

import re
from typing import NamedTuple

TOKEN = re.compile(r"\\[A-Za-z]+|\\\\(?:\[[^\]]*\])?|\\[,;:! |]|\d+(?:\.\d+)?|[A-Za-z]|[-+*/=<>()\[\]{}|^_&,.:;]|\s+")
SPACE = re.compile(r"\\[,;:! ]|\s+")
SIZES = {rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in "lr"} | {r"\left", r"\right"}
RELATIONS = {"=": "=", r"\approx": "~", r"\leftarrow": "<-", r"\le": "<=", r"\ge": ">=", "<": "<", ">": ">"}
BREAKS = {"&", r"\\", r"\quad", r"\qquad"}
ENDS = {",", ".", ":", ";", r"\Longrightarrow"} | BREAKS
WORDS = {r"\text", r"\mathrm", r"\operatorname", r"\mathbb", r"\begin", r"\end"}  # with their braces one token
FRACTIONS = {r"\frac", r"\tfrac", r"\dfrac"}
LABELS = {r"\star", r"\max"}
ACCENTS = {r"\hat", r"\tilde", r"\nabla"}
ROWS = {r"\begin{aligned}", r"\begin{gathered}"}
NO_FACTOR = {*"+-/^_)]}", r"\cdot", r"\odot"}
BARS = {"|": "|", r"\lvert": r"\rvert", r"\lVert": r"\rVert"}


class Unreadable(ValueError):
    """The LaTeX is not in the grammar; the message says where and why."""


class Number(NamedTuple):
    value: float


class Name(NamedTuple):
    name: str  # as in the vocabulary: "\\eta", "\\hat m", "v^{\\max}", "\\beta_1"
    index: tuple  # () for a constant, (time,) or (time, coordinate) for a sequence


class Apply(NamedTuple):
    """An operation on values: + - * / ^ neg sqrt abs norm transpose, or a function of the vocabulary."""

    head: str
    args: tuple


class Sum(NamedTuple):
    """A sum or product of the body from low to high, or over a set, or over what is given for the bare letter."""

    head: str
    variable: str
    low: object
    high: object
    body: object


class Cases(NamedTuple):
    branches: tuple  # of (value, the chain that must hold, or None for "else")


class Chain(NamedTuple):
    """``sides[0] relations[0] sides[1] relations[1] ...``, and the words before and after it."""

    sides: tuple
    relations: tuple
    remarks: tuple = ()
    source: str = ""


class Vocabulary(NamedTuple):
    """Which names an equation may use. A sequence needs an index, a constant has none, a function has arguments."""

    constants: frozenset
    sequences: frozenset
    functions: frozenset

    def plus(self, constants=(), sequences=(), functions=()):
        """This vocabulary and an equation's own symbols, which come first: there ``\\hat m`` may be a mere number."""
        own = frozenset(constants), frozenset(sequences), frozenset(functions)
        return Vocabulary(*(old - frozenset().union(*own) | new for old, new in zip(self, own)))


def tokenize(latex):
    """The tokens of a formula, without spaces and the sizes of its brackets.

    >>> tokenize(r"\\theta_{t-1} - \\eta\\,\\bigl(g_t\\bigr)")
    ['\\\\theta', '_', '{', 't', '-', '1', '}', '-', '\\\\eta', '(', 'g', '_', 't', ')']
    """
    tokens, at = [], 0
    while at < len(latex):
        found = TOKEN.match(latex, at)
        if not found:
            raise Unreadable(f"{latex[at]!r} is no token of the grammar, in {latex[max(0, at - 20):at + 20]!r}")
        at, token = found.end(), found[0]
        if token in WORDS:  # what is in its braces is words, not mathematics
            words = re.compile(r"\s*\{([^{}$\\]*)\}").match(latex, at)
            if not words:
                raise Unreadable(f"{token} must be followed by words in braces, at {latex[at:at + 20]!r}")
            token, at = f"{token}{{{words[1].strip()}}}", words.end()
        if not SPACE.fullmatch(token):
            tokens.append(r"\\" if token.startswith(r"\\") else token)  # however high the break between two rows
    for size, bracket in zip(tokens, tokens[1:] + [""]):
        if size in SIZES and bracket not in {*"()[]", *BARS, *BARS.values()}:
            raise Unreadable(f"{size} must stand before a bracket, not {bracket!r}")
    return [token for token in tokens if token not in SIZES]


def join(tokens):
    """LaTeX of tokens, with spaces where they are needed or help.

    >>> join(tokenize(r"\\theta_t=\\theta_{t-1}-\\eta g_t"))
    '\\\\theta_t = \\\\theta_{t - 1} - \\\\eta g_t'
    """
    return re.sub(r" (?=[{}_^),])|(?<=[{_^(]) ", "", " ".join(tokens))


def parse(latex, vocabulary):
    """The chains of a displayed block, in order.

    >>> words = Vocabulary(frozenset({r"\\eta", "t"}), frozenset({r"\\theta", "g"}), frozenset())
    >>> chain, = parse(r"\\theta_t = \\theta_{t-1} - \\eta\\,g_t .", words)
    >>> chain.sides[0]
    Name(name='\\\\theta', index=(Name(name='t', index=()),))
    >>> parse(r"\\theta_t = \\theta_{t-1} - \\alpha\\,g_t", words)
    Traceback (most recent call last):
    grammar.Unreadable: the vocabulary has no \\alpha
    """
    return _Parser(tokenize(latex), vocabulary).block()


class _Parser:
    def __init__(self, tokens, vocabulary):
        self.tokens, self.at, self.vocabulary = tokens, 0, vocabulary
        self.bound, self.bars = [], [None]

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *expected):
        token = self.peek()
        if token is None or expected and token not in expected:
            where = join(self.tokens[max(0, self.at - 6) : self.at])
            found = repr(token) if token else "the end"
            raise Unreadable(f"expected {' or '.join(expected) or 'more'} after {where}, found {found}")
        self.at += 1
        return token

    def accept(self, *options):
        return self.take() if self.peek() in options else None

    def block(self):
        rows, chains = (self.accept(*ROWS) or "").replace("begin", "end"), []
        while True:
            while self.accept(*ENDS):
                pass
            if self.peek() in (None, rows):
                break
            chains.append(self.chain())
            if self.peek() not in ENDS | {None, rows} and not self.is_remark():
                self.take(",", ".", r"\\", r"\qquad")
        if rows:
            self.take(rows)
        if self.peek() is not None:
            self.take("the end")
        return chains

    def is_remark(self):
        token = self.peek() or ""
        return token.startswith(r"\text{") and not any(name.startswith(token) for name in self.vocabulary.constants)

    def chain(self):
        remarks = [self.take()] if self.is_remark() else []
        while remarks and self.accept(*BREAKS):
            pass
        start, sides, relations = self.at, [], []
        sides.append(self.sum())
        while True:
            before = self.at
            while self.accept(*BREAKS):
                pass
            if self.peek() not in RELATIONS:
                self.at = before
                break
            relations.append(RELATIONS[self.take()])
            while self.accept("&"):
                pass
            sides.append(self.sum())
        source = join(self.tokens[start : self.at])
        if self.is_remark():
            remarks.append(self.take())
        return Chain(tuple(sides), tuple(relations), tuple(remarks), source)

    def sum(self):
        sign = self.accept("+", "-")
        value = self.product()
        value = Apply("neg", (value,)) if sign == "-" else value
        while sign := self.accept("+", "-") or self.sign_in_next_row():
            value = Apply(sign, (value, self.product()))
        return value

    def sign_in_next_row(self):
        """The sign with which a sum goes on after a row break."""
        at = self.at
        while self.accept(*BREAKS):
            pass
        if r"\\" in self.tokens[at : self.at] and self.peek() in ("+", "-"):
            return self.take()
        self.at = at
        return None

    def product(self):
        value = self.power()
        while True:
            if self.accept("/"):
                value = Apply("/", (value, self.power()))
                if self.starts_factor():
                    raise Unreadable(f"a / b c is ambiguous, at {self.peek()!r}; write a fraction or a bracket")
            elif self.accept(r"\cdot", r"\odot"):
                value = Apply("*", (value, self.power()))
            elif self.starts_factor():
                if self.peek()[0].isdigit():
                    raise Unreadable(f"the number {self.peek()} stands behind a factor; numbers come first")
                value = Apply("*", (value, self.power()))
            else:
                return value

    def starts_factor(self):
        token = self.peek()
        if token is None or token in ENDS or token in RELATIONS or self.is_remark():
            return False
        return token != self.bars[-1] and token not in NO_FACTOR and not token.startswith(r"\end")

    def power(self):
        value = self.primary()
        if self.accept("^"):
            if self.accept(r"\top"):
                return Apply("transpose", (value,))
            return Apply("^", (value, self.argument()))
        return value

    def primary(self):
        token = self.take()
        if token[0].isdigit():
            return Number(float(token))
        if token in ("(", "["):
            return self.bracket(token)
        if token in BARS and token != self.bars[-1]:
            value = self.enclosed(BARS[token])
            return Apply("norm" if token == r"\lVert" else "abs", (value,))
        if token in FRACTIONS:
            return Apply("/", (self.argument(), self.argument()))
        if token == r"\sqrt":
            return Apply("sqrt", (self.argument(),))
        if token in (r"\sum", r"\prod"):
            return self.big(token)
        if token == r"\begin{cases}":
            return self.cases()
        if token == r"\underbrace":
            value = self.argument()
            self.take("_")
            self.take("{")
            if not self.is_remark():
                self.take(r"\text{...}")
            self.take()
            self.take("}")
            return value
        return self.name(token)

    def bracket(self, opening):
        close = {"(": ")", "[": "]"}[opening]
        values = [self.enclosed(close, also=",")]
        while self.tokens[self.at - 1] == ",":
            values.append(self.enclosed(close, also=","))
        return values[0] if len(values) == 1 else Apply("tuple", tuple(values))

    def enclosed(self, close, also=None):
        self.bars.append(close)
        value = self.sum()
        self.bars.pop()
        self.take(close, *([also] if also else []))
        return value

    def argument(self):
        """What TeX takes as an argument: a group in braces, or one token; of a number, one digit."""
        if self.accept("{"):
            return self.enclosed("}")
        token = self.take()
        if token[0].isdigit():
            return Number(float(self.digit(token)))
        if token in FRACTIONS | {r"\sqrt"}:
            raise Unreadable(f"{token} as an argument must stand in braces")
        return self.name(token, bare=True)

    def digit(self, number):
        """The first digit of a number that stands without braces, as TeX reads x^10; the others follow it."""
        if "." in number:
            raise Unreadable(f"{number} as an argument must stand in braces")
        if number[1:]:
            self.at -= 1
            self.tokens[self.at] = number[1:]
        return number[0]

    def big(self, head):
        self.take("_")
        grouped = self.accept("{")
        variable = self.take()
        if not variable.isalpha():
            raise Unreadable(f"{head} runs over a letter, not {variable!r}")
        low = None
        if grouped:
            if self.accept("="):
                low = self.sum()
            elif self.accept(r"\in"):
                low = self.name(self.take(), bare=True)
            self.take("}")
        high = self.argument() if self.accept("^") else None
        self.bound.append(variable)
        body = self.product()
        self.bound.pop()
        return Sum(head, variable, low, high, body)

    def cases(self):
        branches = []
        self.bars.append(None)
        while True:
            value = self.sum()
            self.take("&")
            branches.append((value, None if self.accept(r"\text{else}") else self.condition()))
            self.accept(",", ".")
            if not self.accept(r"\\"):
                break
        self.bars.pop()
        self.take(r"\end{cases}")
        if branches[-1][1] is not None:
            raise Unreadable("cases must end with what holds else")
        return Cases(tuple(branches))

    def condition(self):
        left, relation = self.sum(), RELATIONS[self.take(*RELATIONS)]
        return Chain((left, self.sum()), (relation,))

    def name(self, token, bare=False):
        """A symbol with its accent, its label above (star, max, words) and its index below."""
        base = token
        if token in ACCENTS:
            grouped = self.accept("{")
            base = f"{token} {self.take()}"
            if grouped:
                self.take("}")
        if token == r"\ln":
            return Apply(r"\ln", (self.power(),))
        if base in self.bound:
            return Name(base, ())
        base = self.label(base, bare)
        below = [] if bare or self.peek() != "_" else self.below()
        base = base if "^" in base else self.label(base, bare)
        if base in self.vocabulary.functions:
            if below:
                raise Unreadable(f"the function {base} has an index")
            argument = self.bracket(self.take("(", "["))
            several = isinstance(argument, Apply) and argument.head == "tuple"
            return Apply(base, argument.args if several else (argument,))
        return self.lookup(base, below)

    def label(self, base, bare=False):
        """A label in the place of an exponent belongs to the name: the star of eta^star, the max of v^max."""
        following = self.tokens[self.at : self.at + 4]
        if bare or following[:1] != ["^"]:
            return base
        inner = following[2:3] if following[1:2] == ["{"] else following[1:2]
        if inner and (inner[0] in LABELS or inner[0].startswith(r"\text{")):
            self.at += 2
            if following[1] == "{":
                self.at += 1
                self.take("}")
            return f"{base}^{inner[0]}"
        return base

    def below(self):
        """The parts of an index, each a pair (its tokens, a function that reads them as an expression)."""
        self.take("_")
        if not self.accept("{"):
            token = self.take()
            return [[self.digit(token) if token[0].isdigit() else token]]
        parts, depth = [[]], 0
        while depth or self.peek() != "}":
            token = self.take()
            depth += (token == "{") - (token == "}")
            if token == "," and not depth:
                parts.append([])
            else:
                parts[-1].append(token)
        self.take("}")
        return parts

    def lookup(self, base, below):
        constants, sequences, _ = self.vocabulary
        if below:
            labelled = f"{base}_{''.join(below[0])}"
            if labelled in constants and len(below) == 1:
                return Name(labelled, ())
            if f"{labelled}," in sequences:  # beta_{1,t}: the label, then the step
                return Name(f"{labelled},", tuple(map(self.index, below[1:])))
            if base in sequences:
                return Name(base, tuple(map(self.index, below)))
            raise Unreadable(f"the vocabulary has no {labelled}")
        if base in sequences:
            raise Unreadable(f"{base} stands without the step it belongs to")
        if base not in constants:
            raise Unreadable(f"the vocabulary has no {base}")
        return Name(base, ())

    def index(self, tokens):
        inner = _Parser(tokens, self.vocabulary)
        inner.bound = self.bound
        value = inner.sum()
        if inner.peek() is not None:
            raise Unreadable(f"the index {' '.join(tokens)} is not read to its end")
        return value
