"""The threads that work on the database: nothing waits for them without an end, and what they began they do to its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from genloom.errors import StorageError
from genloom.interfaces.server.storage import database, lanes
from genloom.interfaces.server.storage.database import ServerDatabase, database_url
from genloom.interfaces.server.storage.lanes import Lane


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    lane = Lane("the database", 1)
    yield lane
    await lane.close()


async def test_what_waits_for_too_long_is_refused_while_the_thread_is_busy(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait until the thread comes free, and is not done after its refusal; what was begun is done."""
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 0.2)
    go_on, done = threading.Event(), list[str]()

    def first() -> str:
        assert go_on.wait(30)
        return "first"

    begun = asyncio.create_task(lane.do(first))
    await asyncio.sleep(0)
    with pytest.raises(StorageError, match="in use for too long"):
        await lane.do(lambda: done.append("second"))
    assert not begun.done()
    monkeypatch.setattr(lanes, "WAIT_SECONDS", 60)
    go_on.set()
    assert await begun == "first"
    assert await lane.do(lambda: "third") == "third"
    assert done == []


async def test_only_so_much_waits(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes when the queue is full is refused at once; when it is empty again there is room."""
    monkeypatch.setattr(lanes, "MOST_WAITING", 3)
    go_on = threading.Event()
    there = [asyncio.create_task(lane.do(lambda: go_on.wait(30))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(StorageError, match="in use"):
        await lane.do(lambda: True)
    assert not go_on.is_set()
    go_on.set()
    assert await asyncio.gather(*there) == [True] * 3
    assert await lane.do(lambda: 7) == 7


async def test_whoever_is_cancelled_ends_at_once_and_the_work_is_done(lane: Lane) -> None:
    """Cancelling is not taken for a refusal."""
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        assert go_on.wait(30)
        done.set()

    asking = asyncio.create_task(lane.do(work))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    assert await asyncio.to_thread(done.wait, 30)


@pytest.mark.slow
async def test_a_statement_of_postgres_does_not_hold_up_its_thread_for_ever(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that waits for somebody's lock; the next one is served."""
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.3)
    opened = ServerDatabase(database_url(postgres_url))

    def ask(statement: str) -> object:
        with opened.read() as db:
            return db.execute(text(statement)).scalar_one()

    with pytest.raises(StorageError, match="a statement took too long"):
        await opened.reading.do(lambda: ask("SELECT pg_sleep(60)::text"))
    assert await opened.reading.do(lambda: ask("SELECT 7")) == 7
    await opened.close()


@pytest.mark.slow
async def test_what_the_url_says_about_a_postgres_that_is_gone_holds(postgres_url: str) -> None:
    """Ours are what holds otherwise."""
    asked = f"{postgres_url}{'&' if '?' in postgres_url else '?'}keepalives_idle=77"
    opened = ServerDatabase(database_url(asked))

    def told() -> dict[str, str]:
        with opened.read() as db:
            driver = db.connection.dbapi_connection
            assert driver is not None
            return dict(driver.info.get_parameters())

    parameters = await opened.reading.do(told)
    assert (parameters["keepalives_idle"], parameters["tcp_user_timeout"]) == ("77", "20000")
    await opened.close()
