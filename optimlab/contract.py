"""What every update rule promises and what it may be given, said once: the ``@rule`` decorator and the registry RULES.

The bodies in rules.py hold their formula and nothing else. All checking of arguments happens here, and every complaint
is a sentence that begins with the name of the rule. Values are never tested for finiteness: a run may diverge.
"""

import difflib
import functools
import inspect
import math
import typing

import numpy as np

from .ops import family

RULES = {}  # name -> rule, in book order


class Interval(typing.NamedTuple):
    """The numbers a hyperparameter may be: from ``low`` up to ``high``, which is one of them only where ``closed``.

    For most the name says it: ``beta...`` is in [0, 1); lr, eps and weight_decay are at least 0. The others are annotated
    with it. ``single`` is for a rule that branches on the value, which then cannot be an array or a symbol.
    """

    low: float
    high: float = math.inf
    closed: bool = False
    single: bool = False

    def __str__(self):
        if self.high == math.inf:
            return f"be finite and at least {self.low}"
        return f"lie in [{self.low}, {self.high}{']' if self.closed else ')'}"


class Matrix:
    """The annotation of a theta that must be a matrix, for a rule that does not act coordinate by coordinate."""


def rule(body):
    """Register an update rule ``(theta, g, state=None, *, lr, ...) -> (theta, state)`` and check what it is called with.

    ``state=None`` and ``state={}`` both mean a newborn memory. The rule carries ``hyper`` (its hyperparameters and their
    defaults, in order), ``kinds`` (what each may be: an Interval, bool, int or a Literal) and ``body`` (the bare formula,
    unchecked).

    >>> @rule
    ... def halve(theta, g, state, *, lr=0.5):
    ...     return theta - lr * theta, state
    >>> halve(8.0, 0.0)
    (4.0, {})
    >>> halve(8.0, 0.0, lrr=0.1)
    Traceback (most recent call last):
    TypeError: halve has no hyperparameter 'lrr'; did you mean 'lr'?
    >>> del RULES["halve"]
    """
    name = body.__name__
    signature = inspect.signature(body)
    hyper = {key: p.default for key, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    required = [key for key, default in hyper.items() if default is inspect.Parameter.empty]
    kinds = {key: body.__annotations__.get(key, _kind(key, default)) for key, default in hyper.items()}

    @functools.wraps(body)
    def step(theta, g, state=None, *unnamed, **given):
        state = {} if state is None else state
        if unnamed:
            raise TypeError(f"{name} takes its hyperparameters by name ({_names(hyper)}), got {_describe(unnamed[0])}")
        for key, value in given.items():
            if key not in hyper:
                raise TypeError(f"{name} has no hyperparameter {key!r}; {nearest(key, hyper)}")
            given[key] = _hyperparameter(name, key, value, kinds[key])
        if missing := [key for key in required if key not in given]:
            raise TypeError(f"{name} needs {' and '.join(missing)}, for example {name}(theta, g, state, {missing[0]}=0.01)")
        _operands(name, theta, g, state, given)
        if body.__annotations__.get("theta") is Matrix and (len(_shape(theta)) != 2 or 0 in _shape(theta)):
            raise ValueError(f"{name} is for matrices: theta must have rows and columns, got shape {_shape(theta)}")
        theta, new = _run(body, _real(theta), _real(g), state, given)
        if state and state.keys() != new.keys():
            came = f"state holds {_names(state)}; it is the memory of another rule"
            raise ValueError(f"{name} remembers {_names(new)}, but {came}")
        return theta, new

    parameters = [p.replace(default=None) if key == "state" else p for key, p in signature.parameters.items()]
    step.__signature__ = signature.replace(parameters=parameters)
    step.hyper, step.kinds, step.body = hyper, kinds, body
    RULES[name] = step
    return step


def find(name):
    """The registered rule called ``name``; an unknown name is answered with the nearest one.

    >>> find("adm")
    Traceback (most recent call last):
    ValueError: there is no rule named 'adm'; did you mean 'adam'?
    """
    from . import rules  # noqa: F401  (fills RULES)

    if name not in RULES:
        raise ValueError(f"there is no rule named {name!r}; {nearest(name, RULES)}")
    return RULES[name]


def nearest(word, known):
    """The end of a sentence about a name nobody knows: the nearest known one, or all of them.

    >>> nearest("Beta_1", ["lr", "beta1"]), nearest("zzz", ["lr", "eps"])
    ("did you mean 'beta1'?", 'there are lr, eps')
    """
    folded = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(word).lower(), list(folded), 1, 0.5)
    return f"did you mean {folded[close[0]]!r}?" if close else f"there are {', '.join(known)}" if known else "there are none"


def _kind(key, default):
    """What a hyperparameter without an annotation may be, by its name and its default."""
    if isinstance(default, bool):
        return bool
    return Interval(0, 1) if key.startswith("beta") else Interval(0) if key in ("lr", "eps", "weight_decay") else None


