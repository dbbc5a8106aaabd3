"""Bases: the files that a draft replaces, by the hash of what they held when it was made."""

from __future__ import annotations

from pathlib import Path

from genloom.state import Draft, FileChange, NotRun
from genloom.tools.sandbox.repository.repository_view import RepositoryView, is_covered

__all__ = ["check_bases", "name_bases"]


def name_bases(draft: Draft, repository: str | Path | None) -> Draft:
    """Return the draft with the hash of each file that it replaces or deletes, where it names none. Reads the disk."""
    if repository is None:
        return draft
    view = RepositoryView(str(Path(repository).expanduser().resolve()))
    changes = tuple(_named(change, view) for change in draft.changes)
    return draft if changes == draft.changes else draft.model_copy(update={"changes": changes})


def _named(change: FileChange, view: RepositoryView) -> FileChange:
    found = None if change.base_sha256 else view.sha256(change.path)
    return change.model_copy(update={"base_sha256": found}) if found else change


def check_bases(draft: Draft, view: RepositoryView) -> NotRun | None:
    """Return why a draft cannot be laid over a repository; `None` where it can. Reads the disk.

    Each named base must be what the repository holds. A change that names none stands for itself: a new file, or one to
    be replaced whatever it holds. Files that code under check does not see cannot be changed either.
    """
    for change in draft.changes:
        if any(map(is_covered, change.path.split("/"))):
            return NotRun(
                cause="unsupported",
                reason=f"The draft changes `{change.path}`, which checks neither see nor change.",
                hint="Change files of the project alone.",
            )
        found = view.sha256(change.path)
        if change.base_sha256 and found != change.base_sha256:
            what = "has changed since the draft was made" if found else "is no longer there"
            return NotRun(
                cause="stale",
                reason=f"`{change.path}` {what}: the draft was made for another version of it.",
                hint="Generate anew from the files as they are now.",
            )
        if change.content is None and found is None:
            return NotRun(cause="stale", reason=f"The draft deletes `{change.path}`, which is not there.")
    return None
