"""What one submission may use up: time, memory, files, threads."""

import contextlib
import sys
from typing import NamedTuple


class Limits(NamedTuple):
    """Seconds are of the clock on the wall; the total caps the processor's, too."""

    call_seconds: float = 10.0
    cell_seconds: float = 10.0
    total_seconds: float = 60.0
    memory_mb: int = 512  # on top of what the warm process has already mapped
    file_mb: int = 16  # of each file it writes
    open_files: int = 64
    disk_mb: int = 64  # of all its files together
    files: int = 2000  # how many files and folders
    threads: int = 32


def impose(limits, mapped):
    """Set the limits of this process, but for its threads."""
    caps = {
        "RLIMIT_CPU": cpu_seconds(limits),
        "RLIMIT_AS": mapped + (limits.memory_mb << 20),
        "RLIMIT_FSIZE": limits.file_mb << 20,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    _set(caps)


def impose_on_threads(limits):
    """Limit threads, where they are counted apart from other processes of the same user."""
    _set({"RLIMIT_NPROC": limits.threads})


def _set(caps):
    import resource  # which Windows does not have

    for name, cap in caps.items():
        if hasattr(resource, name):
            hard = cap + (name == "RLIMIT_CPU")  # the soft one has a signal of its own, the hard one kills
            with contextlib.suppress(*_UNKIND):
                resource.setrlimit(getattr(resource, name), (cap, hard))


def cpu_seconds(limits):
    return int(limits.total_seconds) + 1


def mapped():
    """Bytes of address space this process has mapped: the least limit under which it can map one page more."""
    import mmap
    import resource

    if sys.platform != "linux":
        return 4 << 30  # a generous guess; macOS does not impose the limit anyway
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    too_little, enough = 0, 1 << 46
    while enough - too_little > mmap.PAGESIZE:
        middle = (too_little + enough) // 2
        resource.setrlimit(resource.RLIMIT_AS, (middle, hard))
        try:
            mmap.mmap(-1, mmap.PAGESIZE).close()
            enough = middle
        except (OSError, MemoryError):
            too_little = middle
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    return enough


_UNKIND = (ValueError, OSError) if sys.platform == "darwin" else ()  # macOS does not let some be set
