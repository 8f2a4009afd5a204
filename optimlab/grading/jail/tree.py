"""What of the file system student code can see: Python, what optimlab itself requires, and what it offers. No more.

The rules, the labs with their oracles and the known mistakes are not among it, whatever else is installed: of optimlab
only a copy of the modules that a graded notebook may use, made here, is in sight.
"""

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from .. import offered

PACKAGE = Path(__file__).parents[2]
OF_GRADING = ("__init__", "agent", "offered", "shell", "submission", "wire", "zygote")
FLAGS = ("-S", "-s", "-P")  # of Python: run nothing that others installed, and look nowhere but where it is told
HOME = "/home/student"  # where student code finds itself, below a folder that holds nothing else
DEVICES = ("/dev/null", "/dev/urandom")


class Tree(NamedTuple):
    """Paths to show, read-only, and those below them to hide; what ``import`` searches."""

    shown: tuple[str, ...]  # each at its own place, in this order
    hidden: tuple[str, ...]
    links: tuple[tuple[str, str], ...]  # symbolic links of the root: name, where to
    search: tuple[str, ...]
    listed: tuple[str, ...]  # folders in which a name may be looked up

    def readable(self):
        """The paths shown, each cut up where something below it is hidden: for rules that can only allow."""
        for path in self.shown:
            below = [hidden for hidden in self.hidden if Path(hidden).is_relative_to(path)]
            yield from [path] if not below else _around(path, below)


def make(folder):
    """The Tree, and in ``folder`` the copy of the package that is part of it."""
    copy = os.path.join(folder, "package")
    _copy_package(Path(copy, "optimlab"))
    standard = _standard_library()
    requirements = _requirements()
    hidden = [os.path.join(path, name) for path in standard for name in ("site-packages", "dist-packages")]
    hidden = [path for path in hidden if os.path.isdir(path)]
    shown = [*_libraries(), *standard, *requirements, copy]
    links = [(name, os.readlink(f"/{name}")) for name in ("lib", "lib64", "bin") if os.path.islink(f"/{name}")]
    search = dict.fromkeys([copy, *map(os.path.dirname, requirements)])
    return Tree(tuple(dict.fromkeys(shown)), tuple(hidden), tuple(links), tuple(search), (*standard, *search))


def _standard_library():
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
    paths |= {"real": os.path.dirname(os.__file__)}
    return sorted({os.path.realpath(paths[name]) for name in ("stdlib", "real")})


def _libraries():
    """Where the dynamic linker looks for shared libraries."""
    multiarch = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
    places = [f"/usr/lib/{multiarch}", f"/lib/{multiarch}", "/usr/lib64", "/lib64", "/etc/ld.so.cache"]
    if not os.path.isdir(places[0]) and not os.path.isdir("/usr/lib64"):
        places.append("/usr/lib")
    return sorted({os.path.realpath(place) for place in places if os.path.exists(place)})


@functools.cache
def _requirements():
    return sorted(_required_by("optimlab", {"optimlab"}))


def _required_by(name, seen):
    """Files and folders of all that a distribution requires, itself not included."""
    found = set()
    for requirement in importlib.metadata.requires(name) or []:
        wanted, _, condition = requirement.partition(";")
        wanted = _normal(re.match(r"[\w.-]+", wanted)[0])
        if wanted in seen or "extra" in condition:
            continue
        seen.add(wanted)
        try:
            distribution = importlib.metadata.distribution(wanted)
        except importlib.metadata.PackageNotFoundError:  # required elsewhere: on another system, by an older Python
            continue
        found |= _tops(distribution) | _required_by(wanted, seen)
    return found


def _tops(distribution):
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
    places = {os.path.realpath(distribution.locate_file(top)) for top in tops}
    return {place for place in places if os.path.exists(place) and not place.endswith(".pth")}


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _copy_package(copy):
    """The modules that run in the zygote and those that are offered there, readable by whoever student code runs as."""
    names = ["__init__", *offered.OFFERED, *offered.NEEDED, *offered.UNSEEN]
    files = [f"{name}.py" for name in names] + [f"grading/{name}.py" for name in OF_GRADING]
    files += [path.relative_to(PACKAGE) for path in Path(__file__).parent.glob("*.py")]
    for file in map(Path, files):
        _copy(PACKAGE / file, copy / file)
        compiled = Path(importlib.util.cache_from_source(PACKAGE / file))
        if compiled.exists():
            _copy(compiled, copy / file.parent / "__pycache__" / compiled.name)
    for folder in [copy.parent, copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
    target.chmod(0o644)


def _around(path, hidden):
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        inside = [below for below in hidden if Path(below).is_relative_to(entry.path)]
        if not inside:
            yield entry.path
        elif entry.path not in inside:
            yield from _around(entry.path, inside)
