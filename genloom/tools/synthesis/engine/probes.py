"""Probes: further inputs, drawn deterministically from the shapes of the examples' own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import frozen

__all__ = ["draw_probes"]

Row = tuple[Any, ...]


def draw_probes(rows: Sequence[Row], count: int, *, seed: int = 0) -> list[Row]:
    """Draw up to `count` rows that none of the given ones equals. The same rows and seed give the same probes."""
    chance = random.Random(f"probes {seed}")  # noqa: S311 - reproducible, not secret
    seen = {frozen(list(row)) for row in rows}
    pools = [_pool([row[place] for row in rows]) for place in range(len(rows[0]))] if rows else []
    found: list[Row] = []
    for _ in range(count * 12):
        if len(found) == count:
            break
        row = _vary_row(chance.choice(list(rows)), pools, chance)
        key = frozen(list(row))
        if key not in seen:
            seen.add(key)
            found.append(row)
    return found


def _pool(values: Sequence[Any]) -> list[Any]:
    """All atoms and containers that stand anywhere at one place of the examples."""
    found: list[Any] = []
    for value in values:
        found.append(value)
        if isinstance(value, list | tuple):
            found += _pool(value)
        elif isinstance(value, dict):
            found += _pool(list(value)) + _pool(list(value.values()))
        elif isinstance(value, set | frozenset):
            found += _pool(sorted(value, key=repr))
    return found


def _vary_row(row: Row, pools: list[list[Any]], chance: random.Random) -> Row:
    return tuple(_vary(value, pool, chance) for value, pool in zip(row, pools, strict=True))


def _vary(value: Any, pool: list[Any], chance: random.Random) -> Any:
    if isinstance(value, bool):
        return chance.choice([True, False])
    if isinstance(value, int | float):
        return _vary_int(value, pool, chance) if isinstance(value, int) else _vary_float(value, chance)
    if isinstance(value, str):
        return _vary_text(value, pool, chance)
    return _vary_container(value, pool, chance)


def _vary_container(value: Any, pool: list[Any], chance: random.Random) -> Any:
    if isinstance(value, list):
        return _vary_items(value, _members(value, pool), pool, chance)
    if isinstance(value, tuple):
        return tuple(_vary(item, pool, chance) for item in value)
    if isinstance(value, dict):
        return {key: _vary(item, pool, chance) for key, item in value.items() if chance.random() < 0.9}
    if isinstance(value, set | frozenset):
        return type(value)(_vary_items(sorted(value, key=repr), _members(value, pool), pool, chance))
    return value


def _vary_float(value: float, chance: random.Random) -> float:
    return round(value + chance.choice([-1.5, -0.25, 0.5, 1.0, 2.25]), 4) if chance.random() < 0.8 else value


def _vary_int(value: int, pool: list[Any], chance: random.Random) -> int:
    known = [item for item in pool if type(item) is int]
    step = chance.choice([-3, -2, -1, 1, 2, 3, 5])
    varied = chance.choice([value + step, value + step, *known])
    return abs(varied) if all(item >= 0 for item in known) else varied


def _vary_text(text: str, pool: list[Any], chance: random.Random) -> str:
    known = "".join(item for item in pool if isinstance(item, str))
    alike = [(test, [c for c in known if test(c)]) for test in (str.isdigit, str.isupper, str.islower)]
    varied = [_vary_character(character, alike, chance) for character in text]
    words = "".join(varied).split(" ")
    if len(words) > 1 and chance.random() < 0.5:
        words = [*words, chance.choice(words)] if chance.random() < 0.5 else words[:-1]
    elif text.isalpha() and len(text) > 2 and chance.random() < 0.4:
        return "".join(varied)[: chance.randrange(2, len(text) + 1)]
    return " ".join(words)


def _vary_character(
    character: str, alike: Sequence[tuple[Callable[[str], bool], list[str]]], chance: random.Random
) -> str:
    if chance.random() < 0.55:
        return character
    for test, others in alike:
        if test(character):
            return chance.choice(others or [character])
    return character


def _members(value: Any, pool: list[Any]) -> list[Any]:
    """What stands in containers like this one, anywhere in the pool; of the kinds of its own items, where it has some."""
    like = list if isinstance(value, list) else set | frozenset
    found = [item for container in pool if isinstance(container, like) for item in sorted(container, key=repr)]
    kinds = {type(item) for item in value}
    return [item for item in found if type(item) in kinds] if kinds else found


def _vary_items(items: list[Any], members: list[Any], pool: list[Any], chance: random.Random) -> list[Any]:
    varied = [_vary(item, pool, chance) if chance.random() < 0.5 else item for item in items]
    if not varied:
        return [chance.choice(members) for _ in range(2)] if members else []
    move = chance.random()
    if move < 0.35:
        varied.insert(chance.randrange(len(varied) + 1), chance.choice(members))
    elif move < 0.5 and len(varied) > 2:
        varied.pop(chance.randrange(len(varied)))
    elif move < 0.7:
        chance.shuffle(varied)
    return varied
