"""Does a system of equations say what the rule does? Each is compared with a run, or defines what the next uses."""

import functools

import numpy as np
from arithmetic import NO_VALUE, Unknown, bare, compare, evaluate
from grammar import Apply, Name, Unreadable, Vocabulary, parse

BUILT_IN = {r"\max", r"\mathrm{sign}"}
NOTATION = Vocabulary(  # book/notation.md, whose table is compared with this
    constants=frozenset(
        {"t", r"\eta", r"\beta", r"\beta_1", r"\beta_2", r"\epsilon", r"\lambda", "h", "h_1", "h_n", r"\kappa", "B"}
    ),
    sequences=frozenset({r"\theta", "g", "m", "v", "s", r"v^\max", r"\hat m", r"\hat v"}),
    functions=frozenset({"L", "f", r"\mathbb{E}"} | BUILT_IN),
)


class Mismatch(AssertionError):
    """The equation was read, and is not what the rule does."""


def vocabulary(given, defines=()):
    """The notation, what the equation's world adds to it, and what it ``defines`` (with _t where that has steps)."""
    kinds = {"constants": [], "sequences": [], "functions": []}
    for name, value in given.items():
        kinds["sequences" if isinstance(value, dict) else "functions" if callable(value) else "constants"].append(name)
    for name in defines:
        kinds["sequences" if name.endswith("_t") else "constants"].append(name.removesuffix("_t"))
    return NOTATION.plus(**kinds)


@functools.lru_cache(maxsize=4096)
def read(latex, words):
    return tuple(parse(latex, words))


def check(system, blocks, worlds):
    """Raise Unreadable or Mismatch unless every equation of the LaTeX ``blocks`` holds in every world.

    An equation whose left side has no value yet defines it; in the last block, some other equation must then use it. Of
    the run's own quantities, those that the system ``compares`` must be among the left sides (m_0 is m's beginning).
    """
    words = vocabulary(worlds[0], system.defines)
    *companions, subject = (read(latex, words) for latex in blocks)
    chains = [chain for block in companions for chain in block] + list(subject)
    if said := {remark for chain in subject for remark in chain.remarks} ^ set(system.remarks):
        raise Unreadable(f"these words are not the ones expected: {', '.join(sorted(said))}")
    if not subject:
        raise Unreadable("there is no equation")
    for world in reversed(worlds):  # the late steps tell most
        run = Run(world, system)
        with np.errstate(all="ignore"):
            run.settle_all(chains)
        for name, chain in run.defined.items():
            others = [side for other in chains if other is not chain for side in other.sides]
            if chain in subject and name not in names(tuple(others)):
                raise Mismatch(f"{name} is defined and never used")
        if lacking := set(system.compares) - run.compared:
            raise Mismatch(f"no equation says what {' and '.join(sorted(lacking))} becomes")


class Run:
    """What is known of one world. What the system is to say of step t is ``expected``: unknown until it is said."""

    def __init__(self, world, system):
        self.given = {name: dict(value) if isinstance(value, dict) else value for name, value in world.items()}
        self.new = {name.removesuffix("_t") for name in system.defines}
        sequences = [name for name in system.compares if isinstance(self.given.get(name), dict)]
        self.expected = {name: self.given[name].pop(self.given["t"]) for name in sequences}
        self.defined, self.compared = {}, set()

    def settle_all(self, chains):
        """Settle the chains, in an order in which each has what it needs."""
        waiting = chains
        while waiting:
            missing, later = [], []
            for chain in waiting:
                try:
                    self.settle(chain)
                except Unknown as unknown:
                    missing.append(str(unknown))
                    later.append(chain)
                except NO_VALUE as problem:
                    raise Mismatch(f"{chain.source} has no value: {problem}") from problem
            if len(later) == len(waiting):
                raise Mismatch(f"nothing says what {' or '.join(dict.fromkeys(missing))} is")
            waiting = later

    def settle(self, chain):
        """Compare the sides with each other and with the run; where the left side is a new name, give it its value."""
        left, relations, given = chain.sides[0], list(chain.relations), self.given
        if not relations and "value" not in given:
            raise Mismatch("an expression alone says nothing")
        try:
            value = evaluate(left, given)
        except Unknown:
            value = self.learn(left, chain)
        else:
            if isinstance(left, Name) and relations[:1] in (["="], ["<-"]):
                first = left.index and evaluate(left.index[0], given) == 0
                self.compared.add(f"{left.name}_0" if first else left.name)
        values = [given[f"{left.name} after"] if relations[:1] == ["<-"] else value]
        values += [evaluate(side, given) for side in chain.sides[1:]]
        if chain in self.defined.values():  # the right side has just become the left
            values, relations = values[1:], relations[1:]
        if "value" in given:
            values, relations = [*values, given["value"]], [*relations, "="]
        exact = given.get("relations", relations)
        if len(exact) != len(relations):
            raise Mismatch(f"{len(exact)} relations were expected, not {len(relations)}")
        pairs = [each for each in zip(values, relations, values[1:], exact) if each[3]]
        agree = all(compare(a, written, b) and compare(a, known, b) for a, written, b, known in pairs)
        if agree != given.get("true", True):
            sides = " and ".join(str(np.round(bare(value), 6)) for value in values)
            raise Mismatch(f"in {chain.source} the sides are {sides}")

    def learn(self, left, chain):
        """The value of a left side that has none yet: the run's, once the right side has one, or the right side's."""
        if chain.relations[:1] != ("=",):
            raise Unknown(" and ".join(names(left)))
        value = evaluate(chain.sides[1], self.given)
        now = isinstance(left, Name) and (not left.index or evaluate(left.index[0], self.given) == self.given.get("t"))
        if now and left.name in self.expected:
            value = self.expected[left.name]
            self.compared.add(left.name)
        elif heads(left) and heads(left) <= self.new:
            self.defined.update(dict.fromkeys(heads(left), chain))
        else:
            raise Unknown(" and ".join(names(left)))
        define(left, value, self.given)
        return value


def define(left, value, given):
    """Give the names on a left side their values: one name, or several in a bracket."""
    if isinstance(left, Apply) and left.head == "tuple":
        for part, each in zip(left.args, value):
            define(part, float(each), given)
    elif isinstance(left, Name) and not left.index:
        given[left.name] = value
    elif isinstance(left, Name):
        given.setdefault(left.name, {})[evaluate(left.index[0], given)] = value
    else:
        raise Mismatch("a left side must be known, or a name")


def heads(left):
    """The names that an equation with this left side defines."""
    if isinstance(left, Apply) and left.head == "tuple":
        return set().union(*map(heads, left.args))
    return {left.name} if isinstance(left, Name) else set()


def names(node):
    """All names in an expression."""
    if isinstance(node, Name):
        return {node.name}.union(*map(names, node.index))
    if isinstance(node, tuple):
        return set().union(*map(names, node))
    return set()
