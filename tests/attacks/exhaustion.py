"""Taking all there is: time, memory, disk, threads, the grader's patience."""

from .attack import family

ATTACKS = list(family([
    ("loop", "an endless loop", "deadline", "endless", """
def attack():
    while True: pass
"""),
    ("sleep", "sleep, from which exceptions do not wake it", "deadline", "endless", """
import time
def attack():
    while True:
        try: time.sleep(60)
        except BaseException: pass
"""),
    ("in-c", "work in C that no signal handler interrupts", "deadline", "endless", """
def attack(): return 10 ** 10 ** 8
"""),
    ("regex", "a regular expression that explodes", "deadline", "endless", """
import re
def attack(): return re.match("(a+)+$", "a" * 60 + "b")
"""),
    ("deaf", "ignoring every signal", "deadline", "endless", """
import signal
def attack():
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass
"""),
    ("stopped", "stopping itself", "deadline", "endless", """
import os, signal, time
def attack(): os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)
"""),
    ("trickle", "half a frame, and then nothing", "deadline", "endless", """
import os, time
def attack(): os.write(3, b"\\x40"); time.sleep(60)
"""),
    ("processor", "processor time past the deadline of one call", "limits", "got", """
import resource
def attack(): return resource.getrlimit(resource.RLIMIT_CPU)[0] < 0
"""),
    ("list", "a list that grows", "limits", "grew", """
def attack():
    x = []
    for _ in range(200): x.append(bytearray(1 << 20))
    return len(x)
"""),
    ("array", "a huge array, touched", "limits", "grew", """
import numpy as np
def attack(): return int(np.ones(25_000_000).sum())
"""),
    ("map", "anonymous memory, shared so that it counts as nobody's", "limits", "grew", """
import mmap
def attack():
    m = mmap.mmap(-1, 200 << 20)
    for at in range(0, len(m), 4096): m[at] = 1
    return True
"""),
    ("stack", "a thread with a huge stack", "limits seccomp", "got", """
import threading
def attack():
    threading.stack_size(1 << 30)
    t = threading.Thread(target=int); t.start(); t.join()
    return True
"""),
    ("threads", "threads without end", "seccomp", "much", """
# where they may be started, the count of the account holds them
import threading, time
def attack():
    threading.stack_size(1 << 15)
    for count in range(200):
        try: threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
        except RuntimeError: break
    return count - 40
"""),
    ("one-file", "one huge file", "limits", "much", """
import os
def attack():
    with open("big", "wb") as file:
        try:
            for _ in range(40): file.write(bytes(1 << 20)); file.flush()
        except OSError: pass
    return os.path.getsize("big") - (16 << 20)
"""),
    ("many-files", "a full disk, by many files", "scratch", "much", """
import os
def attack():
    total = 0
    for number in range(12):
        try:
            with open(f"big{number}", "wb") as file: file.write(bytes(15 << 20)); file.flush()
        except OSError: pass
        if os.path.exists(f"big{number}"): total += os.stat(f"big{number}").st_blocks * 512
    return total - (65 << 20)
"""),
    ("inodes", "empty files without end", "scratch", "much", """
def attack():
    for count in range(6000):
        try: open(f"f{count}", "w").close()
        except OSError: break
    return count - 2100
""", {"gaps": ("bubblewrap",)}),
    ("folders", "folders nested without end", "scratch", "much", """
import os
def attack():
    for count in range(2400):
        try: os.mkdir("d"); os.chdir("d")
        except OSError: break
    return count - 2100
""", {"gaps": ("bubblewrap",)}),
    ("sparse", "a file of a terabyte that takes no room", "limits", "much", """
import os
def attack():
    with open("sparse", "wb") as file:
        try: os.ftruncate(file.fileno(), 1 << 40)
        except OSError: pass
    return os.path.getsize("sparse") - (16 << 20)
"""),
    ("descriptors", "open files without end", "limits", "much", """
import os
def attack():
    for count in range(1000):
        try: os.dup(0)
        except OSError: break
    return count - 70
"""),
    ("pipes", "the kernel's memory, by full pipes", "limits", "much", """
import os
def attack():
    total = 0
    for _ in range(300):
        try: a, b = os.pipe()
        except OSError: break
        os.set_blocking(b, False)
        try:
            while True: total += os.write(b, bytes(65536))
        except OSError: pass
    return total - (8 << 20)
"""),
    ("own-limits", "raising its own limits", "limits", "got", """
import resource
def attack():
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    return True
"""),
]))  # fmt: skip
