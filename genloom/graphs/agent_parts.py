"""What an agent's graph is put together of, looked at before anything is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langchain_core.tools import tool as made_tool

from genloom.errors import GraphDefinitionError
from genloom.nodes.agent.tool_faces import with_both_faces

__all__ = ["as_tools", "demand_kind", "demand_model"]


def as_tools(tools: Sequence[BaseTool | Callable[..., Any]]) -> list[BaseTool]:
    """Return the tools with both faces; functions become tools. Raises `GraphDefinitionError` for what is neither, and for
    two tools of one name."""
    given: object = tools
    if isinstance(given, BaseTool | str) or not isinstance(given, Iterable):
        raise GraphDefinitionError(
            f"An agent's tools are no list but {type(given).__name__}.", hint="Give a list: [tool, …]."
        )
    offered = [with_both_faces(_as_tool(each)) for each in tools]
    names = [each.name for each in offered]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise GraphDefinitionError(
            f"Two tools have the name {', '.join(twice)}.", hint="Give one of them another name, or leave it out."
        )
    return offered


def demand_model(model: object) -> None:
    """Raise `GraphDefinitionError` for what is neither a chat model nor a name."""
    if model is not None and not isinstance(model, BaseChatModel | str):
        raise GraphDefinitionError(
            f"An agent's model is no chat model but {type(model).__name__}.",
            hint="Give a LangChain chat model, a name such as `openai:gpt-5`, or nothing for the run's.",
        )


def demand_kind(name: str, given: object, kind: type) -> None:
    """Raise `GraphDefinitionError` where an argument is of another kind."""
    if given is not None and not isinstance(given, kind):
        raise GraphDefinitionError(
            f"{name}= is no {kind.__name__} but {type(given).__name__}.", hint=f"Give {kind.__name__}(…)."
        )


def _as_tool(given: BaseTool | Callable[..., Any]) -> BaseTool:
    if isinstance(given, BaseTool):
        return given
    try:
        if callable(given):
            return made_tool(given)
    except ValueError as error:  # a function without a docstring, or without a name
        raise GraphDefinitionError(f"No tool can be made of {given!r}: {error}", hint="Give a tool.") from error
    raise GraphDefinitionError(
        f"{given!r} is no tool.",
        hint="Give LangChain tools, or functions with a docstring; names are for specs' toolboxes.",
    )
