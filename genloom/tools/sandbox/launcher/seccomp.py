"""The system-call filter: a deny-list in classic BPF, built for x86_64 and aarch64.

A refused call fails with EPERM (or ENOSYS where a library then takes an older way), so that ordinary code copes; only a
call made in another machine's convention kills. Format: linux/filter.h and seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import struct

from genloom.tools.sandbox.launcher import kernel
from genloom.tools.sandbox.launcher.syscalls import DENIED, GATED, LAST_KNOWN, METADATA, SOCKETS

__all__ = ["build_filter", "build_server_filter", "install_filter", "machine_column"]

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _AND = 0x20, 0x54  # BPF_LD|BPF_W|BPF_ABS, BPF_ALU|BPF_AND|BPF_K
_EQUAL, _ABOVE, _AT_LEAST, _ANY_BIT = 0x15, 0x25, 0x35, 0x45  # BPF_JMP|…|BPF_K
_RETURN = 0x06

_KILL, _ALLOW, _ERROR = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER_OFFSET, _MACHINE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_X32_BIT = 0x40000000

_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
)
_TIOCSTI, _TIOCLINUX, _TIOCCONS, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x541D, 0x8901, 0x8902
_F_SETOWN, _F_SETOWN_EX = 8, 15
_AF_UNIX, _SOCK_DGRAM = 1, 2
_PLAIN_TYPES, _PLAIN_PROTOCOLS = (1, 2), (0, 6, 17)  # SOCK_STREAM, SOCK_DGRAM; the default, TCP, UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    # code, value, instructions to skip when a test holds, and when it does not
    _Step = tuple[int, int, int, int]

_SERVERS_NEED = ("mount", "mount_setattr", "unshare", "mknod", "mknodat")
"""The last two for what is hidden in a view of a repository: without rights outside, no device can be made by them."""

_REFUSE: _Step = (_RETURN, _ERROR | errno.EPERM, 0, 0)

_PROCESS_ARGUMENT = {  # which argument names a process; 0 means the caller itself
    "prlimit64": 0,
    "sched_setaffinity": 0,
    "sched_setparam": 0,
    "sched_setscheduler": 0,
    "sched_setattr": 0,
    "setpriority": 1,
    "ioprio_set": 1,
}


def machine_column(machine: str) -> int | None:
    """Which column of the tables is this machine's; `None` when there is none."""
    return _MACHINES[machine][0] if machine in _MACHINES else None


class _Program:
    """Instructions of one filter; every rule ends in a verdict, so the loaded number is never lost."""

    def __init__(self, machine: str) -> None:
        self.column, audit = _MACHINES[machine]
        self.code: list[bytes] = []
        self.add(_LOAD, _MACHINE_OFFSET)
        self.add(_EQUAL, audit, skip_true=1)
        self.add(_RETURN, _KILL)
        self.add(_LOAD, _NUMBER_OFFSET)
        self.unless(_AT_LEAST, _X32_BIT, errno.ENOSYS)
        self.unless(_ABOVE, LAST_KNOWN, errno.ENOSYS)

    def add(self, code: int, value: int, skip_true: int = 0, skip_false: int = 0) -> None:
        self.code.append(struct.pack("=HBBI", code, skip_true, skip_false, value))

    def unless(self, test: int, value: int, error: int) -> None:
        """Answer with `error` when the test holds."""
        self.add(test, value, skip_false=1)
        self.add(_RETURN, _ERROR | error)

    def refuse(self, numbers: tuple[int | None, int | None], error: int) -> None:
        number = numbers[self.column]
        if number is not None:
            self.unless(_EQUAL, number, error)

    def gate(self, name: str, *steps: _Step) -> None:
        """For one call only, take the steps, which load and test arguments; what falls through them is allowed."""
        number = (GATED.get(name) or DENIED[name])[self.column]
        if number is None:
            return
        self.add(_EQUAL, number, skip_false=len(steps) + 1)
        for step in steps:
            self.add(*step)
        self.add(_RETURN, _ALLOW)


def _argument(index: int) -> _Step:
    return (_LOAD, _ARGUMENTS_OFFSET + 8 * index, 0, 0)


