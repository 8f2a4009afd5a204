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
    _open_the_way_to({os.path.realpath(place) for place in (sys.base_prefix, sys.prefix, ROOT)}, linux)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.execve(sys.executable, [sys.executable, *arguments], {**os.environ, "HOME": "/var/tmp"})


def _open_the_way_to(places, linux):
    """Cover each folder on the way that others may not enter with one that holds nothing but the way."""
    closed = {place: _first_closed(Path(place)) for place in places}
    copies = {
        place: linux.call("open_tree", linux.AT_FDCWD, os.fsencode(place), linux.OPEN_TREE_CLONE | linux.AT_RECURSIVE)
        for place, folder in closed.items()
        if folder
    }
    for folder in {folder for folder in closed.values() if folder}:
        linux.mount("tmpfs", str(folder), "tmpfs", 0, "mode=755")
    for place in sorted(copies):
        os.makedirs(place, exist_ok=True)
        linux.move_tree(copies[place], place)


def _first_closed(path):
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)


if __name__ == "__main__":
    main(sys.argv[1:])
