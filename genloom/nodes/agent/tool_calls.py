"""An agent's calls of its tools: a wrong call is explained, a slow one given up, and a long answer cut.

Whatever goes wrong is an answer to the model, never the end of the run.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command
from pydantic import BaseModel, ValidationError

from genloom.errors import GenloomError
from genloom.nodes.agent.argument_example import argument_example
from genloom.nodes.agent.surroundings import Surroundings
from genloom.tools.security import clean, present

__all__ = ["ToolCalls", "ToolLimits"]

MAX_PROBLEMS = 5
MAX_ERROR_CHARACTERS = 2_000

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
        wrong = _wrong(request)
        if wrong:
            return _failed(request, wrong)
        try:
            return self._told(_in_time(lambda: handler(request), self.limits.seconds), request)
        except _OverrunError:
            return self._overrun(request)
        except GraphBubbleUp:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is told to the model
            return self._explained(error, request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """Run a call in a loop; one that overruns its time is cancelled."""
        wrong = _wrong(request)
        if wrong:
            return _failed(request, wrong)
        try:
            async with asyncio.timeout(self.limits.seconds) as limit:
                answer = await handler(request)
            return self._told(answer, request)
        except GraphBubbleUp:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, TimeoutError) and limit.expired():
                return self._overrun(request)
            return self._explained(error, request)

    def _told(self, answer: Answer, request: ToolCallRequest) -> Answer:
        if not isinstance(answer, ToolMessage):
            return answer
        content = answer.content
        if isinstance(content, str):
            told: Any = self._text(content, request)
        else:
            told = [self._block(block, request) for block in content]
        return answer if told == content else answer.model_copy(update={"content": told})

    def _block(self, block: str | dict[str, Any], request: ToolCallRequest) -> str | dict[str, Any]:
        if isinstance(block, str):
            return self._text(block, request)
        return {**block, "text": self._text(block["text"], request)} if isinstance(block.get("text"), str) else block

    def _text(self, text: str, request: ToolCallRequest) -> str:
        cut = len(text) - self.limits.characters
        if cut > 0:
            text = text[: self.limits.characters]
        settings, _ = self.surroundings.of(request.runtime.context)
        shown = clean(text, secrets=settings.secrets)
        told = shown.text
        if shown.blocked or shown.labels:
            told = present(f"answer of {request.tool_call['name']}", text, secrets=settings.secrets)
        return f"{told}\n[{cut:,} more characters were left out: ask for less at once]" if cut > 0 else told

    def _overrun(self, request: ToolCallRequest) -> ToolMessage:
        told = f"It took longer than {self.limits.seconds:g} seconds. Look what it did before you try again."
        return _failed(request, told)

    def _explained(self, error: Exception, request: ToolCallRequest) -> ToolMessage:
        if isinstance(error, GenloomError):
            why = f"{error.message} {error.hint}"
        else:
            why = f"It failed: {type(error).__name__}: {error}"
        settings, _ = self.surroundings.of(request.runtime.context)
        return _failed(request, clean(why[:MAX_ERROR_CHARACTERS], secrets=settings.secrets).text.strip())


class _OverrunError(Exception):
    """A call is not done in its time."""


def _in_time(call: Callable[[], Answer], seconds: float) -> Answer:
    future: concurrent.futures.Future[Answer] = concurrent.futures.Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is awaited
            future.set_exception(error)

    here = contextvars.copy_context()
    threading.Thread(target=here.run, args=(run,), name="genloom-tool", daemon=True).start()
    if not concurrent.futures.wait([future], timeout=seconds).done:
        raise _OverrunError
    return future.result()


def _failed(request: ToolCallRequest, why: str) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(why, name=call["name"], tool_call_id=call["id"] or "", status="error")


def _wrong(request: ToolCallRequest) -> str:
    """Say what is wrong with a call; empty when nothing is."""
    call = request.tool_call
    if request.tool is None:
        return f"There is no tool {call['name'][:200]!r}. Choose one of those that you were given."
    schema = request.tool.tool_call_schema
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return ""
    try:
        schema.model_validate(call["args"])
    except ValidationError as error:
        return _told_problems(request.tool, schema, error)
    return ""


def _told_problems(tool: BaseTool, schema: type[BaseModel], error: ValidationError) -> str:
    described = schema.model_json_schema()
    problems = [
        _problem(each["loc"], each["msg"], each["type"], described)
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    more = f" … and {len(problems) - MAX_PROBLEMS} more." if len(problems) > MAX_PROBLEMS else ""
    example = json.dumps(argument_example(described), ensure_ascii=False)
    return (
        f"{tool.name} was not called: {' '.join(problems[:MAX_PROBLEMS])}{more}\n"
        f"Arguments that fit look like this: {example[:MAX_ERROR_CHARACTERS]}"
    )


def _problem(place: tuple[int | str, ...], message: str, kind: str, schema: dict[str, Any]) -> str:
    name = ".".join(map(str, place)) or "the arguments"
    properties = schema.get("properties") or {}
    if kind == "extra_forbidden":
        return f"`{name}` is no argument of it; its arguments are {', '.join(f'`{each}`' for each in properties)}."
    about = properties.get(place[0], {}) if place else {}
    description = about.get("description", "") if isinstance(about, dict) else ""
    return f"`{name}`: {message[0].lower()}{message[1:]}{f' ({description})' if description else ''}."
