"""The portal: one event loop in a thread of its own, through which synchronous callers run asynchronous code.

It lets every piece of logic be written once, as a coroutine, and be called from a script, from a notebook whose own loop
is running, and from LangGraph's synchronous `invoke`. The caller's context variables travel along. Ctrl-C in the
waiting thread cancels the coroutine and waits for it to clean up.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

__all__ = ["run_sync"]

T = TypeVar("T")

CLEAN_UP_SECONDS = 10.0


class _Portal:
    """A loop that runs in a daemon thread, made on first use and once more after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._process = 0

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                self._thread = threading.Thread(target=self._loop.run_forever, name="genloom-portal", daemon=True)
                self._thread.start()
            return self._loop

    def is_current_thread(self) -> bool:
        return threading.current_thread() is self._thread


_portal = _Portal()


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:  # Any: asyncio's own yield and send types
    """Run a coroutine to its end from synchronous code and return its result or raise its error.

    May be called while a loop runs in the calling thread (that thread then waits). Called from inside the portal, it uses
    a short-lived loop in another thread.
    """
    if _portal.is_current_thread():
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as aside:
            return aside.submit(contextvars.copy_context().run, asyncio.run, coroutine).result()
    cleaned_up = threading.Event()

    async def supervised() -> T:
        try:
            return await coroutine
        finally:
            cleaned_up.set()

    # call_soon_threadsafe, underneath, hands over a copy of this thread's context variables
    future = asyncio.run_coroutine_threadsafe(supervised(), _portal.loop())
    try:
        with _interruptible():
            return future.result()
    except KeyboardInterrupt:
        future.cancel()
        cleaned_up.wait(CLEAN_UP_SECONDS)
        raise


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C interrupt the wait inside `asyncio.run`, whose own handler only cancels the main task: that task gets no
    turn as long as this thread waits. A handler of anybody else's stays."""
    before = signal.getsignal(signal.SIGINT)
    owner = getattr(before.func, "__self__", None) if isinstance(before, functools.partial) else None
    if threading.current_thread() is not threading.main_thread() or not isinstance(owner, asyncio.Runner):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
