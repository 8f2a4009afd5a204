"""Values across a process boundary where nobody is believed: a msgpack tree, then the arrays' raw little-endian bytes.

    frame = u32 length of the rest | u32 length of the tree | tree | buffers, in the tree's order

Only data crosses, never code: None, bool, 64-bit int, float, complex, str, bytes, list, tuple, dict, and NumPy arrays
and scalars of the plain numeric dtypes. Nothing is pickled and no method of a value is called, so a value cannot act on
its reader. What does not fit the format or its limits stays where it is and an ``Opaque`` arrives in its place.
``unpack`` makes of any bytes whatever a value or a WireError, in bounded memory.
"""

import struct
from typing import NamedTuple

import msgpack
import numpy as np

MAX_BYTES = 16 << 20  # of a frame's buffers
MAX_TREE = 1 << 20  # of a frame's tree
MAX_FRAME = MAX_BYTES + MAX_TREE + 4
MAX_NODES = 50_000  # values in a frame
MAX_DEPTH = 20
LENGTH = struct.Struct("<I")
DTYPES = {name: np.dtype(name) for name in "|b1 |i1 |u1 <i2 <u2 <i4 <u4 <i8 <u8 <f2 <f4 <f8 <c8 <c16".split()}
KEYS = (str, int, float, bool, type(None))
GARBAGE = (ArithmeticError, LookupError, TypeError, ValueError, MemoryError, struct.error, msgpack.UnpackException)
BRANCH = 16  # bytes of tree that a node may take without asking


class WireError(Exception):
    """What arrived is no frame of this format, in a few words."""


class Opaque(NamedTuple):
    """Stands for a value that stayed behind: the name of its type, and what kept it if that was its size."""

    kind: str = "object"


class Held(NamedTuple):
    """Stands, in a call's arguments, for what an earlier call returned: entry ``item`` of it, or all of it."""

    call: int
    item: int | None = None


def pack(value, whole=False):
    """The frame that carries ``value``. ``whole`` raises a WireError rather than leave any part of it behind.

    >>> unpack(pack({"theta": (1, 2.5), "f": print})[4:])
    {'theta': (1, 2.5), 'f': Opaque(kind='builtin_function_or_method')}
    """
    writer = _Writer(whole)
    tree = msgpack.packb(writer.node(value, 0), unicode_errors="replace")
    rest = b"".join([LENGTH.pack(len(tree)), tree, *writer.buffers])
    return LENGTH.pack(len(rest)) + rest


def unpack(rest, opaque=Opaque):
    """The value in a frame without its first length; ``opaque(kind)`` makes what stands for a value left behind."""
    try:
        return _Reader(rest, opaque).value
    except WireError:
        raise
    except GARBAGE as error:
        raise WireError(f"{type(error).__name__} while reading it") from None


class _Writer:
    """Turns a value into a tree of [tag, ...] lists. No container is begun that the limits would not let it finish."""

    def __init__(self, whole):
        self.whole, self.buffers = whole, []
        self.nodes, self.tree, self.bytes = MAX_NODES - 1, MAX_TREE - BRANCH, MAX_BYTES

    def node(self, x, depth):
        kind = type(x)  # exact types: a subclass may answer for itself what it likes
        if x is None or kind is bool or kind is float:
            return x
        if kind is int:
            return x if -(2**63) <= x < 2**64 else self.absent("int, too large")
        if kind is str:
            return x if self.spend(0, 4 * len(x)) else self.absent("str, too long")
        if kind in (list, tuple, dict):
            return self.container(x, kind, depth)
        if kind is np.ndarray or isinstance(x, np.generic):
            return self.array(x, None if kind is not np.ndarray else list(x.shape))
        if kind is complex:
            return ["complex", x.real, x.imag] if self.spend(0, 16) else self.absent("complex")
        if kind is bytes:
            return ["bytes", self.buffer(x)] if len(x) <= self.bytes else self.absent("bytes, too long")
        if kind is Held:
            return ["held", x.call, x.item]
        return self.absent(x.kind if kind is Opaque else kind.__name__)

    def container(self, x, kind, depth):
        size = len(x) * (2 if kind is dict else 1)
        if depth >= MAX_DEPTH:
            return self.absent(f"{kind.__name__}, nested too deep")
        if not self.spend(size, BRANCH * size):
            return self.absent(f"{kind.__name__}, too long")
        if kind is not dict:
            return [kind.__name__, *[self.node(entry, depth + 1) for entry in x]]
        keys = [self.node(key, depth + 1) if type(key) in KEYS else [] for key in x]
        if any(type(key) is list for key in keys):
            return self.absent("dict, with keys that are neither words nor numbers")
        return ["dict", *keys, *[self.node(entry, depth + 1) for entry in x.values()]]

    def array(self, x, shape):
        dtype = DTYPES.get(x.dtype.newbyteorder("<").str)
        if dtype is None:
            return self.absent(f"numpy {'scalar' if shape is None else 'array'} of {x.dtype.type.__name__}")
        if x.nbytes > self.bytes or not self.spend(0, 16 + 9 * x.ndim):
            return self.absent("numpy array, too large")
        return ["array", dtype.str, shape, self.buffer(x.astype(dtype).tobytes())]

    def buffer(self, raw):
        self.bytes -= len(raw)
        self.buffers.append(raw)
        return len(raw)

    def absent(self, kind):
        check(not self.whole, f"no form or no room for a {kind}")
        return ["opaque", kind[:80] if self.spend(0, 320) else ""]

    def spend(self, nodes, tree):
        """Whether that many nodes and bytes of tree were left. They no longer are."""
        if nodes > self.nodes or tree > self.tree:
            return False
        self.nodes, self.tree = self.nodes - nodes, self.tree - tree
        return True


