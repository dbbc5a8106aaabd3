"""Building blocks on dictionaries, counters and sets."""

from __future__ import annotations

import operator
from collections import Counter

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks"]


def blocks() -> tuple[Operator, ...]:
    """The blocks, cheapest and commonest first."""
    return _tables() + _counters() + _sets()


def _tables() -> tuple[Operator, ...]:
    return (
        block("list({0})", "dict[K,T] -> list[K]", list, "key name"),
        block("list({0}.values())", "dict[K,T] -> list[T]", lambda d: list(d.values()), "value total sum amount"),
        block("list({0}.items())", "dict[K,T] -> list[tuple[K,T]]", lambda d: list(d.items()), "item pair entry key value"),
        block("{0}[{1}]", "dict[K,T],K -> T", operator.getitem, "look key value of", cost=2),
        block("{0}.get({1}, {2})", "dict[K,T],K,T -> T", lambda d, k, v: d.get(k, v), "look default missing key get else", cost=3),
        block("{1} in {0}", "dict[K,T],K -> bool", lambda d, k: k in d, "contain key has", cost=3),
        block("len({0})", "dict[K,T] -> int", len, "count number size many", cost=3),
        block("{0} | {1}", "dict[K,T],dict[K,T] -> dict[K,T]", operator.or_, "merge combine union update", cost=2, grows=True),
        block("dict({0})", "list[tuple[K,T]] -> dict[K,T]", dict, "dictionary map pair", cost=2),
        block("{{value: key for key, value in {0}.items()}}", "dict[K,U] -> dict[U,K]", _inverted, "invert swap reverse key value flip", cost=3),
        block("max({0}, key={0}.get)", "dict[K,O] -> K", lambda d: max(d, key=d.__getitem__), "most highest largest key common frequent", cost=4),
        block("min({0}, key={0}.get)", "dict[K,O] -> K", lambda d: min(d, key=d.__getitem__), "least lowest smallest key", cost=4),
        block("dict(sorted({0}.items()))", "dict[O,T] -> dict[O,T]", lambda d: dict(sorted(d.items(), key=operator.itemgetter(0))), "sort key order", cost=4),
    )  # fmt: skip


def _inverted(table: dict[object, object]) -> dict[object, object]:
    return {value: key for key, value in table.items()}


def _counters() -> tuple[Operator, ...]:
    counter = "import collections"
    return (
        block("dict(collections.Counter({0}))", "list[K] -> dict[K,int]", lambda s: dict(Counter(s)), "count frequency occur histogram tally often many", cost=3, imports=counter),
        block("dict(collections.Counter({0}))", "str -> dict[str,int]", lambda s: dict(Counter(s)), "count frequency occur histogram tally often letter character anagram", cost=3, imports=counter),
        block("collections.Counter({0}).most_common(1)[0][0]", "seq[K] -> K", lambda s: Counter(s).most_common(1)[0][0], "most common frequent often mode", cost=4, imports=counter),
        block("collections.Counter({0}).most_common({1})", "seq[K],int -> list[tuple[K,int]]", lambda s, n: Counter(s).most_common(n), "most common frequent top", cost=4, imports=counter),
    )  # fmt: skip


def _sets() -> tuple[Operator, ...]:
    return (
        block("len({0})", "set[K] -> int", len, "count number size many distinct unique", cost=2),
        block("{0} & {1}", "set[K],set[K] -> set[K]", operator.and_, "common both intersect share overlap", cost=2, symmetric=True),
        block("{0} | {1}", "set[K],set[K] -> set[K]", operator.or_, "union either all combine", cost=3, symmetric=True),
        block("{0} - {1}", "set[K],set[K] -> set[K]", operator.sub, "difference without missing minus exclude", cost=3),
        block("{0} ^ {1}", "set[K],set[K] -> set[K]", operator.xor, "symmetric difference either exclusive", cost=4, symmetric=True),
        block("{0} <= {1}", "set[K],set[K] -> bool", operator.le, "subset contain all within pangram", cost=3),
        block("{0}.isdisjoint({1})", "set[K],set[K] -> bool", set.isdisjoint, "disjoint common share overlap", cost=4, symmetric=True),
        block("{0} in {1}", "K,set[K] -> bool", lambda item, items: item in items, "contain include member", cost=3),
        block("frozenset({0})", "set[K] -> set[K]", frozenset, "frozenset immutable", cost=6),
    )  # fmt: skip
