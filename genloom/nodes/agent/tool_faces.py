"""Both faces of a tool: one that was written for synchronous code works in a loop, and the other way round."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from langchain_core.tools import BaseTool, StructuredTool

from genloom.daemon_thread import start_daemon
from genloom.portal import run_sync

__all__ = ["with_both_faces"]

T = TypeVar("T")
ToolT = TypeVar("ToolT", bound=BaseTool)


def with_both_faces(tool: ToolT) -> ToolT:
    """Return the tool with the face that it lacks.

    Synchronous work runs in a thread of its own: LangChain's default is the loop's pool, where a few tools that hang would
    stop everything else. Other kinds of tools than LangChain's `StructuredTool` come back as they are.
    """
    if not isinstance(tool, StructuredTool):
        return tool
    if tool.coroutine is None and tool.func is not None:
        return tool.model_copy(update={"coroutine": _in_thread(tool.func)})
    if tool.func is None and tool.coroutine is not None:
        return tool.model_copy(update={"func": _waiting(tool.coroutine)})
    return tool


def _in_thread(work: Callable[..., T]) -> Callable[..., Coroutine[Any, Any, T]]:
    @functools.wraps(work)
    async def call(*args: Any, **kwargs: Any) -> T:
        return await asyncio.wrap_future(start_daemon(functools.partial(work, *args, **kwargs), "genloom-tool"))

    return call


def _waiting(work: Callable[..., Awaitable[T]]) -> Callable[..., T]:
    async def waited(*args: Any, **kwargs: Any) -> T:
        return await work(*args, **kwargs)

    @functools.wraps(work)
    def call(*args: Any, **kwargs: Any) -> T:
        return run_sync(waited(*args, **kwargs))

    return call
