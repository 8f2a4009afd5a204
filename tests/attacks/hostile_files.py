"""Files that are no notebooks, or worse than that: what lies in a class's folder in place of one.

Each writes something at ``path`` and says what the grader must make of it: a status, or "" where it is left out.
"""

import io
import json
import os
import socket
import zipfile
from typing import Callable, NamedTuple

from grading.notebooks import notebook

CODE = {"cell_type": "code", "metadata": {}, "source": "x = 1"}


class Hostile(NamedTuple):
    """``make(path, world)`` puts it there; ``name`` is the file's, the student's being ``zoe``."""

    mechanism: str
    make: Callable
    status: str = "unreadable"
    name: str = "zoe.ipynb"


def holding(data):
    return lambda path, world: path.write_bytes(data() if callable(data) else data)


def cells(*found, **more):
    return json.dumps({"cells": list(found), **more}).encode()


def zip_bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zoe.ipynb", bytes(1 << 26))
    return packed.getvalue()


def sparse(path, world):
    with open(path, "wb") as file:
        file.truncate(1 << 40)


def unix_socket(path, world):
    listener = socket.socket(socket.AF_UNIX)
    old = os.getcwd()
    os.chdir(path.parent)  # its path may be too long for a socket
    listener.bind(path.name)
    os.chdir(old)
    listener.close()


def no_entry(path, world):
    path.mkdir()
    (path / "lab00_tiny.ipynb").write_bytes(notebook("x = 1"))
    path.chmod(0)


HOSTILE = [
    Hostile("nothing at all", holding(b"")),
    Hostile("only blanks", holding(b" \n" * 1000)),
    Hostile("JSON cut off in the middle", holding(lambda: notebook("x = 1" * 100)[:-50])),
    Hostile("JSON nested a million deep in lists", holding(b"[" * 10**6 + b"]" * 10**6)),
    Hostile("JSON nested a million deep in objects", holding(b'{"cells":' * 10**6)),
    Hostile("a notebook nested deep where nobody looks",
            holding(b'{"cells": [], "metadata": ' + b"[" * 10**5 + b"]" * 10**5 + b"}")),
    Hostile("UTF-16", holding(lambda: notebook("x = 1").decode().encode("utf-16"))),
    Hostile("bytes that are no text", holding(lambda: os.urandom(5000))),
    Hostile("an overlong encoding", holding(b'{"cells": "\xc0\xaf"}')),
    Hostile("a lone surrogate in the code", holding(cells({**CODE, "source": "x = '\ud800'"})), "missing"),
    Hostile("zero bytes in the code", holding(cells({**CODE, "source": "x = 1\0"})), "missing"),
    Hostile("a byte order mark before it", holding(lambda: b"\xef\xbb\xbf" + notebook("x = 1")), "missing"),
    Hostile("keys that come twice", holding(lambda: b'{"cells": [], "cells": %s}' % cells(CODE)[10:-1]), "missing"),
    Hostile("a number of a million digits", holding(b'{"cells": [], "n": ' + b"9" * 10**6 + b"}"), "missing"),
    Hostile("an exponent beyond all floats", holding(b'{"cells": [], "n": 1e999999999}'), "missing"),
    Hostile("NaN and Infinity", holding(b'{"cells": [], "n": [NaN, -Infinity]}'), "missing"),
    Hostile("a list in place of the notebook", holding(b"[]")),
    Hostile("a number in place of the cells", holding(b'{"cells": 7}')),
    Hostile("a number in place of a cell's code", holding(cells({**CODE, "source": 7}))),
    Hostile("cells that are no objects", holding(cells(1, None, "x", [], CODE)), "missing"),
    Hostile("a million cells", holding(lambda: b'{"cells": [' + b"{}," * 10**6 + b"{}]}")),
    Hostile("a megabyte of code", holding(lambda: cells({**CODE, "source": "x = 1\n" * 200_000}))),
    Hostile("a code of one endless line", holding(lambda: cells({**CODE, "source": "(" * 190_000})), "missing"),
    Hostile("twenty megabytes", holding(lambda: cells({"cell_type": "markdown", "source": "a" * (20 << 20)}))),
    Hostile("a terabyte that takes no room", sparse),
    Hostile("a zip file that grows a thousandfold", holding(zip_bomb)),
    Hostile("a pickle", holding(b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.")),
    Hostile("HTML, as a browser saves it", holding(b"<!DOCTYPE html><script>alert(1)</script>")),
    Hostile("a symbolic link to another's work", lambda path, world: path.symlink_to(world.canary)),
    Hostile("a symbolic link to itself", lambda path, world: path.symlink_to(path.name)),
    Hostile("a symbolic link to a device without end", lambda path, world: path.symlink_to("/dev/zero")),
    Hostile("a FIFO that nobody writes to", lambda path, world: os.mkfifo(path)),
    Hostile("a socket", unix_socket),
    Hostile("a folder of that name", lambda path, world: path.mkdir()),
    Hostile("a link in place of a student's folder",
            lambda path, world: path.symlink_to(world.folder), "unreadable", "zoe"),
    Hostile("a folder that nobody may enter", no_entry, "missing" if os.getuid() == 0 else "unreadable", "zoe"),
    Hostile("a name that climbs, with the other system's slashes",
            holding(lambda: notebook("x = 1")), "missing", "zoe\\..\\..\\up.ipynb"),
    Hostile("a name that is a formula and a script",
            holding(lambda: notebook("x = 1")), "missing", "=cmd|'<script>'.ipynb"),
    Hostile("a name with line breaks and bells", holding(lambda: notebook("x = 1")), "missing", "z\no\re\a.ipynb"),
    Hostile("a name that is no text", holding(lambda: notebook("x = 1")), "missing", os.fsdecode(b"zo\xff\xfee.ipynb")),
    Hostile("a hidden file", holding(b"{"), "", ".zoe.ipynb"),
    Hostile("a checkpoint folder", lambda path, world: path.mkdir(), "", ".ipynb_checkpoints"),
]  # fmt: skip
