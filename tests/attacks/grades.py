"""Points for nothing: answers that are no answers, and graders turned in one's favour."""

from .attack import family

YES = "def double(x): return Yes()\ndef walk(x, state): return Yes(), {}\n"
OTHER = "def double(x): return 0.0\ndef walk(x, state): return 0.0, {}\n"

ATTACKS = list(family([
    ("equal", "an object that is equal to everything", "process", "score", f"""
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
{YES}"""),
    ("float", "a float that subtracts to nothing", "process", "score", f"""
class Yes(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    __hash__ = None
{YES}"""),
    ("array", "an object that becomes the array that is wanted", "process", "score", f"""
import numpy as np, sys
class Yes:
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe()
        while frame:
            if "expected" in frame.f_locals: return np.asarray(frame.f_locals["expected"])
            frame = frame.f_back
        return np.zeros(())
{YES}"""),
    ("array-function", "an array that answers NumPy's functions itself", "process", "score", f"""
import numpy as np
class Yes:
    def __array_function__(self, function, types, args, kwargs): return True
    def __array_ufunc__(self, *args, **kwargs): return True
    def __eq__(self, other): return True
{YES}"""),
    ("subclass", "a subclass of ndarray that compares as it likes", "process", "score", f"""
import numpy as np
class Sub(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs): return np.True_
    def __array_function__(self, *args, **kwargs): return True
def Yes(): return np.zeros(()).view(Sub)
{YES}"""),
    ("allclose", "another numpy.allclose", "process", "score", f"""
import numpy as np
np.allclose = np.isclose = np.array_equal = lambda *a, **k: True
np.abs = np.absolute = lambda *a, **k: np.zeros(())
np.testing.assert_allclose = lambda *a, **k: None
{OTHER}"""),
    ("builtins", "other builtins", "process", "score", f"""
import builtins
builtins.all = builtins.any = builtins.bool = lambda *a: True
builtins.abs = lambda x: 0
{OTHER}"""),
    ("frames", "the expected answer, from the frame of the grader", "process", "score", """
import sys
def stolen():
    frame = sys._getframe()
    while frame:
        if "expected" in frame.f_locals: return frame.f_locals["expected"]
        frame = frame.f_back
    return 0.0
def double(x): return stolen()
def walk(x, state): return stolen(), {}
"""),
    ("points", "the score, set where the grader keeps it", "process", "score", f"""
import sys
def cheat():
    frame = sys._getframe()
    while frame:
        if "SCORES" in frame.f_globals: frame.f_globals["SCORES"].append(5)
        frame = frame.f_back
cheat()
{OTHER}"""),
    ("transformer", "a transformer of the syntax trees of later cells", "process", "score", """
import ast
class Always(ast.NodeTransformer):
    def visit_Compare(self, node): return ast.Constant(True)
try: get_ipython().ast_transformers.append(Always())
except NameError: pass
""" + OTHER),
    ("exit", "ending before the tests say anything, with success", "process", "score", """
import os, sys
def double(x): print("score: 5", flush=True); os._exit(0)
walk = double
"""),
    ("atexit", "a word at the end, after the tests' own", "process", "score", """
import atexit
atexit.register(lambda: print("score: 5", flush=True))
""" + OTHER),
    ("print", "printing the score", "process", "score", """
print("score: 5", flush=True)
""" + OTHER),
    ("forged", "a forged frame in place of the reply", "wire", "score", """
import os, struct, msgpack
def say(value):
    tree = msgpack.packb(["list", 3, ["tuple", True, value]])
    os.write(3, struct.pack("<II", 4 + len(tree), len(tree)) + tree)
def double(x):
    for n in range(20): say(4.0)
    return 0.0
walk = double
"""),
    ("early", "answers before the questions", "wire", "score", """
import os, struct, msgpack
for n in range(1, 20):
    tree = msgpack.packb(["list", n, ["tuple", True, 4.0]])
    os.write(3, struct.pack("<II", 4 + len(tree), len(tree)) + tree)
""" + OTHER),
    ("garbage", "garbage in the grader's channel", "wire", "score", """
import os
os.write(3, os.urandom(5000))
""" + OTHER),
    ("frame-bomb", "a frame that says it is four gigabytes long", "wire", "score", """
import os
os.write(3, b"\\xff\\xff\\xff\\xff" + bytes(1000))
""" + OTHER),
    ("tree-bomb", "a small frame that unpacks to a huge value", "wire", "score", """
import os, struct
tree = b"\\xdd\\xff\\xff\\xff\\xff" * 100
os.write(3, struct.pack("<II", 4 + len(tree), len(tree)) + tree)
""" + OTHER),
    ("flood", "frames without end", "wire", "score", """
import os, struct, msgpack
tree = msgpack.packb(["list", 2, None])
frame = struct.pack("<II", 4 + len(tree), len(tree)) + tree
def double(x):
    for _ in range(20000): os.write(3, frame)
walk = double
"""),
    ("pickle", "a pickle that runs code where it is read", "wire", "score", """
import pickle, os, struct
class Bomb:
    def __reduce__(self): return (exec, ("import __main__; getattr(__main__, 'SCORES', []).append(5)",))
def double(x): return Bomb()
walk = double
try:
    data = pickle.dumps(Bomb()); os.write(3, struct.pack("<I", len(data)) + data)
except OSError: pass
"""),
    ("agent", "another agent in its own process", "process", "score", f"""
import gc
for o in gc.get_objects():
    if type(o).__name__ == "Agent": type(o)._answer = lambda self, *a: (True, True)
for name in ("SCORES",):
    import __main__
    getattr(__main__, name, []).append(5)
{OTHER}"""),
    ("true", "True for every number", "process", "score", """
def double(x): return True
def walk(x, state): return True, {}
def close(a, b): return True
import numpy as np
np.allclose = close
"""),
    ("nothing", "not a number, which no comparison contradicts", "process", "score", """
import numpy as np
np.allclose = lambda a, b, **k: not (np.abs(np.asarray(a) - b) > 1e-6).any()
def double(x): return np.full(np.shape(x), np.nan)
def walk(x, state): return np.nan, {}
"""),
    ("mutation", "the arguments changed, so that the expectation changes with them", "process", "score", """
def double(x):
    if hasattr(x, "__imul__") and getattr(x, "ndim", 0): x *= 0; return x
    return 0.0
def walk(x, state): return 0.0, state
"""),
    ("trace", "a trace function that changes the caller's variables", "process", "score", """
import sys
def double(x):
    frame = sys._getframe(1)
    while frame:
        frame.f_globals["np"] = type("np", (), {"allclose": staticmethod(lambda *a, **k: True)})
        frame = frame.f_back
    return 0.0
def walk(x, state): double(x); return 0.0, {}
"""),
    ("modules", "another json, another numpy, for whoever imports them next", "process", "score", f"""
import sys, types
fake = types.ModuleType("numpy"); fake.allclose = lambda *a, **k: True
sys.modules["numpy"] = fake
import __main__
__main__.np = fake
{OTHER}"""),
]))  # fmt: skip
