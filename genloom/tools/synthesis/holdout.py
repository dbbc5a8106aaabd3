"""Holding back: which examples a search does not see, so that they can prove something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: the examples' values

from genloom.state.example import literal
from genloom.tools.synthesis.calls import Call

__all__ = ["hold_back"]

SHARE = 4
LEAST_YES_OR_NO = 4
"""A yes or no says little: fewer examples of it than these are all fitted, of more, half are held back."""


def hold_back(calls: Sequence[Call]) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
    """Split the calls into those to fit and those held back, deterministically: about a quarter, at least one of two.

    Examples that raise are always fitted: they say where a guard is needed. Held back are those that others resemble most,
    so that what is fitted keeps its variety: an example whose shape (and whose result) others share goes before one that
    stands alone. Of two, the one that says less is held back.
    """
    plain = [call for call in calls if not call.example.error]
    if len(plain) < 2:
        return tuple(calls), ()
    wanted = _count(plain)
    if not wanted:
        return tuple(calls), ()
    kept = list(plain)
    held: list[Call] = []
    while len(held) < wanted:
        chosen = max(kept, key=lambda call: _dispensable(call, kept))
        kept.remove(chosen)
        held.append(chosen)
    return tuple(call for call in calls if call not in held), tuple(call for call in calls if call in held)


def _count(plain: Sequence[Call]) -> int:
    if all(call.example.expected in ("True", "False") for call in plain):
        return len(plain) // 2 if len(plain) >= LEAST_YES_OR_NO else 0
    return max(1, len(plain) // SHARE)


def _dispensable(call: Call, among: Sequence[Call]) -> tuple[int, int, int]:
    """How little is lost without this example: others of its shape, others of its result, then how little it says."""
    alike = sum(_shape(call) == _shape(other) for other in among)
    same_result = sum(call.example.expected == other.example.expected for other in among)
    says = len("".join(call.arguments)) + len(call.example.expected)
    return (alike, same_result, -says) if len(among) > 2 else (0, 0, -says)


def _shape(call: Call) -> tuple[Any, ...]:
    values = [literal(text) for text in (*call.arguments, call.example.expected)]
    return tuple(map(_outline, values))


def _outline(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return (value > 0) - (value < 0)
    if isinstance(value, str):
        return bool(value), any(map(str.isdigit, value)), any(map(str.isupper, value)), " " in value
    return type(value).__name__, bool(value), len(value) > 1
