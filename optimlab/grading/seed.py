"""The instructor's secret: a file with the seed from which the hidden cases are drawn, made once and kept private."""

import contextlib
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

from . import Refused


def default_path():
    """Where the seed is if nobody says otherwise: with the user's other state, outside every class and every OUT."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "optimlab" / "seed"


def read_or_make(path):
    """The seed in the file, an int of 256 bits, which is made if there is none. Refused if it cannot be had."""
    path = Path(path)
    try:
        if not path.exists():
            _make(path)
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read(100).strip()
    except OSError as error:
        raise Refused(f"the seed file {path} cannot be read or made: {error.strerror}") from None
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise Refused(
            f"{path} is no seed file, which holds 64 hexadecimal digits; name another with --seed-file, "
            "and one that does not exist yet will be made"
        )
    return int(text, 16)


def is_private(path):
    """Whether only its owner can read the file."""
    return not os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def _make(path):
    """Write beside the name, then link to it: the file is whole from the start, and one that is there is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".seed-")  # mode 0600
    try:
        with open(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        with contextlib.suppress(FileExistsError):  # another grader was faster: its seed is as good
            os.link(part, path)
    finally:
        os.unlink(part)
