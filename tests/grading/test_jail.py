"""The jail's parts: what is in sight, which system calls pass, what a machine without one is told."""

import os
import re
import struct
import sys
from pathlib import Path

import pytest

from optimlab.grading import Refused, offered, session
from optimlab.grading.jail import Jail, Unconfined, probe, seccomp, syscalls, tiers, tree
from optimlab.grading.session import Broken, Zygote

from .conftest import QUICK
from .notebooks import ROOT, notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which has the jail's parts")
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")


# ----------------------------------------------------------------------------------------------------- what is in sight


def test_of_optimlab_only_what_a_notebook_may_use_is_in_sight(tmp_path):
    shown = tree.make(tmp_path)
    files = {str(path.relative_to(tmp_path / "package")) for path in (tmp_path / "package").rglob("*.py")}
    names = {"__init__", *offered.OFFERED, *offered.NEEDED, *offered.UNSEEN}
    assert {file for file in files if file.count("/") == 1} == {f"optimlab/{name}.py" for name in names}
    assert not [file for file in files if re.search(r"labs|mistakes|rules|oracles|check|grader|seed", file)]
    assert str(tmp_path / "package") in shown.shown


def test_no_path_in_sight_leads_to_the_repository_or_to_this_package(tmp_path):
    secrets = [ROOT / "optimlab" / "rules.py", ROOT / "solutions", ROOT / "tests", Path.home() / ".ssh"]
    secrets += [Path(path) / "optimlab" for path in sys.path]
    for path in tree.make(tmp_path).readable():
        inside = [secret for secret in secrets if secret.exists() and secret.resolve().is_relative_to(path)]
        assert not inside, path


def test_what_optimlab_requires_is_in_sight_and_what_it_does_not_is_not(tmp_path):
    names = {os.path.basename(path) for path in tree.make(tmp_path).shown}
    assert {"numpy", "matplotlib", "IPython", "sympy", "msgpack"} <= names
    assert not {"pytest", "torch", "optax", "optimlab", "pip"} & names


# ------------------------------------------------------------------------------------------------------- system calls


@pytest.mark.skipif(not HEADER.exists(), reason="needs the kernel's headers: apt install linux-libc-dev")
def test_the_numbers_of_the_system_calls_are_the_kernels():
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text()))
    known = {name: int(number) for name, number in numbers.items() if int(number) <= max(syscalls.NUMBERS.values())}
    assert {name: syscalls.NUMBERS.get(name) for name in known} == known


def verdict(program, name, *arguments, arch=seccomp.X86_64, bit=0):
    """What a filter answers to a call: the kernel's machine for it, in a few lines."""
    number = name if isinstance(name, int) else syscalls.NUMBERS[name]
    data = struct.pack("IIQ6Q", number | bit, arch, 0, *[*arguments, 0, 0, 0, 0, 0, 0][:6])
    at, value = 0, None
    while True:
        code, if_true, if_false, operand = struct.unpack_from("HBBI", program, 8 * at)
        at += 1
        if code == seccomp.LOAD:
            (value,) = struct.unpack_from("I", data, operand)
        elif code == seccomp.RETURN:
            return {seccomp.ALLOW: "allow", seccomp.KILL: "kill"}.get(operand, operand & 0xFFFF)
        else:
            at += if_true if (value == operand if code == seccomp.EQUAL else value >= operand) else if_false


FILTER = seccomp.program(threads=True)(pid=7)
EPERM, ENOSYS = 1, 38


def test_the_filter_allows_what_is_listed_and_nothing_else():
    examined = {"clone", "clone3", *seccomp.HARMLESS, *seccomp.OURS}
    for name in syscalls.NUMBERS:
        if name not in examined:
            assert verdict(FILTER, name) == ("allow" if name in seccomp.ALLOWED else EPERM), name
    nameless = set(range(1000)) - set(syscalls.NUMBERS.values())
    assert {verdict(FILTER, number) for number in nameless} == {EPERM}


