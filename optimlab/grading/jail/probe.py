"""What of the jail this machine gives: each tier is entered and tried to break out of. Nothing is believed on its name.

As a program it is the one who tries: it goes in, as a zygote does, and has a child attempt what must not succeed.
"""

import contextlib
import json
import mmap
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import NamedTuple

from .. import Refused
from . import Jail, Limits, Unconfined, bubblewrap, landlock, linux, seccomp, tiers, tree

SECONDS = 30
LIMITS = Limits(memory_mb=64, total_seconds=10)
REMEDY = "use a virtual machine with Linux, or, for code you trust, --unsafe"


class Finding(NamedTuple):
    """One tier on this machine: why it cannot be used, "" if it can."""

    tier: str
    fault: str


def refusal():
    """Why this machine cannot hold other people's code at all, before anything is tried; "" if it may."""
    if sys.platform != "linux":
        where = {"win32": "in WSL2", "darwin": "in a virtual machine with Linux"}.get(sys.platform, "on Linux")
        return f"other people's code is graded on Linux only; run this {where}, or, for code you trust, say --unsafe"
    if platform.machine() not in seccomp.MACHINES:
        return f"the jail knows the system calls of x86-64, and this processor is {platform.machine()}; {REMEDY}"
    return ""


def best():
    """The best tier that holds on this machine; Refused if there is none."""
    if why := refusal():
        raise Refused(why)
    faults = []
    for tier in tiers.JAILS:
        if not (fault := attempt(tier).fault):
            return tier
        faults.append(f"{tier}: {fault}")
    raise Refused(f"this machine offers no jail for student code ({'; '.join(faults)}); {REMEDY}")


def attempt(tier, without=()):
    """The Finding of one tier: it is entered, and a child of it tries to get out."""
    if tier == "bubblewrap" and not bubblewrap.program():
        return Finding(tier, "bwrap is not installed")
    folder = tempfile.mkdtemp(prefix="optimlab-probe-")
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return Finding(tier, _try(tier, without, folder, listener))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report():
    """What ``optimlab grade --probe`` prints."""
    yield f"{platform.system()} {platform.release()} on {platform.machine()}, as user {os.getuid()}"
    if why := refusal():
        yield why
        return
    yield f"Landlock {f'version {landlock.abi()}' if landlock.abi() else 'is not there'}"
    findings = [attempt(tier) for tier in tiers.JAILS]
    used = next((finding.tier for finding in findings if not finding.fault), None)
    for number, (tier, fault) in enumerate(findings, 1):
        yield ""
        verdict = f"not here: {fault}" if fault else "holds here, and is used" if tier == used else "holds here"
        yield f"tier {number}, {tier}: {verdict}"
        yield f"  it is made of {tiers.TIERS[tier].summary}"
        yield "  it does not hold:" if tier == tiers.JAILS[0] else "  nor does it hold:"
        yield from [f"  - {gap}" for gap in tiers.TIERS[tier].gaps]
    if used is None:
        yield f"\ntier 4: nothing is graded here; {REMEDY}"


def _try(tier, without, folder, listener):
    """Why the tier is of no use; "" if it holds."""
    base, canary = os.path.join(folder, "base"), os.path.join(folder, "canary")
    os.mkdir(base)
    with open(canary, "w") as file:
        file.write("tweet")
    os.chmod(folder, 0o755)
    shown = tree.make(base)
    plan = {"tier": tier, "limits": LIMITS._asdict(), "tree": shown._asdict(), "without": without}
    plan |= {"canary": canary, "port": listener.getsockname()[1], "victim": os.getpid()}
    try:
        done = subprocess.run(
            [sys.executable, *tree.FLAGS, "-m", __name__, json.dumps(plan)],
            env={"PYTHONPATH": os.pathsep.join(shown.search), "LANG": "C.UTF-8"},
            cwd=base, capture_output=True, text=True, timeout=SECONDS,
        )  # fmt: skip
        said = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        last = done.stderr.strip().rpartition("\n")[2] if isinstance(error, ValueError) else str(error)
        return last[:200] or "it could not be entered"
    listener.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        listener.accept()[0].close()
        said["escapes"].append("the network")
    if os.path.exists(beside(canary)):
        said["escapes"].append("files, to write")
    reached = ", ".join(dict.fromkeys(said["escapes"]))
    return said["fault"] or (f"student code would reach {reached}" if reached else "")


def beside(canary):
    """Where a file is to be written that must not be."""
    return f"{canary}-2"


# ---------------------------------------------------------------------------------------------------- as a program


def main(plan):
    plan = json.loads(plan)
    jail = Jail(plan["tier"], Limits(**plan["limits"]), tree.Tree(**plan["tree"]), plan["without"], plan.get("inside"))
    try:
        jail.enter(lambda: [*tree.FLAGS, "-m", "optimlab.grading.jail.probe", json.dumps(plan | {"inside": True})])
        jail.prepare()
        jail.make_scratch()
        child = jail.fork()
        if child == 0:
            _be_confined(jail, plan)
        _, status = os.waitpid(child, 0)
        if status:
            raise Unconfined(f"a child in it ended with status {status}")
    except Unconfined as error:
        print(json.dumps({"fault": str(error), "escapes": []}), flush=True)


def _be_confined(jail, plan):
    """In the child, which never returns."""
    try:
        os.chdir(jail.scratch)
        jail.confine()
        said = {"fault": "", "escapes": [name for name, reach in ATTEMPTS.items() if _succeeds(reach, plan)]}
        if jail.home and _succeeds(lambda plan: open("note", "w").close(), plan) is False:
            said["fault"] = "its folder to write in cannot be written"
    except Unconfined as error:
        said = {"fault": str(error), "escapes": []}
    except BaseException as error:
        said = {"fault": f"{type(error).__name__}: {error}", "escapes": []}
    os.write(1, json.dumps(said).encode())
    os._exit(0)


def _succeeds(reach, plan):
    try:
        reach(plan)
    except (OSError, MemoryError):
        return False
    return True


def _read(plan):
    with open(plan["canary"]) as file:
        file.read()


def _write(plan):
    with open(beside(plan["canary"]), "w") as file:
        file.write("tweet")


def _connect(plan):
    socket.create_connection(("127.0.0.1", plan["port"]), 2).close()


def _fork(plan):
    if os.fork() == 0:
        os._exit(0)


def _look_at_processes(plan):
    with open("/proc/self/status") as file:
        file.read()


ATTEMPTS = {
    "files": _read,
    "files, to write": _write,
    "the network": _connect,
    "other processes": lambda plan: os.kill(plan["victim"], 0),
    "/proc": _look_at_processes,
    "new processes": _fork,
    "new namespaces": lambda plan: linux.unshare(linux.NEWUSER),
    "the rarer system calls": lambda plan: linux.call("memfd_create", b"probe", 0),
    "memory without bound": lambda plan: mmap.mmap(-1, 2 * plan["limits"]["memory_mb"] << 20).close(),
}

if __name__ == "__main__":
    main(*sys.argv[1:])
