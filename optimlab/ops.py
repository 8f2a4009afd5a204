"""The four operations that number systems spell differently: sqrt, maximum, sign, norm.

Everything else in an update rule is ``+ - * / ** @``, which Python numbers, NumPy, SymPy, torch and the array-API
libraries (JAX, CuPy) already share. No library but NumPy is imported before one of its values arrives.
"""

import math

import numpy as np


def family(x):
    """The number system of ``x``: python, numpy, object (NumPy array of objects), sympy, torch, array_api or methods.

    >>> family(1.0), family(np.ones(2)), family(np.array([1], dtype=object))
    ('python', 'numpy', 'object')
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return "object" if x.dtype == object else "numpy"
    if isinstance(x, (int, float)):
        return "python"
    for kind in type(x).__mro__:  # a subclass, or a SymPy function of no module, belongs to the library it descends from
        if (library := str(kind.__module__).partition(".")[0]) in ("sympy", "torch"):
            return library
    return "array_api" if hasattr(x, "__array_namespace__") else "methods"


def sqrt(x):
    """Square root, element by element: exact on symbols, correctly rounded on floats, nan below 0 as arrays have it.

    >>> import sympy
    >>> sqrt(9.0), sqrt(sympy.Integer(8))
    (3.0, 2*sqrt(2))
    """
    match family(x):
        case "python":
            return math.nan if x < 0 else math.sqrt(x)
        case "numpy":
            return np.sqrt(x)
        case "object":
            return _each(sqrt, x)
        case "sympy":
            import sympy

            return sympy.sqrt(x)
        case "torch" if x.is_floating_point():
            try:  # torch's own root (Intel's vector library) misses the last bit once in eighty; NumPy's never does
                return x.new_tensor(np.sqrt(x.numpy()))
            except (RuntimeError, TypeError):  # a gradient runs through it, or NumPy cannot reach where it lies
                return x.sqrt()
        case "array_api":
            return x.__array_namespace__().sqrt(x)
        case _:
            return x.sqrt()


def maximum(x, floor):
    """The larger of ``x`` and ``floor``, element by element; NaN stays NaN. ``floor`` may be a plain number.

    >>> maximum(2.0, 0), maximum(np.array([1.0, -1.0]), 0).tolist()
    (2.0, [1.0, 0.0])
    """
    match family(x):
        case "numpy":
            return np.maximum(x, floor)
        case "object":
            return _each(maximum, x, floor)
        case "sympy":
            import sympy

            return sympy.Max(x, floor)
        case "torch":
            return x.clamp(min=floor)
        case "array_api":
            return x.__array_namespace__().maximum(x, floor)
        case _:
            return floor if x < floor or floor != floor else x


def sign(x):
    """-1, 0 or 1, element by element.

    >>> sign(-2.5), sign(np.array([0.0, 3.0])).tolist()
    (-1.0, [0.0, 1.0])
    """
    match family(x):
        case "numpy":
            return np.sign(x)
        case "object":
            return _each(sign, x)
        case "sympy":
            import sympy

            return sympy.sign(x)
        case "array_api":
            return x.__array_namespace__().sign(x)
        case "torch":
            return x.sign().where(x == x, x)  # torch's own sign makes 0 of nan
        case _:
            return x if x != x else float(x > 0) - float(x < 0)


def norm(x):
    """The Euclidean (Frobenius) norm of all entries; of all leaves together where ``x`` is a dict of arrays.

    >>> float(norm(np.array([3.0, 4.0]))), float(norm({"w": np.array([3.0]), "b": 4.0}))
    (5.0, 5.0)
    """
    leaves = x.values() if isinstance(x, dict) else [x]
    return sqrt(sum(square.sum() if hasattr(square, "sum") else square for square in (leaf * leaf for leaf in leaves)))


def _each(f, *arrays):
    """Apply ``f`` to the entries of object arrays, broadcasting as NumPy does."""
    return np.frompyfunc(f, len(arrays), 1)(*arrays)
