"""Inputs like the examples': Hypothesis strategies from sample values and type hints.

A drawn value keeps what all samples of its place have in common: types, sizes, the range of numbers, the characters of
texts and their form, whether a list is sorted, distinct or rectangular. Where there is no sample the type hint decides.
Hypothesis only ever draws lists, and elements of short lists that stand here: neither its constants (which depend on what
else the process has loaded) nor its folder of character tables is ever touched.
"""

from __future__ import annotations

import ast
import functools
import math
import re
import string
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from genloom.tools.checks.derived.hints import (
    MAX_DEPTH,
    UnknownShapeError,
    Values,
    distinct_key,
    hint_arguments,
    hint_names,
    hinted,
    text_of,
)
from genloom.tools.checks.derived.relations import relations_of
from genloom.tools.checks.derived.target import Target

__all__ = ["inputs_like"]

MAX_CHOICES = 100
"""Hypothesis draws from so few without consulting its own constants (it would from 128)."""
MAX_SIZE = 12
CLOSED_FROM = 4
"""So many different letters of a kind, and the text is taken to allow all of that kind."""

_PROSE = " .,!?'\"-"


def inputs_like(target: Target) -> SearchStrategy[tuple[Any, ...]]:
    """Return what draws arguments, one for each of the target's parameters. Raises `UnknownShapeError`."""
    columns = [[sample[place] for sample in target.samples] for place in range(len(target.parameters))]
    drawn = st.tuples(*(_like(c, p.annotation) for c, p in zip(columns, target.parameters, strict=True)))
    holds = relations_of(target.samples)
    return drawn.filter(lambda arguments: all(holds_for(arguments) for holds_for in holds)) if holds else drawn


def _like(samples: Sequence[Any], hint: ast.expr | None, depth: int = 0) -> Values:
    if depth > MAX_DEPTH:
        raise UnknownShapeError("its values are nested deeply")
    if not samples:
        return hinted(hint, depth)
    groups: dict[type, list[Any]] = {}
    for value in samples:
        groups.setdefault(_kind(value), []).append(value)
    if float in groups or hint_names(hint) & {"float"}:
        numbers = [*groups.pop(int, []), *groups.pop(float, [])]
        groups |= {float: numbers} if numbers else {}
    return st.one_of([_LIKE[kind](values, hint, depth) for kind, values in groups.items()])


def _kind(value: Any) -> type:
    kind = type(value)
    if kind not in _LIKE:
        raise UnknownShapeError(f"a {kind.__name__} is not drawn")
    return kind


