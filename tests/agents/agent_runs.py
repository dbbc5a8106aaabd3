"""Agents of tests: a tool, how calls and answers are written, and both faces of a run."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import tool

from genloom.testing import Reply, ToolCall

__all__ = ["add", "answers", "calls", "run"]


@tool
def add(first: int, second: int) -> int:
    """Add two numbers."""
    return first + second


def calls(*calls: tuple[str, dict[str, Any]]) -> Reply:
    return Reply(tool_calls=tuple(ToolCall(name=name, arguments=arguments) for name, arguments in calls))


def answers(result: dict[str, Any]) -> list[str]:
    return [str(message.content) for message in result["messages"] if isinstance(message, ToolMessage)]


def run(graph: Any, given: Any, *, face: str, **options: Any) -> dict[str, Any]:
    if face == "sync":
        found: dict[str, Any] = graph.invoke(given, **options)
    else:
        found = asyncio.run(graph.ainvoke(given, **options))
    return found
