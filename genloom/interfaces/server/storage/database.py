"""The database under the storage: connections that stay open, transactions, and the tables' first making."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from genloom.errors import StorageError, UsageError
from genloom.interfaces.server.storage.failures import database_errors, shown
from genloom.interfaces.server.storage.lanes import Lane
from genloom.interfaces.server.storage.schema import MIGRATIONS, metadata, organizations, schema_number
from genloom.interfaces.server.storage.schema import memberships as memberships_table
from genloom.interfaces.server.storage.schema import users as users_table
from genloom.tools.store.database import Database as SqliteFile

__all__ = ["ServerDatabase", "database_url"]

BUSY_SECONDS = 10.0
READERS = 4
WRITERS = 4  # of Postgres; SQLite has one writer at a time

POSTGRES_OPTIONS = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",  # milliseconds
}
"""A server that went away without a word is noticed within half a minute. A URL may say otherwise."""

STATEMENT_SECONDS = 30.0

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_FORMS = "Give sqlite:////absolute/path/server.db or postgresql://user:password@host/name."
_LAY_OUT_LOCK, _LEASE_LOCK = 7_305_801, 7_305_802  # advisory locks of Postgres; any numbers that stay the same


def database_url(text: str) -> URL:
    """Return the URL with the driver that is used. Raises `UsageError` for one that names no file and no Postgres."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise UsageError("The URL of the database cannot be read.", hint=_FORMS) from error
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise UsageError(f"{url.get_backend_name()!r} is no kind of database that is served.", hint=_FORMS)
    if driver.startswith("sqlite") and (url.database or ":memory:") == ":memory:":
        raise UsageError("A database in memory cannot be shared by the server's processes.", hint=_FORMS)
    return url.set(drivername=driver)


class ServerDatabase:
    """Two pools of connections with a lane of threads each: readers whose every statement stands alone, and writers.

    `read` and `write` are for these threads, which `lanes.reads` and `lanes.writes` bring methods to. In SQLite a writer
    holds the file's write lock from its first statement (several processes take turns, waiting ten seconds at most), and
    a commit survives the loss of power. All methods raise `StorageError` when it cannot serve. `migrations` are those of
    `schema.MIGRATIONS`, which lead to the newest schema.
    """

    def __init__(self, url: URL, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        self.url = url
        self._migrations = migrations
        self._schema = len(migrations) + 1
        self.is_sqlite = url.get_backend_name() == "sqlite"
        writers = 1 if self.is_sqlite else WRITERS
        self.reading = Lane(shown(url), READERS)
        self.writing = Lane(shown(url), writers)
        self._readers = self._engine(READERS, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True)
        self._writers = self._engine(writers)
        if self.is_sqlite:
            _set_up_sqlite(self._readers, writes=False)
            _set_up_sqlite(self._writers, writes=True)
        else:
            _set_up_postgres(self._readers)
            _set_up_postgres(self._writers)

    def _engine(self, connections: int, **more: Any) -> Engine:  # Any: SQLAlchemy's own options
        sqlite_options = {"timeout": BUSY_SECONDS, "check_same_thread": False}  # the pool lends each to one at a time
        postgres_options = {name: value for name, value in POSTGRES_OPTIONS.items() if name not in self.url.query}
        return create_engine(
            self.url,
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=not self.is_sqlite,  # a Postgres that was restarted is not noticed otherwise
            connect_args=sqlite_options if self.is_sqlite else postgres_options,
            hide_parameters=True,  # errors must not tell prompts and secrets
            **more,
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for single statements, each of which sees what is committed."""
        with database_errors(self.url), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Connection]:
        """Run the block as one transaction: all of it is committed, or nothing when it raises.

        `alone` keeps out other such blocks of every process (in SQLite any writer is alone).
        """
        with database_errors(self.url), self._writers.begin() as connection:
            if alone:
                self._lock(connection, _LEASE_LOCK)
            yield connection

    def insert(self, table: Table, values: Mapping[str, object], *, ignore: bool = False) -> Insert:
        """Return an insertion; with `ignore` a row that is there already stays as it is."""
        if not ignore:
            return insert(table).values(values)
        dialect = sqlite if self.is_sqlite else postgresql
        ignoring: Insert = dialect.insert(table).values(values).on_conflict_do_nothing()
        return ignoring

    async def close(self) -> None:
        """Close all connections, when the work under way is done."""
        await self.reading.close()
        await self.writing.close()
        self._readers.dispose()
        self._writers.dispose()

    def prepare(self, now: float, *, create: bool) -> None:
        """Make or migrate the tables, with organisation 1 and user 1; several processes may do so at once.

        Raises `StorageError` for a database that is not there (without `create`), that a newer genloom laid out, or
        that holds tables of something else.
        """
        if self.is_sqlite:
            self._prepare_file(create=create)
        with self.write() as connection:
            self._lock(connection, _LAY_OUT_LOCK)
            self._lay_out(connection, now, create=create)

    def _prepare_file(self, *, create: bool) -> None:
        """Make the file private and switch it to write-ahead logging, which waits for other processes."""
        path = Path(self.url.database or "")
        if not create and not path.exists():
            raise StorageError(f"There is no database {path}.", hint="`genloom serve` makes one; or name another.")
        with closing(SqliteFile(path)) as file, file.write():
            pass

    def _lock(self, connection: Connection, number: int) -> None:
        if not self.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(number)))

    def _lay_out(self, connection: Connection, now: float, *, create: bool) -> None:
        present = connection.dialect.has_table(connection, schema_number.name)
        if not present and not create:
            raise StorageError(
                f"{shown(self.url)} holds nothing of genloom's.", hint="Start `genloom serve` on it first."
            )
        if not present:
            metadata.create_all(connection, checkfirst=False)
            connection.execute(insert(schema_number).values(number=self._schema))
            _add_first_rows(connection, now)
        number = connection.execute(_newest()).scalar_one()
        if number > self._schema:
            raise StorageError(
                f"{shown(self.url)} was laid out by a newer genloom (schema {number}, this one knows {self._schema}).",
                hint="Upgrade genloom, or name another database.",
            )
        for statements in self._migrations[number - 1 :]:
            for statement in statements:
                connection.exec_driver_sql(statement)
        if number < self._schema:
            connection.execute(insert(schema_number).values(number=self._schema))


def _newest() -> Select[int]:
    return select(func.max(schema_number.c.number))


def _add_first_rows(connection: Connection, now: float) -> None:
    """Add organisation 1 and user 1, its administrator: the numbering of new tables begins there."""
    made = insert(organizations).values(name="default", settings={}, created_at=now).returning(organizations.c.id)
    organization = connection.execute(made).scalar_one()
    added = insert(users_table).values(full_name="Administrator", created_at=now).returning(users_table.c.id)
    user = connection.execute(added).scalar_one()
    values = {"organization_id": organization, "user_id": user, "role": "admin"}
    connection.execute(insert(memberships_table).values(values))


def _set_up_sqlite(engine: Engine, *, writes: bool) -> None:
    """Take transactions from the driver, which would begin them late and without the lock, into our own hands."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:  # Any: the driver's connection
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("synchronous = FULL", "foreign_keys = ON", f"query_only = {'OFF' if writes else 'ON'}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if writes:

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up_postgres(engine: Engine) -> None:
    """Bound each statement, its wait for locks included: no thread is held up for ever."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:  # Any: the driver's connection
        with connection.cursor() as cursor:  # not by the connection's options, which poolers refuse
            cursor.execute(f"SET statement_timeout = {int(STATEMENT_SECONDS * 1000)}")
        connection.commit()
