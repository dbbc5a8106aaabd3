"""Graphs as LangGraph's servers run them: what went wrong reaches who asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from pydantic import ValidationError

from genloom.errors import GenloomError

__all__ = ["ServedGraph", "served"]


class ServedGraph(CompiledStateGraph[Any, Any, Any, Any]):  # Any: whatever the graph's own schemas are
    """A compiled graph whose errors LangGraph's servers tell in full.

    They show the text of Python's own kinds of errors, and of all others only `An internal error occurred`. Errors of
    genloom, whose texts hold no secrets, and input that is not valid therefore leave it as a `RuntimeError` of the same
    name, which says what happened and what to do next.
    """

    async def astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        """Do as the graph does."""
        try:
            async for part in super().astream(*args, **kwargs):
                yield part
        except (GenloomError, ValidationError) as error:
            raise _told(error) from error


def served(graph: CompiledStateGraph[Any, Any, Any, Any]) -> ServedGraph:
    """Return the graph for a server of LangGraph's."""
    return ServedGraph(**{name: value for name, value in vars(graph).items() if name != "__orig_class__"})


def _told(error: GenloomError | ValidationError) -> RuntimeError:
    if isinstance(error, GenloomError):
        return _named(type(error).__name__, f"{error} {error.hint}".strip())
    first, *others = error.errors(include_url=False, include_input=False, include_context=False)
    where = ".".join(map(str, first["loc"]))
    more = f" … and {len(others)} more." if others else ""
    return _named("RequestError", f"{error.title} is not valid: {where}: {first['msg']}.{more}")


def _named(name: str, text: str) -> RuntimeError:
    kind: type[RuntimeError] = type(name, (RuntimeError,), {})  # programs tell errors apart by their names
    return kind(text)
