"""Staying: what one student's notebook leaves for the next one's."""

from .attack import family

ATTACKS = list(family([
    ("note", "a file in the working folder", "fork", "kept", """
def attack(): open("note", "w").write(W["planted"])
""", {"after": "def attack(): return open('note').read()"}),
    ("home", "a file where IPython and matplotlib keep theirs", "fork", "kept", """
import os
def attack():
    os.makedirs(os.path.expanduser("~/profile_default/startup"), exist_ok=True)
    open(os.path.expanduser("~/profile_default/startup/x.py"), "w").write(W["planted"])
""", {"after": "import os\ndef attack(): return open(os.path.expanduser('~/profile_default/startup/x.py')).read()"}),
    ("patch", "a changed library", "fork", "kept", """
import numpy
def attack(): numpy.planted = W["planted"]
""", {"after": "import numpy\ndef attack(): return numpy.planted"}),
    ("builtins", "a changed builtin", "fork", "kept", """
import builtins
def attack(): builtins.planted = W["planted"]
""", {"after": "def attack(): return planted"}),
    ("module", "a module of its own among those imported", "fork", "kept", """
import sys, types
def attack(): sys.modules["planted"] = types.ModuleType(W["planted"])
""", {"after": "import sys\ndef attack(): return sys.modules['planted'].__name__"}),
    ("variable", "an environment variable", "fork", "kept", """
import os
def attack(): os.environ["PLANTED"] = W["planted"]
""", {"after": "import os\ndef attack(): return os.environ['PLANTED']"}),
    ("hook", "a hook of IPython", "fork", "kept", """
def attack(): get_ipython().planted = W["planted"]
""", {"after": "def attack(): return get_ipython().planted"}),
    ("keyring", "a key in the kernel's keyring of the session", "account seccomp", "kept", """
import ctypes
def attack(): ctypes.CDLL(None).syscall(248, b"user", b"planted", W["planted"].encode(), 32, -5)
""", {"after": """
import ctypes
def attack():
    libc, b = ctypes.CDLL(None), ctypes.create_string_buffer(32)
    libc.syscall(250, 11, libc.syscall(249, b"user", b"planted", None, -5), b, 32)
    return b.raw
"""}),
    ("shared-memory", "shared memory that outlives its process", "account seccomp", "kept", """
import ctypes
libc = ctypes.CDLL(None); libc.shmat.restype = ctypes.c_void_p
def attack():
    at = libc.shmat(libc.shmget(4711, 4096, 0o1600), None, 0)
    ctypes.memmove(at, W["planted"].encode(), 32)
""", {"after": """
import ctypes
libc = ctypes.CDLL(None); libc.shmat.restype = ctypes.c_void_p
def attack(): return ctypes.string_at(libc.shmat(libc.shmget(4711, 4096, 0o600), None, 0), 32)
"""}),
    ("thread", "a thread that goes on", "fork", "kept", """
import threading, builtins, time
def attack():
    planted = W["planted"]
    def later():
        time.sleep(0.05); builtins.late = planted
    threading.Thread(target=later, daemon=True).start()
""", {"after": "import time\ndef attack(): time.sleep(0.2); return late"}),
]))  # fmt: skip