class _Reader:
    """Reads a frame, checking every claim it makes against what is there."""

    def __init__(self, rest, opaque):
        (length,) = LENGTH.unpack_from(rest)
        check(len(rest) <= MAX_FRAME and length <= MAX_TREE and LENGTH.size + length <= len(rest), "wrong lengths")
        self.frame, self.opaque = memoryview(rest), opaque
        self.at, self.nodes = LENGTH.size + length, 0  # where the next buffer begins; values read
        limits = {"max_array_len": MAX_NODES + 1, "max_map_len": 0, "max_bin_len": 0, "max_ext_len": 0}
        tree = msgpack.unpackb(self.frame[LENGTH.size : self.at], unicode_errors="replace", **limits)
        self.value = self.node(tree, 0)
        check(self.at == len(rest), "bytes left over")

    def node(self, x, depth):
        self.nodes += 1
        check(self.nodes <= MAX_NODES and depth <= MAX_DEPTH, "too many values")
        if type(x) is not list:
            check(x is None or type(x) in (bool, int, float, str), "unknown value")
            return x
        tag, *entries = x
        match tag:
            case "list":
                return [self.node(entry, depth + 1) for entry in entries]
            case "tuple":
                return tuple([self.node(entry, depth + 1) for entry in entries])
            case "dict":
                return self.dict([self.node(entry, depth + 1) for entry in entries])
            case "array":
                return self.array(*entries)
            case "bytes":
                return bytes(self.buffer(*entries))
            case "complex":
                check(len(entries) == 2 and all(type(part) is float for part in entries), "wrong complex number")
                return complex(*entries)
            case "held":
                call, item = entries
                check(type(call) is int and type(item) in (int, type(None)), "wrong reference")
                return Held(call, item)
            case "opaque":
                check(len(entries) == 1 and type(entries[0]) is str and len(entries[0]) <= 80, "wrong placeholder")
                return self.opaque(*entries)
        raise WireError("unknown tag")

    def dict(self, entries):
        keys, values = entries[: len(entries) // 2], entries[len(entries) // 2 :]
        check(len(keys) == len(values) and all(type(key) in KEYS for key in keys), "wrong keys")
        return dict(zip(keys, values))

    def array(self, name, shape, size):
        dtype, raw = DTYPES[name], self.buffer(size)
        flat = np.frombuffer(raw, dtype) if size else np.empty(0, dtype)
        flat = flat.view("u1") != 0 if name == "|b1" else flat.copy()  # aligned, writable, and the frame can go
        if shape is None:
            check(len(flat) == 1, "wrong scalar")
            return flat[0]
        check(type(shape) is list and all(type(n) is int and n >= 0 for n in shape), "wrong shape")
        return flat.reshape(shape)

    def buffer(self, size):
        check(type(size) is int and 0 <= size <= len(self.frame) - self.at, "wrong size")
        self.at += size
        return self.frame[self.at - size : self.at]


def check(holds, otherwise):
    if not holds:
        raise WireError(otherwise)
