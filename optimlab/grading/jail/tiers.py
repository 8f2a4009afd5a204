"""The tiers of the jail, best first: what each is made of, and what it does not hold that a better one does."""

from typing import NamedTuple


class Tier(NamedTuple):
    """One way to lock a process up."""

    layers: tuple[str, ...]
    summary: str
    gaps: tuple[str, ...]


NAMESPACES = ("mount", "pid", "net", "ipc", "uts", "cgroup")
TIERS = {
    "namespaces": Tier(
        (*NAMESPACES, "account", "rights", "landlock", "seccomp", "limits"),
        "namespaces, Landlock, a list of allowed system calls, limits",
        (
            "the code that is graded sees the hidden inputs it is called with",
            "a hole in the kernel is a hole in the jail: only a virtual machine holds that",
        ),
    ),
    "bubblewrap": Tier(
        ("bubblewrap", "rights", "landlock", "seccomp", "limits"),
        "namespaces made by bubblewrap, Landlock, a list of allowed system calls, limits",
        (
            "the number of files is not limited, only their size: many empty ones take memory of the machine",
            "nobody counts threads, so that none may be started: a notebook that needs them fails",
            "started by root, student code keeps root's number, though none of its rights",
            "one set of namespaces serves many submissions: between them stands the list of system calls alone",
        ),
    ),
    "landlock": Tier(
        ("rights", "landlock", "seccomp", "limits"),
        "Landlock, a list of allowed system calls, limits; nothing can be written",
        (
            "no namespaces: that the network, other processes and the kernel's rarer parts are out of reach rests on "
            "the list of system calls alone",
            "which files there are, their sizes and dates can be seen, though not what is in them",
            "nothing can be written: a notebook that writes a file fails",
        ),
    ),
    "unsafe": Tier(("limits",), "limits only: for code you trust", ("student code runs with your rights",)),
}
JAILS = ("namespaces", "bubblewrap", "landlock")
WITH_A_HOME = ("namespaces", "bubblewrap")  # a folder to write in, at tree.HOME


def gaps(tier):
    """All that a tier does not hold, what is peculiar to it first."""
    names = JAILS[: JAILS.index(tier) + 1]
    return [gap for name in reversed(names) for gap in TIERS[name].gaps]
