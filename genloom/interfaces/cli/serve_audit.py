"""`genloom serve audit`: who did what, and whether the log of it is whole."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import click

from genloom.errors import StorageError
from genloom.interfaces.cli import options, serve_storage

if TYPE_CHECKING:
    from genloom.interfaces.server.audit import AuditLog

__all__ = ["audit"]


@click.group(
    short_help="The audit log: verify, show.",
    epilog="\b\nExamples:\n  genloom serve audit verify\n  genloom serve audit show --last 20",
)
def audit() -> None:
    """The audit log of a server: one line for each action that changed something, chained by hashes."""


@audit.command(
    epilog="""\b
Example:
  genloom serve audit verify --json

\b
Exit codes: 0 every line fits; 1 one does not; 2 there is no log, or it cannot be read."""
)
@serve_storage.data
@options.as_json
def verify(data: str | None, as_json: bool) -> int:
    """Read the whole log and name the first line that was changed, moved, removed or cut off."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    log = _log(data)
    found = log.verify()
    if found.sound and not found.entries:
        raise StorageError(
            f"There is no audit log in {log.path.parent}: nothing can be verified.",
            hint="Nothing was done yet, or the log and its head were taken away; check --data.",
        )
    if as_json:
        put_json({**found.to_json(), "file": str(log.path)})
    elif found.sound:
        put_text(f"{log.path}: all {found.entries:,} lines fit")
    else:
        where = "" if found.line is None else f"line {found.line}: "
        put_text(f"{log.path}: {where}{found.problem} ({found.entries:,} lines before it fit)")
    return 0 if found.sound else 1


@audit.command(epilog="\b\nExample:\n  genloom serve audit show --last 100 --json")
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, metavar="N", help="How many.")
@serve_storage.data
@options.as_json
def show(last: int, data: str | None, as_json: bool) -> int:
    """Show the last actions, oldest first."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    log = _log(data)
    entries = list(deque(log.read(), maxlen=last))
    if as_json:
        put_json({"entries": entries})
        return 0
    lines = [
        f"{entry['seq']:>6}  {entry['at'][:19]}  {entry['actor']:<12} {entry['action']:<20} {entry['target']}"
        f"{'' if entry['outcome'] == 'done' else ' (' + str(entry['outcome']) + ')'}"
        for entry in entries
    ]
    put_text("\n".join(lines or ["Nothing was done yet."]))
    return 0


def _log(data: str | None) -> AuditLog:
    """Return the log of a data folder. Raises `StorageError` when there is no such folder."""
    settings = serve_storage.settings_of(data=data)
    if not settings.data.is_dir():
        raise StorageError(f"There is no data folder {settings.data}.", hint="Give the server's own as --data.")
    return serve_storage.operator_log(settings)
