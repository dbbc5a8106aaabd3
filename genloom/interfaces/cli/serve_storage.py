"""What the operator's commands under `genloom serve` share: where the server's data is, and a way into it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from genloom.interfaces.server.audit import AuditLog
    from genloom.interfaces.server.settings import ServerSettings
    from genloom.interfaces.server.storage import Storage

__all__ = ["LARGEST", "data", "database", "demand_organization", "operator_log", "org", "settings_of", "with_storage"]

T = TypeVar("T")

LARGEST = 2**63 - 1

_HINTS = {
    "organisation": "`genloom serve orgs list` shows them, `genloom serve orgs create NAME` makes one.",
    "user": "`genloom serve users list --org N` shows an organisation's, `genloom serve users create --org N` makes one.",
}

database = click.option(
    "--database",
    metavar="URL",
    help="sqlite:////path/server.db or postgresql://… [default: SQLite in the data folder].",
)
data = click.option("--data", metavar="DIR", help="The server's data folder [default: `serve` in genloom's own].")
org = click.option(
    "--org",
    "organization",
    type=click.IntRange(1, LARGEST),
    default=1,
    show_default=True,
    metavar="N",
    help="Organisation.",
)


def settings_of(**given: object) -> ServerSettings:
    """Return the server's settings. Raises `UsageError`."""
    from genloom.interfaces.server.extra import require_serve

    require_serve()
    from genloom.config import load_settings
    from genloom.interfaces.server.settings import server_settings  # imported here: other commands do not need pydantic

    return server_settings(load_settings(), **given)


def operator_log(settings: ServerSettings) -> AuditLog:
    """Return the audit log, for what the operator does at the command line."""
    from genloom.interfaces.server.audit import AuditLog

    return AuditLog(settings.data)


def with_storage(settings: ServerSettings, work: Callable[[Storage], Awaitable[T]], *, create: bool) -> T:
    """Open the server's storage, do the work and return what it gives. Without `create` there must be a database.

    Rows that are not there are told as the operator names them.
    """
    from genloom.errors import UsageError
    from genloom.interfaces.server.storage import Storage, UnknownRowError  # SQLAlchemy costs a quarter of a second
    from genloom.portal import run_sync

    async def opened() -> T:
        async with Storage.open(settings.database, create=create) as storage:
            return await work(storage)

    try:
        return run_sync(opened())
    except UnknownRowError as error:
        where = " in that organisation" if error.what == "user" else ""
        told = f"There is no {error.what} {error.number}{where}."
        raise UsageError(told, hint=_HINTS.get(error.what, error.hint)) from error


async def demand_organization(storage: Storage, number: int) -> None:
    """Raise `UnknownRowError` when there is no such organisation: what it has not is not what nobody is."""
    from genloom.interfaces.server.storage import UnknownRowError

    if await storage.organizations.get(number) is None:
        raise UnknownRowError("organisation", number)
