"""The instructor's pages are true: every command on them prints what the page says it prints."""

import os
import re
import subprocess
import sys

import pytest

from .notebooks import ROOT

PAGE, NEXT = ROOT / "book" / "grading.md", ROOT / "book" / "grader.md"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, where the grader is tested")


def commands():
    """Each command on the pages and the output that is shown below it."""
    text = "".join(page.read_text(encoding="utf-8") for page in (PAGE, NEXT))
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shown = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in shown]


def test_every_command_prints_what_the_page_shows(tmp_path):
    pytest.importorskip("distributed", reason="needs Dask, for the commands that grade on a cluster")
    for folder in ("solutions", "labs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    there = {
        **os.environ,
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tmp_path),
    }
    assert len(commands()) >= 20
    for command, shown in commands():
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=there, capture_output=True, text=True, timeout=120)
        assert done.stdout + done.stderr == shown, command


def test_the_limits_on_the_page_are_the_limits():
    from optimlab.grading.jail import Limits

    page, limits = PAGE.read_text(encoding="utf-8"), Limits()
    assert (
        f"took longer than {limits.call_seconds:g} seconds for a call" in page
        and limits.call_seconds == limits.cell_seconds
    )
    assert f"the notebook had used up its {limits.total_seconds:g}" in page
    assert f"needed more than {limits.memory_mb} MB" in page


def test_every_status_is_explained():
    from optimlab.labs.question import STATUSES

    page = PAGE.read_text(encoding="utf-8").partition("## What the statuses say")[2].partition("\n## ")[0]
    assert [status for status in re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)] == list(STATUSES)
