"""The processes that this one, or what it started, has brought about and that are still there."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["adopting_orphans", "descendants"]

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37


def descendants(of: int | None = None) -> dict[int, str]:
    """Return the living descendants of this process, or of another: id -> command. Inside `adopting_orphans` none gets away
    by losing its parent."""
    root = os.getpid() if of is None else of
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (seen := _stat(entry)):
            parents[int(entry.name)], names[int(entry.name)] = seen
    found: dict[int, str] = {}
    for number, name in names.items():
        above = number
        while above := parents.get(above, 0):
            if above == root:
                found[number] = name
                break
    return found


def _stat(entry: Path) -> tuple[int, str] | None:
    """The parent and the name of a process; `None` for one that is gone or ended. One that has given up its memory can run
    no code any more: it has ended, too, in all but the kernel's book-keeping."""
    try:
        name, _, rest = (entry / "stat").read_text().rpartition(")")
        if (entry / "statm").read_text().startswith("0 "):
            return None
    except OSError:
        return None
    state, parent = rest.split()[:2]
    return None if state in "ZX" else (int(parent), name.partition("(")[2])


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Become the parent of descendants whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = ctypes.c_int()
    libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)
