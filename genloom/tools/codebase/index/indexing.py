"""Indexing: bringing the index file up to the state of the repository, reading only what changed."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from genloom.events import EventEmitter, IndexProgress
from genloom.tools.codebase.files.tree import Found, SourceTree
from genloom.tools.codebase.index.index_file import reading, writing
from genloom.tools.codebase.index.preparing import NO_GRAMMAR, Asked
from genloom.tools.codebase.index.report import IndexReport, report
from genloom.tools.codebase.index.table_writing import TableWriter, without_secondary_indexes
from genloom.tools.codebase.index.workers import default_processes, prepared_files
from genloom.tools.codebase.outlines.languages import LANGUAGES, is_available, source_suffixes

__all__ = ["IndexReport", "refresh_index"]

REPORT_EVERY = 50
RACY_NS = 2_000_000_000
"""A file touched within two seconds of its check may have changed again with the same time stamp."""


class _Known(NamedTuple):
    path: str
    id: int
    mtime_ns: int
    size: int
    checked_ns: int
    sha256: str
    language: str
    skipped: str

    def fits(self, found: Found) -> bool:
        """Whether the file is surely the one that was read."""
        same = self.mtime_ns == found.mtime_ns and self.size == found.size
        return same and self.checked_ns - self.mtime_ns > RACY_NS


def refresh_index(
    connection: sqlite3.Connection,
    root: Path,
    *,
    emit: EventEmitter,
    deadline: float | None = None,
    processes: int | None = None,
) -> IndexReport:
    """Make the index agree with the tree. `deadline` is a `time.monotonic()` value after which it stops early; `processes`
    how many prepare files, by default one for few changed files and else one for each core, four at most."""
    started = time.monotonic()
    tree = SourceTree(root, source_suffixes(), deadline=deadline)
    found = {file.path: file for file in tree.files()}
    done = _Done(on_time=not tree.late)
    with reading(connection):
        differs = not tree.late and _differs(found, _known_files(connection, root))
    if differs:
        with writing(connection, deadline) as held:
            done = _bring_up(connection, root, found, emit, deadline, processes) if held else _Done(on_time=False)
    with reading(connection):
        return report(
            connection,
            indexed=done.indexed,
            removed=done.removed,
            unreadable=tree.unreadable,
            unreadable_paths=tree.unreadable_paths,
            complete=done.on_time and not tree.truncated,
            seconds=time.monotonic() - started,
            processes=done.processes,
        )


@dataclass(frozen=True)
class _Done:
    indexed: int = 0
    removed: int = 0
    on_time: bool = True
    processes: int = 1


def _bring_up(
    connection: sqlite3.Connection,
    root: Path,
    found: Mapping[str, Found],
    emit: EventEmitter,
    deadline: float | None,
    processes: int | None,
) -> _Done:
    known = _known_files(connection, root)  # again: another process may have been first
    gone = [known[path].id for path in known.keys() - found.keys()]
    changed = [file for path, file in sorted(found.items()) if path not in known or not known[path].fits(file)]
    used = default_processes(len(changed)) if processes is None else processes
    with nullcontext() if known else without_secondary_indexes(connection):
        indexed, on_time = _index(connection, root, changed, gone, known, emit, deadline, used)
    return _Done(indexed, len(gone), on_time, used)


def _index(
    connection: sqlite3.Connection,
    root: Path,
    changed: Sequence[Found],
    gone: Sequence[int],
    known: Mapping[str, _Known],
    emit: EventEmitter,
    deadline: float | None,
    processes: int,
) -> tuple[int, bool]:
    """Index the files in order; return how many are new or new in content, and whether all were reached."""
    writer = TableWriter(connection, {path: file.id for path, file in known.items()})
    writer.remove(gone)
    asked = [Asked(file.path, known[file.path].sha256 if file.path in known else "") for file in changed]
    indexed, on_time = 0, True
    with closing(prepared_files(root, asked, processes)) as prepared:
        for count, file in enumerate(changed):
            if deadline is not None and time.monotonic() > deadline:
                on_time = False
                break
            if count % REPORT_EVERY == 0:
                emit(IndexProgress(done=count, total=len(changed)))
            indexed += writer.write(file, next(prepared))
    writer.save()
    if changed and on_time:
        emit(IndexProgress(done=len(changed), total=len(changed)))
    return indexed, on_time


def _known_files(connection: sqlite3.Connection, root: Path) -> dict[str, _Known]:
    """Return what the index knows by path; a file that waited for a grammar which is there now fits no more, nor does one
    that could not be read when it was indexed and can be now."""
    rows = connection.execute("SELECT path, id, mtime_ns, size, checked_ns, sha256, language, skipped FROM files")
    known = {row[0]: _Known._make(row) for row in rows}
    skipped = [file for file in known.values() if file.skipped]
    waiting = {file.language for file in skipped if file.skipped == NO_GRAMMAR}
    arrived = {language.name for language in LANGUAGES if language.name in waiting and is_available(language)}
    for file in skipped:
        lost = file.skipped in ("unreadable", "link")
        if os.access(root / file.path, os.R_OK) if lost else file.skipped == NO_GRAMMAR and file.language in arrived:
            known[file.path] = file._replace(checked_ns=0)
    return known


def _differs(found: Mapping[str, Found], known: Mapping[str, _Known]) -> bool:
    return found.keys() != known.keys() or any(not known[path].fits(file) for path, file in found.items())
