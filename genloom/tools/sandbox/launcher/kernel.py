"""Kernel calls that the standard library does not offer, through ctypes. Each raises `OSError` when it fails."""

from __future__ import annotations

import ctypes
import os
import struct

__all__ = ["drop_capabilities", "fork_into", "mount", "prctl", "syscall", "unshare"]

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_NEWTIME = 0x00000080

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_CLONE = {"x86_64": 56, "aarch64": 220}
_SIGCHLD = 17

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_undisturbed = ctypes.PyDLL(None, use_errno=True)
"""The same, without letting go of the interpreter's lock."""
_undisturbed.syscall.restype = ctypes.c_long


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by number; `name` is for the error's text."""
    passed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *passed), name)


def prctl(option: int, second: int = 0, third: int | bytes = 0) -> int:
    """Call prctl(2)."""
    last = third if isinstance(third, bytes) else ctypes.c_ulong(third)
    zero = ctypes.c_ulong(0)
    return _checked(_libc.prctl(option, ctypes.c_ulong(second), last, zero, zero), f"prctl({option})")


def drop_capabilities() -> None:
    """Give up every capability, for good where no_new_privs is set."""
    version_3 = struct.pack("=Ii", 0x20080522, 0)
    _checked(_libc.capset(version_3, bytes(24)), "capset")


def unshare(flags: int) -> None:
    """Leave the parent's namespaces named by `flags` for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def fork_into(flags: int) -> int:
    """Fork a child into new namespaces; return its id, and 0 in the child. This process must have one thread.

    Unlike after `unshare`, it can be done again. The interpreter's own work after a fork is not done: the child is to
    make a process of its own by `os.fork` or to end, and to start no thread.
    """
    number = _CLONE.get(os.uname().machine, -1)
    zero = ctypes.c_ulong(0)
    return _checked(
        _undisturbed.syscall(ctypes.c_long(number), ctypes.c_ulong(flags | _SIGCHLD), zero, zero, zero, zero), "clone"
    )


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Call mount(2); an empty `kind` or `data` is passed as null."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _checked(result, f"mount {target}")