def _hull(samples: Sequence[Any]) -> tuple[Any, Any]:
    """The range of what is drawn: that of the samples and some way beyond where they are far from zero. Small numbers
    are where preconditions stand (`n > 1`), so that what is nearer to zero than every sample is left alone."""
    low, high = min(samples), max(samples)
    if {low, high} <= {0, 1} and len(samples) > 2:
        return low, high
    return (low if low >= 0 else low + low // 2), (high if high <= 0 else high + max(2, high // 2))


def _integers(samples: Sequence[int], hint: ast.expr | None, depth: int) -> Values:
    low, high = _hull(samples)
    if high - low < MAX_CHOICES:
        choices = list(range(low, high + 1))
    else:
        near = {value + step for value in (*samples[:10], low, high, 0, 1) for step in (-1, 0, 1)}
        spread = {low + (high - low) * part // 40 for part in range(41)}
        choices = [value for value in near | spread if low <= value <= high]
    return st.sampled_from(sorted(choices, key=lambda value: (abs(value), value))[:MAX_CHOICES])


def _floats(samples: Sequence[float], hint: ast.expr | None, depth: int) -> Values:
    finite = [value for value in samples if math.isfinite(value)]
    strange = [value for value in samples if not math.isfinite(value)]
    if not finite:
        return st.sampled_from(strange)
    low, high = _hull(finite)
    places = max(len(repr(value).partition(".")[2]) for value in finite)
    spread = [round(low + (high - low) * part / 40, min(places, 4)) for part in range(41)]
    choices = {float(value) for value in [*finite[:30], *spread] if low <= value <= high}
    whole = sorted(choices, key=lambda value: (not value.is_integer(), abs(value), value))
    return st.sampled_from([*whole[: MAX_CHOICES - 3], *strange[:3]])


def _booleans(samples: Sequence[bool], hint: ast.expr | None, depth: int) -> Values:
    return st.sampled_from([False, True])


def _texts(samples: Sequence[str], hint: ast.expr | None, depth: int) -> Values:
    filled = [text for text in samples if text]
    options = [st.just("")] if len(filled) < len(samples) else []
    if filled:
        options.append(_filled_texts(filled))
    return st.one_of(options)


def _filled_texts(samples: Sequence[str]) -> Values:
    characters = sorted(set("".join(samples)))
    prose = any(map(str.isalpha, characters))
    if any(not character.isalnum() and not (prose and character in _PROSE) for character in characters):
        return _patterned(samples)
    alphabet = _opened(characters)
    inner = [c for c in alphabet if c != " "]
    tidy = all(text == " ".join(text.split()) for text in samples)
    if " " not in characters or not tidy or not inner:
        return text_of(alphabet, *_sizes(map(len, samples)))
    words = [word for text in samples for word in text.split()]
    low, high = _sizes(len(text.split()) for text in samples)
    return st.lists(text_of(inner, *_sizes(map(len, words))), min_size=low, max_size=high).map(" ".join)


def _opened(characters: Sequence[str]) -> list[str]:
    """The characters, and all of a kind of which there are several."""
    opened = set(characters)
    for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if len(opened & set(kind)) >= CLOSED_FROM:
            opened |= set(kind)
    return sorted(opened, key=lambda c: (not c.islower(), c))[:MAX_CHOICES]


def _patterned(samples: Sequence[str]) -> Values:
    """Texts of a form (`a=1;b=2`, `12:30`, `(()())`): a sample whose runs of letters and of digits are drawn anew."""
    letters = _opened(sorted(set(re.findall(r"[a-zA-Z]", "".join(samples)))))
    numbers = re.findall(r"\d+", "".join(f"{text} " for text in samples))
    forms = sorted(set(samples), key=len)[:MAX_CHOICES]
    return st.sampled_from(forms).flatmap(lambda text: _of_form(text, letters, numbers))


def _of_form(text: str, letters: Sequence[str], numbers: Sequence[str]) -> Values:
    runs = re.findall(r"[a-z]+|[A-Z]+|\d+|[^a-zA-Z\d]+", text)
    return st.tuples(*(_run(run, letters, numbers) for run in runs)).map("".join)


def _run(run: str, letters: Sequence[str], numbers: Sequence[str]) -> SearchStrategy[str]:
    if run.isdigit():
        return st.sampled_from(
            [each for each in dict.fromkeys(numbers) if len(each) == len(run)][:MAX_CHOICES] or [run]
        )
    if run.isalpha() and run.isascii():
        same = [letter for letter in letters if letter.isupper() == run.isupper()]
        return text_of(same, len(run), len(run)) if len(same) >= CLOSED_FROM else st.just(run)
    return st.just(run)


def _bytes(samples: Sequence[bytes], hint: ast.expr | None, depth: int) -> Values:
    choices = sorted(set(b"".join(samples)))[:MAX_CHOICES]
    low, high = _sizes(map(len, samples))
    return st.lists(st.sampled_from(choices), min_size=low, max_size=high).map(bytes) if choices else st.just(b"")


def _sizes(sizes: Any, spare: int = 2) -> tuple[int, int]:
    """The least and the largest size to draw."""
    known = list(sizes)
    return min(known), max(min(max(known) + spare, MAX_SIZE), min(known))


def _lists(samples: Sequence[list[Any]], hint: ast.expr | None, depth: int) -> Values:
    return _sequences(samples, hint, depth)


def _tuples(samples: Sequence[tuple[Any, ...]], hint: ast.expr | None, depth: int) -> Values:
    if len({len(each) for each in samples}) == 1:  # places with a meaning of their own
        return st.tuples(*(_like(column, None, depth + 1) for column in zip(*samples, strict=True)))
    return _sequences([list(each) for each in samples], hint, depth).map(tuple)


def _sequences(samples: Sequence[list[Any]], hint: ast.expr | None, depth: int) -> Values:
    pooled = [value for each in samples for value in each]
    if not pooled and not hint_arguments(hint):
        return st.just([])
    mixed = len({type(value) for value in pooled}) > 1
    if mixed and len({tuple(map(type, each)) for each in samples}) == 1:
        return st.tuples(*(_like(column, None, depth + 1) for column in zip(*samples, strict=True))).map(list)
    low, high = _sizes(map(len, samples))
    if _is_table(pooled, samples):
        return _tables(samples, low, high, depth)
    drawn = _varied(samples, _like(pooled, next(iter(hint_arguments(hint)), None), depth + 1), low, high)
    several = [each for each in samples if len(each) > 1]
    for reverse in (False, True):
        if several and all(_is_sorted(each, reverse) for each in several):
            return drawn.map(functools.partial(sorted, reverse=reverse))
    return drawn


def _varied(samples: Sequence[list[Any]], element: Values, low: int, high: int) -> Values:
    """Lists whose elements differ as those of the samples do: all of them, at least two, or as it comes."""
    several = [each for each in samples if len(each) > 1]
    kinds = [len(set(map(distinct_key, each))) for each in several]
    distinct = bool(several) and kinds == [len(each) for each in several]
    drawn: Values = st.lists(element, min_size=low, max_size=high, unique_by=distinct_key if distinct else None)
    if len(several) == len(samples) and all(kind > 1 for kind in kinds):
        return drawn.filter(lambda values: len(set(map(distinct_key, values))) > 1)
    return drawn


def _is_sorted(values: list[Any], reverse: bool) -> bool:
    try:
        return values == sorted(values, reverse=reverse)
    except TypeError:
        return False


def _is_table(pooled: Sequence[Any], samples: Sequence[list[Any]]) -> bool:
    rows = all(isinstance(value, list) and value for value in pooled)
    return bool(pooled) and rows and all(len({len(row) for row in each}) < 2 for each in samples if each)


def _tables(samples: Sequence[list[list[Any]]], low: int, high: int, depth: int) -> Values:
    """Lists of rows of one width each; as high as wide where all samples are."""
    filled = [each for each in samples if each]
    square = all(len(each) == len(each[0]) for each in filled)
    cell = _like([value for each in samples for row in each for value in row], None, depth + 2)
    widths = _sizes(len(each[0]) for each in filled)

    def of_width(width: int) -> Values:
        rows = (width, width) if square else (low, high)
        return st.lists(st.lists(cell, min_size=width, max_size=width), min_size=rows[0], max_size=rows[1])

    return st.sampled_from(range(widths[0], widths[1] + 1)).flatmap(of_width)


def _sets(samples: Sequence[Any], hint: ast.expr | None, depth: int) -> Values:
    pooled = sorted({value for each in samples for value in each}, key=repr)
    if not pooled and not hint_arguments(hint):
        return st.just(type(samples[0])())
    low, high = _sizes(map(len, samples))
    element = _like(pooled, next(iter(hint_arguments(hint)), None), depth + 1)
    return st.lists(element, min_size=low, max_size=high, unique_by=distinct_key).map(type(samples[0]))


def _dicts(samples: Sequence[dict[Any, Any]], hint: ast.expr | None, depth: int) -> Values:
    keys = list(dict.fromkeys(key for each in samples for key in each))
    if not keys and not hint_arguments(hint):
        return st.just({})
    if len({frozenset(each) for each in samples}) == 1 and len(samples) > 1:  # a record: its keys are its shape
        columns = [_like([each[key] for each in samples], None, depth + 1) for key in keys]
        return st.tuples(*columns).map(lambda values: dict(zip(keys, values, strict=True)))
    hints = [*hint_arguments(hint), None, None]
    values = [value for each in samples for value in each.values()]
    key = _like(keys, hints[0], depth + 1)
    low, high = _sizes(map(len, samples))
    pairs = st.tuples(key, _like(values, hints[1], depth + 1))
    return st.lists(pairs, min_size=low, max_size=high, unique_by=lambda pair: distinct_key(pair[0])).map(dict)


_LIKE: dict[type, Callable[[Any, ast.expr | None, int], Values]] = {
    type(None): lambda samples, hint, depth: st.none(),
    bool: _booleans,
    int: _integers,
    float: _floats,
    str: _texts,
    bytes: _bytes,
    list: _lists,
    tuple: _tuples,
    set: _sets,
    frozenset: _sets,
    dict: _dicts,
}
