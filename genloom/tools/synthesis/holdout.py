"""Holding back: which examples a search does not see, so that they can prove something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any  # Any: the examples' values

from genloom.state.example import literal
from genloom.tools.synthesis.calls import Call

__all__ = ["hold_back", "proves"]

SHARE = 4
LEAST_TELLING = 2
"""Telling examples that must be there: one to fit and one to hold back."""
SMALL_COST = 12
"""Up to this cost a single telling example that was held back is proof; a larger program needs two."""
SMALL_TEST_COST = 8
"""Up to this cost one yes and one no that were held back are proof; of larger tests, which are many, one in four meets
both by chance: they need two of each."""
LEAST_OF_EACH = 2
"""A yes or no says little, and most wrong tests give the commoner of the two: so many examples of each must be there, and
half of each are held back. With fewer all are fitted."""


def hold_back(calls: Sequence[Call]) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
    """Split the calls into those to fit and those held back, deterministically: about a quarter, at least one of two.

    Examples that raise are always fitted: they say where a guard is needed. Held back are those that others resemble most,
    so that what is fitted keeps its variety: an example whose shape (and whose result) others share goes before one that
    stands alone. Of two, the one that says less is held back. At least one that is held back is telling, and one that is
    fitted: almost any program gives the empty result for the empty input, which proves nothing. Of yes and no, both are held
    back and both are fitted.
    """
    plain = [call for call in calls if not call.example.error]
    held = {id(call) for call in (_both(plain) if _is_yes_or_no(plain) else _telling(plain))}
    return tuple(call for call in calls if id(call) not in held), tuple(call for call in calls if id(call) in held)


def _telling(plain: Sequence[Call]) -> list[Call]:
    """What to hold back of results that say something."""
    telling = [call for call in plain if _tells(call)]
    if len(telling) < LEAST_TELLING:
        return []
    return _least_missed(plain, max(1, len(plain) // SHARE), first=telling)


def _both(plain: Sequence[Call]) -> list[Call]:
    """What to hold back of yes and no: half of each."""
    sides = [[call for call in plain if call.example.expected == result] for result in ("True", "False")]
    if any(len(side) < LEAST_OF_EACH for side in sides):
        return []
    return [call for side in sides for call in _least_missed(side, len(side) // 2, first=side)]


def _least_missed(calls: Sequence[Call], count: int, *, first: Sequence[Call]) -> list[Call]:
    """So many of the calls, those first that others resemble most; the very first is one of these."""
    kept, held = list(calls), list[Call]()
    while len(held) < count:
        chosen = max(kept if held else first, key=lambda call: _dispensable(call, kept))
        kept = [call for call in kept if call is not chosen]
        held.append(chosen)
    return held


def _is_yes_or_no(calls: Sequence[Call]) -> bool:
    return bool(calls) and all(call.example.expected in ("True", "False") for call in calls)


def proves(held: Sequence[Call], cost: int) -> bool:
    """Whether meeting these unseen examples proves a program of that cost: among many large programs that fit a few
    examples, some meet one more by chance. A yes-or-no program is proven only by examples of both results."""
    if _is_yes_or_no(held):
        least = 1 if cost <= SMALL_TEST_COST else 2
        return all(sum(call.example.expected == side for call in held) >= least for side in ("True", "False"))
    return sum(map(_tells, held)) >= (1 if cost <= SMALL_COST else 2)


def _tells(call: Call) -> bool:
    """Whether a wrong program would hardly meet the example by chance: its input is no trivial one, and its result is
    neither empty nor the input itself."""
    expected = literal(call.example.expected)
    values = [literal(text) for text in call.arguments]
    if isinstance(expected, bool):
        return True
    return bool(expected) and any(map(_is_substantial, values)) and not any(_same(value, expected) for value in values)


def _is_substantial(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    return abs(value) > 1 if isinstance(value, int | float) else not hasattr(value, "__len__") or len(value) > 1


def _same(value: Any, expected: Any) -> bool:
    return type(value) is type(expected) and bool(value == expected)


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
    return type(value).__name__, bool(value), hasattr(value, "__len__") and len(value) > 1
