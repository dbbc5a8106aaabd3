"""Folders of tests that other users of the machine can enter, as a sandbox does that leaves root's rights."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["folder_of_its_own", "open_to_others"]


@contextmanager
def folder_of_its_own() -> Iterator[Path]:
    """A folder that is not below the one of all of pytest's: every pytest that starts closes that to other users."""
    with tempfile.TemporaryDirectory(prefix="genloom-test-", ignore_cleanup_errors=True) as folder:
        found = Path(folder, "of", "test")
        found.mkdir(parents=True)
        yield found


def open_to_others(folder: Path) -> None:
    """Let every user read a test's folder."""
    for part in (folder, *folder.parents[:2]):
        part.chmod(0o755)
