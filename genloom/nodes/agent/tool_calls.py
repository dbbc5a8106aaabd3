"""An agent's calls of its tools: a wrong call is explained, a slow one given up, and a long answer cut.

Whatever goes wrong is an answer to the model, never the end of the run.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from genloom.daemon_thread import OverrunError, run_daemon
from genloom.errors import GenloomError
from genloom.nodes.agent.model_calls import MALFORMED
from genloom.nodes.agent.surroundings import Surroundings
from genloom.nodes.agent.wrong_arguments import wrong_arguments
from genloom.tools.security import clean, present

__all__ = ["ToolCalls", "ToolLimits", "call_problem"]

MAX_ERROR_CHARACTERS = 2_000
SECRET_CHARACTERS = 8_000
MAX_OTHER_CHARACTERS = 20_000_000

Answer = ToolMessage | Command[Any]


@dataclass(frozen=True, kw_only=True)
class ToolLimits:
    """How long one call of a tool may take, in seconds, and how long its answer may be, in characters."""

    seconds: float = 600.0
    characters: int = 20_000


class ToolCalls(AgentMiddleware[Any, Any]):
    """Runs the calls of tools within limits and tells the model what went wrong with them.

    A call of an unknown tool, or with arguments that do not fit, is not run: the model is told which argument is wrong and
    shown an example. Answers are cut to the limit, without secrets; one with hidden text or with text that reads like an
    instruction comes as delimited data.
    """

    def __init__(self, limits: ToolLimits, surroundings: Surroundings) -> None:
        super().__init__()
        self.limits, self.surroundings = limits, surroundings

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]) -> Answer:
        """Run a call in synchronous code, in a thread of its own: one that overruns its time goes on there, unheard."""
        try:
            wrong = _wrong(request)
            if wrong:
                return _failed(request, wrong)
            return self._told(run_daemon(lambda: handler(request), "genloom-tool", self.limits.seconds), request)
        except OverrunError:
            return self._overrun(request)
        except GraphBubbleUp:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a tool raises is told to the model
            return self._explained(error, request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """Run a call in a loop; one that overruns its time is cancelled."""
        limit: asyncio.Timeout | None = None
        try:
            wrong = _wrong(request)
            if wrong:
                return _failed(request, wrong)
            async with asyncio.timeout(self.limits.seconds) as limit:
                answer = await handler(request)
            return self._told(answer, request)
        except GraphBubbleUp:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
            if isinstance(error, TimeoutError) and limit is not None and limit.expired():
                return self._overrun(request)
            return self._explained(error, request)

    def _told(self, answer: Answer, request: ToolCallRequest) -> Answer:
        if isinstance(answer, Command):
            return self._told_command(answer, request)
        content = answer.content
        told: Any = self._text(content, request) if isinstance(content, str) else self._blocks(content, request)
        return answer if told == content else answer.model_copy(update={"content": told})

    def _told_command(self, command: Command[Any], request: ToolCallRequest) -> Command[Any]:
        """A tool may change the graph's state itself: of its messages, answers of tools are told as others are."""
        update = command.update
        if not isinstance(update, dict) or not isinstance(update.get("messages"), list):
            return command
        messages = [self._told(each, request) if isinstance(each, ToolMessage) else each for each in update["messages"]]
        return replace(command, update={**update, "messages": messages})

    def _blocks(self, blocks: Sequence[str | dict[str, Any]], request: ToolCallRequest) -> list[str | dict[str, Any]]:
        """The parts of an answer, as many as there is room for: text by its limit, the rest by the size of its JSON."""
        kept: list[str | dict[str, Any]] = []
        room, other = self.limits.characters, MAX_OTHER_CHARACTERS
        for block in blocks:
            text = block if isinstance(block, str) else block.get("text")
            if isinstance(text, str):
                told = self._text(text, request, max(0, room))
                kept.append(told if isinstance(block, str) else {**block, "text": told})
                room -= len(text)
                continue
            other -= len(json.dumps(block, default=str))
            if other < 0:
                kept.append({"type": "text", "text": "[more of the answer was left out: it is too long]"})
                break
            kept.append(block)
        return kept

    def _text(self, text: str, request: ToolCallRequest, room: int | None = None) -> str:
        most = self.limits.characters if room is None else room
        settings, _ = self.surroundings.of(request.runtime.context)
        name = request.tool_call["name"]
        near = text[: most + SECRET_CHARACTERS]  # a secret that stands across the cut is found whole
        shown = clean(near, secrets=settings.secrets)
        told = shown.text[:most]
        if shown.blocked or shown.labels:
            told = present(f"answer of {name}", told, secrets=settings.secrets)
        more = len(text) - most
        return f"{told}\n[{more:,} more characters were left out: ask for less at once]" if more > 0 else told

    def _overrun(self, request: ToolCallRequest) -> ToolMessage:
        told = f"It took longer than {self.limits.seconds:g} seconds. Look what it did before you try again."
        return _failed(request, told)

    def _explained(self, error: BaseException, request: ToolCallRequest) -> ToolMessage:
        if isinstance(error, GenloomError):
            why = f"{error.message} {error.hint}"
        else:
            why = f"It failed: {type(error).__name__}: {error}"
        settings, _ = self.surroundings.of(request.runtime.context)
        return _failed(request, clean(why[:MAX_ERROR_CHARACTERS], secrets=settings.secrets).text.strip())


def _failed(request: ToolCallRequest, why: str) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(why, name=call["name"], tool_call_id=call["id"] or "", status="error")


def _wrong(request: ToolCallRequest) -> str:
    """Say what is wrong with a call; empty when nothing is."""
    call = request.tool_call
    if request.tool is None:
        return f"There is no tool {call['name'][:200]!r}. Choose one of those that you were given."
    return call_problem(request.tool, call["args"])


def call_problem(tool: BaseTool, arguments: Mapping[str, Any]) -> str:  # Any: JSON
    """Say why a call of the tool with these arguments will not be run, in words for a model; empty when it will be."""
    if MALFORMED in arguments:
        return f"The arguments of {tool.name} are no JSON: {arguments[MALFORMED]!r}. Give them as a JSON object."
    return wrong_arguments(tool, arguments)
