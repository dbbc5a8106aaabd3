"""Handoffs: how a supervising agent gives a task to another agent of its graph."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ExtendedModelResponse,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
)
from langchain.tools import ToolRuntime
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.types import Command
from pydantic import Field

from genloom.tools.effects import with_effect

__all__ = ["HANDOFF", "HandoffState", "Handoffs", "handoff_tool"]

HANDOFF = "hand_to_"
MAX_TASK = 100_000
LIMIT = "Tasks were handed on"
ONE_AT_A_TIME = "This call was not run: one task is handed on at a time. Call again when you have read its answer."
LAST_TURN = "This is your last answer in this run: call no tool, and answer with what you have."

ToolAnswer = ToolMessage | Command[Any]


class HandoffState(AgentState[Any]):
    """How often the supervisor has handed on in this run, and how often its model was asked: a handoff leaves the agent's
    graph, so that the graph around it keeps both."""

    handoffs: NotRequired[int]
    supervisor_turns: NotRequired[int]


Task = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_TASK,
        description="The task, in full: the agent sees nothing else of the conversation",
    ),
]


def handoff_tool(name: str, description: str, most: int) -> BaseTool:
    """Return the tool that hands a task to the agent of that name, at most `most` times in one run with all others."""

    def hand_over(task: Task, runtime: ToolRuntime[Any, Any]) -> Command[Any] | str:
        done = int(runtime.state.get("handoffs") or 0)
        if done >= most:
            return f"{LIMIT} {most} times in this run, which is the limit: answer with what you have."
        messages = list(runtime.state["messages"])
        update = {
            "messages": [*messages, *_not_run(messages, runtime.tool_call_id)],
            "summary": runtime.state.get("summary") or "",
            "summarised": runtime.state.get("summarised") or "",
            "task": task,
            "call_id": runtime.tool_call_id,
            "handoffs": done + 1,
            "supervisor_turns": runtime.state.get("supervisor_turns") or 0,
        }
        return Command(graph=Command.PARENT, goto=name, update=update)  # a `Send` would lose the update

    tool = StructuredTool.from_function(
        hand_over,
        name=f"{HANDOFF}{name}",
        description=f"Give a task to the agent {name} and get its answer. {description}".strip(),
    )
    return with_effect(tool, "read")  # what the agent itself does is told by its own tools


class Handoffs(AgentMiddleware[HandoffState, Any]):
    """Lets a supervisor hand on one task at a time, and ends its run.

    A handoff leaves the supervisor's graph: of an answer's calls the first handoff alone is run, the others are answered
    with that. A run has at most `most_turns` answers of the model, whose last is told to be the last; who hands on again
    after the limit was told, or calls a tool in the last answer, is ended with what the agents answered.
    """

    state_schema = HandoffState

    def __init__(self, most_turns: int) -> None:
        super().__init__()
        self.most_turns = most_turns

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Ask the model, in synchronous code."""
        return self._bounded(request, handler(self._asked(request)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ExtendedModelResponse[Any]:
        """Ask the model, in a loop."""
        return self._bounded(request, await handler(self._asked(request)))

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolAnswer]) -> ToolAnswer:
        """Run a call, unless a handoff stands before it, in synchronous code."""
        return _beside_a_handoff(request) or handler(request)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolAnswer]]
    ) -> ToolAnswer:
        """Do as `wrap_tool_call` does, in a loop."""
        return _beside_a_handoff(request) or await handler(request)

    def _turn(self, request: ModelRequest[Any]) -> int:
        turns: Any = request.state.get("supervisor_turns")
        return int(turns or 0) + 1

    def _asked(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        if self._turn(request) < self.most_turns:
            return request
        return request.override(messages=[*request.messages, HumanMessage(LAST_TURN)])  # is not kept

    def _bounded(self, request: ModelRequest[Any], response: ModelResponse[Any]) -> ExtendedModelResponse[Any]:
        turn = self._turn(request)
        calls = [call for m in response.result if isinstance(m, AIMessage) for call in m.tool_calls]
        told = _limit_told(request.messages) and any(call["name"].startswith(HANDOFF) for call in calls)
        if told or (calls and turn >= self.most_turns):
            why = "the most handoffs" if told else f"{self.most_turns} turns"
            response = ModelResponse(result=[_ended(request.messages, why)])
        return ExtendedModelResponse(response, Command(update={"supervisor_turns": turn}))


def _first_handoff(calls: Sequence[ToolCall]) -> ToolCall | None:
    return next((call for call in calls if call["name"].startswith(HANDOFF)), None)


def _beside_a_handoff(request: ToolCallRequest) -> ToolMessage | None:
    """Return the answer to a call that stands beside a handoff and is not run, `None` for any other."""
    first, call = _first_handoff(_newest(request.state["messages"])), request.tool_call
    if first is None or first["id"] == call["id"]:
        return None
    return ToolMessage(ONE_AT_A_TIME, name=call["name"], tool_call_id=call["id"] or "", status="error")


def _not_run(messages: Sequence[AnyMessage], call_id: str | None) -> list[ToolMessage]:
    """The answers to the calls beside a handoff: those of the graph that it leaves are lost."""
    return [
        ToolMessage(ONE_AT_A_TIME, name=call["name"], tool_call_id=call["id"] or "", status="error")
        for call in _newest(messages)
        if call["id"] != call_id
    ]


def _newest(messages: Sequence[AnyMessage]) -> Sequence[ToolCall]:
    last = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    return last.tool_calls if last is not None else ()


def _limit_told(messages: Sequence[AnyMessage]) -> bool:
    """Whether the answers to the newest calls say that nothing is handed on any more."""
    newest = itertools.takewhile(lambda message: isinstance(message, ToolMessage), reversed(messages))
    return any(_is_limit(message) for message in newest)


def _is_limit(message: AnyMessage) -> bool:
    return (message.name or "").startswith(HANDOFF) and message.text.startswith(LIMIT)


def _ended(messages: Sequence[AnyMessage], why: str) -> AIMessage:
    """The supervisor's answer in place of one that would go on: what the agents of this run answered last, each."""
    asked = next((n for n in range(len(messages) - 1, -1, -1) if isinstance(messages[n], HumanMessage)), 0)
    found = {
        message.name: message.text
        for message in messages[asked:]
        if isinstance(message, ToolMessage) and (message.name or "").startswith(HANDOFF)
        if message.status == "success" and not _is_limit(message)
    }
    head = f"I stopped after {why} without coming to an end; ask again to go on from here."
    return AIMessage("\n\n".join([head, *(["What the agents answered last:", *found.values()] if found else [])]))
