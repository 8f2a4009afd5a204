"""Namespaces: a root folder, processes, network, users and queues of its own, in which nothing of the machine's is.

It takes no rights beyond those of a normal user. Root's process becomes user 65534 of the machine on the way.
"""

import contextlib
import os

from . import keeper, linux
from .tree import DEVICES, HOME

OF_KIND = {"net": linux.NEWNET, "ipc": linux.NEWIPC, "uts": linux.NEWUTS, "cgroup": linux.NEWCGROUP}


def enter(kinds, tree, base, become_somebody):
    """Move this process into new namespaces; a new root is built on the folder ``base``. It returns in a child, the
    first process there."""
    if os.getuid() == 0:
        with contextlib.suppress(PermissionError):  # where root is root of a container only
            os.setgroups([])
    linux.unshare(linux.NEWUSER | linux.NEWNS | sum(OF_KIND[kind] for kind in kinds if kind in OF_KIND))
    root = become_somebody()
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    if "mount" in kinds:
        _new_root(tree, base)
    else:
        linux.mount("tmpfs", os.path.dirname(HOME), "tmpfs")
        os.mkdir(HOME)
    if root:
        _be_root_no_longer()
    if "pid" in kinds:
        linux.unshare(linux.NEWPID)
    keeper.go_on_in_child()


def mount_scratch(limits):
    """A file system in memory at HOME, empty and bounded."""
    options = f"size={limits.disk_mb}m,nr_inodes={limits.files},mode=700"
    linux.mount("tmpfs", HOME, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)


def fork_first_process(own):
    """Fork a child that is the first process of a namespace of its own. ``own`` is a descriptor of this process."""
    linux.unshare(linux.NEWPID)
    child = None
    try:
        child = os.fork()
        return child
    finally:
        if child != 0:
            linux.setns(own, linux.NEWPID)


def own_account():
    """In a child: a user namespace that nobody else is in. Its threads are counted apart, its rights reach nothing."""
    linux.unshare(linux.NEWUSER | linux.NEWIPC)


def _new_root(tree, base):
    """Replace the root by a small read-only one that holds copies of the mounts in ``tree`` and an empty HOME."""
    copies = {path: (linux.clone_tree(path), os.path.isdir(path)) for path in tree.shown}
    copies |= {path: (linux.clone_tree(path, devices=True), False) for path in filter(os.path.exists, DEVICES)}
    linux.mount("tmpfs", base, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=755")
    hidden = list(tree.hidden)
    for path, (copy, is_folder) in copies.items():
        _prepare(base + path, is_folder)
        linux.move_tree(copy, base + path)
        for place in [place for place in hidden if place.startswith(f"{path}/")]:
            linux.mount("tmpfs", base + place, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=755")
            hidden.remove(place)
    for name, target in tree.links:
        if not os.path.lexists(f"{base}/{name}"):
            os.symlink(target, f"{base}/{name}")
    os.makedirs(base + HOME, mode=0o755)
    os.chdir(base)
    linux.pivot_root(".", ".")
    linux.unmount(".")
    os.chdir("/")
    linux.read_only("/")  # and all below it; the scratch is yet to come


def _prepare(path, is_folder):
    """Something to mount on."""
    if is_folder:
        os.makedirs(path, mode=0o755, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        if not os.path.exists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))


def _be_root_no_longer():
    """And keep the rights over our own namespaces."""
    linux.prctl(linux.PR_SET_KEEPCAPS, 1)
    os.setresgid(*[keeper.INSIDE] * 3)
    os.setresuid(*[keeper.INSIDE] * 3)
    linux.set_capabilities(linux.ALL_CAPABILITIES)
    linux.die_with_parent()  # a change of user forgets it
