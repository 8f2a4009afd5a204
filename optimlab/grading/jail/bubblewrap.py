"""Bubblewrap as the outer wall, where this user may make no namespaces but the installed ``bwrap`` may."""

import os
import shutil
import sys
import sysconfig

from .keeper import INSIDE
from .tree import DEVICES, HOME


def program():
    """The path of bwrap, None if it is not installed."""
    return shutil.which("bwrap", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin:/usr/local/bin")


def command(tree, limits):
    """The words that run a Python in a new root with ``tree`` in it, and its path inside."""
    hidden, words = list(tree.hidden), []
    for path in (*_interpreter(), *tree.shown):
        words += ["--ro-bind", path, path]
        for place in [place for place in hidden if place.startswith(f"{path}/")]:
            words += ["--tmpfs", place]
            hidden.remove(place)
    for place in tree.hidden:
        words += ["--remount-ro", place]
    for device in filter(os.path.exists, DEVICES):
        words += ["--dev-bind", device, device]
    for name, target in tree.links:
        words += ["--symlink", target, f"/{name}"]
    words += ["--size", str(limits.disk_mb << 20), "--tmpfs", os.path.dirname(HOME), "--remount-ro", "/"]
    user = ["--unshare-all", "--unshare-user", "--uid", str(INSIDE), "--gid", str(INSIDE), "--cap-drop", "ALL"]
    end = ["--die-with-parent", "--as-pid-1", "--new-session", "--chdir", os.path.dirname(HOME)]
    return [program(), *user, *end, *words, "--", _interpreter()[0]]


def _interpreter():
    """The real executable of this Python, and its shared library if it has one."""
    real = os.path.realpath(sys.executable)
    library = os.path.join(sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("INSTSONAME") or "")
    return [real, library] if library.endswith(".so") or ".so." in library and os.path.exists(library) else [real]
