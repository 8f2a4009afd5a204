"""The scripts of the book: bundled at build, loaded by the pages that use them, and a bad one stops the build."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONF = """
import sys
from pathlib import Path
import bundle
from sphinx.util.docutils import SphinxDirective
bundle.SCRIPTS = Path("scripts").resolve()

class Toy(SphinxDirective):
    def run(self):
        bundle.use(self.env, "toy")
        return []

def setup(app):
    app.setup_extension("bundle")
    app.add_directive("toy", Toy)
    app.connect("bundle-generate", lambda app: {"numbers": "export const seven = 7"})
"""
PAGES = {
    "conf.py": CONF,
    "index.rst": "Toy\n===\n.. toy::\n\n.. toctree::\n\n   plain\n",
    "plain.rst": "Plain\n=====\n",
}
MAIN = 'import { seven } from "numbers"; import { twice } from "./part.js"; document.title = twice(seven)'
SCRIPTS = {
    "main.js": MAIN,
    "part.js": "export const twice = x => 2 * x",
    "main.css": ".toy { color: red }",
    "sum.worker.js": "export default 1",
}


@pytest.fixture
def build(tmp_path):
    """``build(main)``: a book of two pages, one of which uses the script ``main``."""
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    if not list(ROOT.glob("node_modules/@esbuild/*")):
        pytest.skip("needs esbuild: npm ci")

    def run(main=MAIN):
        (tmp_path / "scripts/toy").mkdir(parents=True, exist_ok=True)
        for name, text in PAGES.items():
            (tmp_path / name).write_text(text)
        for name, text in (SCRIPTS | {"main.js": main}).items():
            (tmp_path / "scripts/toy" / name).write_text(text)
        command = [sys.executable, "-m", "sphinx", "-q", "-W", ".", "_build"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "book/_ext")}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return run


def test_only_the_page_that_uses_a_script_loads_it_whole(build, tmp_path):
    assert build().stderr == ""
    index, plain = ((tmp_path / f"_build/{name}.html").read_text() for name in ("index", "plain"))
    for name in ("main.js", "main.css"):
        assert f"_static/scripts/toy/{name}?v=" in index and f"toy/{name}" not in plain
    bundled = tmp_path / "_build/_static/scripts/toy"
    script = (bundled / "main.js").read_text()
    assert script.startswith(("(()=>{", '"use strict";(()=>{')) and "import" not in script and "7" in script
    assert not (bundled / "part.js").exists() and "export" in (bundled / "sum.worker.js").read_text()


@pytest.mark.parametrize(
    "main, sentence",
    [('import "./nowhere.js"', "Could not resolve"), ('if (typeof document == "nubmer") 1', "will never evaluate")],
)
def test_a_script_with_a_fault_stops_the_build(build, main, sentence):
    run = build(main)
    assert run.returncode != 0 and sentence in run.stderr and "main.js:1" in run.stderr


def test_a_changed_script_changes_the_digest_that_has_pages_written_again(tmp_path):
    spec = importlib.util.spec_from_file_location("freshness", ROOT / "book/_ext/freshness.py")
    freshness = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(freshness)
    freshness.ROOT = tmp_path
    (tmp_path / "book/scripts").mkdir(parents=True)
    digests = []
    for text in ("1", "2"):
        (tmp_path / "book/scripts/main.js").write_text(text)
        config = type("Config", (), {})()
        freshness.take_digests(type("App", (), {"outdir": tmp_path / "html"}), config)
        digests.append(config.digest_of_static_files)
    assert digests[0] != digests[1]
