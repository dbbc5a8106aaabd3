"""Fetched tokens: one fetch for all who ask, in whatever thread or loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from genloom.tools.codegen.credentials import (
    FetchedToken,
    FetchingProvider,
)
from genloom.tools.codegen.http.failures import UnsentError


class SlowProvider(FetchingProvider):
    """Fetches under a test's control; `fetches` counts."""

    def __init__(self, work: Callable[[int], Any]) -> None:
        super().__init__()
        self.work = work
        self.fetches = 0

    async def fetch(self) -> FetchedToken:
        self.fetches += 1
        return FetchedToken(value=SecretStr(await self.work(self.fetches)))


def test_threads_with_loops_of_their_own_share_a_fetch() -> None:
    """Eight threads, each with an event loop, get the token of one fetch."""
    together = threading.Barrier(8)

    async def work(number: int) -> str:
        while len(asking) < 8:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        return f"token-{number}"

    provider, asking, got = SlowProvider(work), list[bool](), list[str]()

    async def token() -> str:
        asking.append(True)
        return await provider.token()

    def ask() -> None:
        together.wait()
        got.append(asyncio.run(token()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert got == ["token-1"] * 8


async def test_a_cancelled_fetch_is_taken_over_by_one_who_waits() -> None:
    """Who waits does not inherit somebody else's cancellation, and cancelling one who waits stops nothing."""

    async def work(number: int) -> str:
        await asyncio.sleep(30 if number == 1 else 0.01)
        return f"token-{number}"

    provider = SlowProvider(work)
    leader, *others = [asyncio.create_task(provider.token()) for _ in range(4)]
    await asyncio.sleep(0.05)
    others[0].cancel()
    await asyncio.sleep(0.01)
    assert not others[1].done()
    leader.cancel()
    assert await asyncio.gather(*others[1:]) == ["token-2", "token-2"]
    assert provider.fetches == 2


async def test_a_failed_fetch_fails_those_who_waited_and_is_tried_anew_later() -> None:
    """One failure is told to all, so that a server in trouble is not asked once for each; the next call asks again."""

    async def work(number: int) -> str:
        await asyncio.sleep(0.05)
        if number == 1:
            raise UnsentError("no", kind="connection")
        return "good"

    provider = SlowProvider(work)
    results = await asyncio.gather(*(provider.token() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, UnsentError) for result in results)
    assert await provider.token() == "good"
    assert provider.fetches == 2


async def test_a_fetch_whose_loop_was_left_standing_does_not_hold_up_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that is never run again keeps nobody waiting for longer than a minute (here: a moment)."""
    monkeypatch.setattr("genloom.tools.codegen.credentials.cached.FLIGHT_SECONDS", 0.2)

    async def work(number: int) -> str:
        await asyncio.sleep(0.05 if number > 1 else 600)
        return f"token-{number}"

    provider = SlowProvider(work)

    def leave_standing() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        task = loop.create_task(provider.token())
        loop.call_later(0.05, loop.stop)
        loop.run_forever()
        left.append(task)
        return loop

    left: list[asyncio.Task[str]] = []
    loop = await asyncio.to_thread(leave_standing)
    async with asyncio.timeout(20):
        assert await provider.token() == "token-2"
    for task in left:
        task.cancel()
    await asyncio.to_thread(loop.run_until_complete, asyncio.gather(*left, return_exceptions=True))
    loop.close()
    assert await provider.token() == "token-2"
