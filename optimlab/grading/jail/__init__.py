"""The jail that student code runs in: tiers of it, and for a zygote how to go in and how to lock a child up.

    tree        what can be seen of the file system         namespaces   a machine of its own, as far as it can tell
    landlock    what it may open and reach                  seccomp      what it may ask of the kernel
    limits      what it may use up                          bubblewrap   namespaces from a program that may make them
    tiers       which of them together make a jail          probe        which of those the machine gives
    keeper      the process that waits outside              linux        the system calls they need

Several layers hold each attack, so that a hole in one is no hole in the wall.
"""

import os
import sys
import tempfile

from . import bubblewrap, keeper, landlock, linux, namespaces, seccomp
from .limits import Limits, cpu_seconds, impose, impose_on_threads, mapped
from .tiers import TIERS, WITH_A_HOME
from .tree import DEVICES, HOME

__all__ = ["Jail", "Limits", "Unconfined", "choose_tier", "cpu_seconds"]

THREADS = "account"  # the layer without which nobody counts threads, so that there must be none


class Unconfined(Exception):
    """Why this process could not be locked up, in a sentence."""


def choose_tier(unsafe):
    """The best tier that this machine offers, shown by trying; or Refused."""
    from .. import Refused
    from . import probe

    if sys.platform == "win32":
        raise Refused("grading needs a system that can fork; on Windows run it in WSL2 or in a Linux virtual machine")
    if unsafe:
        return "unsafe"
    return probe.best()


class Jail:
    """One tier, as a zygote uses it. ``without`` leaves layers out, to see what they are good for."""

    def __init__(self, tier, limits, tree, without=(), inside=False):
        self.tier, self.limits, self.tree = tier, limits, tree
        self.layers = [layer for layer in TIERS[tier].layers if layer not in without]
        self.home = HOME if tier in WITH_A_HOME else None  # None: a new folder each time
        self.inside, self.scratch, self.rules = inside, None, None

    def __contains__(self, layer):
        return layer in self.layers

    def enter(self, again):
        """Before anything is imported for students: go where nothing is that they may not see. It returns in another
        process. ``again()`` are the words with which bubblewrap starts that, ``inside``."""
        if not self.inside:
            base = os.getcwd()
            become_somebody = keeper.stay_outside(base)
            if self.tier == "bubblewrap":
                words = bubblewrap.command(self.tree, self.limits)
                os.execv(words[0], words + again())
            if self.tier == "namespaces":
                with _as_a_sentence("namespaces"):
                    namespaces.enter(self.layers, self.tree, base, become_somebody)
        self.make_scratch()

    def prepare(self):
        """Once everything is imported: what is the same for all children. Then the first may be forked."""
        self.clear_scratch()
        self.mapped = mapped()
        if self.tier == "unsafe":
            return
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
        if "pid" in self:
            self.own = os.pidfd_open(os.getpid())
        if "landlock" in self:
            with _as_a_sentence("Landlock"):
                self.rules = landlock.rules(*self._landlock_paths(), self.tree.listed)
                import fcntl  # which Windows does not have; there nobody comes this far

                self.rules = fcntl.fcntl(self.rules, fcntl.F_DUPFD_CLOEXEC, 100)  # out of the way of a child's
        if "seccomp" in self:
            with _as_a_sentence("seccomp"):
                self.filter = seccomp.program(threads=THREADS in self)

    def make_scratch(self):
        """An empty folder for the next child, and this process in it."""
        if self.tier == "namespaces":
            namespaces.mount_scratch(self.limits)
        elif self.tier == "bubblewrap":
            os.mkdir(HOME, 0o700)
        self.scratch = self.home or tempfile.mkdtemp(dir=os.getcwd())

    def clear_scratch(self):
        """Away with it; if it cannot be removed, the next child must not find it, so this process ends."""
        scratch, self.scratch = self.scratch, None
        if self.tier == "namespaces":
            return linux.unmount(scratch)
        keeper.remove(scratch)
        if self.home and os.path.exists(scratch):
            sys.exit("what a submission left behind could not be removed")

    def fork(self):
        """As os.fork; the child is yet to be confined."""
        if "pid" in self:
            return namespaces.fork_first_process(self.own)
        return os.fork()

    def confine(self):
        """In a child: give up, for good, all that this tier takes away; Unconfined if it could not."""
        with _as_a_sentence("the limits"):
            if "account" in self:
                namespaces.own_account()
                impose_on_threads(self.limits)
            if "limits" in self:
                impose(self.limits, self.mapped)
        linux.die_with_parent()
        if self.tier == "unsafe":
            return
        with _as_a_sentence("giving up rights"):
            linux.no_new_privileges()
            if "rights" in self:
                linux.drop_capabilities()
        if "landlock" in self:
            with _as_a_sentence("Landlock"):
                landlock.restrict(self.rules)
            os.close(self.rules)
        if "seccomp" in self:
            with _as_a_sentence("seccomp"):
                seccomp.load(self.filter(os.getpid()))

    def _landlock_paths(self):
        """What may be read, and written: each layer is to hold by itself, so not simply all of the new root."""
        devices = [path for path in DEVICES if os.path.exists(path)]
        return [*self.tree.readable(), *devices], [*devices[:1], *([os.path.dirname(HOME)] if self.home else [])]


class _as_a_sentence:
    """Turns whatever goes wrong inside into an Unconfined that says where."""

    def __init__(self, layer):
        self.layer = layer

    def __enter__(self):
        pass

    def __exit__(self, kind, error, _):
        if isinstance(error, Exception):
            raise Unconfined(f"{self.layer}: {error}") from error
