"""Work in a daemon thread of its own: for what may hang, so that it holds up neither a pool nor the process's end."""

from __future__ import annotations

import concurrent.futures
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["OverrunError", "run_daemon", "start_daemon"]

T = TypeVar("T")


class OverrunError(Exception):
    """The work was not done in its time; it goes on unheard."""


def run_daemon(work: Callable[[], T], name: str, seconds: float) -> T:
    """Do the work in such a thread and return its result. Raises `OverrunError` after so many seconds."""
    future = start_daemon(work, name)
    if not concurrent.futures.wait([future], timeout=seconds).done:
        raise OverrunError
    return future.result()


def start_daemon(work: Callable[[], T], name: str) -> concurrent.futures.Future[T]:
    """Start the work in a thread with the caller's context variables, and return its future.

    What it raises is raised where the result is awaited; a demand to end the process is an ordinary error there.
    """
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()  # who no longer waits leaves the work alone
    here = contextvars.copy_context()
    threading.Thread(target=_fulfil, args=(future, here, work), name=name, daemon=True).start()
    return future


def _fulfil(future: concurrent.futures.Future[T], here: contextvars.Context, work: Callable[[], T]) -> None:
    try:
        result = here.run(work)
    except (SystemExit, KeyboardInterrupt, StopIteration) as error:  # no loop could carry them
        future.set_exception(RuntimeError(f"it raised {type(error).__name__}: {error}"))
    except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(result)
