"""Landlock: what a process gives up by itself, for good: files it may not open, ports, signals to others.

The rules are made once, before there are children, as a descriptor; a child takes them on with one system call.
"""

import os
import struct

from . import linux

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, MAKE_CHAR, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, REFER, TRUNCATE, IOCTL_DEV = (
    1 << bit for bit in (0, 1, 2, 3, 6, 9, 10, 11, 13, 14, 15)
)
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # what can be allowed for a file that is no folder
SPECIAL = MAKE_CHAR | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK | IOCTL_DEV
TCP, SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals of those outside
CREATE_VERSION, RULE_PATH_BENEATH, QUIET = 1, 1, 1


def abi():
    """The version of Landlock in this kernel, 0 if there is none or it is switched off."""
    try:
        return linux.call("landlock_create_ruleset", None, 0, CREATE_VERSION)
    except OSError:
        return 0


def rules(readable, writable, listed=()):
    """A descriptor of rules: what is below some paths may be read, below others written, and below others again its
    names may be learned; nothing else."""
    version = abi()
    handled = (1 << 13) - 1 | (version >= 2 and REFER) | (version >= 3 and TRUNCATE) | (version >= 5 and IOCTL_DEV)
    fields = [handled, TCP if version >= 4 else 0, SCOPES if version >= 6 else 0]
    packed = struct.pack("3Q", *fields)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = linux.call("landlock_create_ruleset", packed, len(packed), 0)
    for path in readable:
        _allow(ruleset, path, READ_FILE | READ_DIR)
    for path in writable:
        _allow(ruleset, path, handled & ~SPECIAL & ~EXECUTE)
    for path in listed:
        _allow(ruleset, path, READ_DIR)
    return ruleset


def restrict(ruleset):
    """Put this process under the rules. It must have given up new privileges."""
    quietly = QUIET if abi() >= 7 else 0  # a flood of denials is not to fill the log
    linux.call("landlock_restrict_self", ruleset, quietly)


def _allow(ruleset, path, access):
    file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        access &= -1 if os.path.isdir(path) else OF_FILES
        linux.call("landlock_add_rule", ruleset, RULE_PATH_BENEATH, struct.pack("=Qi", access, file), 0)
    finally:
        os.close(file)
