"""How long `make book` takes: with nothing changed, after a chapter was touched, and from nothing."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHAPTER = ROOT / "book/07-adam.md"


def timed(name, *command):
    """Run ``command`` in the root and print its seconds: on the clock, and of all processors together."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:16} {time.monotonic() - start:6.1f} s, {cpu:6.1f} s of processors", flush=True)


if __name__ == "__main__":
    subprocess.run(["make", "book"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    timed("nothing changed", "make", "book")
    CHAPTER.touch()
    timed("chapter touched", "make", "book")
    with tempfile.TemporaryDirectory() as folder:
        book = Path(sys.executable).parent / "jupyter-book"
        timed("from nothing", book, "build", ".", "-W", "-n", "--keep-going", "--path-output", folder)
