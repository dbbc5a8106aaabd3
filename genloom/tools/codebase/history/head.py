"""Head: which commit a repository has checked out, read from git's own files without starting git."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["checked_out"]

MAX_BYTES = 8_000_000
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"ref: (refs/(?!.*(?:\.\.|//|@\{))[^\x00-\x20\x7f~^:?*\[\\]{1,400})")
"""The names that git allows: no `..`, so that none leads out of its folder."""


def checked_out(root: Path) -> str | None:
    """Return the full hash of the commit that is checked out at `root`.

    `None` where there is no repository of its own at this very folder, no commit yet, or refs kept in another way.
    """
    folder = _git_folder(root)
    if folder is None:
        return None
    head = _read(folder / "HEAD")
    if _SHA.fullmatch(head):
        return head
    ref = _REF.fullmatch(head)
    return _resolved(folder, ref[1]) if ref else None


def _git_folder(root: Path) -> Path | None:
    """Return where git keeps the repository: `.git`, or what the file of that name in a linked worktree says."""
    own = root / ".git"
    if own.is_dir():
        return own
    text = _read(own)
    return root / text.removeprefix("gitdir: ") if text.startswith("gitdir: ") else None


def _resolved(folder: Path, ref: str) -> str | None:
    common = _read(folder / "commondir")
    shared = folder / common if common else folder
    for place in (folder, shared):
        text = _read(place / ref)
        if _SHA.fullmatch(text):
            return text
    for line in _read(shared / "packed-refs").splitlines():
        sha, _, name = line.partition(" ")
        if name == ref and _SHA.fullmatch(sha):
            return sha
    return None


def _read(path: Path) -> str:
    """Return a small file's text without the space around it; empty when it cannot be read or is larger than any such."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ""
        return path.read_text("utf-8", "replace").strip()
    except (OSError, ValueError):
        return ""
