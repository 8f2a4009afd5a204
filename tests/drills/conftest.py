"""The judge of the pages, run in Node."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from drill_text import ROOT, extension

NODE = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))


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
