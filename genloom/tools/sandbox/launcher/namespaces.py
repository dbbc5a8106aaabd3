"""New namespaces: ending the first process ends all, and none of them can name a process, host or address outside."""

from __future__ import annotations

import fcntl
import os
import struct

from genloom.tools.sandbox.launcher import kernel
from genloom.tools.sandbox.launcher.refusal import RefusalError

__all__ = [
    "check_left",
    "fork_into_namespaces",
    "map_user",
    "raise_loopback",
    "take_user",
    "unprivileged_user",
]

_MOST = 2**31 - 2
_LEAST = 1000
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS; IFF_UP | IFF_RUNNING


def check_left(outside: dict[str, str]) -> None:
    """Make sure that this process is in none of the namespaces named, by kind and identity, as `/proc` shows them."""
    for kind, identity in outside.items():
        try:
            found = os.readlink(f"/proc/self/ns/{kind}")
        except OSError as error:
            raise RefusalError("bubblewrap", error) from error
        if found == identity:
            raise RefusalError("bubblewrap", f"it left this process in genloom's own {kind} namespace")


def raise_loopback() -> None:
    """Bring up the loopback interface of the network namespace that this process is in; nothing else is in a new one."""
    from _socket import AF_INET, SOCK_DGRAM  # imported here: few runs need sockets
    from _socket import socket as new_socket

    try:
        end = new_socket(AF_INET, SOCK_DGRAM)
        fcntl.ioctl(end.fileno(), _SET_FLAGS, struct.pack("16sh22x", b"lo", _UP_AND_RUNNING))
        end.close()
    except OSError as error:
        raise RefusalError("grants", f"the loopback interface could not be brought up: {error}") from error


_FLAGS = kernel.CLONE_NEWPID | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS


def fork_into_namespaces(network: bool) -> int:
    """Make the first process of new namespaces and stay outside, which can be done again and again.

    Without root's rights they are made by way of a user namespace. The mounts stay as they are, and without `network` that
    does, too. Return the child's id, and 0 in the child, which then calls `map_user` with the ids that it had, unless they
    were root's. See `kernel.fork_into` for what else it may do.
    """
    flags = _FLAGS | (kernel.CLONE_NEWNET if network else 0) | (kernel.CLONE_NEWUSER if os.geteuid() else 0)
    try:
        return kernel.fork_into(flags)
    except OSError as error:
        raise RefusalError("namespaces", error) from error


def map_user(user: int, group: int) -> None:
    """Keep these ids in the user namespace that this process has just come into."""
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    except OSError as error:
        raise RefusalError("namespaces", error) from error


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def take_user(user: int) -> None:
    """Become an unprivileged user without groups; the kernel drops every capability with it."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if 0 in os.getresuid():
        raise RefusalError("user", "root's rights could not be dropped")


def unprivileged_user() -> int:
    """Return an id for one run alone, which nobody else uses: at random from the top of what this machine maps.

    Two runs at the same time then cannot signal, trace or read one another, and a limit of processes counts one run.
    """
    with open("/proc/self/uid_map", "rb") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    start, _, count = max(ranges, key=_count)
    top = min(start + count - 1, _MOST)
    bottom = max(start, _LEAST, top - 2**20)
    if top <= bottom:
        raise RefusalError("user", "this machine maps no unprivileged user id")
    return bottom + int.from_bytes(os.urandom(6), "little") % (top - bottom)


def _count(numbers: tuple[int, ...]) -> int:
    return numbers[2]
