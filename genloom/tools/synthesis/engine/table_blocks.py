"""Building blocks on dictionaries, counters and sets."""

from __future__ import annotations

import operator

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks"]


def blocks() -> tuple[Operator, ...]:
    """The blocks, cheapest and commonest first."""
    return _tables() + _counters() + _sets()


def _tables() -> tuple[Operator, ...]:
    return (
        block("list({0})", "dict[K,T] -> list[K]", "key name", call=list),
        block("list({0}.values())", "dict[K,T] -> list[T]", "value total sum amount"),
        block("list({0}.items())", "dict[K,T] -> list[tuple[K,T]]", "item pair entry key value"),
        block("{0}[{1}]", "dict[K,T],K -> T", "look key value of", call=operator.getitem, cost=2),
        block("{0}.get({1}, {2})", "dict[K,T],K,T -> T", "look default missing key get else", cost=3),
        block("{1} in {0}", "dict[K,T],K -> bool", "contain key has", cost=3),
        block("len({0})", "dict[K,T] -> int", "count number size many", call=len, cost=3),
        block("{0} | {1}", "dict[K,T],dict[K,T] -> dict[K,T]", "merge combine union update", cost=2, grows=True),
        block(
            "dict(zip({0}, {1}))", "list[K],list[T] -> dict[K,T]", "dictionary map pair zip combine key build", cost=3
        ),
        block("dict({0})", "list[tuple[K,T]] -> dict[K,T]", "dictionary map pair", call=dict, cost=2),
        block(
            "{{value: key for key, value in {0}.items()}}",
            "dict[K,U] -> dict[U,K]",
            "invert swap reverse key value flip",
            call=_inverted,
            cost=3,
        ),
        block("max({0}, key={0}.get)", "dict[K,O] -> K", "most highest largest key common frequent", cost=5),
        block("min({0}, key={0}.get)", "dict[K,O] -> K", "least lowest smallest key", cost=5),
        block("dict(sorted({0}.items()))", "dict[O,T] -> dict[O,T]", "sort key order", cost=5),
    )


def _inverted(table: dict[object, object]) -> dict[object, object]:
    return {value: key for key, value in table.items()}


def _counters() -> tuple[Operator, ...]:
    return (
        block(
            "dict(collections.Counter({0}))",
            "list[K] -> dict[K,int]",
            "count frequency occur histogram tally often many",
            cost=3,
        ),
        block(
            "dict(collections.Counter({0}))",
            "str -> dict[str,int]",
            "count frequency occur histogram tally often letter character anagram",
            cost=3,
        ),
        block(
            "collections.Counter({0}).most_common(1)[0][0]", "seq[K] -> K", "most common frequent often mode", cost=4
        ),
        block(
            "[item for item, count in collections.Counter({0}).items() if count > 1]",
            "seq[K] -> list[K]",
            "duplicate repeat more twice occur",
            cost=5,
        ),
        block(
            "[item for item, count in collections.Counter({0}).items() if count == 1]",
            "seq[K] -> list[K]",
            "once unique single exactly occur",
            cost=5,
        ),
        block(
            "collections.Counter({0}).most_common({1})",
            "seq[K],int -> list[tuple[K,int]]",
            "most common frequent top",
            cost=5,
        ),
    )


def _sets() -> tuple[Operator, ...]:
    return (
        block("len({0})", "set[K] -> int", "count number size many distinct unique", call=len, cost=2),
        block("{0} & {1}", "set[K],set[K] -> set[K]", "common both intersect share overlap", cost=2, symmetric=True),
        block("{0} | {1}", "set[K],set[K] -> set[K]", "union either all combine", cost=3, symmetric=True),
        block("{0} - {1}", "set[K],set[K] -> set[K]", "difference without missing minus exclude", cost=3),
        block("{0} ^ {1}", "set[K],set[K] -> set[K]", "symmetric difference either exclusive", cost=5, symmetric=True),
        block("{0} <= {1}", "set[K],set[K] -> bool", "subset contain all within pangram", call=operator.le, cost=3),
        block("{0}.isdisjoint({1})", "set[K],set[K] -> bool", "disjoint common share overlap", cost=5, symmetric=True),
        block("{0} in {1}", "K,set[K] -> bool", "contain include member", cost=3),
    )
