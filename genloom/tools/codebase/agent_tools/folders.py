"""Looking around in a repository: a folder's entries, and a file's lines."""

from __future__ import annotations

import os
import stat

from genloom.errors import UsageError
from genloom.tools.codebase.agent_tools.answer import CodeAnswer
from genloom.tools.codebase.agent_tools.place import HIDDEN_FOLDERS, opened, parts_of
from genloom.tools.codebase.codebase import Codebase
from genloom.tools.codebase.files.ignore_rules import IgnoreFiles
from genloom.tools.codebase.files.source import decode_source

__all__ = ["list_directory", "view_file"]

MAX_ENTRIES = 20_000
PAGE = 200
MAX_VIEWED_BYTES = 8_000_000


def list_directory(codebase: Codebase, answer: CodeAnswer, path: str, skip: int) -> str:
    """Tell what a folder holds: folders with `/` first, then files with their sizes. Links are named and not followed;
    what ignore files leave out is counted alone."""
    parts = parts_of(codebase.root, path)
    shown = "/".join(parts) or "."
    ignored = IgnoreFiles(codebase.root)
    _demand_shown(ignored, parts, folder=True)
    with opened(codebase.root, parts, folder=True) as descriptor:
        with os.scandir(descriptor) as listing:
            entries = sorted((entry for entry, _ in zip(listing, range(MAX_ENTRIES), strict=False)), key=_folders_first)
        kept = [entry for entry in entries if not _is_hidden(ignored, parts, entry)]
        rows = [_row(entry) for entry in kept[skip : skip + PAGE]]
    left_out = len(entries) - len(kept)
    if not rows:
        return f"{shown!r} holds nothing to show{f' after the first {skip}' if kept else ''} ({left_out} left out)."
    told, count = answer.of_rows(f"folder {shown}", rows)
    end = skip + count
    notes = [f"{end} of {len(kept)} entries; go on with skip={end}."] if end < len(kept) else []
    notes += [f"{left_out} left out: ignored by the repository, or version control's own."] if left_out else []
    return told + " ".join(notes)


def view_file(codebase: Codebase, answer: CodeAnswer, path: str, start_line: int, lines: int) -> str:
    """Tell lines of a file with their numbers, and where to go on."""
    parts = parts_of(codebase.root, path)
    shown = "/".join(parts) or "."
    _demand_shown(IgnoreFiles(codebase.root), parts, folder=False)
    with opened(codebase.root, parts) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(MAX_VIEWED_BYTES + 1)
    if len(data) > MAX_VIEWED_BYTES:
        raise UsageError(f"{shown!r} is larger than {MAX_VIEWED_BYTES:,} bytes.")
    if b"\0" in data:
        raise UsageError(f"{shown!r} is a binary file.")
    text = decode_source(data)
    total = text.count("\n") + (not text.endswith("\n") and bool(text))
    if not text:
        return f"{shown!r} is empty."
    if start_line > total:
        raise UsageError(f"{shown!r} has {total} lines.")
    told, last = answer.of_lines(shown, text, start_line, min(start_line + lines - 1, total))
    after = f" Go on with start_line={last + 1}." if last < total else ""
    return f"{told}lines {start_line} to {last} of {total}.{after}"


def _demand_shown(ignored: IgnoreFiles, parts: tuple[str, ...], *, folder: bool) -> None:
    if parts and ignored.leave_out("/".join(parts), folder=folder):
        raise UsageError("The repository's ignore files leave that path out, so it is not shown.")


def _folders_first(entry: os.DirEntry[str]) -> tuple[bool, str]:
    return not entry.is_dir(follow_symlinks=False), entry.name


def _is_hidden(ignored: IgnoreFiles, parts: tuple[str, ...], entry: os.DirEntry[str]) -> bool:
    if entry.name.casefold() in HIDDEN_FOLDERS:
        return True
    return ignored.leave_out("/".join((*parts, entry.name)), folder=entry.is_dir(follow_symlinks=False))


def _row(entry: os.DirEntry[str]) -> str:
    name = entry.name if entry.name.isprintable() else ascii(entry.name)[1:-1]  # a name with a line break is one line
    if entry.is_symlink():
        return f"{name}  (link, not followed)"
    if entry.is_dir(follow_symlinks=False):
        return f"{name}/"
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return f"{name}  (gone)"
    return f"{name}  {status.st_size:,} bytes" if stat.S_ISREG(status.st_mode) else f"{name}  (special file)"
