"""The list of system calls that student code may make; the kernel answers every other with "not permitted".

The filter is a program in the kernel's classic BPF, assembled here. It kills whatever calls in the dialects of another
processor or of x32, where numbers mean other calls, and looks at an argument where the call alone does not tell
harmless from harmful.
"""

import ctypes
import errno
import os
import platform
import struct

from . import linux
from .syscalls import NUMBERS

ALLOWED = """
read write mmap munmap brk madvise futex readv writev pread64 pwrite64 preadv pwritev lseek close close_range
fstat stat lstat newfstatat statx statfs fstatfs open openat creat access faccessat faccessat2 readlink readlinkat
getdents getdents64 getcwd chdir fchdir mkdir mkdirat unlink unlinkat rmdir rename renameat renameat2 link linkat
symlink symlinkat chmod fchmod fchmodat utime utimes utimensat ftruncate truncate fallocate fsync fdatasync flock
fadvise64 copy_file_range sendfile umask dup dup2 dup3 pipe pipe2 poll ppoll select pselect6
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 sendto recvfrom shutdown getsockopt setsockopt
getsockname getpeername mprotect mremap rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack rt_sigpending
getpid gettid getppid getuid geteuid getgid getegid getgroups getresuid getresgid getpgrp getpgid getsid uname
sysinfo getrusage times time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep setitimer getitimer alarm
pause set_robust_list get_robust_list set_tid_address rseq membarrier sched_yield sched_getaffinity
sched_getscheduler sched_getparam getpriority getcpu getrandom getrlimit setrlimit arch_prctl restart_syscall exit
exit_group
""".split()

A_THREAD = (0x3D0F00, 0x7D0F00)  # the flags of clone with which glibc and musl start one; no process, no namespace
HARMLESS = {  # call: which of its arguments, and the values it may have
    "socketpair": (0, [1]),  # AF_UNIX: asyncio wakes itself through one; it leads nowhere else
    "ioctl": (1, [0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451]),  # a terminal? its size; FIONREAD, FIONBIO, FIOCLEX
    "fcntl": (1, [0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030]),  # duplicate, flags, locks; not whom to send signals
    "prctl": (0, [15, 16]),  # the name of a thread
    "prlimit64": (0, [0]),  # its own limits
}
OURS = {"kill": 0, "tgkill": 0}  # argument that must be the process itself

X86_64, X32_BIT = 0xC000003E, 0x40000000
NUMBER, ARCH, ARGUMENTS = 0, 4, 16  # offsets in what the filter is shown
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
KILL, ERROR, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
MACHINES = ("x86_64", "AMD64")


class Unsupported(Exception):
    """Why there is no filter for this machine, in a sentence."""


def program(threads):
    """The filter as a function of the process it is for: ``program(threads)(pid)`` are the bytes of a BPF program."""
    if platform.machine() not in MACHINES:
        raise Unsupported(f"the list of system calls is written for x86-64, and this processor is {platform.machine()}")
    head = [
        _op(LOAD, ARCH), _op(EQUAL, X86_64, 1, 0), _op(RETURN, KILL),
        _op(LOAD, NUMBER), _op(AT_LEAST, X32_BIT, 0, 1), _op(RETURN, KILL),
    ]  # fmt: skip
    head += _allowed(sorted(NUMBERS[name] for name in ALLOWED))
    head += _when("clone3", [_op(RETURN, ERROR | errno.ENOSYS)])  # its flags are out of sight; libc then takes clone
    rules = HARMLESS | ({"clone": (0, A_THREAD)} if threads else {})
    head += [op for name, (argument, values) in rules.items() for op in _when(name, _one_of(argument, values))]

    head = b"".join(head)

    def for_process(pid):
        own = [op for name, argument in OURS.items() for op in _when(name, _one_of(argument, [pid]))]
        return b"".join([head, *own, _op(RETURN, ERROR | errno.EPERM)])

    return for_process


def load(filter_bytes):
    """Put all threads of this process under the filter, for good. It must have given up new privileges."""
    instructions = ctypes.create_string_buffer(filter_bytes, len(filter_bytes))
    described = struct.pack("HxxxxxxQ", len(filter_bytes) // 8, ctypes.addressof(instructions))
    linux.call("seccomp", SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, described)
    _prove()


def _prove():
    """A filter that was taken and does nothing is worse than none."""
    try:
        os.close(linux.call("socket", 1, 1, 0))
    except PermissionError:
        return
    raise OSError("the system calls of this process are not filtered")


def _op(code, operand, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, operand)


def _allowed(numbers):
    """Instructions that allow these numbers, one look at each run of them without a gap; others are for what follows.

    The kernel tries the filter on every number each time it is loaded, and that is once a child.
    """
    firsts = [n for n in numbers if n - 1 not in numbers]
    lasts = [n for n in numbers if n + 1 not in numbers]
    for left, (first, last) in zip(reversed(range(len(firsts))), zip(firsts, lasts)):
        yield from (_op(AT_LEAST, last + 1, 2, 0), _op(AT_LEAST, first, 0, 1 + 3 * left), _op(RETURN, ALLOW))


def _when(name, block):
    """Instructions that run the block, which must return, if the call is ``name``."""
    return [_op(EQUAL, NUMBERS[name], 0, len(block)), *block]


def _one_of(argument, values):
    """A block that allows the call if the low half of that argument is one of the values."""
    load_it = _op(LOAD, ARGUMENTS + 8 * argument)
    tests = [_op(EQUAL, value, len(values) - n, 0) for n, value in enumerate(values)]
    return [load_it, *tests, _op(RETURN, ERROR | errno.EPERM), _op(RETURN, ALLOW)]
