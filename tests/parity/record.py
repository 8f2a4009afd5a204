"""Record where another library's optimizers go: ``python tests/parity/record.py torch`` writes recorded/torch.json.

Run it where that library is installed; its version is kept in the file. test_recorded.py compares the rules with what
was recorded, so that parity is tested on machines without torch, optax, JAX and schedulefree too.
"""

import importlib.metadata
import json
import pathlib
import platform
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from parity_cases import CASES, LIBRARIES, LOOPS, SHOWN  # noqa: E402


def record(library):
    """Everything one library's file holds."""
    paths = {}
    for case in CASES[library]:
        for loop in LOOPS:
            path = list(LIBRARIES[library](case, loop))
            paths[f"{case} {loop}"] = [path[t - 1] for t in SHOWN]
    version = f"{library} {importlib.metadata.version(library)}"
    return {"made with": version, "on": f"Python {platform.python_version()}", "at steps": SHOWN, "theta": paths}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LIBRARIES:
        sys.exit(f"usage: python {sys.argv[0]} {'|'.join(LIBRARIES)}")
    target = HERE / "recorded" / f"{sys.argv[1]}.json"
    target.parent.mkdir(exist_ok=True)
    made = record(sys.argv[1])
    paths = made.pop("theta").items()
    lines = ",\n".join(f"{json.dumps(case)}: {json.dumps(path, allow_nan=False)}" for case, path in paths)
    target.write_text(f'{json.dumps(made)[:-1]}, "theta": {{\n{lines}\n}}}}\n')
    print(f"wrote {target.name}: {target.stat().st_size} bytes")
