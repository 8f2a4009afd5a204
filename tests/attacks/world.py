"""What there is to steal, to reach and to hurt outside the jail, made anew for each attack; all on loopback."""

import contextlib
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from optimlab.grading.jail.linux import call

ROOT = Path(__file__).parents[2]


class World:
    """A folder with a canary in it, listeners, a victim; and how each was before."""

    def __init__(self, memory_mb=0, patience=0.0):
        self.memory_mb, self.patience, self.seconds = memory_mb, patience, 0.0
        self.token, self.planted = secrets.token_hex(16), secrets.token_hex(16)
        self.outlived = lambda: False

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="world-", dir="/var/tmp")
        os.chmod(self.folder, 0o777)  # the jail is to hold it, not its mode
        self.canary = os.path.join(self.folder, "ada.py")
        with open(self.canary, "w") as file:
            file.write(f"TOKEN = {self.token!r}\n")
        os.chmod(self.canary, 0o666)
        self.before = self._look()
        self.listeners = dict(self._listen())
        self.victim = subprocess.Popen(["sleep", "600"], env={"TOKEN": self.token})
        self.victim_before = self._examine()
        return self

    def __exit__(self, *_):
        for listener in self.listeners.values():
            listener.close()
        self.victim.kill()
        self.victim.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def known(self):
        """What the attacker is told: all but the token."""
        numbered = {name: listener for name, listener in self.listeners.items() if name[-1] in "46"}
        ports = {name: listener.getsockname()[1] for name, listener in numbered.items()}
        return ports | {
            "canary": self.canary, "folder": self.folder, "victim": self.victim.pid, "repo": str(ROOT),
            "unix": os.path.join(self.folder, "socket"), "abstract": f"\0{self.folder}", "planted": self.planted,
            "python": sys.executable,
        }  # fmt: skip

    def was_hit(self):
        time.sleep(0.02)
        for name, listener in self.listeners.items():
            with contextlib.suppress(BlockingIOError):
                if name.startswith("udp"):
                    return bool(listener.recv(100))
                listener.accept()[0].close()
                return True
        return False

    def was_changed(self):
        return self._look() != self.before

    def was_hurt(self):
        return self.victim.poll() is not None or self._examine() != self.victim_before

    def _look(self):
        state = os.lstat(self.canary) if os.path.lexists(self.canary) else None
        kept = state and (state.st_mode, state.st_uid, state.st_size, state.st_mtime_ns, state.st_nlink)
        names = sorted(set(os.listdir(self.folder)) - {"socket"})
        xattrs = os.listxattr(self.canary) if state else []
        return kept, names, xattrs, state and open(self.canary, "rb").read()

    def _listen(self):
        for name, kind, where in (
            ("tcp4", socket.SOCK_STREAM, (socket.AF_INET, ("127.0.0.1", 0))),
            ("tcp6", socket.SOCK_STREAM, (socket.AF_INET6, ("::1", 0))),
            ("udp4", socket.SOCK_DGRAM, (socket.AF_INET, ("127.0.0.1", 0))),
            ("unix", socket.SOCK_STREAM, (socket.AF_UNIX, os.path.join(self.folder, "socket"))),
            ("abstract", socket.SOCK_STREAM, (socket.AF_UNIX, f"\0{self.folder}")),
        ):
            with contextlib.suppress(OSError):  # no IPv6 here
                listener = socket.socket(where[0], kind)
                listener.setblocking(False)
                listener.bind(where[1])
                if kind == socket.SOCK_STREAM:
                    listener.listen()
                yield name, listener
        os.chmod(os.path.join(self.folder, "socket"), 0o777)

    def _examine(self):
        pid = self.victim.pid
        ended, _ = os.waitpid(pid, os.WNOHANG | os.WUNTRACED) if self.victim.returncode is None else (pid, 0)
        if ended:
            return "stopped or dead"
        return (
            os.getpriority(os.PRIO_PROCESS, pid), os.sched_getaffinity(pid), os.getsid(pid), os.getpgid(pid),
            resource.prlimit(pid, resource.RLIMIT_NOFILE), call("ioprio_get", 1, pid),
        )  # fmt: skip


def end(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
