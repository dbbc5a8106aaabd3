"""Shrinking: how an argument becomes smaller from call to call of a recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.forms import element_kind

__all__ = ["Shape", "shapes_of"]


@dataclass(frozen=True)
class Shape:
    """How an argument becomes smaller: the test of the base, the code of what is smaller, and both as functions. `parts`
    are further variables that a step may read (the first element), by code."""

    base_test: str
    smaller: tuple[str, ...]
    is_base: Callable[[Any], bool]
    shrink: tuple[Callable[[Any], Any], ...]
    parts: tuple[tuple[str, str, Callable[[Any], Any]], ...] = ()


def shapes_of(name: str, kind: str) -> Iterator[Shape]:
    """The ways in which an argument of a kind becomes smaller."""
    if kind == "int":
        less, twice = (f"{name} - 1",), (f"{name} - 1", f"{name} - 2")
        yield Shape(f"{name} <= 0", less, lambda n: n <= 0, (lambda n: n - 1,))
        yield Shape(f"{name} <= 1", less, lambda n: n <= 1, (lambda n: n - 1,))
        yield Shape(f"{name} <= 1", twice, lambda n: n <= 1, (lambda n: n - 1, lambda n: n - 2))
        for base in (2, 10):
            yield Shape(
                f"{name} < {base}",
                (f"{name} // {base}",),
                lambda n, base=base: 0 <= n < base,  # type: ignore[misc]  # bound at once
                (lambda n, base=base: n // base,),  # type: ignore[misc]
                ((f"{name} % {base}", "int", lambda n, base=base: n % base),),  # type: ignore[misc]
            )
    elif element_kind(kind):
        first = (f"{name}[0]", element_kind(kind), lambda items: items[0])
        yield Shape(f"not {name}", (f"{name}[1:]",), lambda items: not items, (lambda items: items[1:],), (first,))