def _only(index: int, *allowed: int, mask: int = 0xFFFFFFFF) -> list[_Step]:
    """Steps that refuse unless the argument's low half, masked, is one of a few values."""
    tests = [(_EQUAL, value, len(allowed) - place, 0) for place, value in enumerate(allowed)]
    return [_argument(index), (_AND, mask, 0, 0), *tests, _REFUSE]


def _none_of(index: int, *refused: int, mask: int = 0xFFFFFFFF) -> list[_Step]:
    """Steps that refuse when the argument's low half, masked, is one of a few values."""
    tests = [step for value in refused for step in ((_EQUAL, value, 0, 1), _REFUSE)]
    return [_argument(index), (_AND, mask, 0, 0), *tests]


def _refuse_denied(program: _Program, families: tuple[int, ...]) -> None:
    for name, numbers in DENIED.items():
        if not (families and name in SOCKETS):
            program.refuse(numbers, errno.EPERM)
    if families:
        program.gate("socket", *_only(0, *families), *_only(1, *_PLAIN_TYPES, mask=0xF), *_only(2, *_PLAIN_PROTOCOLS))


def build_filter(
    machine: str,
    *,
    process: int,
    scoped_signals: bool,
    private_mounts: bool,
    truncate_ruled: bool,
    families: tuple[int, ...] = (),
) -> bytes:
    """Return the filter's instructions.

    `process` is the id of the process that will carry it: where Landlock cannot keep signals inside (`scoped_signals`
    false) it may signal nobody but itself. Without private mounts, changes of mode, owner and times are swallowed.
    Without Landlock's rule for truncation, truncate(2) by path is refused. Sockets of the address `families` are allowed:
    plain streams and datagrams only, for a raw one or an unusual protocol could have the kernel load a module.
    """
    program = _Program(machine)
    _refuse_denied(program, families)
    if not private_mounts:
        for numbers in METADATA.values():
            program.refuse(numbers, 0)
    if not truncate_ruled:
        program.refuse(GATED["truncate"], errno.EPERM)
    program.refuse(GATED["clone3"], errno.ENOSYS)  # its flags lie behind a pointer; libraries then use clone
    program.gate("clone", _argument(0), (_ANY_BIT, _NAMESPACES, 0, 1), _REFUSE)
    program.gate("ioctl", *_none_of(1, _TIOCSTI, _TIOCLINUX, _TIOCCONS, _FIOSETOWN, _SIOCSPGRP))
    program.gate("fcntl", *_none_of(1, _F_SETOWN, _F_SETOWN_EX))
    program.gate("personality", *_only(0, 0, 0xFFFFFFFF))
    # a datagram pair could be re-addressed to any socket in the file system; a stream pair is connected for good
    program.gate("socketpair", *_only(0, _AF_UNIX), *_none_of(1, _SOCK_DGRAM, mask=0xF))
    for name, index in _PROCESS_ARGUMENT.items():
        program.gate(name, *_only(index, 0, process))
    if not scoped_signals:
        for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
            program.gate(name, *_only(0, 0, process))
        program.refuse(GATED["tkill"], errno.EPERM)
        program.refuse(GATED["pidfd_send_signal"], errno.EPERM)
    program.add(_RETURN, _ALLOW)
    return b"".join(program.code)


def build_server_filter(machine: str) -> bytes:
    """Return the instructions for a process that makes runs: they may not refuse what it takes to confine these.

    Each run puts its own filter, which refuses more, on top of this one.
    """
    program = _Program(machine)
    for name, numbers in DENIED.items():
        if name not in _SERVERS_NEED:
            program.refuse(numbers, errno.EPERM)
    program.refuse(GATED["clone3"], errno.ENOSYS)
    program.add(_RETURN, _ALLOW)
    return b"".join(program.code)


def install_filter(instructions: bytes) -> None:
    """Put the filter on this process and all that it will start. Needs no_new_privs. Raises `OSError`."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    header = struct.pack("@HP", len(instructions) // 8, ctypes.addressof(code))
    kernel.prctl(kernel.PR_SET_SECCOMP, 2, header)