def test_nothing_that_starts_reaches_or_changes_others_is_listed():
    feared = """fork vfork execve execveat ptrace process_vm_readv process_vm_writev kcmp pidfd_open pidfd_getfd setns
    unshare mount umount2 pivot_root chroot move_mount open_tree fsopen socket connect bind listen accept sendmsg sendmmsg
    io_uring_setup bpf userfaultfd perf_event_open memfd_create memfd_secret keyctl add_key request_key shmget shmat
    msgget semget mq_open setsid setpgid setuid setgid setresuid capset mknod mknodat chown fchown setxattr
    open_by_handle_at name_to_handle_at init_module kexec_load reboot swapon quotactl personality modify_ldt iopl
    sched_setaffinity setpriority seccomp landlock_create_ruleset splice tee vmsplice openat2 tkill rt_sigqueueinfo
    pidfd_send_signal process_madvise inotify_init fanotify_init syslog acct""".split()
    assert not set(feared) & (set(seccomp.ALLOWED) | set(seccomp.HARMLESS) | set(seccomp.OURS))
    assert set(feared) <= set(syscalls.NUMBERS)


def test_another_dialect_of_system_calls_is_deadly():
    assert verdict(FILTER, "read", arch=0x40000003) == "kill"  # 32-bit
    assert verdict(FILTER, "read", bit=seccomp.X32_BIT) == "kill"
    assert verdict(FILTER, "read") == "allow"


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("clone", (0x3D0F00,), "allow"),
        ("clone", (0x3D0F00 | 0x10000000,), EPERM),  # a thread in a new user namespace
        ("clone", (17,), EPERM),
        ("clone3", (), ENOSYS),
        ("kill", (7, 9), "allow"),
        ("kill", (8, 9), EPERM),
        ("kill", (0, 9), EPERM),
        ("kill", (2**32 - 1, 9), EPERM),
        ("tgkill", (7, 7, 9), "allow"),
        ("prlimit64", (0,), "allow"),
        ("prlimit64", (1,), EPERM),
        ("socketpair", (1,), "allow"),
        ("socketpair", (16,), EPERM),
        ("ioctl", (0, 0x5412), EPERM),  # typing into a terminal
        ("ioctl", (0, 0x5413), "allow"),
        ("fcntl", (3, 8, 1), EPERM),  # whom to send signals
        ("fcntl", (3, 1030), "allow"),
        ("prctl", (15,), "allow"),
        ("prctl", (4,), EPERM),
        ("prctl", (1,), EPERM),
    ],
)
def test_where_the_call_does_not_tell_its_argument_does(name, arguments, answer):
    assert verdict(FILTER, name, *arguments) == answer


def test_where_nobody_counts_threads_none_may_be_started():
    assert verdict(seccomp.program(threads=False)(7), "clone", 0x3D0F00) == EPERM


def test_another_processor_is_refused_with_a_sentence(monkeypatch):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "aarch64")
    with pytest.raises(seccomp.Unsupported, match="written for x86-64, and this processor is aarch64"):
        seccomp.program(threads=True)


# --------------------------------------------------------------------------------------------- no jail, no grading


SYSTEMS = [("darwin", "virtual machine with Linux"), ("win32", "WSL2"), ("aix", "on Linux")]


@pytest.mark.parametrize(("system", "where"), SYSTEMS)
def test_another_system_is_refused_with_a_sentence(monkeypatch, system, where):
    monkeypatch.setattr(probe.sys, "platform", system)
    with pytest.raises(Refused, match=where):
        probe.best()


@pytest.mark.parametrize(
    ("tier", "without", "reached"),
    [
        ("namespaces", ("seccomp",), "new processes, the rarer system calls"),
        ("namespaces", ("limits",), "memory without bound"),
        ("bubblewrap", ("seccomp",), "the rarer system calls"),
        ("landlock", ("landlock",), "files, files, to write"),
        ("landlock", ("seccomp",), "new processes"),
    ],
)
def test_a_tier_that_lets_something_out_is_not_used(tier, without, reached):
    """The probe believes effects: with a layer left out, it sees what gets through."""
    if fault := probe.attempt(tier).fault:
        pytest.skip(f"needs {tier}: {fault}")
    assert reached in probe.attempt(tier, without=without).fault


