"""Rendering: a plain value as an expression that gives it, whatever names a module redefines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["call_text", "render"]


def render(value: Any) -> str:  # Any: whatever plain value was drawn
    """Return an expression without names (a `frozenset` needs its own) that evaluates to the value.

    Raises `TypeError` for what is not made of None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset and
    dict.
    """
    kind = type(value)
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](value)
    if kind is float:
        return _float(value)
    if kind not in _SCALARS:
        raise TypeError(f"{kind.__name__} is no plain value")
    return repr(value)


def call_text(name: str, arguments: dict[str, Any], positional: int) -> str:
    """Return a call as one would write it: the first `positional` arguments by place, the rest by name."""
    parts = [
        render(value) if place < positional else f"{key}={render(value)}"
        for place, (key, value) in enumerate(arguments.items())
    ]
    return f"{name}({', '.join(parts)})"


def _float(value: float) -> str:
    if math.isnan(value):
        return "(1e400-1e400)"
    return repr(value).replace("inf", "1e400")


def _tuple(value: tuple[Any, ...]) -> str:
    return f"({', '.join(map(render, value))}{',' if len(value) == 1 else ''})"


def _set(value: set[Any] | frozenset[Any]) -> str:
    return f"{{{', '.join(sorted(map(render, value)))}}}" if value else "{*()}"


_SCALARS = frozenset({type(None), bool, int, complex, str, bytes})
_CONTAINERS: dict[type, Callable[[Any], str]] = {
    list: lambda value: f"[{', '.join(map(render, value))}]",
    tuple: _tuple,
    set: _set,
    frozenset: lambda value: f"frozenset({_set(value)})",
    dict: lambda value: "{" + ", ".join(f"{render(k)}: {render(v)}" for k, v in value.items()) + "}",
}
