"""What a run lacked the tools for is said in one line at its end; with CI=true in the environment it is a failure.

A test that lacks a tool skips by pytest.importorskip, or for a reason that begins with "needs" and says what to do.
"""

import os
import re
from collections import Counter

import pytest

STRICT = os.environ.get("CI", "").lower() in ("1", "true", "yes")
LACK = re.compile(r"^(?:Skipped: )?(needs .*|could not import '(\w+)')")
REMEDY = {"torch": "make parity", "nbgrader": "make nbgrader"}


def lack(report):
    """The tool a skipped test lacked, in words, or None if it was skipped for another reason."""
    found = LACK.match(report.longrepr[2]) if report.skipped and isinstance(report.longrepr, tuple) else None
    if not found:
        return None
    return f"needs {found[2]}: {REMEDY.get(found[2], f'pip install {found[2]}')}" if found[2] else found[1]


def no_excuse(report):
    if STRICT and lack(report):
        report.outcome, report.longrepr = "failed", f"with CI=true a missing tool is a failure; {lack(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return no_excuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return no_excuse((yield))


def pytest_collection_modifyitems(items):
    """The crawl first: it builds the book, the longest work. Its files last, for by then they are there; before them
    the notebooks, whose kernels leave sockets behind in the process of the tests."""
    order = {"tests/book/test_browser.py": 0}
    order |= {f"tests/book/test_{name}.py": 3 for name in ("accessibility", "answering", "build", "trim")}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], 2 if ".ipynb" in item.nodeid else 1))


def pytest_terminal_summary(terminalreporter):
    lacking = {report.nodeid: lack(report) for report in terminalreporter.stats.get("skipped", []) if lack(report)}
    if lacking:
        counts = Counter((nodeid.partition("::")[0], why) for nodeid, why in lacking.items())
        said = (f"{path} ({n}), {why}" for (path, why), n in counts.items())
        terminalreporter.write_line("Not run: " + "; ".join(said))