@pytest.mark.parametrize("step", ["unshare", "clone_tree", "mount"])
def test_a_step_that_fails_on_the_way_in_is_a_refusal(tmp_path, monkeypatch, step):
    jail = Jail("namespaces", QUICK, tree.make(tmp_path))
    for part in ("keeper.stay_outside", "keeper.go_on_in_child"):
        monkeypatch.setattr(f"optimlab.grading.jail.{part}", lambda *_: lambda: False)

    def fail(*_, **__):
        raise OSError(28, f"{step}: No space left on device")

    monkeypatch.setattr(f"optimlab.grading.jail.linux.{step}", fail)
    if step != "unshare":
        monkeypatch.setattr("optimlab.grading.jail.linux.unshare", lambda flags: None)
    if step == "clone_tree":
        monkeypatch.setattr("optimlab.grading.jail.linux.mount", lambda *_, **__: None)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    with pytest.raises(Unconfined, match=f"namespaces: .*{step}: No space left"):
        jail.enter(lambda: [])


@pytest.mark.parametrize("tier", tiers.JAILS)
def test_a_child_that_cannot_be_locked_up_runs_no_code_and_nobody_is_graded(tier, monkeypatch):
    """Landlock's rules are made of a path that is not there; the zygote says so and stops."""
    make = tree.make

    def with_a_gap(folder):
        shown = make(folder)
        return shown._replace(listed=(*shown.listed, "/not/there"))

    monkeypatch.setattr(session.tree, "make", with_a_gap)
    zygote = Zygote(tier, QUICK)
    try:
        with pytest.raises(Broken, match="refused to start: Landlock: .*'/not/there'"):
            zygote.fork()
    finally:
        zygote.close()


# ----------------------------------------------------------------------------------------------- the way it looks inside


@pytest.fixture(scope="module", params=tiers.JAILS)
def inside(request):
    """Run cells in one tier: what each of them raised."""
    if fault := probe.attempt(request.param).fault:
        pytest.skip(f"needs {request.param}: {fault}")
    zygote = Zygote(request.param, QUICK)

    def run(*cells):
        child = zygote.fork()
        list(child.ask("open", notebook(*cells), seconds=30))
        fates = list(child.ask("run", list(range(len(cells))), replies=len(cells), seconds=30))
        child.end()
        return fates

    run.tier = request.param
    yield run
    zygote.close()


def test_honest_code_notices_nothing(inside):
    cells = [
        "import numpy as np, matplotlib.pyplot as plt\nplt.plot(np.arange(3)); plt.close('all')",
        "import sympy\nx = sympy.symbols('x'); assert sympy.diff(x**2) == 2 * x",
        "import asyncio\nawait asyncio.sleep(0)",
        "import json, csv, sqlite3, decimal, fractions, statistics, collections, itertools, functools, typing, random",
        "from optimlab import figures, problems, schedules, descent\nfrom optimlab.check import check\ncheck(print)",
        "import importlib.metadata; importlib.metadata.version('numpy')",
        "np.linalg.svd(np.random.rand(50, 50)); print('done'); input_ = open('/dev/null').read()",
        "import warnings, inspect\ndef f(): pass\ninspect.getsource(f)",
    ]
    assert inside(*cells) == [None] * len(cells)


def test_there_is_a_folder_to_write_in_where_the_tier_has_one(inside):
    cell = "import tempfile\nwith open('note', 'w') as f: f.write('hello')\nopen('note').read()"
    (fate,) = inside(f"{cell}\nwith tempfile.TemporaryFile() as f: f.write(b'x')")
    assert (fate is None) == (inside.tier in tiers.WITH_A_HOME)


def test_threads_may_be_started_where_they_are_counted(inside):
    (fate,) = inside("import threading\nt = threading.Thread(target=print); t.start(); t.join()")
    assert (fate is None) == (inside.tier == "namespaces")
