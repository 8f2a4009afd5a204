"""Other processes: to start them, to end or look into those that are there, to become somebody else."""

from .attack import family

LIBC = "import ctypes, os, signal\nlibc = ctypes.CDLL(None, use_errno=True)\n"
OTHERS = "pid seccomp"
SIGNALS = "pid landlock seccomp"

ATTACKS = list(family([
    ("fork", "fork", "seccomp", "got", """
import os
def attack():
    pid = os.fork()
    if pid == 0: os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
"""),
    ("daemon", "a forked process that leaves its session and stays", "pid seccomp", "outlived", """
import os, time
def attack():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(60)
        os._exit(0)
    time.sleep(0.2)
"""),
    ("vfork", "posix_spawn", "mount landlock seccomp", "got", """
import os
def attack():
    pid = os.posix_spawn("/bin/true", ["true"], {})
    return os.waitpid(pid, 0)[1] == 0
"""),
    ("subprocess", "subprocess", "mount landlock seccomp", "read", """
import subprocess
def attack(): return subprocess.run(["cat", W["canary"]], capture_output=True).stdout
"""),
    ("system", "a shell by os.system", "mount landlock seccomp", "got", """
import os
def attack(): return os.system("exit 7") == 7 << 8
"""),
    ("multiprocessing", "multiprocessing", "seccomp", "got", """
import multiprocessing, os
def attack():
    p = multiprocessing.get_context("fork").Process(target=lambda: os._exit(7))
    p.start(); p.join()
    return p.exitcode == 7
"""),
    ("exec", "execve in its own place", "mount landlock seccomp", "changed", """
import os
def attack(): os.execv("/usr/bin/touch", ["touch", W["folder"] + "/new"])
"""),
    ("bash-magic", "the cell magic that runs a shell", "mount landlock seccomp", "read", """
def attack():
    get_ipython().run_cell_magic("bash", "--out text", f"cat {W['canary']}")
    return text
"""),
    ("kill", "SIGKILL to another process", SIGNALS, "hurt", """
import os
def attack(): os.kill(W["victim"], 9)
"""),
    ("stop", "SIGSTOP to another process", SIGNALS, "hurt", """
import os
def attack(): os.kill(W["victim"], 19)
"""),
    ("tkill", "a signal by thread number", SIGNALS, "hurt", LIBC + """
def attack(): libc.syscall(200, W["victim"], 9)
"""),
    ("tgkill", "a signal by thread and group number", SIGNALS, "hurt", LIBC + """
def attack(): libc.syscall(234, W["victim"], W["victim"], 9)
"""),
    ("sigqueue", "a queued signal", SIGNALS, "hurt", LIBC + """
def attack(): libc.sigqueue(W["victim"], 9, None)
"""),
    ("pidfd", "a signal through a descriptor of a process", SIGNALS, "hurt", """
import os, signal
def attack(): signal.pidfd_send_signal(os.pidfd_open(W["victim"]), 9)
"""),
    ("sigio", "the kernel made to signal another when data comes", SIGNALS, "hurt", """
import fcntl, os, socket
def attack():
    a, b = socket.socketpair()
    fcntl.fcntl(a, fcntl.F_SETOWN, W["victim"]); fcntl.fcntl(a, 10, 9)
    fcntl.fcntl(a, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    b.send(b"x")
    import time; time.sleep(0.1)
"""),
    ("kill-parent", "SIGKILL to the zygote", "pid seccomp landlock", "got", """
import os, time
def attack():
    parent = os.getppid()
    if parent == 0: return False
    os.kill(parent, 0)
    return True
"""),
    ("ptrace", "a debugger's grip on another process", "user", "hurt", LIBC + """
def attack(): libc.ptrace(16, W["victim"], None, None); import time; time.sleep(0.1)
"""),
    ("vm-read", "another process's memory", "user", "got", LIBC + """
import struct
def attack():
    buffer = ctypes.create_string_buffer(8)
    here = struct.pack("QQ", ctypes.addressof(buffer), 8); there = struct.pack("QQ", 0x400000, 8)
    libc.process_vm_readv(W["victim"], here, 1, there, 1, 0)
    return ctypes.get_errno() == 14  # the right is there, only the address is not
"""),
    ("limits-of-others", "limits for another process", OTHERS, "hurt", """
import resource
def attack(): resource.prlimit(W["victim"], resource.RLIMIT_NOFILE, (3, 3))
"""),
    ("priority-of-others", "a lower priority for another process", "pid rights seccomp", "hurt", """
import os
def attack(): os.setpriority(os.PRIO_PROCESS, W["victim"], 19)
"""),
    ("affinity-of-others", "another process tied to one processor", "pid rights seccomp", "hurt", """
import os
def attack(): os.sched_setaffinity(W["victim"], {0})
"""),
    ("io-priority-of-others", "the last place at the disk for another process", "pid rights seccomp", "hurt", LIBC + """
def attack(): libc.syscall(251, 1, W["victim"], 3 << 13)
"""),
    ("user-namespace", "a user namespace, to be root in", "account seccomp", "got", LIBC + """
def attack(): return libc.unshare(0x10000000) == 0
"""),
    ("clone3", "a namespace by clone3, whose flags a filter cannot see", "account seccomp", "got", LIBC + """
import struct
def attack():
    arguments = struct.pack("QQQQQQQQ", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    pid = libc.syscall(435, arguments, 64)
    if pid == 0: os._exit(0)
    return pid > 0
"""),
    ("mount", "a mount", "account rights landlock seccomp", "got", LIBC + """
def attack(): return libc.mount(b"tmpfs", os.getcwd().encode(), b"tmpfs", 0, None) == 0
"""),
    ("chroot", "another root folder", "rights seccomp", "got", LIBC + """
def attack(): return libc.chroot(os.getcwd().encode()) == 0
"""),
    ("setns", "the namespaces of another process", "user", "got", LIBC + """
def attack(): return libc.setns(os.pidfd_open(W["victim"]), 0x40000000) == 0
"""),
    ("hostname", "the machine's name", "user", "got", """
import socket
def attack(): socket.sethostname("mine"); return socket.gethostname() == "mine"
"""),
]))  # fmt: skip
