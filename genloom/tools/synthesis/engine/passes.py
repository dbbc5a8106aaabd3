"""Passes: a step applied to each element of a sequence in turn, from a first state on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import FAILED
from genloom.tools.synthesis.engine.stepping import FUEL, Step, guarded

__all__ = ["last_of_two", "length_of", "states_of"]


def length_of(items: Any) -> int:
    """How many elements a pass goes through; none where there is no sequence."""
    return 0 if items is FAILED or items is None else len(items)


def states_of(step: Step, first: Any, items: Any, row: Sequence[Any], width: int) -> list[Any] | None:
    """All states, the first included; `None` where a step fails."""
    if items is FAILED or items is None or first is FAILED or len(items) > FUEL or (width > 1 and None in items):
        return None
    states = [first]
    env = [first, *([None] * width), *row]
    for item in items:
        if width == 1:
            env[1] = item
        else:
            env[1 : 1 + width] = item
        state = guarded(step, env)
        if state is FAILED:
            return None
        env[0] = state
        states.append(state)
    return states


def last_of_two(own: Step, turned: Step, start: tuple[Any, Any], items: Any, row: Sequence[Any], width: int) -> Any:
    """The first of two states after all elements; `FAILED` where a step fails."""
    if items is FAILED or items is None or FAILED in start or len(items) > FUEL or (width > 1 and None in items):
        return FAILED
    env = [*start, *([None] * width), *row]
    for item in items:
        if width == 1:
            env[2] = item
        else:
            env[2 : 2 + width] = item
        one, other = guarded(own, env), guarded(turned, env)
        if one is FAILED or other is FAILED:
            return FAILED
        env[0], env[1] = one, other
    return env[0]
