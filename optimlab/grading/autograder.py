"""A grader to give away: autograder.zip for Gradescope, a workflow for GitHub that grades on each push.

The zip holds the package as it is installed here, the versions of what it needs, and the secret seed: whoever has the
zip has the seed. The workflow takes the seed from a secret of the repository.
"""

import importlib.metadata
import io
import re
import zipfile
from pathlib import Path

from . import Refused, exports, seed

PACKAGE = Path(__file__).parents[1]
EXECUTABLE, PLAIN = 0o755 << 16, 0o644 << 16
SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, when the image is built.
set -euo pipefail
apt-get update -qq
apt-get install -qq -y python3 python3-venv bubblewrap
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --quiet -r /autograder/source/requirements.txt
"""
RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission and reads results/results.json.
set -uo pipefail
root="${{AUTOGRADER_ROOT:-/autograder}}"
work="$(mktemp -d)"
mkdir -p "$work/class" "$root/results"
cp -rP "$root/submission" "$work/class/student"
cd "$root/source"
optimlab() {{ "${{PYTHON:-/autograder/venv/bin/python}}" -m optimlab "$@"; }}
if said=$(optimlab grade "$work/class" --lab {lab} --out "$work/out" --seed-file "$root/source/seed" --jobs 1{unsafe} 2>&1)
then optimlab gradebook export "$work/out" --to gradescope --file "$root/results/results.json"
else printf '%s' "$said" | "${{PYTHON:-/autograder/venv/bin/python}}" -c \\
  'import json, sys; json.dump({{"output": sys.stdin.read()}}, open(sys.argv[1], "w"))' "$root/results/results.json"
fi
rm -rf "$work"
"""
WORKFLOW = """# Grades {lab} on each push and reports the points to GitHub Classroom. Needs the repository secret OPTIMLAB_SEED.
name: Grade {lab}
on: push
permissions: {{contents: read, checks: write, actions: read}}
jobs:
  grade:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        with: {{path: student}}
      - uses: actions/checkout@v4
        with: {{repository: {repository}, path: course}}
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - run: pip install -c course/constraints.txt ./course
      - run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0  # Ubuntu's own limit on making a jail
      - id: optimlab
        env: {{OPTIMLAB_SEED: "${{{{ secrets.OPTIMLAB_SEED }}}}"}}
        run: |
          (umask 077; printf '%s\\n' "$OPTIMLAB_SEED" > "$RUNNER_TEMP/seed")
          mkdir class && cp -rP student class/student
          env -u OPTIMLAB_SEED optimlab grade class --lab {lab} --out grades --seed-file "$RUNNER_TEMP/seed"
          optimlab gradebook export grades --to classroom --file result.txt
          echo "result=$(cat result.txt)" >> "$GITHUB_OUTPUT"
      - uses: classroom-resources/autograding-grading-reporter@v1
        env: {{OPTIMLAB_RESULTS: "${{{{ steps.optimlab.outputs.result }}}}"}}
        with: {{runners: optimlab}}
"""


def gradescope(lab, path, seed_file, unsafe=False):
    """Write the zip that Gradescope takes as an autograder for ``lab``."""
    seed.read_or_make(seed_file)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        _add(written, "setup.sh", SETUP, EXECUTABLE)
        _add(written, "run_autograder", RUN.format(lab=lab.name, unsafe=" --unsafe" * unsafe), EXECUTABLE)
        _add(written, "requirements.txt", requirements())
        _add(written, "seed", Path(seed_file).read_text(encoding="ascii"), 0o600 << 16)
        for file in sorted(PACKAGE.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                _add(written, f"optimlab/{file.relative_to(PACKAGE).as_posix()}", file.read_bytes())
    exports.write(path, archive.getvalue())


def github(lab, path, repository):
    """Write the workflow that grades ``lab`` on each push to a student's repository."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise Refused(f"{repository!r} is no repository; write OWNER/NAME, where this course is on GitHub")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    exports.write(path, WORKFLOW.format(lab=lab.name, repository=repository))


def requirements():
    """What the package needs, at the versions that are installed here: the package itself is in the zip."""
    needed = [line for line in importlib.metadata.requires("optimlab") or () if "extra ==" not in line]
    names = [re.match(r"[A-Za-z0-9._-]+", line)[0] for line in needed]
    return "".join(f"{name}=={importlib.metadata.version(name)}\n" for name in names)


def _add(archive, name, data, mode=PLAIN):
    info = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
    info.external_attr, info.compress_type = mode, zipfile.ZIP_DEFLATED
    archive.writestr(info, data)
