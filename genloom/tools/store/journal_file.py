"""The journal's file: one durable SQLite file in the home folder for what happened, whoever writes it down."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from genloom.config import Settings
from genloom.tools.store.database import Database

__all__ = ["journal_path", "open_journal"]

_MIGRATIONS = (
    (
        """CREATE TABLE agent_runs (
            organisation INTEGER NOT NULL, key TEXT NOT NULL, run_id INTEGER, created REAL NOT NULL,
            PRIMARY KEY (organisation, key)) WITHOUT ROWID""",
        "CREATE INDEX agent_runs_by_age ON agent_runs (created)",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, organisation INTEGER NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL,
            outcome TEXT NOT NULL, generator TEXT, model TEXT, attempts INTEGER NOT NULL, cached INTEGER NOT NULL,
            input_tokens INTEGER, output_tokens INTEGER, cost_usd REAL)""",
        "CREATE INDEX runs_by_start ON runs (organisation, started)",
        """CREATE TABLE node_runs (
            run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, node TEXT NOT NULL, seconds REAL NOT NULL,
            failed INTEGER NOT NULL)""",
        "CREATE INDEX node_runs_by_run ON node_runs (run)",
    ),
    (
        "ALTER TABLE runs ADD COLUMN thread_id TEXT",
        "CREATE UNIQUE INDEX runs_by_thread ON runs (organisation, thread_id)",  # nulls are distinct
    ),
    (
        """CREATE TABLE tool_calls (
            organisation INTEGER NOT NULL, key TEXT NOT NULL, answer TEXT, created REAL NOT NULL,
            PRIMARY KEY (organisation, key)) WITHOUT ROWID""",
        "CREATE INDEX tool_calls_by_age ON tool_calls (created)",
    ),
)


def journal_path(settings: Settings) -> Path:
    """Return where the journal stands."""
    return settings.home / "journal.db"


def open_journal(path: Path, *, synchronous: Literal["NORMAL", "FULL"] = "NORMAL") -> Database:
    """Return the journal's database; nothing is opened before its first use."""
    return Database(path, migrations=_MIGRATIONS, synchronous=synchronous)
