"""Remains: what this process holds and has started, so that one can count what a piece of work left behind."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# the tests count processes the same way
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from descendants import adopting_orphans, descendants

__all__ = ["adopting_orphans", "own_temporary_folder", "reap", "remains", "resident"]


def remains() -> dict[str, int]:
    """Count what this process holds: living descendants, open descriptors, mounts, and entries in the temporary folder."""
    return {
        "processes": len(descendants()),
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - Path.iterdir holds another one open
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "temporary": sum(1 for _ in Path(tempfile.gettempdir()).iterdir()),
    }


def resident() -> float:
    """Return this process's resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20), 2)


def reap() -> None:
    """Take leave of adopted children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Let everything temporary be made in a folder of its own, which sandboxed users may pass."""
    folder = tempfile.mkdtemp(prefix="speed-")
    Path(folder).chmod(0o755)
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)
