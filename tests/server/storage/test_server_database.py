"""The database under the storage: opened by several at once, and what is said when it cannot serve."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from genloom.errors import StorageError, UsageError
from genloom.interfaces.server.storage import Storage
from genloom.interfaces.server.storage.database import ServerDatabase
from genloom.interfaces.server.storage.database import database_url as server_database_url
from genloom.interfaces.server.storage.schema import MIGRATIONS
from genloom.tools.codegen.wire import CreateAgentRunInput

OPEN = """
import asyncio, sys
from genloom.interfaces.server.storage import Storage

async def main():
    async with Storage.open(sys.argv[1]) as storage:
        print(len(await storage.organizations.all()), (await storage.users.page(1, skip=0, limit=9))[1])

asyncio.run(main())
"""

KILLED = """
import asyncio, os, signal, sys
from genloom.interfaces.server.storage import Storage
from genloom.tools.codegen.wire import CreateAgentRunInput

async def main():
    async with Storage.open(sys.argv[1]) as storage:
        while True:
            run, _ = await storage.runs.create(1, 1, CreateAgentRunInput(prompt="p"), graph="g", most_queued=10**6)
            print(run.id, flush=True)

asyncio.run(main())
"""

FULL = """
import asyncio, resource, signal, sys
from genloom.errors import StorageError
from genloom.interfaces.server.storage import Storage
from genloom.tools.codegen.wire import CreateAgentRunInput

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    async with Storage.open(sys.argv[1]) as storage:
        async def create():
            asked = CreateAgentRunInput(prompt="p" * 100_000)
            await storage.runs.create(1, 1, asked, graph="g", most_queued=10**6)
        await create()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        accepted = 1
        try:
            while True:
                await create()
                accepted += 1
        except StorageError as error:
            print(type(error).__name__)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        print((await storage.runs.page(1, skip=0, limit=1))[1] == accepted)
        await create()
        print((await storage.runs.page(1, skip=0, limit=1))[1] == accepted + 1)

