"""What a submission's process may use, and whether this machine can hold one.

``confine`` is called in the forked child before any student code. So far it knows one tier, "unsafe": limits on what
may be used up, none on what may be read or reached. Namespaces, Landlock and seccomp belong here, in the same two
functions.
"""

import contextlib
import ctypes
import os
import signal
import sys
from typing import NamedTuple

from . import Refused


class Limits(NamedTuple):
    """What one submission may use. Seconds are of the clock on the wall; the total caps the processor's, too."""

    call_seconds: float = 10.0
    cell_seconds: float = 10.0
    total_seconds: float = 60.0
    memory_mb: int = 512  # on top of what the warm process has already mapped
    file_mb: int = 16  # of each file it writes
    open_files: int = 64


def choose_tier(unsafe):
    """The tier this machine offers, or Refused."""
    if sys.platform == "win32":
        raise Refused("grading needs a system that can fork; on Windows run it in WSL2 or in a Linux virtual machine")
    if unsafe:
        return "unsafe"
    raise Refused(
        "student code would run with your rights, because the jail that would hold it is not built yet; "
        "add --unsafe for code you trust, or inside a virtual machine or container that you can throw away"
    )


def confine(tier, limits):
    """Give up, in this process and for good, what the tier takes away and what lies beyond the limits."""
    assert tier == "unsafe", tier
    import resource  # which Windows does not have

    cpu = int(limits.total_seconds) + 1
    caps = {
        "RLIMIT_CPU": cpu,
        "RLIMIT_AS": _mapped() + (limits.memory_mb << 20),
        "RLIMIT_FSIZE": limits.file_mb << 20,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        # RLIMIT_NPROC counts all processes of a user: it can only be set once a submission has a user of its own
    }
    for name, cap in caps.items():
        if hasattr(resource, name):
            hard = cap + (name == "RLIMIT_CPU")  # the soft one has a signal of its own, the hard one kills
            with contextlib.suppress(ValueError, OSError):  # macOS does not let some be set; one may be lower already
                resource.setrlimit(getattr(resource, name), (cap, hard))


def die_with_parent():
    """On Linux, have the kernel kill this process when the one that started it is gone."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def threads():
    """How many threads this process has, where the system tells: a fork copies only one of them."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def _mapped():
    """Bytes of address space this process has mapped, where the system tells; else a generous guess."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 4 << 30
