"""The report of a refresh."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from genloom.tools.codebase.index.preparing import NO_GRAMMAR

__all__ = ["IndexReport", "report"]


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What a refresh did. `files` are those in the index now; `indexed` were read and parsed, `removed` are gone.

    `skipped` counts the source files left out, by reason (`binary`, `large`, `generated`, `minified`, `unreadable`,
    `link`, `no-grammar`); `missing_grammars` the files by language that wait for
    `pip install 'genloom[languages]'`, and are indexed once it is done; `syntax_errors` the files that were indexed although
    they do not parse whole. `complete` is false when the deadline came first or the tree is beyond its bounds: the next
    refresh goes on from there. `processes` worked on it. `commits` past ones take part in the ranking, and `no_history` says
    why none do, where that is so. `unreadable` are the first 1,000 folders that cannot be listed, and files whose names
    cannot be shown, escaped: `Codebase.left_out` has them, too.
    """

    files: int
    indexed: int
    removed: int
    syntax_errors: int
    skipped: dict[str, int] = field(default_factory=dict)
    missing_grammars: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    seconds: float = 0.0
    processes: int = 1
    commits: int = 0
    no_history: str = ""
    unreadable: tuple[str, ...] = ()


def report(
    connection: sqlite3.Connection,
    *,
    indexed: int,
    removed: int,
    unreadable: int,
    unreadable_paths: Sequence[str],
    complete: bool,
    seconds: float,
    processes: int,
) -> IndexReport:
    """Count what is in the index, and tell it with what a refresh did."""
    rows = connection.execute("SELECT skipped, COUNT(*), SUM(has_errors) FROM files GROUP BY skipped").fetchall()
    skipped = {reason: count for reason, count, _ in rows if reason}
    if unreadable:
        skipped["unreadable"] = skipped.get("unreadable", 0) + unreadable
    missing = connection.execute(
        "SELECT language, COUNT(*) FROM files WHERE skipped = ? GROUP BY language ORDER BY language", (NO_GRAMMAR,)
    )
    return IndexReport(
        files=sum(count for reason, count, _ in rows if not reason),
        indexed=indexed,
        removed=removed,
        syntax_errors=sum(errors or 0 for _, _, errors in rows),
        skipped=dict(sorted(skipped.items())),
        missing_grammars=dict(missing.fetchall()),
        complete=complete,
        seconds=seconds,
        processes=processes,
        unreadable=tuple(unreadable_paths),
    )
