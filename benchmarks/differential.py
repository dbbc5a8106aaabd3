"""Differential runs: does a module behave like another on many inputs? Both run in the sandbox, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from genloom.tools.checks import Comparison, values_agree
from genloom.tools.sandbox import CallReport, NoRecord, Opaque, Raised, Returned, Sandbox

__all__ = ["difference", "varied_calls"]

EXACT = Comparison(exact_type=True)
_CHUNK = 60
_CHARACTERS = "aAbz 019.,()"
_OPTIONS = {"wall_seconds": 8.0, "cpu_seconds": 2.0}

Observation = Returned | Raised | NoRecord


def varied_calls(function: str, samples: Sequence[tuple[Any, ...]], count: int, chance: Random) -> list[str]:
    """Return up to `count` different calls: the samples, then such that differ from them in a value or two."""
    calls = dict.fromkeys(_call(function, sample) for sample in samples)
    for _ in range(count * 4 if samples else 0):
        if len(calls) >= count:
            break
        arguments = [*chance.choice(samples)]
        for _ in range(chance.choice((1, 1, 2, 4))):
            place = chance.randrange(len(arguments))
            # a place can also take what another sample has there
            others = [sample[place] for sample in samples if len(sample) > place]
            arguments[place] = _varied(
                chance.choice([arguments[place], arguments[place], chance.choice(others)]), chance
            )
        calls[_call(function, arguments)] = None
    return list(calls)[:count]


async def difference(
    module: str, right: str, other: str, calls: Sequence[str], sandbox: Sandbox, comparison: Comparison = EXACT
) -> tuple[str, int]:
    """Return the first call that `right` answers and `other` answers otherwise ("" for none), and how many `right`
    answered. What `right` raises for is no input of the function's."""
    answered = 0
    for start in range(0, len(calls), _CHUNK):
        chunk = list(calls[start : start + _CHUNK])
        expected = _observed(await _run(module, right, chunk, sandbox), len(chunk))
        kept = [(call, seen) for call, seen in zip(chunk, expected, strict=True) if isinstance(seen, Returned)]
        answered += len(kept)
        given = _observed(await _run(module, other, [call for call, _ in kept], sandbox), len(kept))
        for (call, seen), got in zip(kept, given, strict=True):
            if not _same(seen, got, comparison):
                return call, answered
    return "", answered


async def _run(module: str, source: str, calls: Sequence[str], sandbox: Sandbox) -> CallReport:
    limits = replace(sandbox.limits, **_OPTIONS)
    return await sandbox.acall({f"{module}.py": source}, module, calls, limits=limits)


def _observed(report: CallReport, count: int) -> list[Observation]:
    return [*report.results, *[NoRecord(why=report.ended)] * (count - len(report.results))]


def _same(right: Returned, other: Observation, comparison: Comparison) -> bool:
    if not isinstance(other, Returned):
        return False
    if isinstance(right.value, Opaque) or isinstance(other.value, Opaque):
        return repr(right.value) == repr(other.value)
    return values_agree(right.value, other.value, comparison) or repr(right.value) == repr(other.value)


def _call(function: str, arguments: Sequence[Any]) -> str:
    return f"{function}({', '.join(map(repr, arguments))})"


def _varied(value: Any, chance: Random) -> Any:  # Any: whatever literal the tests have
    match value:
        case bool():
            return not value
        case int():
            near = (value + 1, value - 1, -value, 0, value * 2, value // 2, chance.randint(-9, 30))
            return chance.choice(near)
        case float():
            return chance.choice(
                (value + 0.5, -value, float(round(value)), value / 3, round(chance.uniform(-9, 30), 2))
            )
        case str():
            return "".join(_rearranged(list(value), chance.choice((value or "a") + _CHARACTERS), chance))
        case list() | tuple():
            more = _varied(chance.choice(value), chance) if value else chance.randint(-3, 9)
            return type(value)(_rearranged(list(value), more, chance))
        case dict() if value:
            key = chance.choice(list(value))
            rest = {name: each for name, each in value.items() if name != key}
            return chance.choice((rest, {**value, key: _varied(value[key], chance)}))
    return value


def _rearranged(items: list[Any], more: Any, chance: Random) -> list[Any]:
    """Some items fewer, more, or in another order."""
    place = chance.randrange(len(items) + 1)
    ways = (
        items[:place] + items[place + 1 :],
        [*items[:place], more, *items[place:]],
        [*items[:place], more, *items[place + 1 :]],
        items[:place] + items[place : place + 1] * 2 + items[place + 1 :],
        chance.sample(items, len(items)),
        sorted(items, key=repr),
        items[:place],
    )
    return chance.choice(ways)
