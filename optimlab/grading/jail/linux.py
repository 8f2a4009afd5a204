"""The system calls of Linux that Python does not offer, through ctypes; each raises an OSError that names the call."""

import ctypes
import os
import signal
import struct
import sys
import threading

from .syscalls import NUMBERS

NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
)  # fmt: skip
CLONE_THREAD = 0x10000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 0x40000
MNT_DETACH = 2
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE = -100, 0x1000, 0x8000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = 1, 4
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 8, 24, 38
CAPABILITY_VERSION_3, CAPABILITIES = 0x20080522, 64
ALL_CAPABILITIES = (1 << 38) - 1  # of the oldest kernel that will do; a newer one has a few more

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None


def _checked(name, result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def call(name, *arguments):
    """A system call by its name; integers are passed as 64-bit numbers, bytes and buffers by address."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(name, _libc.syscall(ctypes.c_long(NUMBERS[name]), *words))


def prctl(option, *arguments):
    words = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked("prctl", _libc.prctl(option, *words))


def unshare(flags):
    _checked("unshare", _libc.unshare(ctypes.c_int(flags)))


def setns(fd, kind):
    _checked("setns", _libc.setns(fd, ctypes.c_int(kind)))


def mount(source, target, kind=None, flags=0, options=None):
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    data = None if options is None else options.encode()
    _checked(f"mount on {target}", _libc.mount(*texts, ctypes.c_ulong(flags), data))


def unmount(target):
    """Take a mount away at once, whoever still uses it."""
    _checked(f"umount {target}", _libc.umount2(os.fsencode(target), MNT_DETACH))


def clone_tree(path, devices=False):
    """A descriptor of a read-only copy of the mounts at ``path``; no file in it gives rights, and none is a device."""
    tree = call("open_tree", AT_FDCWD, os.fsencode(path), OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE)
    _set_attributes(tree, b"", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | (0 if devices else MOUNT_ATTR_NODEV))
    return tree


def move_tree(tree, target):
    """Attach what ``clone_tree`` gave at ``target``, and close the descriptor."""
    call("move_mount", tree, b"", AT_FDCWD, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH)
    os.close(tree)


def read_only(path):
    """Make a mount read-only, with all that are below it."""
    _set_attributes(AT_FDCWD, os.fsencode(path), MOUNT_ATTR_RDONLY)


def _set_attributes(folder, path, attributes):
    wanted = struct.pack("QQQQ", attributes, 0, 0, 0)
    call("mount_setattr", folder, path, AT_RECURSIVE | (0 if path else AT_EMPTY_PATH), wanted, len(wanted))


def pivot_root(new, old):
    call("pivot_root", os.fsencode(new), os.fsencode(old))


def set_capabilities(mask):
    """Have these capabilities (a bit each) effective and permitted, none inheritable."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    call("capset", header, struct.pack("6I", low, low, 0, high, high, 0))


def drop_capabilities():
    """Have no capability, and none to get back."""
    for number in range(CAPABILITIES):
        if _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0) < 0:  # the kernel has no such, or no right
            break
    set_capabilities(0)


def no_new_privileges():
    """Have no program that this process runs give it rights."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent():
    """Have the kernel kill this process when the one that started it is gone. (Elsewhere than on Linux: nothing.)"""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def is_single_threaded():
    """Whether this process has one thread: only then may CLONE_THREAD be unshared, which then does nothing."""
    if sys.platform != "linux":
        return threading.active_count() == 1
    return _libc.unshare(ctypes.c_int(CLONE_THREAD)) == 0
