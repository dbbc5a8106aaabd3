"""What a tool does to the world: reads it, or changes it. Approval, journals and read-only sets go by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from genloom.errors import GraphDefinitionError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["Effect", "effect_of", "with_effect"]

Effect = Literal["read", "write"]

ToolT = TypeVar("ToolT", bound="BaseTool")

_KEY = "genloom_effect"


def effect_of(tool: BaseTool) -> Effect:
    """Return what a tool does. One that does not say is taken to change something."""
    return "read" if (tool.metadata or {}).get(_KEY) == "read" else "write"


def with_effect(tool: ToolT, effect: Effect) -> ToolT:
    """Return a copy of the tool that says what it does. Raises `GraphDefinitionError` for what is no tool, and for another
    word than `read` and `write`."""
    if effect not in get_args(Effect):
        raise GraphDefinitionError(f"{effect!r} is nothing that a tool does.", hint="It is 'read' or 'write'.")
    if not hasattr(tool, "model_copy"):  # a look at its class would import LangChain
        raise GraphDefinitionError(
            f"{tool!r} is no tool that could say what it does.",
            hint="Make one of it: langchain_core.tools.tool(function).",
        )
    return tool.model_copy(update={"metadata": {**(tool.metadata or {}), _KEY: effect}})
