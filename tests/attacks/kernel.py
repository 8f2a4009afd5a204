"""The kernel's rarer doors: each a piece of it that honest code never sees and holes are found in."""

from .attack import family

LIBC = "import ctypes, mmap, os, struct\nlibc = ctypes.CDLL(None, use_errno=True)\n"

ATTACKS = list(family([
    ("io-uring", "requests past the system calls", "limits seccomp", "got", LIBC + """
def attack(): return libc.syscall(425, 4, ctypes.create_string_buffer(120)) >= 0
"""),
    ("bpf", "a program for the kernel", "user seccomp", "got", LIBC + """
def attack(): return libc.syscall(321, 0, struct.pack("IIIII", 2, 4, 8, 1, 0) + bytes(100), 72) >= 0
""", {"root": True}),
    ("memfd", "a file in memory that nobody counts", "seccomp", "got", LIBC + """
def attack():
    fd = os.memfd_create("x"); os.write(fd, b"y")
    return os.pread(fd, 1, 0) == b"y"
"""),
    ("memfd-exec", "a program that never was a file", "seccomp", "got", LIBC + """
def attack():
    fd = os.memfd_create("x"); os.write(fd, b"#!/nothing")
    libc.syscall(322, fd, b"", None, None, 0x1000)
    return ctypes.get_errno() != 1
"""),
    ("userfaultfd", "page faults in its own hand", "seccomp", "got", LIBC + """
def attack(): return libc.syscall(323, 1) >= 0
"""),
    ("perf", "the processor's counters", "seccomp", "got", LIBC + """
def attack():
    wanted = struct.pack("IIQQQQQ", 1, 112, 0, 0, 0, 0, 1 << 5 | 1 << 6) + bytes(64)
    return libc.syscall(298, wanted, 0, -1, -1, 0) >= 0
"""),
    ("keys", "the kernel's keyring", "seccomp", "got", LIBC + """
def attack():
    key = libc.syscall(248, b"user", b"mine", b"secret", 6, -2)
    buffer = ctypes.create_string_buffer(6)
    return key > 0 and libc.syscall(250, 11, key, buffer, 6) == 6 and buffer.raw == b"secret"
"""),
    ("sysv-memory", "shared memory of System V", "seccomp", "got", LIBC + """
def attack(): return libc.shmget(0, 4096, 0o1600) >= 0
"""),
    ("sysv-messages", "a message queue of System V", "seccomp", "got", LIBC + """
def attack(): return libc.msgget(0, 0o1600) >= 0
"""),
    ("sysv-semaphores", "semaphores of System V", "seccomp", "got", LIBC + """
def attack(): return libc.semget(0, 1, 0o1600) >= 0
"""),
    ("posix-queue", "a message queue of POSIX", "account landlock seccomp", "got", LIBC + """
def attack(): return libc.syscall(240, b"mine", 0o102, 0o600, None) >= 0
"""),
    ("personality", "addresses that are not random", "seccomp", "got", LIBC + """
def attack():
    libc.personality(0x40000)
    return libc.personality(ctypes.c_ulong(0xffffffff)) == 0x40000
"""),
    ("ldt", "segments of the processor", "seccomp", "got", LIBC + """
def attack(): return libc.syscall(154, 1, struct.pack("IIII", 0, 0, 0xfffff, 0x51), 16) == 0
"""),
    ("x32", "system calls in another dialect", "seccomp", "got", LIBC + """
def attack():
    libc.syscall(0x40000000 + 39)
    return True
"""),
    ("int80", "system calls of 32-bit programs", "seccomp", "got", LIBC + """
def attack():
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(bytes.fromhex("53b814000000cd805bc3"))  # getpid by int 0x80
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0
"""),
    ("inotify", "watching files", "seccomp", "got", LIBC + """
def attack(): return libc.inotify_init1(0) >= 0
"""),
    ("fanotify", "watching all files", "seccomp", "got", LIBC + """
def attack(): return libc.syscall(300, 0x200, 0) >= 0
"""),
    ("dmesg", "the kernel's log", "user seccomp", "got", LIBC + """
def attack(): return libc.klogctl(3, ctypes.create_string_buffer(4096), 4096) > 0
""", {"root": True}),
    ("compare", "comparing kernel objects of processes", "seccomp", "got", LIBC + """
def attack(): return libc.syscall(312, os.getpid(), os.getpid(), 0, 0, 1) >= 0
"""),
    ("splice", "pages moved between pipes", "seccomp", "got", LIBC + """
def attack():
    (a, b), (c, d) = os.pipe(), os.pipe(); os.write(b, b"x")
    return libc.splice(a, None, d, None, 1, 0) == 1
"""),
    ("landlock", "rules upon rules, for ever", "seccomp", "got", LIBC + """
def attack(): return libc.syscall(444, struct.pack("Q", 1), 8, 0) >= 0
"""),
    ("dumpable", "leave for others to look into it", "seccomp", "got", LIBC + """
def attack(): return libc.prctl(4, 1, 0, 0, 0) == 0 and libc.prctl(3, 0, 0, 0, 0) == 1
"""),
    ("orphan", "outliving its parent", "seccomp", "got", LIBC + """
def attack(): return libc.prctl(1, 0, 0, 0, 0) == 0
"""),
    ("realtime", "a place before all other processes", "user seccomp", "got", LIBC + """
def attack(): return libc.sched_setscheduler(0, 1, struct.pack("i", 1)) == 0
""", {"root": True}),
    ("mlock", "memory that cannot be swapped out", "limits seccomp", "got", LIBC + """
def attack(): return libc.mlock(ctypes.create_string_buffer(1 << 16), 1 << 16) == 0
"""),
    ("openat-tree", "the mounts' younger calls", "account rights seccomp", "got", LIBC + """
def attack(): return libc.syscall(428, -100, b"/", 0x8001) >= 0
"""),
]))  # fmt: skip
