"""The drills of the book, read from its text, and the judge of the pages, run in Node."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))


def extension(name):
    """A module of book/_ext, under its own name, as Sphinx loads it."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "book/_ext" / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def all_drills():
    """The drills; none where Sphinx is missing, and test_drills.py says so."""
    if importlib.util.find_spec("sphinx") is None:
        return []
    extension("bundle")
    return extension("drills").all_drills()


DRILLS = all_drills()
ASKS = {name: ask for drill in DRILLS for name, ask in zip(drill.names, drill.asks)}


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """``judge([(ask, answer), ...])``: what the page says to each."""
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    if not NODE or not list(ROOT.glob("node_modules/@esbuild/*")):
        pytest.skip("needs Node and esbuild: npm ci")
    folder = tmp_path_factory.mktemp("scripts")
    extension("bundle").bundle(ROOT / "book/scripts/drills", folder)

    def run(pairs):
        lines = "\n".join(json.dumps([ask.spec(), answer]) for ask, answer in pairs)
        command = [NODE, Path(__file__).with_name("judge.js"), folder / "judge.lazy.js"]
        result = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", timeout=120)
        assert result.returncode == 0, result.stderr[-2000:]
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run
