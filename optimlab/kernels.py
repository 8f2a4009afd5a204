r"""Rules and surfaces as programs: the shipped body is run once on numbers that record, and the record is printed.

    trace(adam)  ->  Program  ->  javascript(program)

What runs in the pages of the book is this print, so that no update rule is written a second time. A body may branch, as
RAdam's does on t: it is then run once for each way and both outcomes are kept, with the condition that chooses.

Nothing is simplified and no order is changed, and IEEE 754 rounds + - * / and the root alike everywhere. Only pow, cos
and sin differ from one library to the next, by a last bit: printed code takes them from its argument ``libm``, which is
JavaScript's own ``Math`` where none is given; a table of NumPy's makes the two agree to the last bit.

What is traced acts coordinate by coordinate. A matrix rule (muon) cannot be: it is refused, with a sentence.
"""

import math
import typing
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from .contract import Interval, Matrix, find, nearest
from .problems import Problem

LEAVES = ("constant", "hyper", "memory", "coordinate", "theta", "g", "noise")
PER_COORDINATE = ("coordinate", "theta", "g", "noise")  # leaves that differ from one coordinate, or point, to the next
WAYS = 64  # so many ways through a body are followed; a loop that waits for a number would have no end

#: How JavaScript writes each operation that a program may hold, and how tightly that binds: 9 never needs brackets.
JAVASCRIPT = {
    "choose": ("{} ? {} : {}", 0),
    **{sign: (f"{{}} {sign} {{}}", 1) for sign in ("<", "<=", ">", ">=")},
    "==": ("{} === {}", 1),
    "!=": ("{} !== {}", 1),
    "+": ("{} + {}", 2),
    "-": ("{} - {}", 2),
    "*": ("{} * {}", 3),
    "/": ("{} / {}", 3),
    "negative": ("-{}", 4),
    **{name: (f"Math.{name}({{}})", 9) for name in ("sqrt", "sign")},
    "maximum": ("Math.max({}, {})", 9),
    **{name: (f"libm.{name}({{}})", 9) for name in ("cos", "sin")},
    "pow": ("libm.pow({}, {})", 9),
}


class Untraceable(TypeError):
    """A body does what no trace can hold; the sentence says what."""


@dataclass(frozen=True)
class Program:
    """A body as straight-line code: ``nodes`` are (operator, arguments), each argument the place of an earlier node.

    ``outputs`` names the places of the results, ``hyper`` the numbers to be set, in order. ``born`` says what each
    memory is before the first step: a number, or "theta". ``varying`` holds the places whose value differs from
    coordinate to coordinate; all others need be worked out but once a step.
    """

    name: str
    hyper: tuple
    nodes: tuple
    outputs: dict
    born: dict
    varying: frozenset


def trace(rule, **options):
    """The Program of one step of ``rule`` (a rule or its name). ``options`` fix what is no number: flags and choices.

    >>> program = trace("momentum")
    >>> program.hyper, program.born
    (('lr', 'beta'), {'v': 0})
    >>> trace("muon")
    Traceback (most recent call last):
    optimlab.kernels.Untraceable: muon cannot be traced: it acts on whole matrices, a trace on one coordinate at a time
    """
    rule = find(rule) if isinstance(rule, str) else rule
    name, body = rule.__name__, rule.body
    if body.__annotations__.get("theta") is Matrix:
        raise Untraceable(f"{name} cannot be traced: it acts on whole matrices, a trace on one coordinate at a time")
    hyper = tuple(key for key, kind in rule.kinds.items() if isinstance(kind, Interval))
    fixed = {key: default for key, default in rule.hyper.items() if key not in hyper}
    if unknown := [key for key in options if key not in fixed]:
        raise TypeError(f"trace: {name} has no option {unknown[0]!r}; {nearest(unknown[0], fixed)}")
    tape = Tape(name)
    memory = Memory(tape)

    def run():
        symbols = {key: tape.put("hyper", key) for key in hyper}
        theta, state = body(tape.put("theta"), tape.put("g"), memory, **symbols, **{**fixed, **options})
        if state.keys() != memory.born.keys():
            read, written = (", ".join(keys) or "nothing" for keys in (memory.born, state))
            raise Untraceable(f"{name} cannot be traced: it reads {read} of its memory but writes {written}")
        return {"theta": theta, **state}

    outputs = tape.follow(run)
    return Program(name, hyper, tuple(tape.nodes), outputs, memory.born, _varying(tape.nodes, outputs))


