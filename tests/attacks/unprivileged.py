"""Runs a Python program as a user without rights, even where the interpreter lies in a folder that only root may enter.

As a program: ``python unprivileged.py ARGUMENT...`` becomes ``python ARGUMENT...``.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOBODY = 65534


def command(arguments):
    """The words that run ``python ARGUMENT...`` without rights; for a normal user, nothing else is needed."""
    if os.getuid():
        return [sys.executable, *arguments]
    return [sys.executable, __file__, *arguments]


def main(arguments):
    sys.path.insert(0, str(ROOT))
    from optimlab.grading.jail import linux

    linux.unshare(linux.NEWNS)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    for needed in {os.path.realpath(sys.executable), os.path.realpath(os.__file__)}:
        _open_the_way_to(needed, linux)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.execve(sys.executable, [sys.executable, *arguments], {**os.environ, "HOME": "/var/tmp"})


def _open_the_way_to(path, linux):
    """Cover the first folder on the way that others may not enter with one that holds nothing but the way."""
    parts = Path(path).parents
    for folder in reversed(parts):
        if not folder.stat().st_mode & 0o001:
            inner = Path(path).relative_to(folder).parts
            keep = folder.joinpath(*inner[:-2]) if len(inner) > 2 else folder
            tree = linux.call("open_tree", linux.AT_FDCWD, os.fsencode(keep), 1 | linux.AT_RECURSIVE)
            linux.mount("tmpfs", str(folder), "tmpfs", 0, "mode=755")
            keep.mkdir(parents=True, exist_ok=True)
            linux.move_tree(tree, keep)
            return


if __name__ == "__main__":
    main(sys.argv[1:])
