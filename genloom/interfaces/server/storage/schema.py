"""The tables. Times are Unix seconds; what belongs to an organisation names it, and references cannot cross from one
organisation to another: they are made of both numbers."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

from genloom.interfaces.server.storage.columns import Id, JsonText, Seconds

__all__ = [
    "MIGRATIONS",
    "api_keys",
    "deliveries",
    "memberships",
    "metadata",
    "organizations",
    "repos",
    "run_logs",
    "runs",
    "schema_number",
    "users",
    "webhooks",
]

MIGRATIONS: tuple[tuple[str, ...], ...] = (("ALTER TABLE runs ADD COLUMN fitted TEXT",),)
"""The statements that lead from schema 1 to 2, from 2 to 3 and so on. The tables below are those of the newest schema,
whose number is one more than there are migrations."""

metadata = MetaData()

schema_number = Table("genloom_schema", metadata, Column("number", Integer, primary_key=True, autoincrement=False))


def _text(name: str, *, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _time(name: str) -> Column[float]:
    return Column(name, Seconds, nullable=False)


def _organization() -> Column[int]:
    return Column("organization_id", Id, ForeignKey("organizations.id"), nullable=False)


def _same_organization(column: str, target: str) -> SchemaItem:
    return ForeignKeyConstraint(["organization_id", column], [f"{target}.organization_id", f"{target}.id"])


def _member() -> SchemaItem:
    names = ["organization_id", "user_id"]
    return ForeignKeyConstraint(names, [f"memberships.{name}" for name in names], ondelete="CASCADE")


organizations = Table(
    "organizations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", JsonText, nullable=False),
    Column("settings", JsonText, nullable=False),
    _time("created_at"),
    Column("last_turn", Id, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", JsonText),
    Column("full_name", JsonText),
    Column("github_username", JsonText),
    _time("created_at"),
    sqlite_autoincrement=True,
)

memberships = Table(
    "memberships",
    metadata,
    Column("organization_id", Id, ForeignKey("organizations.id"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    _text("role"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    _organization(),
    Column("user_id", Id, nullable=False),
    Column("name", JsonText, nullable=False),
    _text("role"),
    _text("prefix"),
    Column("digest", Text, nullable=False, unique=True),
    _time("created_at"),
    Column("expires_at", Seconds),
    Column("revoked_at", Seconds),
    Column("last_used_at", Seconds),
    _member(),
    Index("api_keys_by_organization", "organization_id", "id"),
    sqlite_autoincrement=True,
)

repos = Table(
    "repos",
    metadata,
    Column("id", Id, primary_key=True),
    _organization(),
    *(Column(name, JsonText, nullable=False) for name in ("name", "full_name", "source", "folder")),
    *(Column(name, JsonText) for name in ("default_branch", "language", "check_suite")),
    _time("created_at"),
    Column("removed_at", Seconds),
    UniqueConstraint("organization_id", "id"),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    _organization(),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("repo_id", Id),
    _text("status"),
    Column("leg", Integer, nullable=False),
    _text("place"),
    Column("prompt", JsonText, nullable=False),
    Column("images", Integer, nullable=False),
    *(Column(name, JsonText) for name in ("metadata", "model", "agent_type")),
    _text("graph"),
    Column("key_digest", Text),
    _text("source_type"),
    *(Column(name, JsonText) for name in ("result", "summary", "outcome", "fitted")),
    _time("created_at"),
    _time("updated_at"),
    Column("started_at", Seconds),
    Column("ended_at", Seconds),
    _text("wanted"),
    Column("resume", JsonText),
    Column("webhooks", JsonText),
    Column("checks_banned", Boolean, nullable=False),
    Column("removed_from_pr", Boolean, nullable=False),
    Column("lease_owner", Text),
    *(Column(name, Id, nullable=False) for name in ("lease_epoch", "lease_beat")),
    Column("takeovers", Integer, nullable=False),
    Column("worked", Seconds, nullable=False),
    Column("question", Text),
    Column("untidy", Boolean, nullable=False),
    UniqueConstraint("organization_id", "id"),
    UniqueConstraint("organization_id", "key_digest"),
    _same_organization("repo_id", "repos"),
    Index("runs_by_status", "status", "organization_id", "id"),
    Index("runs_by_untidiness", "untidy", "id"),
    sqlite_autoincrement=True,
)

run_logs = Table(
    "run_logs",
    metadata,
    Column("id", Id, primary_key=True),
    _organization(),
    Column("run_id", Id, nullable=False),
    Column("number", Integer, nullable=False),
    _time("created_at"),
    Column("entry", JsonText, nullable=False),
    UniqueConstraint("run_id", "number"),
    _same_organization("run_id", "runs"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("organization_id", Id, ForeignKey("organizations.id"), primary_key=True),
    Column("url", JsonText, nullable=False),
    Column("secret", JsonText),
    Column("enabled", Boolean, nullable=False),
)

_OPEN = text("due_at IS NOT NULL")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    _organization(),
    Column("run_id", Id, nullable=False),
    Column("leg", Integer, nullable=False),
    Column("lease_epoch", Id, nullable=False),
    _text("event"),
    Column("url", JsonText, nullable=False),
    _text("url_digest"),
    Column("secret", JsonText),
    Column("body", JsonText, nullable=False),
    Column("attempts", Integer, nullable=False),
    _time("created_at"),
    Column("due_at", Seconds),
    *(Column(name, Seconds) for name in ("delivered_at", "failed_at")),
    Column("last_status", Integer),
    Column("last_error", JsonText),
    UniqueConstraint("run_id", "lease_epoch", "event", "url_digest"),
    _same_organization("run_id", "runs"),
    Index("deliveries_due", "organization_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("deliveries_by_organization", "organization_id", "created_at"),
)