def trace_surface(make, *hyper, name=None):
    """The Program of a Problem: its loss, grad and, where gradients are noisy, sample, with its start and minimum.

    ``make`` is a Problem or a function that makes one of the numbers named in ``hyper``.

    >>> from optimlab.problems import quadratic
    >>> sorted(trace_surface(quadratic, "kappa", "angle").outputs)
    ['grad[0]', 'grad[1]', 'loss', 'minimum[0]', 'minimum[1]', 'start[0]', 'start[1]']
    """
    name = name or getattr(make, "__name__", None) or make.name
    tape = Tape(name)

    def run():
        problem = make(**{key: tape.put("hyper", key) for key in hyper}) if callable(make) else make
        if not isinstance(problem, Problem) or problem.project:
            raise Untraceable(f"{name} cannot be traced: it is not one problem without constraints")
        theta = np.array([tape.put("coordinate", i) for i in range(len(problem.start))], dtype=object)
        noise = SimpleNamespace(normal=lambda size: np.array([tape.put("noise", i) for i in range(size)], dtype=object))
        sample = {"sample": problem.sample(theta, None, noise)} if problem.sample else {}
        points = {"start": problem.start, "minimum": problem.minimum, "grad": problem.grad(theta), **sample}
        entries = {f"{what}[{i}]": x for what, point in points.items() for i, x in enumerate(np.array(point, object))}
        return {"loss": np.asarray(problem.f(theta), dtype=object).item(), **entries}

    outputs = tape.follow(run)
    return Program(name, hyper, tuple(tape.nodes), outputs, {}, _varying(tape.nodes, outputs))


class Tape:
    """What has been done, each operation once and in order, and the answers where a body asked which way to go."""

    def __init__(self, name):
        self.name, self.nodes, self.places = name, [], {}
        self.given, self.asked, self.runs = [], {}, 0

    def put(self, operator, *arguments):
        """The Number that ``operator`` gives; the same operation on the same numbers is noted once."""
        node = (operator, arguments if operator in LEAVES else tuple(self.place(x) for x in arguments))
        place = self.places.setdefault(repr(node), len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append(node)
        return Number(self, place)

    def place(self, x):
        if isinstance(x, Number):
            return x.place
        if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, float, np.integer, np.floating)):
            came = f"{type(x).__name__} {x!r:.60}"
            raise Untraceable(f"{self.name} cannot be traced: it calculates with {came}, not with a number")
        return self.put("constant", x.item() if isinstance(x, np.generic) else x).place

    def decide(self, condition):
        """The answer to a question: as it was before, as given beforehand, or True where it is new."""
        if condition.place not in self.asked:
            asked = len(self.asked)
            if asked == WAYS:
                raise Untraceable(f"{self.name} cannot be traced: it asks on and on which way to go, as in a loop")
            self.asked[condition.place] = self.given[asked] if asked < len(self.given) else True
        return self.asked[condition.place]

    def follow(self, run, given=()):
        """The places of what ``run`` gives by name, over every way through it that its questions open."""
        self.given, self.asked, self.runs = given, {}, self.runs + 1
        if self.runs > WAYS:
            raise Untraceable(f"{self.name} cannot be traced: there are more than {WAYS} ways through it")
        try:
            outputs = {key: self.place(value) for key, value in run().items()}
        except Untraceable:
            raise
        except (TypeError, ValueError, AttributeError, KeyError, IndexError) as problem:
            known = "+ - * / **, sqrt, maximum, sign, cos, sin and comparisons of single numbers"
            raise Untraceable(f"{self.name} cannot be traced: {problem} (a trace holds {known})") from problem
        asked = list(self.asked.items())
        for last in reversed(range(len(given), len(asked))):
            others = self.follow(run, [*(answer for _, answer in asked[:last]), False])
            if others.keys() != outputs.keys():
                one, other = ", ".join(outputs), ", ".join(others)
                raise Untraceable(f"{self.name} cannot be traced: one way it gives {one}, another {other}")
            outputs = {key: self.either(asked[last][0], place, others[key]) for key, place in outputs.items()}
        return outputs

    def either(self, question, yes, no):
        return yes if yes == no else self.put("choose", *(Number(self, place) for place in (question, yes, no))).place


