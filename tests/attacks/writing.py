"""Changing what is none of theirs: others' work, the package, the machine."""

from .attack import family

MOUNT = "mount landlock"

ATTACKS = list(family([
    ("overwrite", "writing over a file", MOUNT, "changed", """
def attack(): open(W["canary"], "w").write("mine")
"""),
    ("append", "appending to a file", MOUNT, "changed", """
def attack(): open(W["canary"], "a").write("mine")
"""),
    ("create", "a new file beside another's", MOUNT, "changed", """
def attack(): open(W["folder"] + "/new", "w").write("mine")
"""),
    ("unlink", "removing a file", MOUNT, "changed", """
import os
def attack(): os.unlink(W["canary"])
"""),
    ("rename", "renaming a file", MOUNT, "changed", """
import os
def attack(): os.rename(W["canary"], W["folder"] + "/gone")
"""),
    ("truncate", "truncating by path", MOUNT, "changed", """
import os
def attack(): os.truncate(W["canary"], 0)
"""),
    ("hardlink", "another name for a file", MOUNT, "changed", """
import os
def attack(): os.link(W["canary"], W["folder"] + "/second")
"""),
    ("chmod", "another mode for a file", "mount", "changed", """
import os
def attack(): os.chmod(W["canary"], 0o777)
""", {"gaps": ("landlock",)}),
    ("utime", "another date for a file", "mount", "changed", """
import os
def attack(): os.utime(W["canary"], (1, 1))
""", {"gaps": ("landlock",)}),
    ("xattr", "an attribute on a file", "mount seccomp", "changed", """
import os
def attack(): os.setxattr(W["canary"], "user.mine", b"1")
"""),
    ("mkdir", "a folder among the students'", MOUNT, "changed", """
import os
def attack(): os.mkdir(W["folder"] + "/zoe")
"""),
    ("fifo", "a FIFO that a grader may wait at", MOUNT + " seccomp", "changed", """
import os
def attack(): os.mkfifo(W["folder"] + "/zoe.ipynb")
"""),
    ("plant", "a symbolic link among the submissions", MOUNT, "changed", """
import os
def attack(): os.symlink("/etc/passwd", W["folder"] + "/zoe.ipynb")
"""),
    ("poison-package", "the package that the next zygote starts from", MOUNT, "got", """
import optimlab, os
def attack():
    path = os.path.join(os.path.dirname(optimlab.__file__), "problems.py")
    text = open(path).read()
    open(path, "a").write("# mine")
    return "# mine" in open(path).read()
"""),
    ("poison-bytecode", "compiled code beside the package", MOUNT, "got", """
import optimlab, os
def attack():
    folder = os.path.join(os.path.dirname(optimlab.__file__), "__pycache__")
    os.makedirs(folder, exist_ok=True)
    open(folder + "/mine.pyc", "wb").write(b"x")
    return os.path.exists(folder + "/mine.pyc")
"""),
    ("shm", "memory shared by name", MOUNT, "got", """
def attack():
    open("/dev/shm/mine-of-attacks", "w").write("x")
    import os; os.unlink("/dev/shm/mine-of-attacks")
    return True
"""),
    ("tmp", "the machine's /tmp", MOUNT, "got", """
def attack():
    open("/tmp/mine-of-attacks", "w").write("x")
    import os; os.unlink("/tmp/mine-of-attacks")
    return True
"""),
]))  # fmt: skip
