"""The memory of which tier holds: a small file that spares later processes the self-test.

It raises nothing: a run is set up for the tier that is named here, and the launcher refuses where that is not possible.
Whatever can change the answer is part of the key; what is damaged, foreign or open to others counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from genloom.errors import StorageError
from genloom.state import SandboxTier
from genloom.tools.sandbox.bubblewrap import find_bubblewrap
from genloom.tools.sandbox.interpreter import Interpreter
from genloom.tools.sandbox.report import SandboxStatus
from genloom.tools.sandbox.selftest import described
from genloom.tools.store.atomic_file import OVERWRITE, write_atomically
from genloom.version import VERSION

__all__ = ["TierMemory", "circumstances"]

_FILE = "sandbox-tiers.json"
_MOST_KEPT = 64
_MOST_BYTES = 1 << 16

_KERNEL_FACTS = (
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/user/max_net_namespaces",
    "/sys/kernel/security/lsm",
    "/proc/self/attr/current",
)
_OWN_RIGHTS = ("CapEff:", "CapBnd:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:")


class TierMemory:
    """What self-tests showed, kept below `folder` for this user alone. Every method reads the disk; none raises for it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def recall(self, key: str, allowed: Sequence[SandboxTier]) -> SandboxStatus | None:
        """Return the remembered status if its tier is among those allowed, `None` where the self-test has to tell."""
        return _status(self._load().get(key), allowed)

    def remember(self, key: str, status: SandboxStatus) -> None:
        """Keep what the self-test showed."""
        kept = {other: fields for other, fields in self._load().items() if other != key}
        kept[key] = {"tier": status.tier, "namespaces": status.namespaces, "python": status.python}
        self._save(dict([*kept.items()][-_MOST_KEPT:]))

    def forget(self, key: str) -> None:
        """Drop what is remembered: it does not hold any more."""
        kept = self._load()
        if kept.pop(key, None) is not None:
            self._save(kept)

    def _load(self) -> dict[str, Any]:  # Any: JSON values, checked when one is used
        with suppress(OSError, ValueError, RecursionError):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
                found = os.fstat(descriptor)
                private = found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077
                if stat.S_ISREG(found.st_mode) and private and found.st_size <= _MOST_BYTES:
                    read = json.loads(file.read(_MOST_BYTES))
                    return read if isinstance(read, dict) else {}
        return {}

    def _save(self, kept: Mapping[str, Any]) -> None:
        with suppress(OSError, StorageError):  # then the next process tests again
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps(kept), expected_sha256=OVERWRITE)
            self._path.chmod(0o600)


def _status(fields: object, allowed: Sequence[SandboxTier]) -> SandboxStatus | None:
    match fields:
        case {"tier": str(name), "namespaces": bool(namespaces), "python": str(python)} if len(python) < 20:
            tier = next((tier for tier in allowed if tier == name), None)
            bubblewrap = (find_bubblewrap() or "") if tier == "bubblewrap" else ""
            if tier is None or (tier == "bubblewrap" and not bubblewrap):
                return None
            return SandboxStatus(
                tier=tier,
                reason=described(tier, namespaces),
                python=python,
                namespaces=namespaces,
                bubblewrap=bubblewrap,
            )
    return None


def circumstances(interpreter: Interpreter, allowed: Sequence[SandboxTier]) -> str:
    """Return a sha256 over everything that can change which of the tiers holds. Reads the disk."""
    facts = [*_of_machine(), *_of_genloom(), *_of_files(interpreter), *allowed]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _of_machine() -> Iterator[str]:
    machine = os.uname()
    yield from (machine.sysname, machine.release, machine.version, machine.machine)
    yield from (_text(path) for path in _KERNEL_FACTS)
    # a container may share all that with its host
    for kind in ("user", "mnt", "pid"):
        with suppress(OSError):
            yield str(Path(f"/proc/self/ns/{kind}").readlink())
    yield from (line for line in _text("/proc/self/status").splitlines() if line.startswith(_OWN_RIGHTS))
    yield from (str(os.geteuid()), str(os.getegid()), tempfile.gettempdir())


def _of_genloom() -> Iterator[str]:
    yield VERSION
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/*.py")]):
        yield _identity(path)


def _of_files(interpreter: Interpreter) -> Iterator[str]:
    yield interpreter.command
    yield from interpreter.readable
    for path in (interpreter.executable, sys.executable, os.path.realpath(sys.executable), find_bubblewrap()):
        yield _identity(Path(path)) if path else ""


def _identity(path: Path) -> str:
    with suppress(OSError):
        found = path.stat()
        return (
            f"{path} {found.st_dev} {found.st_ino} {found.st_mode} {found.st_uid} {found.st_size} {found.st_mtime_ns}"
        )
    return f"{path} missing"


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - files of the kernel's, which have no size
            return file.read(4096).decode(errors="replace")
    except OSError:
        return ""