class Number:
    """A number that notes what is done to it. To the rules it is one more array library (see ops.family)."""

    __hash__ = None

    def __init__(self, tape, place):
        self.tape, self.place = tape, place

    def __array_namespace__(self):
        return SimpleNamespace(sqrt=Number.sqrt, maximum=lambda x, y: x.tape.put("maximum", x, y), sign=Number.sign)

    def __pow__(self, power):
        """NumPy squares by multiplying, so a printed square multiplies, too."""
        return self * self if isinstance(power, int) and power == 2 else _binary("pow", self, power)

    def __neg__(self):
        return self.tape.put("negative", self)

    def __bool__(self):
        is_condition = self.tape.nodes[self.place][0] in ("<", "<=", ">", ">=", "==", "!=")
        return self.tape.decide(self if is_condition else self.tape.put("!=", self, 0))

    def __format__(self, spec):
        return f"<{self.tape.nodes[self.place][0]}>"

    def __float__(self):
        raise Untraceable(f"{self.tape.name} cannot be traced: it asks for the value of a number, and a trace has none")

    __int__ = __index__ = __float__

    def _reduce(self, *_, **__):
        raise Untraceable(f"{self.tape.name} cannot be traced: it takes all coordinates together, a trace one alone")

    sum = prod = mean = std = var = min = max = any = all = dot = _reduce

    # NumPy calls these by name on the entries of object arrays.
    def sqrt(self):
        return self.tape.put("sqrt", self)

    def sign(self):
        return self.tape.put("sign", self)

    def cos(self):
        return self.tape.put("cos", self)

    def sin(self):
        return self.tape.put("sin", self)

    def deg2rad(self):
        return self * (math.pi / 180)


def _binary(operator, left, right):
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return NotImplemented  # the array meets the number entry by entry
    tape = (left if isinstance(left, Number) else right).tape
    return tape.put(operator, left, right)