asyncio.run(main())
"""


def asked() -> CreateAgentRunInput:
    return CreateAgentRunInput(prompt="p")


async def test_first_opening_makes_organization_and_user_one(database_url: str) -> None:
    """They are there once, however often the database is opened."""
    for _ in range(2):
        async with Storage.open(database_url) as storage:
            (first,) = await storage.organizations.all()
            assert (first.id, first.name) == (1, "default")
            (user,), total = await storage.users.page(1, skip=0, limit=9)
            assert (user.id, user.role, total) == (1, "admin", 1)
            await storage.check()
    async with Storage.open(database_url, create=False) as storage:
        assert (await storage.organizations.create("second")).id == 2


@pytest.mark.slow
async def test_processes_that_start_at_once_agree(database_url: str) -> None:
    """Several processes open an empty database in the same moment: each finds one organisation and one user."""
    started = [
        subprocess.Popen([sys.executable, "-c", OPEN, database_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [process.communicate(timeout=60)[0] for process in started]
    assert told == ["1 1\n"] * 3


async def test_file_is_its_owners_alone(sqlite_url: str, tmp_path: Path) -> None:
    """The folder has mode 0700, the file and those that SQLite puts beside it 0600, whatever the umask."""
    before = os.umask(0)
    try:
        async with Storage.open(sqlite_url) as storage:
            await storage.runs.create(1, 1, asked(), graph="g", most_queued=9)
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "server").iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "server").stat().st_mode) == 0o700
    assert found == {"server.db": 0o600, "server.db-wal": 0o600, "server.db-shm": 0o600}


@pytest.mark.parametrize("text", ["", "no url", "sqlite://", "sqlite:///:memory:", "mysql://h/n"])
async def test_url_that_cannot_serve_is_refused(text: str) -> None:
    """With a word on what a URL looks like, and before anything is opened."""
    with pytest.raises(UsageError) as caught:
        async with Storage.open(text):
            pass
    assert "sqlite:////" in caught.value.hint


async def test_database_that_is_not_there_is_said_so(tmp_path: Path, sqlite_url: str) -> None:
    """Without leave to make one, nothing is made; a server that does not answer is named without its password."""
    with pytest.raises(StorageError, match="There is no database"):
        async with Storage.open(sqlite_url, create=False):
            pass
    assert list(tmp_path.rglob("*.db")) == []
    with pytest.raises(StorageError) as caught:
        async with Storage.open("postgresql://ada:sesame@127.0.0.1:1/none"):
            pass
    assert "sesame" not in f"{caught.value.message}{caught.value.hint}"
    assert "127.0.0.1" in caught.value.message


@pytest.mark.slow
async def test_postgres_says_what_is_wrong(postgres_url: str, postgres_server: Any) -> None:
    """No such database, an empty one without leave to fill it, and one that holds tables of something else."""
    with pytest.raises(StorageError, match='"nothing_here" does not exist'):
        async with Storage.open(str(postgres_server.get_uri(database="nothing_here"))):
            pass
    with pytest.raises(StorageError, match="nothing of genloom's"):
        async with Storage.open(postgres_url, create=False):
            pass
    async with Storage.open(postgres_url) as storage:
        with storage._database.write() as db:
            db.execute(text("DROP TABLE genloom_schema"))
    with pytest.raises(StorageError, match="not genloom's"):
        async with Storage.open(postgres_url):
            pass


@pytest.mark.slow
async def test_connections_that_postgres_ended_are_replaced(postgres_url: str) -> None:
    """A restart of the server ends every connection: the next request gets a new one."""
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    async with Storage.open(postgres_url) as storage, Storage.open(postgres_url) as other:
        await storage.check()
        with other._database.read() as db:
            db.execute(text(end))
        await storage.check()
        await storage.runs.create(1, 1, asked(), graph="g", most_queued=9)


async def test_older_schema_is_migrated_once_and_keeps_what_it_holds(storage: Storage, database_url: str) -> None:
    """Each step is made once, whoever opens the database; one that fails leaves the schema where it was."""
    run, _ = await storage.runs.create(1, 1, asked(), graph="g", most_queued=9)
    steps = [["ALTER TABLE runs ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'"], ["UPDATE runs SET mood = mood || '!'"]]
    for migrations in (steps[:1], steps, steps):
        await opened(database_url, [*MIGRATIONS, *migrations])
    with pytest.raises(StorageError):
        await opened(
            database_url, [*MIGRATIONS, *steps, ["UPDATE runs SET mood = 'lost'", "UPDATE nowhere SET mood = 1"]]
        )
    with storage._database.read() as db:
        assert db.execute(text("SELECT id, mood FROM runs")).all() == [(run.id, "calm!")]
        assert db.execute(text("SELECT max(number) FROM genloom_schema")).scalar_one() == len(MIGRATIONS) + 3


async def test_a_database_of_the_first_schema_goes_on(storage: Storage, database_url: str) -> None:
    """Every step since then is made, and its runs are there."""
    run, _ = await storage.runs.create(1, 1, asked(), graph="g", most_queued=9)
    with storage._database.write() as db:
        db.execute(text("ALTER TABLE runs DROP COLUMN fitted"))
        db.execute(text("UPDATE genloom_schema SET number = 1"))
    async with Storage.open(database_url) as later:
        assert await later.runs.get(1, run.id) == run


async def opened(url: str, migrations: Sequence[Sequence[str]]) -> None:
    """Open a database with these migrations, and close it."""
    database = ServerDatabase(server_database_url(url), migrations)
    try:
        await database.writing.do(lambda: database.prepare(0.0, create=False))
    finally:
        await database.close()


async def test_newer_schema_is_left_alone(storage: Storage, database_url: str) -> None:
    """A database that a newer genloom laid out is refused, with what to do."""
    with storage._database.write() as db:
        db.execute(text("INSERT INTO genloom_schema VALUES (99)"))
    with pytest.raises(StorageError, match="newer genloom"):
        async with Storage.open(database_url):
            pass


@pytest.mark.parametrize(
    "content", [b"not a database at all, but a text of some length\n" * 40, b"SQLite format 3\0" + b"x" * 4096]
)
async def test_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    """What it holds is held nowhere else: nothing is set aside, nothing written."""
    path = tmp_path / "server.db"
    path.write_bytes(content)
    with pytest.raises(StorageError) as caught:
        async with Storage.open(f"sqlite:///{path}"):
            pass
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert path.read_bytes() == content


async def test_file_of_another_program_is_refused(tmp_path: Path) -> None:
    """A SQLite file with tables of the same names is not taken for ours."""
    path = tmp_path / "server.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    connection.close()
    with pytest.raises(StorageError, match="damaged or no database of genloom's"):
        async with Storage.open(f"sqlite:///{path}"):
            pass


async def test_request_that_is_dropped_leaves_no_transaction_open(storage: Storage) -> None:
    """Callers that go away at any moment of a write hold up nobody who comes after them."""
    for number in range(30):
        task = asyncio.create_task(storage.runs.create(1, 1, asked(), graph="g", most_queued=10**6))
        await asyncio.sleep(number * 0.0002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    run, _ = await asyncio.wait_for(storage.runs.create(1, 1, asked(), graph="g", most_queued=10**6), 5)
    items, total = await storage.runs.page(1, skip=0, limit=100)
    assert run.id in [item.id for item in items]  # those that were dropped may still come in behind it
    assert total == len(items)


async def test_full_disk_refuses_and_loses_nothing(sqlite_url: str) -> None:
    """Where the file cannot grow, a run is refused with `StorageError`; those accepted stay, and room is enough to go on."""
    done = subprocess.run([sys.executable, "-c", FULL, sqlite_url], capture_output=True, text=True, timeout=60)
    assert done.stdout == "StorageError\nTrue\nTrue\n", done.stderr


@pytest.mark.slow
async def test_what_was_accepted_survives_a_kill(database_url: str) -> None:
    """Each run whose number was told before SIGKILL is there afterwards, and at most the one under way besides."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, database_url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(40)]
    process.kill()
    told += [int(line) for line in process.stdout.read().split("\n") if line]
    process.wait()
    async with Storage.open(database_url, create=False) as storage:
        _, total = await storage.runs.page(1, skip=0, limit=1)
        assert len(told) <= total <= len(told) + 1
        assert await storage.runs.get(1, told[-1]) is not None


async def test_writers_of_several_storages_wait_for_each_other(sqlite_url: str) -> None:
    """Two processes' worth of writers on one file: none is refused because the other writes."""
    async with Storage.open(sqlite_url) as first, Storage.open(sqlite_url) as second:
        many = [s.runs.create(1, 1, asked(), graph="g", most_queued=999) for s in (first, second) for _ in range(20)]
        runs = await asyncio.gather(*many)
        assert len({run.id for run, _ in runs}) == 40
