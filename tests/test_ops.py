"""The four operations mean the same on every number system."""

import math
import types

import numpy as np
import pytest
import sympy

from optimlab.ops import family, maximum, norm, sign, sqrt

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # nan is part of what is tested
VALUES = [0.0, 1.0, -1.0, 2.0, -3.5, 1e-300, 1e300, math.inf, -math.inf, math.nan]


def objects(values):
    return np.array(values, dtype=object)


def same(a, b):
    return np.array_equal(np.asarray(a, dtype=float), np.asarray(b, dtype=float), equal_nan=True)


def test_family_names_the_number_system():
    assert [family(x) for x in (1, 1.0, True)] == ["python"] * 3
    assert [family(x) for x in (np.ones(2), np.float32(1), np.float64(1), np.array(1))] == ["numpy"] * 4
    assert family(objects([1.0])) == family(np.array(1.0, dtype=object)) == "object"
    assert family(sympy.Symbol("x")) == family(sympy.Integer(1)) == "sympy"
    assert [family(x) for x in ("1", [1], None, {}, 1j)] == ["methods"] * 5


def test_sqrt_is_the_same_on_floats_arrays_and_objects():
    array = sqrt(np.array(VALUES))
    assert same(array, [sqrt(x) for x in VALUES]) and same(array, sqrt(objects(VALUES)))
    assert math.isnan(sqrt(-1.0)) and sqrt(2.0) == math.sqrt(2.0)
    assert isinstance(sqrt(4), float) and sqrt(objects([4.0])).dtype == object


def test_sqrt_is_exact_on_symbols():
    x = sympy.Symbol("x", positive=True)
    assert sqrt(x**2) == x and sqrt(sympy.Integer(8)) == 2 * sympy.sqrt(2)
    assert (sqrt(objects([x**2, sympy.Integer(9)])) == objects([x, sympy.Integer(3)])).all()


@pytest.mark.parametrize("floor", [0, 1.5, -2.0, math.nan])
def test_maximum_with_a_number_is_the_same_on_floats_arrays_and_objects(floor):
    array = maximum(np.array(VALUES), floor)
    assert same(array, [maximum(x, floor) for x in VALUES])
    assert same(array, maximum(objects(VALUES), floor))


def test_maximum_of_two_arrays_is_taken_entry_by_entry_and_keeps_nan():
    x, floor = [1.0, 2.0, math.nan, 3.0], [2.0, 1.0, 0.0, math.nan]
    wanted = [2.0, 2.0, math.nan, math.nan]
    assert same(maximum(np.array(x), np.array(floor)), wanted)
    assert same(maximum(objects(x), objects(floor)), wanted)
    assert same([maximum(a, b) for a, b in zip(x, floor, strict=True)], wanted)


def test_maximum_of_symbols_waits_for_numbers():
    x, y = sympy.symbols("x y", real=True)
    assert maximum(x, y).subs({x: 2, y: 3}) == 3 and maximum(x, 0).subs(x, -1) == 0
    assert maximum(objects([x, sympy.Integer(-1)]), 0)[1] == 0


def test_sign_is_the_same_on_floats_arrays_and_objects():
    array = sign(np.array(VALUES))
    assert same(array, [sign(x) for x in VALUES]) and same(array, sign(objects(VALUES)))
    assert [sign(x) for x in (-2, 0, 3.5)] == [-1.0, 0.0, 1.0] and math.isnan(sign(math.nan))
    assert sign(sympy.Symbol("p", positive=True)) == 1


def test_norm_is_taken_over_all_entries_and_all_leaves():
    assert norm(np.array([[3.0, 0.0], [0.0, 4.0]])) == 5.0
    assert norm(-3.0) == 3.0 and norm(objects([3.0, 4.0])) == 5.0
    assert norm({"w": np.array([2.0, 3.0]), "b": 6.0, "none": np.array([])}) == 7.0
    assert norm({}) == 0.0
    a, b = sympy.symbols("a b", positive=True)
    assert norm(objects([a, b])) == sympy.sqrt(a**2 + b**2) and norm(a) == a


def test_empty_arrays_stay_empty():
    for empty in (np.empty((0, 3)), np.empty((0, 3), dtype=object)):
        for operation in (sqrt, sign, lambda x: maximum(x, 0)):
            assert operation(empty).shape == (0, 3)
        assert norm(empty) == 0


def test_single_precision_stays_single():
    x = np.array([2.0, 3.0], dtype=np.float32)
    for operation in (sqrt, sign, norm, lambda x: maximum(x, 0), lambda x: maximum(x, x)):
        assert operation(x).dtype == np.float32 and operation(x[0]).dtype == np.float32


def test_a_number_with_its_own_square_root_and_order_is_welcome():
    import mpmath

    two = mpmath.mpf(2)
    assert family(two) == "methods" and sqrt(two) == mpmath.sqrt(2)
    assert maximum(two, 3) == 3 and maximum(two, 1) == two and sign(-two) == -1


def test_arrays_of_the_array_api_are_given_to_their_own_namespace():
    class Array:
        def __array_namespace__(self):
            return types.SimpleNamespace(
                sqrt=lambda x: ("sqrt", x), sign=lambda x: ("sign", x), maximum=lambda x, floor: ("maximum", x, floor)
            )

    x = Array()
    assert family(x) == "array_api"
    assert (sqrt(x), sign(x), maximum(x, 0)) == (("sqrt", x), ("sign", x), ("maximum", x, 0))


def test_torch_agrees_bit_for_bit():
    torch = pytest.importorskip("torch")
    x = torch.tensor(VALUES, dtype=torch.float64)
    for operation in (sqrt, sign, lambda x: maximum(x, 0), lambda x: maximum(x, 1.5), lambda x: maximum(x, x[:1])):
        assert same(operation(x).numpy(), operation(np.array(VALUES)))
    assert family(x) == "torch" and norm(torch.tensor([3.0, 4.0])).item() == 5.0
