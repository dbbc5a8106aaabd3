"""Orbits: the numbers that a loop passes on its way to the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import FAILED
from genloom.tools.synthesis.engine.stepping import FUEL, Step, guarded

__all__ = ["comes_to_an_end", "end_of_two"]


def comes_to_an_end(turn: Step, goes_on: Step, start: Any, row: Sequence[Any], way: list[Any]) -> bool:
    """Whether a loop ends; `way` is filled with the numbers from the first to the one that ends it, or where it fails."""
    if start is FAILED:
        return False
    env = [start, *row]
    way.append(start)
    for _ in range(FUEL):
        more = guarded(goes_on, env)
        if more is FAILED or not more:
            return more is not FAILED
        following = guarded(turn, env)
        if following is FAILED or following == env[0]:
            return False
        env[0] = following
        way.append(following)
    return False


def end_of_two(first: Step, second: Step, goes_on: Step, start: tuple[Any, Any], row: Sequence[Any]) -> tuple[Any, int]:
    """The first of two numbers when the loop ends, `FAILED` where it does not, and the turns that it took."""
    if FAILED in start:
        return FAILED, 0
    env = [*start, *row]
    for turn in range(FUEL):
        more = guarded(goes_on, env)
        if more is FAILED or not more:
            return FAILED if more is FAILED else env[0], turn
        one, other = guarded(first, env), guarded(second, env)
        if one is FAILED or other is FAILED or (one, other) == (env[0], env[1]):
            return FAILED, turn
        env[0], env[1] = one, other
    return FAILED, FUEL
