"""Handoffs: how a supervising agent gives a task to another agent of its graph."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain.tools import ToolRuntime
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.types import Command
from pydantic import Field

from genloom.tools.effects import with_effect

__all__ = ["HANDOFF", "HandoffState", "Handoffs", "handoff_tool"]

HANDOFF = "hand_to_"
MAX_TASK = 100_000


class HandoffState(AgentState[Any]):
    """How often the supervisor has handed on in this run."""

    handoffs: NotRequired[int]


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
            return f"Tasks were handed on {most} times in this run, which is the limit: answer with what you have."
        update = {
            "messages": list(runtime.state["messages"]),
            "summary": runtime.state.get("summary") or "",
            "summarised": runtime.state.get("summarised") or "",
            "task": task,
            "call_id": runtime.tool_call_id,
            "handoffs": done + 1,
        }
        return Command(graph=Command.PARENT, goto=name, update=update)  # a `Send` would lose the update

    tool = StructuredTool.from_function(
        hand_over,
        name=f"{HANDOFF}{name}",
        description=f"Give a task to the agent {name} and get its answer. {description}".strip(),
    )
    return with_effect(tool, "read")  # what the agent itself does is told by its own tools


class Handoffs(AgentMiddleware[HandoffState, Any]):
    """Lets a supervisor hand on one task at a time: of an answer's calls, the first handoff alone stands.

    LangGraph leaves a subgraph for one destination; a second call beside it would never be answered.
    """

    state_schema = HandoffState

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Ask the model, in synchronous code."""
        return _first_handoff(handler(request))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Ask the model, in a loop."""
        return _first_handoff(await handler(request))


def _first_handoff(response: ModelResponse[Any]) -> ModelResponse[Any]:
    messages = [_with_one_call(m) if isinstance(m, AIMessage) else m for m in response.result]
    return ModelResponse(result=messages, structured_response=response.structured_response)


def _with_one_call(message: AIMessage) -> AIMessage:
    calls = message.tool_calls
    handoffs: Sequence[Any] = [call for call in calls if call["name"].startswith(HANDOFF)]
    if not handoffs or len(calls) == 1:
        return message
    content = message.content
    if isinstance(content, list):  # providers that show calls among the content
        content = [block for block in content if not (isinstance(block, dict) and _is_other_call(block, handoffs[0]))]
    extra = {key: value for key, value in message.additional_kwargs.items() if key != "tool_calls"}
    return message.model_copy(update={"tool_calls": [handoffs[0]], "content": content, "additional_kwargs": extra})


def _is_other_call(block: dict[str, Any], kept: Any) -> bool:
    return block.get("type") in ("tool_use", "tool_call", "function_call") and kept["id"] not in (
        block.get("id"),
        block.get("call_id"),
    )
