"""Landlock: file, network and signal rules that a process puts on itself. See the kernel's userspace-api/landlock."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable

from genloom.tools.sandbox.launcher import kernel

__all__ = ["SCOPE_ABI", "TRUNCATE_ABI", "restrict", "supported_abi"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_QUERY_VERSION = 1
_PATH_BENEATH = 1

TRUNCATE_ABI = 3
NETWORK_ABI = 4
IOCTL_ABI = 5
SCOPE_ABI = 6

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK, _MAKE_SOCKET = 1 << 6, 1 << 11, 1 << 9
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract unix sockets, signals


def supported_abi() -> int:
    """The kernel's Landlock version; 0 when it has none or it is switched off."""
    try:
        return kernel.syscall("landlock", _CREATE_RULESET, None, 0, _QUERY_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def _handled(abi: int) -> int:
    rights = (1 << 13) - 1
    if abi >= 2:
        rights |= _REFER
    if abi >= TRUNCATE_ABI:
        rights |= _TRUNCATE
    if abi >= IOCTL_ABI:
        rights |= _IOCTL_DEVICE
    return rights


def _attributes(abi: int, network: bool) -> bytes:
    tcp = 0 if network else _TCP
    if abi >= SCOPE_ABI:
        return struct.pack("=QQQ", _handled(abi), tcp, _SCOPES)
    if abi >= NETWORK_ABI:
        return struct.pack("=QQ", _handled(abi), tcp)
    return struct.pack("=Q", _handled(abi))


def restrict(
    abi: int,
    *,
    readable: Iterable[str],
    devices: Iterable[str],
    writable: Iterable[str],
    network: bool = False,
    unix_sockets: bool = False,
) -> None:
    """Confine this process for good: read and execute under `readable`, read and write under `writable` and on
    `devices`, nothing else; no signals outward where the kernel can rule them, and no TCP unless there is a `network`.
    `unix_sockets` can be made where files can.

    Paths that are not there are passed over. Needs no_new_privs. Raises `OSError`.
    """
    attributes = _attributes(abi, network)
    ruleset = kernel.syscall("landlock_create_ruleset", _CREATE_RULESET, attributes, len(attributes), 0)
    handled = _handled(abi)
    write = handled & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEVICE | (0 if unix_sockets else _MAKE_SOCKET))
    try:
        for paths, rights in ((readable, _READ), (devices, _READ_FILE | _WRITE_FILE), (writable, write)):
            for path in paths:
                _allow(ruleset, path, rights & handled)
        kernel.syscall("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place))
        kernel.syscall("landlock_add_rule", _ADD_RULE, ruleset, _PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(place)
