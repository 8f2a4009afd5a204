"""What every update rule promises and what it may be given, said once: the ``@rule`` decorator and the registry RULES.

The bodies in rules.py hold their formula and nothing else. All checking of arguments happens here, and every complaint
is a sentence that begins with the name of the rule. Values are never tested for finiteness: a run may diverge.
"""

import difflib
import functools
import inspect
import typing

import numpy as np

from .ops import family

RULES = {}  # name -> rule, in book order


def rule(body):
    """Register an update rule ``(theta, g, state=None, *, lr, ...) -> (theta, state)`` and check what it is called with.

    ``state=None`` and ``state={}`` both mean a newborn memory. The rule carries ``hyper`` (its hyperparameters and their
    defaults, in order) and ``body`` (the bare formula, unchecked).

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
    choices = {key: typing.get_args(body.__annotations__.get(key)) for key in hyper}

    @functools.wraps(body)
    def step(theta, g, state=None, **given):
        state = {} if state is None else state
        for key, value in given.items():
            if key not in hyper:
                raise TypeError(f"{name} has no hyperparameter {key!r}; {nearest(key, hyper)}")
            given[key] = _hyperparameter(name, key, value, hyper[key], choices[key])
        if missing := [key for key in required if key not in given]:
            raise TypeError(f"{name} needs {' and '.join(missing)}, for example {name}(theta, g, state, {missing[0]}=0.01)")
        _operands(name, theta, g, state)
        theta, new = body(theta, g, state, **given)
        if lost := state.keys() - new.keys():
            raise ValueError(f"{name} keeps no {sorted(lost)} in its state; this memory belongs to another rule")
        return theta, new

    parameters = [p.replace(default=None) if key == "state" else p for key, p in signature.parameters.items()]
    step.__signature__ = signature.replace(parameters=parameters)
    step.hyper, step.body = hyper, body
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

    >>> nearest("beta_1", ["lr", "beta1"]), nearest("zzz", ["lr", "eps"])
    ("did you mean 'beta1'?", 'there are lr, eps')
    """
    close = difflib.get_close_matches(str(word), list(known), 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}" if known else "there are none"


def _hyperparameter(name, key, value, default, choices):
    """Check one hyperparameter; NumPy scalars become Python's, so that float32 parameters stay float32."""
    if choices:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{name}: {key} must be one of {', '.join(map(repr, choices))}, got {value!r}")
        return value
    if isinstance(default, bool):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name}: {key} must be True or False, got {value!r}")
        return bool(value)
    if not _is_numeric(value):
        raise TypeError(f"{name}: {key} must be a number or an array of numbers, got {_describe(value)}")
    low, below = (0, 1) if key.startswith("beta") else (0, None) if key in ("lr", "eps", "weight_decay") else (None, None)
    if low is not None and not _lies_in(value, low, below):
        interval = f"lie in [{low}, {below})" if below else "be finite and at least 0"
        raise ValueError(f"{name}: {key} must {interval}, got {value}")
    return value.item() if isinstance(value, np.generic) else value


def _operands(name, theta, g, state):
    """Check parameters, gradient and memory: numbers, of one library, of one shape."""
    for what, value in (("theta", theta), ("g", g)):
        if not _is_numeric(value):
            raise TypeError(
                f"{name}: {what} must be a number, a NumPy array, a SymPy expression or a torch tensor, "
                f"got {_describe(value)}{_remedy(value)}"
            )
    if {"torch"} < {family(theta), family(g)} and {family(theta), family(g)} & {"numpy", "object", "sympy"}:
        raise TypeError(f"{name}: theta is {_describe(theta)} but g is {_describe(g)}; give both in the same library")
    shape = _shape(theta)
    if shape != _shape(g):
        raise ValueError(f"{name}: theta has shape {shape} but g has shape {_shape(g)}; they must be equal")
    if not isinstance(state, dict):
        raise TypeError(f"{name}: state must be the dict that the last call returned (or {{}}), got {_describe(state)}")
    for key, memory in state.items():
        if _shape(memory) not in ((), shape) and not _broadcasts(_shape(memory), shape):
            raise ValueError(f"{name}: theta has shape {shape} but state[{key!r}] has shape {_shape(memory)}")


def _is_numeric(x):
    """Real numbers and arrays of them: no booleans, complex numbers, strings or containers, and nothing whose * is matmul."""
    match family(x):
        case "python":
            return not isinstance(x, bool)
        case "numpy":
            return x.dtype.kind in "iuf" and not isinstance(x, np.matrix)
        case "sympy":
            return getattr(x, "is_number", None) is not None and not getattr(x, "is_Matrix", False)
        case "torch":
            return hasattr(x, "dtype") and not x.dtype.is_complex and "bool" not in str(x.dtype)
        case "methods":
            return hasattr(x, "sqrt")
        case _:
            return True


def _lies_in(value, low, below):
    """Whether every entry is a finite number in [low, below); a symbol may stand for any number it does not exclude."""
    if family(value) == "sympy":
        return (value - low).is_negative is not True and (below is None or (below - value).is_positive is not False)
    if family(value) == "object":
        return all(_lies_in(entry, low, below) for entry in value.flat)
    inside = (value >= low) & (value < (float("inf") if below is None else below))
    return bool(inside if isinstance(inside, bool) else inside.all())


def _shape(x):
    return tuple(getattr(x, "shape", ()))


def _broadcasts(inner, outer):
    return len(inner) <= len(outer) and all(a in (1, b) for a, b in zip(inner[::-1], outer[::-1]))


def _describe(x):
    """What came, in a few words: the type, and the value where it is short."""
    kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}".removeprefix("builtins.")
    dtype = f" of {x.dtype}" if hasattr(x, "dtype") else ""
    value = repr(x) if not hasattr(x, "dtype") else ""
    return f"{kind}{dtype}{f' {value}' if 0 < len(value) <= 40 and value != kind else ''}"


def _remedy(x):
    if isinstance(x, (list, tuple)):
        return "; wrap it in numpy.array(...)"
    if getattr(x, "is_Matrix", False) or isinstance(x, np.matrix):
        return "; its * is a matrix product, use a NumPy array"
    return ""
