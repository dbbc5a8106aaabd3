"""What a database says when it cannot serve, as a `StorageError` that names the database and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from genloom.errors import StorageError
from genloom.tools.store.database import storage_errors

__all__ = ["database_errors", "shown"]

_UNREACHABLE = "Check the database's URL, and that its server runs and can be reached."
_REASONS = {
    "08": ("the connection to it failed", _UNREACHABLE),
    "28": ("it refused the user or password", "Check the user and password of the database's URL."),
    "3D": ("there is no database of that name", "Create the database, or correct the URL."),
    "53": ("the server's disk, memory or connections are used up", "Make room on the database server, and try again."),
    "57014": ("a statement took too long", "Look at what else the database server is busy with, and try again."),
    "57": ("the server ended the connection or is shutting down", "Try again when the database server is back."),
    "40": ("another transaction was in the way", "Try again."),
    "55": ("a row or table was locked for too long", "Try again."),
    "58": ("the server failed to read or write its files", "Look at the database server's log."),
    "XX": ("the server found its files damaged", "Look at the database server's log; restore a backup."),
    "25": ("it takes no changes", "Connect to the primary server, not to a read-only copy."),
    "42": ("its tables are not genloom's, or may not be used", "Give a database of its own, which the user owns."),
}
"""By the SQLSTATE, or its class. Constraints (23) and data (22) are the program's own affair."""


def shown(url: URL) -> str:
    """Return a database's name for messages, without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def database_errors(url: URL) -> Iterator[None]:
    """Turn what the database and its driver raise inside the block into a `StorageError`; a password is never in it."""
    try:
        yield
    except DBAPIError as error:
        known = _sqlite_error(url, error) if url.get_backend_name() == "sqlite" else _postgres_error(url, error)
        if known is None:
            raise
        raise known from error
    except PoolTimeoutError as error:
        raise StorageError(f"{shown(url)}: all connections were in use for too long.", hint="Try again.") from error
    except SQLAlchemyError:
        raise
    except OSError as error:
        raise StorageError(f"{shown(url)}: {error.strerror or error}.", hint=_UNREACHABLE) from error


def _sqlite_error(url: URL, error: DBAPIError) -> StorageError | None:
    try:
        with storage_errors(Path(url.database or "")):
            raise error.orig or error  # noqa: TRY301 - it is what `storage_errors` looks at
    except StorageError as known:
        return known
    except Exception:  # noqa: BLE001 - the program's own mistake, told by whoever raised it
        return None


def _postgres_error(url: URL, error: DBAPIError) -> StorageError | None:
    state = getattr(error.orig, "sqlstate", None)
    lost = error.connection_invalidated or (state is None and type(error.orig).__name__ == "OperationalError")
    if state is None and lost:  # before there is a connection the driver tells words alone
        why = " ".join(str(error.orig).split())[:300].replace(str(url.password or "\0"), "***")
        return StorageError(f"{shown(url)}: the connection to it failed ({why}).", hint=_UNREACHABLE)
    reason = _REASONS.get(state or "") or _REASONS.get((state or "")[:2])
    return StorageError(f"{shown(url)}: {reason[0]}.", hint=reason[1]) if reason else None
