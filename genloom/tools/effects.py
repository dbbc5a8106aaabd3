"""What a tool does to the world: reads it, or changes it. Approval, journals and read-only sets go by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

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
    """Return a copy of the tool that says what it does."""
    return tool.model_copy(update={"metadata": {**(tool.metadata or {}), _KEY: effect}})
