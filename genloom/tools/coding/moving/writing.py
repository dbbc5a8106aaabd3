"""Writing the files of a move: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from genloom.errors import GenloomError
from genloom.tools.coding.workspace import Workspace

__all__ = ["Change", "write_all"]


@dataclass(frozen=True)
class Change:
    """A file as it is, `None` for a new one, and as it shall be."""

    path: str
    before: str | None
    after: str


def write_all(workspace: Workspace, changes: Sequence[Change]) -> None:
    """Write all files, or none."""
    done: list[Change] = []
    try:
        for change in changes:
            if change.before is None:
                workspace.create(change.path, change.after)
            else:
                workspace.write(change.path, change.after, before=change.before)
            done.append(change)
    except (GenloomError, OSError):
        for change in reversed(done):
            with suppress(GenloomError, OSError):
                if change.before is None:
                    workspace.delete(change.path)
                else:
                    workspace.write(change.path, change.before, before=change.after)
        raise
