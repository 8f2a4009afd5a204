"""Finds the notebooks of a class and reads their code, taking every file for hostile. Standard library only.

These layouts are known, and may be mixed:

    CLASS_DIR/ada.ipynb                                                   one file a student
    CLASS_DIR/ada/lab04_race.ipynb                                        one folder a student
    CLASS_DIR/lovelaceada_12_345_lab04_race.ipynb                         Canvas
    CLASS_DIR/Ada Lovelace_12_assignsubmission_file_/lab04_race.ipynb     Moodle, in folders
    CLASS_DIR/Ada Lovelace_12_assignsubmission_file_lab04_race.ipynb      Moodle, all in one folder

``cells`` is meant to run where the student's code will run: taking a hostile file apart is work for the jail, too.
"""

import json
import os
import re
import stat
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

MAX_FILE = 10 << 20
MAX_CELLS = 2_000
MAX_CODE = 200_000  # characters in all cells together
EXPERIMENT = "experiment"  # the tag of cells to play with: they may be slow and are never graded

CANVAS = re.compile(r"(?P<student>[^_]+_)(?:LATE_)?(?P<id>\d+)_(?P<number>\d+)_(?P<file>.+)")
MOODLE = re.compile(r"(?P<student>[^_]+_)(?P<id>\d+)_assignsubmission_file_(?P<number>)(?P<file>.*)")
COPY = re.compile(r" \(\d+\)$")  # what a browser adds to a second download


class Unreadable(Exception):
    """Why a file is no submission, in one sentence."""


class Submission(NamedTuple):
    """Where one student's notebook lies."""

    student: str
    path: Path | None  # None: the student's folder holds no notebook of this lab
    note: str = ""  # what was chosen, where there was a choice


def find(class_dir, lab, other_labs=(), students=None):
    """One Submission a student, by name; of several files the one named after the lab, then the latest, is taken.

    ``students`` maps numbers of the learning management system to names.
    """
    candidates, students = defaultdict(list), students or {}
    for path in sorted(Path(class_dir).iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        if path.suffix.lower() == ".ipynb":
            student, lms_id, number, file = _parse(path.stem)
            candidates[students.get(lms_id, student)].append((path, file, number))
        elif path.is_dir():
            student, lms_id, number, _ = _parse(path.name)
            candidates[students.get(lms_id, student)] += [(p, p.stem, number) for p in _notebooks_in(path)]
    return [_choose(student, files, lab, other_labs) for student, files in sorted(candidates.items())]


def _notebooks_in(folder):
    """A student's notebooks; a folder that cannot be looked into stands for itself, to be called unreadable."""
    if folder.is_symlink() or not os.access(folder, os.R_OK | os.X_OK):
        return [folder]
    return [path for path in folder.iterdir() if path.suffix.lower() == ".ipynb" and not path.name.startswith(".")]


def _parse(name):
    """Student, number in the learning management system, number of the upload and file name, from a download's name.

    >>> _parse("lovelaceada_LATE_12_345_lab04_race-1")
    ('lovelaceada_12', '12', 345, 'lab04_race-1')
    >>> _parse("Ada Lovelace_12_assignsubmission_file_")
    ('Ada Lovelace_12', '12', 0, '')
    >>> _parse("ada (1)")
    ('ada', '', 0, '')
    """
    name = printable(name)
    if match := MOODLE.fullmatch(name) or CANVAS.fullmatch(name):
        return match["student"] + match["id"], match["id"], int(match["number"] or 0), match["file"]
    return COPY.sub("", name), "", 0, ""


def _choose(student, files, lab, other_labs):
    ours = [(p, file, n) for p, file, n in files if not file.lower().startswith(tuple(other_labs))]
    if not ours:
        return Submission(student, None, f"no notebook named {lab}.ipynb was handed in")
    ranked = sorted(ours, key=lambda c: (c[1].lower().startswith(lab), c[2], c[0].lstat().st_mtime_ns, c[0].name))
    path = ranked[-1][0]
    note = f"{len(ours)} files were handed in; graded {printable(path.name)}, the latest" if len(ours) > 1 else ""
    return Submission(student, path, note)


def printable(text):
    r"""``text`` on one line, with what cannot be printed spelt out: two names that differ still differ.

    >>> printable("a\nb"), printable("\udcff")
    ('a\\nb', '\\udcff')
    """
    text = unicodedata.normalize("NFC", text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def read(path):
    """The bytes of a regular file that is not too large; no link is followed, and a FIFO does not make us wait."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            raise Unreadable("it is a symbolic link; a submission must be a file of its own")
        if not stat.S_ISREG(mode):
            raise Unreadable("it is not a regular file")
        with open(os.open(path, flags), "rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise Unreadable(f"it is larger than {MAX_FILE >> 20} MB; clear the outputs and hand it in again")
    return data


def cells(data):
    """The sources of a notebook's code cells, in order; of those tagged ``experiment`` none is left.

    >>> cells(b'{"cells": [{"cell_type": "code", "source": ["x = 1"]}, {"cell_type": "markdown", "source": "hi"}]}')
    ['x = 1']
    """
    notebook = _parse_json(data)
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(found, list):
        raise Unreadable("it is not a Jupyter notebook: it has no list of cells")
    if len(found) > MAX_CELLS:
        raise Unreadable(f"it has {len(found)} cells; at most {MAX_CELLS} are read")
    sources = [_source(cell) for cell in found if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    if sum(map(len, sources)) > MAX_CODE:
        raise Unreadable(f"its code is longer than {MAX_CODE} characters")
    return sources


def _parse_json(data):
    if not data.strip():
        raise Unreadable("it is empty")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_int=lambda digits: 0)  # no number in a notebook matters here
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text, as a Jupyter notebook is") from None
    except RecursionError:
        raise Unreadable("it is not a Jupyter notebook: it is nested too deep") from None
    except ValueError:
        raise Unreadable("it is not a Jupyter notebook: it is not valid JSON") from None


def _source(cell):
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if isinstance(tags, list) and EXPERIMENT in tags:
        return ""
    lines = cell.get("source", "")
    lines = [lines] if isinstance(lines, str) else lines
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise Unreadable("it is not a Jupyter notebook: the source of a code cell is no text")
    return "".join(lines)
