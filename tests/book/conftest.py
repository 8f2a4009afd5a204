"""The book, built once for every test of it, whichever process asks first."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
MINUTES = 15
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The built book: ``html``, the folder of its pages; ``status`` and ``log`` of its build; ``toc``, their names."""
    command = Path(sys.executable).parent / "jupyter-book"
    if not command.with_suffix(".exe" if os.name == "nt" else "").exists():
        pytest.skip("needs jupyter-book: make test")
    if not (ROOT / "node_modules/katex").exists():
        pytest.skip("needs KaTeX: npm ci")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    build = ["build", ROOT, "-W", "-n", "--keep-going", "--all", "--path-output", shared / "book"]
    result = once(shared / "book", [command, *build])
    return SimpleNamespace(html=shared / "book/_build/html", toc=pages_of_the_toc(), **result)


def once(folder, command):
    """The status and log of ``command``: run by the first process that asks for this folder, awaited by the others."""
    answer = folder / "answer.json"
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 60 * MINUTES
        while not answer.exists():
            assert time.monotonic() < deadline, f"no answer after {MINUTES} minutes: {command}"
            time.sleep(0.2)
        return json.loads(answer.read_text())
    result = {"status": -1, "log": "the build did not end"}
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * MINUTES)
        result = {"status": run.returncode, "log": COLOUR.sub("", run.stdout.decode(errors="replace"))}
    finally:
        (folder / "answer").write_text(json.dumps(result))
        (folder / "answer").rename(answer)
    return result


def pages_of_the_toc():
    """The pages _toc.yml names, root first, without their suffixes."""
    pages = []
    for line in (ROOT / "_toc.yml").read_text().splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if key in ("root", "file"):
            pages.append(value)
        elif key == "glob":
            files = sorted(path.relative_to(ROOT) for path in ROOT.glob(value) if path.is_file())
            pages += [path.with_suffix("").as_posix() for path in files]
    return pages
