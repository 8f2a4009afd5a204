"""What crosses the wire arrives as it was; what does not fit stays behind; garbage is refused and does nothing."""

import collections
import fractions
import math
import os
import pickle
import struct
import subprocess
import sys
import textwrap

import hypothesis.extra.numpy as npst
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimlab.grading import wire
from optimlab.grading.wire import Held, Opaque, WireError, pack, unpack

DTYPES = [np.dtype(name) for name in wire.DTYPES]
NUMBERS = st.floats() | st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.none() | st.complex_numbers()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, min_side=0, max_side=4))
)
LEAVES = NUMBERS | TEXT | st.binary(max_size=50) | ARRAYS | ARRAYS.filter(lambda a: a.size).map(lambda a: a.flat[0])
KEYS = TEXT | st.integers(0, 99) | st.floats(allow_nan=False) | st.none() | st.booleans()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)


def through(value):
    frame = pack(value)
    assert struct.unpack("<I", frame[:4]) == (len(frame) - 4,)
    return unpack(frame[4:])


def identical(a, b):
    """Equal in type, bits and order of keys; NaN is itself, -0.0 is not 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return identical(list(a), list(b)) and identical(list(a.values()), list(b.values()))
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return identical(a.real, b.real) and identical(a.imag, b.imag)
    return a == b


@settings(deadline=None)
@given(VALUES)
def test_a_value_arrives_bit_for_bit(value):
    assert identical(through(value), value)


def test_big_endian_and_strided_arrays_arrive_as_plain_ones():
    numbers = np.arange(12.0).reshape(3, 4)
    for array in (numbers.astype(">f8"), numbers[::2, ::-1], np.asfortranarray(numbers), numbers.T):
        there = through(array)
        assert there.dtype == np.dtype("<f8") and np.array_equal(there, array)
        assert there.flags.c_contiguous and there.flags.writeable and there.flags.aligned


class Impostor(np.ndarray):
    def tobytes(self, *args):
        raise AssertionError("a method of the student's was called")

    __array__ = astype = __eq__ = __len__ = __reduce__ = tobytes


class Liar(float):
    def __float__(self):
        raise AssertionError("a method of the student's was called")

    __eq__ = __reduce__ = __float__


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.ones(2).view(Impostor), "Impostor"),
        (np.ones(1).view(np.recarray), "recarray"),
        (np.ma.masked_array([1.0], [True]), "MaskedArray"),
        (np.array([1, "a"], dtype=object), "numpy array of object_"),
        (np.array(["a"]), "numpy array of str_"),
        (np.zeros(1, "M8[s]"), "numpy array of datetime64"),
        (np.zeros(1, [("a", "f8")]), "numpy array of void"),
        (Liar(1.0), "Liar"),
        (collections.OrderedDict(a=1), "OrderedDict"),
        (collections.namedtuple("Pair", "a b")(1, 2), "Pair"),
        (fractions.Fraction(1, 2), "Fraction"),
        (2**64, "int, too large"),
        ({2**64: 3}, "dict, with keys that are neither words nor numbers"),
        ({(1, 2): 3}, "dict, with keys that are neither words nor numbers"),
        (lambda: 0, "function"),
        (Opaque("dict"), "dict"),
    ],
)
def test_what_has_no_form_on_the_wire_stays_behind_and_its_neighbours_arrive(value, kind):
    assert through([1, value, 2]) == [1, Opaque(kind), 2]


def nested(levels):
    inner = 0.0
    for _ in range(levels):
        inner = [inner]
    return inner


def itself():
    loop = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.zeros(wire.MAX_BYTES // 8 + 1), "numpy array, too large"),
        (np.broadcast_to(0.0, (10**6, 10**6)), "numpy array, too large"),
        (b"x" * (wire.MAX_BYTES + 1), "bytes, too long"),
        ("x" * wire.MAX_TREE, "str, too long"),
        ([0] * wire.MAX_NODES, "list, too long"),
        (dict.fromkeys(range(wire.MAX_NODES // 2 + 1)), "dict, too long"),
    ],
)
def test_what_is_too_large_stays_behind_and_its_neighbours_arrive(value, kind):
    assert through((1.5, value, 2.5)) == (1.5, Opaque(kind), 2.5)


@pytest.mark.parametrize("value", [nested(10**5), itself()])
def test_what_is_nested_too_deep_is_cut_off(value):
    there, levels = through(value), 0
    while isinstance(there, list):
        (there,), levels = there, levels + 1
    assert there == Opaque("list, nested too deep") and levels == wire.MAX_DEPTH


@pytest.mark.parametrize(
    "value", [[["x"]] * 30_000, [{"a" * 90: 1.5}] * 9_000, [itself] * 9_000, [1j] * 40_000, [[]] * 49_000]
)
def test_whatever_is_packed_can_be_unpacked(value):
    assert len(through(value)) == len(value)


def test_arrays_share_the_room_of_a_frame():
    half = np.zeros(wire.MAX_BYTES // 16 + 1)
    first, second = through([half, half])
    assert first.shape == half.shape and second == Opaque("numpy array, too large")


@pytest.mark.parametrize("value", [print, np.array([print]), 2**64, nested(30), b"x" * (wire.MAX_BYTES + 1)])
def test_what_must_cross_whole_crosses_whole_or_not_at_all(value):
    with pytest.raises(WireError, match="no form or no room for a"):
        pack([1, value], whole=True)


def test_references_to_earlier_answers_cross():
    assert through([Held(3), Held(0, 1)]) == [Held(3, None), Held(0, 1)]


def test_lone_surrogates_do_not_stop_the_others():
    assert through(["\ud800", "a"]) == ["?", "a"]


def test_the_reader_chooses_what_stands_for_absent_values():
    assert unpack(pack([print])[4:], opaque=str.upper) == ["BUILTIN_FUNCTION_OR_METHOD"]


# ---------------------------------------------------------------------------------------------------------- garbage


def frame(tree, buffers=b"", length=None):
    tree = tree if isinstance(tree, bytes) else msgpack.packb(tree)
    return struct.pack("<I", len(tree) if length is None else length) + tree + buffers


def tagged(tag, levels):
    return [tag, tagged(tag, levels - 1)] if levels else 1.0


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\x01",
        b"\xff\xff\xff\xff",
        frame(b""),
        frame(1.0, b"left over"),
        frame(1.0, length=100),
        frame(b"\xc1"),
        frame({}),
        frame({"a": 1}),
        frame(b"\xc4\x01a"),
        frame(msgpack.ExtType(3, b"")),
        frame(msgpack.Timestamp(0)),
        frame([]),
        frame([[1], 1]),
        frame(["set", 1]),
        frame(["dict", 1]),
        frame(["dict", ["list"], 1]),
        frame(["dict", ["tuple", 1], 1]),
        frame(["complex", 1.0]),
        frame(["complex", "1", "2"]),
        frame(["held", "a", None]),
        frame(["held", 1]),
        frame(["opaque", 3]),
        frame(["opaque", "x" * 81]),
        frame(["bytes", 4], b"abc"),
        frame(["bytes", -1], b"abc"),
        frame(["bytes", True], b"a"),
        frame(["array", "<f8", [1], 8]),
        frame(["array", "<f8", [2], 8], bytes(8)),
        frame(["array", "<f8", [1], 7], bytes(7)),
        frame(["array", "<f8", None, 16], bytes(16)),
        frame(["array", "<f8", "1", 8], bytes(8)),
        frame(["array", "<f8", [-1], 8], bytes(8)),
        frame(["array", "<f8", [2**62, 2**62], 8], bytes(8)),
        frame(["array", "<f8", [1] * 100, 8], bytes(8)),
        *[
            frame(["array", dtype, [1], 8], bytes(8))
            for dtype in ("|O", ">f8", "<M8[s]", "<U2", "|S8", "|V8", "f4,f4", "float")
        ],
        frame(["array", ["<f8"], [1], 8], bytes(8)),
        frame(["array", "<f8"]),
        frame(["array", "<f8", [1], 8, 9], bytes(8)),
        frame(["list", *[0] * wire.MAX_NODES]),
        frame(["list", *[["list", *[0] * 1000]] * 51]),
        frame(tagged("list", wire.MAX_DEPTH + 1)),
        frame(tagged("tuple", 500)),
        frame(b"\x91" * 600 + b"\x01"),
        frame(b"\x91" * 10**5 + b"\x01"),
        frame(b"\x00" * (wire.MAX_TREE + 1)),
        frame(1.0, bytes(wire.MAX_FRAME)),
        pickle.dumps(os.system),
        pack(1.0),  # with its first length still on
    ],
    ids=lambda forged: forged[:24].hex() + f"+{len(forged)}",
)
def test_garbage_is_refused(forged):
    with pytest.raises(WireError):
        unpack(forged)


def test_a_boolean_is_true_or_false_whatever_its_byte():
    assert unpack(frame(["array", "|b1", [3], 3], b"\x00\x01\x07")).tobytes() == b"\x00\x01\x01"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_give_a_value_or_a_wire_error(body):
    refuse_or_read(body)


MSGPACK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.sampled_from(
        ["list", "tuple", "dict", "array", "bytes", "complex", "held", "opaque", *wire.DTYPES]
    ),
    lambda inner: st.lists(inner, max_size=5),
)  # fmt: skip


@settings(deadline=None)
@given(MSGPACK, st.binary(max_size=40))
def test_random_trees_give_a_value_or_a_wire_error(tree, buffers):
    refuse_or_read(frame(tree, buffers))


@settings(deadline=None)
@given(VALUES, st.data())
def test_a_damaged_frame_gives_a_value_or_a_wire_error(value, data):
    body = bytearray(pack(value)[4:])
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=3)):
        body[at] = data.draw(st.integers(0, 255))
    refuse_or_read(body)
    refuse_or_read(body[: data.draw(st.integers(0, len(body)))])


def refuse_or_read(body):
    try:
        unpack(body)
    except WireError as error:
        assert "\n" not in str(error) and len(str(error)) < 100


@pytest.mark.skipif(sys.platform != "linux", reason="address space is bounded on Linux only")
def test_a_frame_of_empty_promises_costs_no_memory():
    """Arrays in arrays, each announcing entries that never come, and the fullest tree the limits allow."""
    script = """
        import resource, struct
        from optimlab.grading import wire
        mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + (300 << 20),) * 2)
        announce = lambda entries: b"\\xdd" + struct.pack(">I", entries)
        for tree in (
            announce(50_000) * 500,
            announce(10_000_000) * 10,
            announce(21) + (announce(49_900) + b"\\x90" * 49_900) * 21,
        ):
            assert len(tree) <= wire.MAX_TREE
            try:
                wire.unpack(struct.pack("<I", len(tree)) + tree)
            except wire.WireError as error:
                assert "MemoryError" not in str(error)
                continue
            raise SystemExit("the frame was believed")
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # maxrss is the parent's
        print(int(peak.split()[1]) >> 10)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200  # MB, of which Python and NumPy take 40