def _hyperparameter(name, key, value, kind):
    """Check one hyperparameter; NumPy scalars become Python's, so that float32 parameters stay float32."""
    if choices := typing.get_args(kind):
        if not isinstance(value, str) or value not in choices:
            known = ", ".join(map(repr, choices))
            raise ValueError(f"{name}: {key} must be one of {known}, got {_short(repr(value))}; {nearest(value, choices)}")
        return value
    if kind is bool:
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name}: {key} must be True or False, got {_describe(value)}")
        return bool(value)
    if not _is_numeric(value):
        raise TypeError(f"{name}: {key} must be a number or an array of numbers, got {_describe(value)}")
    if kind is int:
        if _shape(value) or value % 1 != 0 or value < 0:
            raise ValueError(f"{name}: {key} must be a whole number of at least 0, got {_short(str(value))}")
        return int(value)
    if isinstance(kind, Interval) and kind.single and (_shape(value) or getattr(value, "is_number", True) is False):
        raise TypeError(f"{name}: {key} must be one number, on which the rule can branch, got {_describe(value)}")
    if isinstance(kind, Interval) and not _lies_in(value, kind):
        raise ValueError(f"{name}: {key} must {kind}, got {_short(str(value))}")
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0 else value


def _operands(name, theta, g, state, given):
    """Check parameters, gradient and memory: numbers, of one library, of one shape."""
    if not isinstance(state, dict):
        raise TypeError(f"{name}: state must be the dict that the last call returned (or {{}}), got {_describe(state)}")
    memory = {f"state[{key!r}]": value for key, value in state.items()}
    for what, value in {"theta": theta, "g": g, **memory}.items():
        if not _is_numeric(value):
            raise TypeError(
                f"{name}: {what} must be a number, a NumPy array, a SymPy expression or a torch tensor, "
                f"got {_describe(value)}{_remedy(value)}"
            )
    libraries = {family(value): what for what, value in {**given, **memory, "g": g, "theta": theta}.items()}
    if "torch" in libraries and (others := libraries.keys() & {"numpy", "object", "sympy"}):
        ours, alien = libraries["torch"], libraries[min(others)]
        raise TypeError(f"{name}: {ours} is a torch tensor but {alien} is not; give both in the same library")
    shape = _shape(theta)
    if shape != _shape(g):
        raise ValueError(f"{name}: theta has shape {shape} but g has shape {_shape(g)}; they must be equal")
    for what, value in memory.items():
        if not _broadcasts(_shape(value), shape):
            raise ValueError(f"{name}: theta has shape {shape} but {what} has shape {_shape(value)}")
    for key, value in given.items():
        if any(a != b and 1 not in (a, b) for a, b in zip(_shape(value)[::-1], shape[::-1])):
            raise ValueError(f"{name}: theta has shape {shape} but {key} has shape {_shape(value)}; a sweep needs a column")


def _run(body, theta, g, state, given):
    """Run the formula in IEEE arithmetic: where Python's floats raise on 0/0, go on with nan, as every array does."""
    try:
        return body(theta, g, state, **given)
    except (ZeroDivisionError, OverflowError):
        theta, new = body(theta, _floats(np.float64, g), state, **given)
        return _floats(float, theta), {key: _floats(float, memory) for key, memory in new.items()}


def _floats(kind, x):
    """The numbers in ``x`` as ``kind``: from Python's to np.float64, or back to float; all else as it is."""
    if family(x) == "object":
        return np.frompyfunc(lambda entry: _floats(kind, entry), 1, 1)(x)
    return kind(x) if isinstance(x, float) or kind is np.float64 and isinstance(x, int) else x


def _real(x):
    """Integer arrays become floats: their squares would overflow without a word."""
    return x.astype(float) if family(x) == "numpy" and x.dtype.kind in "iu" else x


def _is_numeric(x):
    """Real numbers and arrays of them: no booleans, complex numbers, strings or containers, and nothing whose * is matmul."""
    match family(x):
        case "python":
            return not isinstance(x, bool)
        case "numpy":
            return x.dtype.kind in "iuf" and not isinstance(x, np.matrix)
        case "object":
            return not isinstance(x, np.matrix) and all(not _shape(e) and _is_numeric(e) for e in x.flat)
        case "sympy":
            import sympy

            return isinstance(x, sympy.Expr) and not x.is_Matrix and x.is_extended_real is not False
        case "torch":
            return hasattr(x, "dtype") and not x.dtype.is_complex and "bool" not in str(x.dtype)
        case "methods":
            return hasattr(type(x), "sqrt")
        case _:
            return True


def _lies_in(value, interval):
    """Whether every entry is a finite number of the interval; a symbol may stand for any number it does not exclude."""
    low, high, closed, _ = interval
    if family(value) == "object":
        return all(_lies_in(entry, interval) for entry in value.flat)
    if family(value) == "sympy":
        if not value.is_number:
            excluded = (value - low).is_negative or high < math.inf and (high - value).is_nonpositive
            return not excluded
        value = float(value)
    inside = (value >= low) & ((value <= high) if closed else (value < high))
    return bool(inside if isinstance(inside, bool) else inside.all())


def _shape(x):
    return tuple(getattr(x, "shape", ()))


def _names(keys):
    return ", ".join(map(str, keys)) or "nothing"


def _broadcasts(inner, outer):
    return len(inner) <= len(outer) and all(a in (1, b) for a, b in zip(inner[::-1], outer[::-1]))


def _describe(x):
    """What came, in a few words: the type, and the value where it is short."""
    kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}".removeprefix("builtins.")
    dtype = f" of {x.dtype}" if hasattr(x, "dtype") else ""
    value = "" if hasattr(x, "dtype") or x is None else " " + _short(repr(x))
    return f"{kind}{dtype}{value}"


def _short(text):
    """At most one line of it."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _remedy(x):
    if isinstance(x, (list, tuple)):
        return "; wrap it in numpy.array(...)"
    if getattr(x, "is_Matrix", False) or isinstance(x, np.matrix):
        return "; its * is a matrix product, use a NumPy array"
    return ""
