r"""Plant typos in LaTeX: all that one slip of the hand makes of a formula, and the mistakes that readers report most.

A slip drops, doubles or replaces one sign, symbol, script or bracket. The classics: eps within the root, a hat too few
or too many, beta_1 for beta_2, t for t-1, one memory for the other, a lost learning rate, a lost square, a fraction upside
down.
"""

import numpy as np
from arithmetic import OPERATIONS, Matrix, bare, evaluate
from grammar import FRACTIONS, join, tokenize

PLAIN = {"{", "}", "_", "^", "&", r"\\", ",", "."}
LOOKALIKES = [
    *(["m", "v", "s", "g", r"\theta"], ["x", "y", "z"], ["M", "G"], ["u", "m"], [r"\varphi", r"\theta"]),
    *([r"\eta", r"\lambda", r"\epsilon", r"\beta"], ["t", "1"], ["0", "1", "2"]),
    *(["+", "-"], ["<", ">"], [r"\max", r"\min"], [r"\sum", r"\prod"]),
]


def typos(latex):
    """Each typo as (what was done, the tokens of the formula with it)."""
    tokens = tokenize(latex)
    planted = {join(tokens[:start] + instead + tokens[stop:]): what for what, start, stop, instead in edits(tokens)}
    return [(what, latex) for latex, what in planted.items()]


def edits(tokens):
    """(what, start, stop, instead): replace tokens[start:stop]."""
    yield from slips(tokens)
    spans = list(quantities(tokens))
    for start, stop in spans:
        here = join(tokens[start:stop])
        yield f"drop {here}", start, stop, []
        yield f"square {here}", start, stop, ["(", *tokens[start:stop], ")", "^", "2"]
        if tokens[start] != r"\hat":
            yield f"put a hat on {here}", start, stop, [r"\hat", *tokens[start:stop]]
    for (a, b), (c, d) in zip(spans, spans[1:]):
        if tokens[a:b] != tokens[c:d]:
            swapped = tokens[c:d] + tokens[b:c] + tokens[a:b]
            yield f"swap {join(tokens[a:b])} and {join(tokens[c:d])}", a, d, swapped
    for at, token in enumerate(tokens):
        if token in "^_" and at + 1 < len(tokens):
            yield f"drop the script {join(tokens[at:argument(tokens, at + 1)])}", at, argument(tokens, at + 1), []
        if token in "([":
            stop = closing(tokens, at)
            yield f"drop {join(tokens[at:stop])}", at, stop, []
            yield f"drop the bracket around {join(tokens[at + 1:stop - 1])}", at, stop, tokens[at + 1 : stop - 1]
        if token == r"\sqrt":
            yield from roots(tokens, at)
        if token in FRACTIONS:
            middle = argument(tokens, at + 1)
            stop = argument(tokens, middle)
            over, under = tokens[at + 1 : middle], tokens[middle:stop]
            yield "turn a fraction upside down", at, stop, [token, *under, *over]
            yield "multiply where one must divide", at, stop, ["(", *over[1:-1], ")", "(", *under[1:-1], ")"]
            yield "drop the denominator", at, stop, ["(", *over[1:-1], ")"]


def slips(tokens):
    """Drop, double or replace one token; a time t becomes t-1 or t+1."""
    for at, token in enumerate(tokens):
        yield f"drop {token}", at, at + 1, []
        if token not in PLAIN:
            yield f"double {token}", at, at + 1, [token, token]
        for alike in LOOKALIKES:
            for other in alike if token in alike else ():
                if other != token:
                    yield f"{other} for {token}", at, at + 1, [other]
        if token == "t" and tokens[at - 1 : at] == ["_"]:
            yield "t-1 for t", at, at + 1, ["{", "t", "-", "1", "}"]
        if tokens[at : at + 3] == ["t", "-", "1"]:
            yield "t for t-1", at, at + 3, ["t"]
            yield "t-2 for t-1", at, at + 3, ["t", "-", "2"]
        if tokens[at : at + 2] in (["^", "t"], ["^", "{"]):
            stop = argument(tokens, at + 1)
            yield "half the power", at, stop, ["^", "{", *tokens[at + 1 : stop], "/", "2", "}"]


def roots(tokens, at):
    """Take a root away, or move what is added to it inside."""
    stop = argument(tokens, at + 1)
    inside = tokens[at + 2 : stop - 1] if tokens[at + 1] == "{" else tokens[at + 1 : stop]
    yield "drop the root", at, stop, ["(", *inside, ")"]
    if tokens[stop : stop + 2] == ["+", r"\epsilon"]:
        yield "move eps into the root", at, stop + 2, [r"\sqrt", "{", *inside, "+", r"\epsilon", "}"]
        yield "lose eps", at, stop + 2, tokens[at:stop]


def quantities(tokens):
    """The spans of names and numbers with their hats and scripts, outside scripts."""
    at = 0
    while at < len(tokens):
        token, start = tokens[at], at
        at += 1
        if token in "_^":
            at = argument(tokens, at)
        elif token.isalnum() or token[0] == "\\" and token[1:].isalpha() and token not in NO_QUANTITY:
            at += token == r"\hat"
            while tokens[at : at + 1] in (["_"], ["^"]):
                at = argument(tokens, at + 1)
            yield start, at


NO_QUANTITY = FRACTIONS | {r"\sqrt", r"\quad", r"\qquad", r"\cdot", r"\sum", r"\max", r"\underbrace"}


def argument(tokens, at):
    """Where the argument that begins at ``at`` ends."""
    return closing(tokens, at) if tokens[at : at + 1] == ["{"] else at + 1


def closing(tokens, at):
    """Where the bracket opened at ``at`` is closed again (and the formula ends, if it never is)."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i] in "{([") - (tokens[i] in "})]")
        if not depth:
            return i + 1
    return len(tokens)


# Is it a typo at all? -------------------------------------------------------------------------------------------------


def same(chains, others, words, world):
    """Whether two readings say the same for whatever values of their symbols, as 2 a and a 2 do."""
    if [chain.relations for chain in chains] != [chain.relations for chain in others]:
        return False
    return all(
        statements(chains, given) == statements(others, given)
        for given in (anything(words, world, seed) for seed in (1, 2))
    )


def statements(chains, given):
    """The values of the sides of each chain, in no order where they are equated."""
    said = []
    for chain in chains:
        sides = [np.round(np.ravel(bare(evaluate(side, given))).astype(complex), 9).tolist() for side in chain.sides]
        said.append(sorted(sides, key=str) if set(chain.relations) == {"="} else sides)
    return said


def anything(words, world, seed):
    """Random values for every symbol, of no rule's making; only t and what sums run over stay as they are."""
    random = np.random.default_rng(seed)

    def draw(like):
        if isinstance(like, Matrix):
            return Matrix(random.random(like.entries.shape))
        return 0.3 + 0.6 * random.random(np.shape(like))

    given = {name: Sequence(lambda: draw(np.zeros(3))) for name in words.sequences}
    for name in words.constants:
        like = world.get(name, 0.0)
        given[name] = like if isinstance(like, (int, range, tuple)) and name not in "gd" else draw(like)
    for number, name in enumerate(sorted(words.functions - OPERATIONS.keys()), 1):
        given[name] = lambda *args, number=number: sum(np.sin(number + k * bare(arg)) for k, arg in enumerate(args, 1))
    return given


class Sequence(dict):
    """A value for every step, drawn when it is asked for and kept."""

    def __init__(self, draw):
        self.draw = draw

    def __contains__(self, step):
        self.setdefault(step, None)
        if self[step] is None:
            self[step] = self.draw()
        return True
