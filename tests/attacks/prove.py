"""Proves each attack real, in bubblewrap: without the layers that hold it it works, and each of them alone holds it.

For an attack on the jail every layer but one is left out, in turn; those that hold it by themselves must be the ones it
is said to be held by, and with none of them it must have its effect. An attack on how grading is done (one process for
all, one for two students, no deadline, frames that are believed) must work on a grader that does it so.
"""

import subprocess
import sys
import time

from optimlab.grading.jail import bubblewrap
from optimlab.grading.session import Zygote

from . import naive, run
from .world import ROOT, World

LAYERS = ("mount", "pid", "net", "ipc", "account", "rights", "landlock", "seccomp", "limits")
ALWAYS_OUT = ("uts", "cgroup")
PROOF = run.LIMITS._replace(call_seconds=10, total_seconds=60)
PATIENT = run.LIMITS._replace(call_seconds=run.PATIENCE + 1, total_seconds=60)
ROOMY = run.LIMITS._replace(disk_mb=2000, files=100_000, call_seconds=10)


def main():
    if "--inside" not in sys.argv:
        words = [sys.executable, "-m", __spec__.name, "--inside", *sys.argv[1:]]
        return subprocess.run(_bubblewrapped(words), cwd=ROOT / "tests").returncode
    wanted = sys.argv[2:]
    attacks = [attack for attack in run.ATTACKS if not wanted or run.family_of(attack) in wanted]
    faults, on_jail = [], []
    for attack in attacks:
        if attack.root:
            print(f"{run.identity(attack)}: only the machine's root could do it, so that it is not tried here")
        elif set(attack.held_by) <= {*LAYERS, "user"}:
            on_jail.append(attack)
        elif fault := _works_on_a_lesser_grader(attack):
            faults.append(f"{run.identity(attack)}: {fault}")
    held = {attack: set() for attack in on_jail}
    bare = _effects(on_jail, ())
    for layer in LAYERS:
        for attack, had in _effects(on_jail, (layer,)).items():
            if not had and bare[attack]:
                held[attack].add(layer)
    for attack in on_jail:
        name, said = run.identity(attack), set(attack.held_by)
        if not bare[attack]:
            faults.append(f"{name}: has no effect even where nothing holds it")
        elif "user" not in said and held[attack] != said:
            faults.append(f"{name}: held by {' '.join(sorted(held[attack]))}, not by {' '.join(sorted(said))}")
    print(*faults, sep="\n")
    print(f"{len(attacks)} attacks, {len(faults)} of them not as they are said to be")
    return bool(faults)


def _bubblewrapped(words):
    """Nothing of the machine can be changed, reached or hurt from in there; only its processor is shared."""
    if not bubblewrap.program():
        sys.exit("make attacks needs bubblewrap: apt install bubblewrap")
    rooms = [word for place in ("/tmp", "/var/tmp", "/home") for word in ("--tmpfs", place)]
    return [
        bubblewrap.program(), "--unshare-all", "--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL",
        "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *rooms,
        "--ro-bind", str(ROOT), str(ROOT), "--", *words,
    ]  # fmt: skip


def _effects(attacks, layers):
    """Whether each attack has its effect where only these layers of the jail are there."""
    without = [*ALWAYS_OUT, *(layer for layer in LAYERS if layer not in layers)]
    started = time.monotonic()
    had = {}
    for tier in ("namespaces", "unsafe"):  # where the user namespace holds it, nothing less is bare
        zygote = Zygote(tier, PROOF, without)
        for attack in attacks:
            if ("user" in attack.held_by and not layers) == (tier == "unsafe"):
                had[attack] = run.succeeds(attack, zygote)
        zygote.close()
    there = " ".join(layers) or "no layer"
    print(f"with {there}: {sum(had.values())} of {len(had)} work, {time.monotonic() - started:.0f} s", flush=True)
    return had


def _works_on_a_lesser_grader(attack):
    """Why not, "" if it does."""
    (layer,) = attack.held_by
    if layer == "process" and attack.effect == "score":
        worked = naive.points(attack.code) > 0
    elif layer == "process":
        with World() as world:
            said = naive.outcome("memory", attack.code, world.token)
            worked = world.token in str(said.get("loot"))
    elif layer == "wire":
        said = naive.outcome("wire", attack.code)
        worked = said.get("score", 0) > 0 or "crashed" in said
    else:
        limits = {"deadline": PATIENT, "scratch": ROOMY, "fork": run.LIMITS}[layer]
        zygote = Zygote("namespaces", limits)
        worked = run.succeeds(attack, zygote, same_child=layer == "fork")
        zygote.close()
    return "" if worked else f"has no effect on a grader without {layer}"


if __name__ == "__main__":
    sys.exit(main())
