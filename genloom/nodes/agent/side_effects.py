"""Side effects happen once: a tool's call that changes something is not run again when a graph is resumed or retried."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from genloom.nodes.agent.surroundings import Surroundings
from genloom.tools.effects import effect_of
from genloom.tools.store.tool_journal import KnownCall, ToolJournal, open_tool_journal

__all__ = ["SideEffects"]

Answer = ToolMessage | Command[Any]


class SideEffects(AgentMiddleware[Any, Any]):
    """Writes down each call that changes something before it runs, and what it answered.

    LangGraph runs what was in flight again when a process was killed. Such a call is answered from the journal; where only
    its beginning is known, the model is told so and looks for itself. Without a thread nothing is resumed, nor written
    down. Tools that say they only read (see `genloom.tools.effects`) are left out.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__()
        self.surroundings = surroundings
        self._journals: dict[tuple[Path, int], ToolJournal] = {}

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]) -> Answer:
        """Run a call at most once, in synchronous code."""
        key = _key(request)
        if key is None:
            return handler(request)
        journal = self._journal(request)
        known = journal.begin(key)
        if known is not None:
            return _again(known, request)
        try:
            answer = handler(request)
        except GraphBubbleUp:
            journal.forget(key)
            raise
        journal.finish(key, _written(answer))
        return answer

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """Run a call at most once, in a loop."""
        key = _key(request)
        if key is None:
            return await handler(request)
        journal = self._journal(request)
        known = await asyncio.to_thread(journal.begin, key)
        if known is not None:
            return _again(known, request)
        try:
            answer = await handler(request)
        except GraphBubbleUp:
            await asyncio.to_thread(journal.forget, key)
            raise
        await asyncio.to_thread(journal.finish, key, _written(answer))
        return answer

    def _journal(self, request: ToolCallRequest) -> ToolJournal:
        settings, _ = self.surroundings.of(request.runtime.context)
        place = (settings.home, settings.organisation)
        if place not in self._journals:
            self._journals[place] = open_tool_journal(settings)
        return self._journals[place]


def _key(request: ToolCallRequest) -> str | None:
    """Return what a repetition of the same call shares with it, `None` where nothing can be repeated or changed.

    LangGraph's task is the same when it runs again; the number of a call is not enough, since some servers count the
    calls of each answer anew.
    """
    info = request.runtime.execution_info
    if request.tool is None or effect_of(request.tool) == "read" or info is None or not info.thread_id:
        return None
    said = "\0".join((info.thread_id, info.task_id, request.tool_call["id"] or "", request.tool_call["name"]))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _written(answer: Answer) -> str:
    if isinstance(answer, ToolMessage):
        return json.dumps({"content": answer.content, "status": answer.status}, default=str)
    return json.dumps({"content": "It was done; what it changed in the graph's state is not known.", "status": "error"})


def _again(known: KnownCall, request: ToolCallRequest) -> ToolMessage:
    call = request.tool_call
    content: Any = (
        "This call was begun before the run was interrupted, and how it ended is not known. It was not run again: look "
        "whether its work is done, then go on from there."
    )
    status = "error"
    if known.answer is not None:
        try:
            told = json.loads(known.answer)
            content, status = told["content"], told["status"]
        except ValueError:  # a very long answer was cut
            content, status = (
                "This call was done before the run was interrupted; its answer was too long to keep.",
                "success",
            )
    return ToolMessage(content, name=call["name"], tool_call_id=call["id"] or "", status=status)