for _method, _operator in {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.items():
    setattr(Number, f"__{_method}__", lambda self, other, operator=_operator: _binary(operator, self, other))
    setattr(Number, f"__r{_method}__", lambda self, other, operator=_operator: _binary(operator, other, self))
for _method, _operator in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(Number, f"__{_method}__", lambda self, other, operator=_operator: _binary(operator, self, other))
Number.__rpow__ = lambda self, other: _binary("pow", other, self)


class Memory:
    """A rule's memory as a trace sees it: read by get alone, whose default says what a newborn holds."""

    def __init__(self, tape):
        self.tape, self.born = tape, {}

    def get(self, key, default=None):
        is_theta = isinstance(default, Number) and self.tape.nodes[default.place] == ("theta", ())
        if not is_theta and (isinstance(default, bool) or not isinstance(default, (int, float))):
            birth = f"state.get({key!r}, ...) must start at a number or at theta"
            raise Untraceable(f"{self.tape.name} cannot be traced: {birth}")
        self.born[key] = "theta" if is_theta else default
        return self.tape.put("memory", key)

    def _refuse(self, *_):
        raise Untraceable(
            f"{self.tape.name} cannot be traced: it looks into its memory other than by state.get(key, value at birth)"
        )

    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = __setitem__ = keys = items = values = _refuse


def _varying(nodes, outputs):
    """The places that differ from coordinate to coordinate; a memory does if what is written to it does."""
    varying = set()
    while True:
        before = len(varying)
        for place, (operator, arguments) in enumerate(nodes):
            if operator in PER_COORDINATE or operator == "memory" and outputs[arguments[0]] in varying:
                varying.add(place)
            elif operator not in LEAVES and varying.intersection(arguments):
                varying.add(place)
        if len(varying) == before:  # a memory born at theta varies through what is written to it: a mix with theta
            return frozenset(varying)


def javascript(program):
    """The program as a JavaScript expression: a function of {hyperparameters} and libm.

    A rule's gives {birth(theta), step(theta, g, state)}, pure as the rule in Python; theta and g are arrays. A
    surface's gives {start, minimum, loss(theta), grad(theta)} and, where gradients are noisy, sample(theta, noise).

    >>> print(javascript(trace("momentum")))
    ({lr, beta}, libm = Math) => ({
      birth: (theta) => ({v: theta.map(() => 0)}),
      step(theta, g, state) {
        const next = {theta: [], v: []};
        for (let i = 0; i < theta.length; i++) {
          const v = beta * state.v[i] + g[i];
          next.theta[i] = theta[i] - lr * v;
          next.v[i] = v;
        }
        return [next.theta, {v: next.v}];
      },
    })
    """
    printer = Printer(program)
    lines = (_surface if "loss" in program.outputs else _step)(program, printer)
    return "\n".join([f"({{{', '.join(program.hyper)}}}, libm = Math) => {lines[0]}", *lines[1:]])


def _step(program, printer):
    one = {key: place for key, place in program.outputs.items() if place not in program.varying}
    each = {key: place for key, place in program.outputs.items() if key not in one}
    once = printer.once(program.outputs.values())
    loop = printer.lines(each.values())
    state = (f"{key}: {printer.text(one[key]) if key in one else f'next.{key}'}" for key in program.born)
    return [
        "({",
        f"  birth: (theta) => ({{{', '.join(f'{key}: {_birth(program, key)}' for key in program.born)}}}),",
        "  step(theta, g, state) {",
        *(f"    {line}" for line in once),
        f"    const next = {{{', '.join(f'{key}: []' for key in each)}}};",
        "    for (let i = 0; i < theta.length; i++) {",
        *(f"      {line}" for line in loop),
        *(f"      next.{key}[i] = {printer.text(place)};" for key, place in each.items()),
        "    }",
        f"    return [next.theta, {{{', '.join(state)}}}];",
        "  },",
        "})",
    ]


def _birth(program, key):
    born = program.born[key]
    if program.outputs[key] not in program.varying:
        return _literal(born)
    return "theta.slice()" if born == "theta" else f"theta.map(() => {_literal(born)})"


def _surface(program, printer):
    once = printer.once(program.outputs.values())
    methods = []
    for what, heads in {"loss": "theta", "grad": "theta", "sample": "theta, noise"}.items():
        places = [place for key, place in program.outputs.items() if key.partition("[")[0] == what]
        if places:
            own = printer.copy()
            body = own.lines(places)
            values = [own.text(place) for place in places]
            methods += [f"    {what}({heads}) {{", *(f"      {line}" for line in body)]
            methods += [f"      return {values[0] if what == 'loss' else '[' + ', '.join(values) + ']'};", "    },"]
    points = {
        what: [printer.text(place) for key, place in program.outputs.items() if key.startswith(f"{what}[")]
        for what in ("start", "minimum")
    }
    return [
        "{",
        *(f"  {line}" for line in once),
        "  return {",
        *(f"    {what}: [{', '.join(values)}]," for what, values in points.items()),
        *methods,
        "  };",
        "}",
    ]


class Printer:
    """Writes the nodes of a program as JavaScript: what is used once where it is used, what is used twice by name."""

    def __init__(self, program, written=()):
        self.program, self.written = program, dict(written)  # place -> (text, how tightly it binds)
        self.names = {place: key for key, place in program.outputs.items() if key in program.born}

    def copy(self):
        return Printer(self.program, self.written)

    def once(self, outputs):
        """Lines for all that does not vary and is asked for by what does, or is an output."""
        varying = self.program.varying
        asked = {place for at in self.needed(outputs) & varying for place in self.arguments(at)} | set(outputs)
        return self.lines(asked - varying, named=True)

    def lines(self, wanted, named=False):
        """Statements after which every wanted place has a text; with ``named``, each of them a name."""
        needed = self.needed(wanted)
        uses = Counter(argument for place in needed for argument in self.arguments(place)) + Counter(wanted)
        lines = []
        for place in sorted(needed):
            self.written[place] = self.expression(place)
            is_leaf = self.program.nodes[place][0] in LEAVES
            if not is_leaf and (uses[place] > 1 or named and place in wanted):
                name = self.names.get(place, f"a{place}")
                lines.append(f"const {name} = {self.text(place)};")
                self.written[place] = name, 9
        return lines

    def needed(self, wanted):
        """The wanted places and all they are made of, as far as they are not written yet."""
        found, ahead = set(), list(wanted)
        while ahead:
            place = ahead.pop()
            if place not in found and place not in self.written:
                found.add(place)
                ahead += self.arguments(place)
        return found

    def arguments(self, place):
        operator, arguments = self.program.nodes[place]
        return () if operator in LEAVES else arguments

    def expression(self, place):
        """The text of one node, and how tightly it binds."""
        operator, arguments = self.program.nodes[place]
        match operator:
            case "constant":
                text = _literal(arguments[0])
                return text, 4 if text.startswith("-") else 9
            case "hyper":
                return arguments[0], 9
            case "memory":
                return f"state.{arguments[0]}" + "[i]" * (place in self.program.varying), 9
            case "coordinate" | "noise":
                return f"{'theta' if operator == 'coordinate' else operator}[{arguments[0]}]", 9
            case "theta" | "g":
                return f"{operator}[i]", 9
        template, tightness = JAVASCRIPT[operator]
        return template.format(*(self.within(tightness, at, each) for at, each in enumerate(arguments))), tightness

    def within(self, tightness, position, place):
        """The text of an argument, in brackets where it would come apart: a - b + c means (a - b) + c."""
        text, own = self.written[place]
        loose = own < tightness or own == tightness and (position > 0 or tightness not in (2, 3))
        return f"({text})" if tightness < 9 and loose else text

    def text(self, place):
        return self.written[place][0]


def _literal(x):
    """A number as JavaScript writes it, to the last bit."""
    return "NaN" if math.isnan(x) else repr(x) if math.isfinite(x) else f"{'-' * (x < 0)}Infinity"
