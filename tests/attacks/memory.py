"""Its own process: what is left there of the answers, of the grader, of the teacher."""

from .attack import family

ATTACKS = list(family([
    ("environment", "the environment", "process", "read", """
import os
def attack(): return dict(os.environ)
"""),
    ("environ-in-c", "libc's own copy of the environment", "process", "read", """
import ctypes
def attack():
    at = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ"); found = []
    while at[len(found)]: found.append(at[len(found)])
    return found
"""),
    ("arguments", "the command line", "process", "read", """
import sys
def attack(): return sys.argv + sys.orig_argv
"""),
    ("frames", "the frames of its callers", "process", "read", """
import sys
def attack():
    frame, found = sys._getframe(), []
    while frame:
        found.append([repr(value)[:500] for value in frame.f_locals.values()]); frame = frame.f_back
    return str(found)
"""),
    ("garbage-collector", "all objects the garbage collector knows", "process", "read", """
import gc
def attack():
    gc.unfreeze()
    texts = [repr(o)[:2000] for o in gc.get_objects() if type(o) in (list, tuple, dict)]
    return [text for text in texts if "SECRET" in text][:20]
"""),
    ("modules", "the globals of all modules", "process", "read", """
import sys
def attack(): return [repr(vars(m).get("SECRET")) for m in list(sys.modules.values()) if m]
"""),
    ("threads", "the frames of other threads", "process", "read", """
import sys
def attack(): return [repr(f.f_globals.get("SECRET")) for f in sys._current_frames().values()]
"""),
    ("descriptors", "files left open", "process", "read", """
import os
def attack():
    found = []
    for fd in range(256):
        try:
            found.append(os.pread(fd, 200, 0))
        except OSError: pass
    return found
"""),
    ("raw-memory", "the bytes around its own objects", "process", "read", """
import ctypes
def attack():
    found = b""
    for name in list(globals()) + ["SECRET"]:
        o = globals().get(name)
        if type(o) is str: found += ctypes.string_at(id(o), 200)
    import __main__
    o = getattr(__main__, "SECRET", "")
    return found + ctypes.string_at(id(o), 120)
"""),
    ("traceback", "the locals of the code that caught its exception", "process", "read", """
import sys
def attack():
    try: raise ValueError
    except ValueError as error:
        frame, found = error.__traceback__.tb_frame, ""
        while frame: found += str(frame.f_globals.get("SECRET")); frame = frame.f_back
        return found
"""),
    ("core", "a dump of its memory", "limits", "got", """
import resource
def attack():
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))
    return resource.getrlimit(resource.RLIMIT_CORE)[0] > 0
"""),
]))  # fmt: skip
