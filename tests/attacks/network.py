"""The network, and sockets that are none but reach out all the same."""

from .attack import family

NET = "net seccomp landlock"

ATTACKS = list(family([
    ("tcp", "a TCP connection", NET, "hit", """
import socket
def attack(): socket.create_connection(("127.0.0.1", W["tcp4"]), 2)
"""),
    ("tcp6", "a TCP connection over IPv6", NET, "hit", """
import socket
def attack(): socket.create_connection(("::1", W["tcp6"]), 2)
"""),
    ("udp", "a UDP datagram", "net seccomp", "hit", """
import socket
def attack(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", W["udp4"]))
"""),
    ("fastopen", "data in TCP's first packet, without connect()", "net seccomp", "hit", """
import socket
def attack(): socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", W["tcp4"]))
"""),
    ("urllib", "a library's HTTP request", NET, "hit", """
import urllib.request
def attack(): urllib.request.urlopen(f"http://127.0.0.1:{W['tcp4']}/", timeout=0.3)
"""),
    ("asyncio", "asyncio's connection", NET, "hit", """
import asyncio
def attack(): asyncio.new_event_loop().run_until_complete(asyncio.open_connection("127.0.0.1", W["tcp4"]))
"""),
    ("unix", "a local socket by its path", "mount seccomp", "hit", """
import socket
def attack(): socket.socket(socket.AF_UNIX).connect(W["unix"])
"""),
    ("abstract", "a local socket by an abstract name", NET, "hit", """
import socket
def attack(): socket.socket(socket.AF_UNIX).connect(W["abstract"])
"""),
    ("bind", "a port of its own, for others to call", "seccomp landlock", "got", """
import socket
def attack(): s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); return s.getsockname()[1] > 0
"""),
    ("netlink", "the kernel's list of network interfaces", "seccomp", "got", """
import socket, struct
def attack():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.send(struct.pack("IHHIIB15x", 32, 18, 0x301, 1, 0, 0))
    return len(s.recv(1000)) > 0
"""),
    ("raw", "raw packets", "user", "got", """
import socket
def attack(): return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).fileno() >= 0
"""),
    ("packet", "packets below IP", "user", "got", """
import socket
def attack(): return socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno() >= 0
"""),
    ("vsock", "the socket to the virtual machine's host", "seccomp", "got", """
import socket
def attack(): return socket.socket(40, socket.SOCK_STREAM).fileno() >= 0
"""),
    ("pass-descriptor", "an open file handed to the grader", "seccomp", "got", """
import os, socket
def attack():
    s = socket.socket(fileno=os.dup(3))
    return socket.send_fds(s, [b""], [0]) == 0
"""),
]))  # fmt: skip
