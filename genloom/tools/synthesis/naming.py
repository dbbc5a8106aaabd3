"""Naming: good names for parameters that nobody named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any  # Any: the examples' values

__all__ = ["name_parameters"]

_BY_KIND: dict[str, tuple[str, ...]] = {
    "text": ("text", "other", "third", "fourth", "fifth"),
    "texts": ("texts", "others", "more_texts", "fourth_texts", "fifth_texts"),
    "numbers": ("numbers", "others", "more_numbers", "fourth_numbers", "fifth_numbers"),
    "items": ("items", "others", "more_items", "fourth_items", "fifth_items"),
    "rows": ("rows", "other_rows", "more_rows", "fourth_rows", "fifth_rows"),
    "pairs": ("pairs", "other_pairs", "more_pairs", "fourth_pairs", "fifth_pairs"),
    "table": ("table", "other_table", "more_tables", "fourth_table", "fifth_table"),
    "flag": ("flag", "other_flag", "third_flag", "fourth_flag", "fifth_flag"),
    "values": ("values", "other_values", "more_values", "fourth_values", "fifth_values"),
    "value": ("value", "other_value", "third_value", "fourth_value", "fifth_value"),
}
_LETTERS = "abcde"


def name_parameters(prompt: str, columns: Sequence[Sequence[Any]], *, taken: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the parameters by the kinds of their values: `text`, `numbers`, `n`, or `a` and `b` where there are several
    numbers. A single letter that the prompt uses as a name is kept."""
    kinds = [_kind(column) for column in columns]
    wanted = _letters_of(prompt, kinds.count("number"))
    names: list[str] = []
    for kind in kinds:
        choices = wanted if kind == "number" else _BY_KIND[kind]
        names.append(next(name for name in (*choices, *_BY_KIND["value"]) if name not in names and name not in taken))
    return tuple(names)


def _letters_of(prompt: str, numbers: int) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(re.findall(r"(?<![\w'])([b-hj-zA-HJ-Z])(?![\w'])", prompt)))
    if len(named) >= numbers:
        return tuple(letter.lower() for letter in named)
    return ("n", "number") if numbers == 1 else tuple(_LETTERS)


def _kind(values: Sequence[Any]) -> str:
    kinds = {_of(value) for value in values if value is not None}
    kinds -= {"items"} if len(kinds) > 1 else set()
    return kinds.pop() if len(kinds) == 1 else "value"


def _of(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "table"
    if isinstance(value, list | tuple):
        return _of_items(value)
    return "values" if isinstance(value, set | frozenset) else "value"


def _of_items(value: Sequence[Any]) -> str:
    inner = {_of(item) for item in value}
    if inner == {"number"}:
        return "numbers"
    if inner == {"text"}:
        return "texts"
    if value and all(isinstance(item, tuple) for item in value):
        return "pairs"
    return "rows" if value and all(isinstance(item, list) for item in value) else "items"
