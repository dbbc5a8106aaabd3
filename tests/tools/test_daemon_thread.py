"""Work in threads of its own: what it raises, and who no longer waits for it."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from genloom.daemon_thread import start_daemon

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


def test_the_work_has_the_callers_context_and_its_result_comes_back() -> None:
    WHO.set("me")
    assert start_daemon(WHO.get, "test").result(30) == "me"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), StopIteration(), KeyboardInterrupt()])
async def test_what_the_work_raises_is_an_error_where_it_is_awaited(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises((ValueError, RuntimeError), match=r"no|it raised"):
        await asyncio.wrap_future(start_daemon(work, "test"))


async def test_work_that_nobody_waits_for_any_more_ends_without_a_complaint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    release = threading.Event()
    future = start_daemon(release.wait, "test")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.wrap_future(future), 0.05)
    release.set()
    assert await asyncio.to_thread(future.result, 30) is True
    assert not complaints
