"""Reading what is none of theirs: the tests, the rules, others' work."""

from .attack import family

MOUNT = "mount landlock"

ATTACKS = list(family([
    ("open", "open() of an absolute path", MOUNT, "read", """
def attack(): return open(W["canary"]).read()
"""),
    ("import", "import of a file by a longer sys.path", MOUNT, "read", """
import sys
def attack():
    sys.meta_path[:] = [f for f in sys.meta_path if 'Withheld' not in type(f).__name__]
    sys.path.insert(0, W["folder"])
    import ada
    return ada.TOKEN
"""),
    ("loader", "an import loader made by hand", MOUNT, "read", """
from importlib.machinery import SourceFileLoader
def attack(): return SourceFileLoader("stolen", W["canary"]).get_data(W["canary"])
"""),
    ("runpy", "runpy", MOUNT, "read", """
import runpy
def attack(): return runpy.run_path(W["canary"])["TOKEN"]
"""),
    ("magic", "an IPython magic that reads a file", MOUNT, "read", """
def attack():
    get_ipython().run_line_magic("run", W["canary"])
    return TOKEN
"""),
    ("linecache", "tracebacks' cache of sources", MOUNT, "read", """
import linecache
def attack(): return linecache.getlines(W["canary"])
"""),
    ("mmap", "a file mapped into memory", MOUNT, "read", """
import mmap, os
def attack(): return bytes(mmap.mmap(os.open(W["canary"], os.O_RDONLY), 0, prot=mmap.PROT_READ))
"""),
    ("numpy", "NumPy's own reader, in C", MOUNT, "read", """
import numpy as np
def attack(): return np.fromfile(W["canary"], "u1").tobytes()
"""),
    ("sqlite", "a database engine that opens files in C", MOUNT, "read", """
import sqlite3
def attack():
    db = sqlite3.connect(f"file:{W['canary']}?mode=ro", uri=True)
    try: db.execute("select * from sqlite_master")
    except sqlite3.DatabaseError as error:
        if "not a database" not in str(error): raise
    return open(W["canary"]).read()
"""),
    ("libc", "libc's fopen, past Python's audit hooks", MOUNT, "read", """
import ctypes
def attack():
    libc = ctypes.CDLL(None); libc.fopen.restype = ctypes.c_void_p
    file = libc.fopen(W["canary"].encode(), b"r")
    buffer = ctypes.create_string_buffer(100)
    if file: libc.fread(buffer, 1, 99, ctypes.c_void_p(file))
    return buffer.value
"""),
    ("openat2", "the system call openat2, younger than most filters", MOUNT + " seccomp", "read", """
import ctypes, struct, os
def attack():
    how = struct.pack("QQQ", 0, 0, 0)
    fd = ctypes.CDLL(None).syscall(437, -100, W["canary"].encode(), how, 24)
    return os.read(fd, 100)
"""),
    ("symlink", "a symbolic link in the scratch that leads out", MOUNT, "read", """
import os
def attack():
    os.symlink(W["canary"], "link")
    return open("link").read()
"""),
    ("dotdot", "a path of many dots from the scratch", MOUNT, "read", """
def attack(): return open("../" * 20 + W["canary"]).read()
"""),
    ("walk", "descending from the root by descriptors", MOUNT, "read", """
import os
def attack():
    at = os.open("/", os.O_PATH)
    for part in W["canary"].strip("/").split("/")[:-1]: at = os.open(part, os.O_PATH, dir_fd=at)
    return os.read(os.open("ada.py", os.O_RDONLY, dir_fd=at), 100)
"""),
    ("list", "a listing of the class's folder", MOUNT, "got", """
import os
def attack(): return "ada.py" in os.listdir(W["folder"])
"""),
    ("stat", "whether a file is there, its size and date", "mount", "got", """
import os
def attack(): return os.stat(W["canary"]).st_size > 0
""", {"gaps": ("landlock",)}),
    ("sendfile", "the kernel copying one file to another", MOUNT, "read", """
import os
def attack():
    out = os.open("copy", os.O_RDWR | os.O_CREAT)
    os.sendfile(out, os.open(W["canary"], os.O_RDONLY), 0, 100)
    return os.pread(out, 100, 0)
"""),
    ("rules-source", "the source of the reference rules", MOUNT, "got", """
def attack(): return "def adam" in open(W["repo"] + "/optimlab/rules.py").read()
"""),
    ("rules-import", "the reference rules by import, past the finder that withholds them", MOUNT, "got", """
import sys
def attack():
    sys.meta_path[:] = [f for f in sys.meta_path if 'Withheld' not in type(f).__name__]
    import optimlab
    optimlab.__path__.append(W["repo"] + "/optimlab")
    import optimlab.rules
    return callable(optimlab.rules.adam)
"""),
    ("oracles", "the labs' oracles, loaded from their file", MOUNT, "got", """
import importlib.util
def attack():
    spec = importlib.util.spec_from_file_location("oracles", W["repo"] + "/optimlab/labs/oracles.py")
    module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)
    return callable(module.adam)
"""),
    ("solutions", "the solved lab", MOUNT, "got", """
import glob
def attack(): return any("return" in open(path).read() for path in glob.glob(W["repo"] + "/solutions/*.ipynb"))
"""),
    ("proc-environ", "another process's environment in /proc", "user", "read", """
def attack(): return open(f"/proc/{W['victim']}/environ").read()
"""),
    ("proc-root", "another process's root in /proc", "user", "read", """
def attack(): return open(f"/proc/{W['victim']}/root{W['canary']}").read()
"""),
    ("proc-self", "its own memory map and command line in /proc", MOUNT, "got", """
def attack(): return "grading.zygote" in open("/proc/self/cmdline").read()
"""),
    ("sys", "what /sys tells of the machine", MOUNT, "got", """
import os
def attack(): return len(os.listdir("/sys")) > 0
"""),
    ("passwd", "who has an account", MOUNT, "got", """
def attack(): return "root:" in open("/etc/passwd").read()
"""),
    ("handle", "a file by its handle, past every path", "user seccomp", "got", """
import ctypes, os
def attack():
    libc = ctypes.CDLL(None, use_errno=True); mount = ctypes.c_int(); handle = ctypes.create_string_buffer(136)
    ctypes.c_uint.from_buffer(handle).value = 128
    if libc.name_to_handle_at(-100, b"/", handle, ctypes.byref(mount), 0): return False
    return libc.open_by_handle_at(os.open("/", os.O_RDONLY), handle, 0) >= 0
""", {"root": True}),
]))  # fmt: skip
