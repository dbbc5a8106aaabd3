"""Building blocks on lists, and on texts as sequences of characters."""

from __future__ import annotations

import itertools
import operator
import statistics
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import MAX_ITEMS, TooLargeError
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks"]


def _few(items: Any, limit: int) -> Any:
    if len(items) > limit:
        raise TooLargeError
    return items


def _repeat(items: Any, count: int) -> Any:
    if len(items) * max(count, 0) > MAX_ITEMS:
        raise TooLargeError
    return items * count


def _pairs(items: Any) -> Any:
    return list(itertools.combinations(_few(items, 30), 2))


def _product(one: Any, other: Any) -> Any:
    return list(itertools.product(_few(one, 20), _few(other, 20)))


def blocks() -> tuple[Operator, ...]:
    """The blocks, cheapest and commonest first."""
    return _reductions() + _elements() + _orders() + _pairings() + _library()


def _reductions() -> tuple[Operator, ...]:
    return (
        block("len({0})", "seq[T] -> int", len, "length count number size many long amount short"),
        block("sum({0})", "list[num] -> num", sum, "sum total add mean average", grows=True),
        block("min({0})", "list[O] -> O", min, "minimum smallest least lowest shortest first earliest"),
        block("max({0})", "list[O] -> O", max, "maximum largest biggest greatest highest longest latest most"),
        block("any({0})", "list[bool] -> bool", any, "any some", cost=3),
        block("all({0})", "list[bool] -> bool", all, "all every", cost=3),
        block("{0} in {1}", "T,list[T] -> bool", lambda item, items: item in items, "contain include in member repeat"),
        block("{0}.count({1})", "list[T],T -> int", list.count, "count occur often many frequency time repeat", cost=3),
        block("{0}.index({1})", "list[T],T -> int", list.index, "index position where", cost=3),
        block("bool({0})", "seq[T] -> bool", bool, "empty nonempty", cost=3),
        block("not {0}", "seq[T] -> bool", operator.not_, "empty", cost=3),
    )


def _elements() -> tuple[Operator, ...]:
    return (
        block("{0}[0]", "seq[T] -> T", lambda s: s[0], "first initial head begin start acronym"),
        block("{0}[-1]", "seq[T] -> T", lambda s: s[-1], "last end final tail"),
        block("{0}[{1}]", "seq[T],int -> T", operator.getitem, "index position element nth place second third middle", cost=3),
        block("{0}[-{1}]", "seq[T],int -> T", lambda s, n: s[-n] if n > 0 else s[len(s)], "last largest end nth second", cost=4),
        block("{0}[1:]", "seq[T] -> seq[T]", lambda s: s[1:], "rest tail drop without first skip"),
        block("{0}[:-1]", "seq[T] -> seq[T]", lambda s: s[:-1], "drop without last except init"),
        block("{0}[::-1]", "seq[T] -> seq[T]", lambda s: s[::-1], "reverse backward palindrome mirror order flip"),
        block("{0}[:{1}]", "seq[T],int -> seq[T]", lambda s, n: s[:n], "first prefix take truncate limit start until head short cut before", cost=3),
        block("{0}[{1}:]", "seq[T],int -> seq[T]", lambda s, n: s[n:], "rest drop skip after from suffix rotate", cost=3),
        block("{0}[-{1}:]", "seq[T],int -> seq[T]", lambda s, n: s[-n:] if n > 0 else s[len(s) + 1 :][0], "last end suffix take tail", cost=3),
        block("{0}[:-{1}]", "seq[T],int -> seq[T]", lambda s, n: s[:-n] if n > 0 else s[len(s) + 1 :][0], "drop without last except", cost=4),
        block("{0}[::2]", "seq[T] -> seq[T]", lambda s: s[::2], "every other alternate second even position", cost=3),
        block("{0}[1::2]", "seq[T] -> seq[T]", lambda s: s[1::2], "every other alternate second odd position", cost=4),
        block("{0}[::{1}]", "seq[T],int -> seq[T]", lambda s, n: s[::n], "every nth step", cost=4),
        block("{0}[{1}:{1} + {2}]", "seq[T],int,int -> seq[T]", lambda s, i, n: s[i : i + n], "slice chunk window part block group size", cost=3),
        block("{0}[{1}:{2}]", "seq[T],int,int -> seq[T]", lambda s, i, j: s[i:j], "slice between part from substring", cost=4),
    )  # fmt: skip


def _orders() -> tuple[Operator, ...]:
    return (
        block("sorted({0})", "list[O] -> list[O]", sorted, "sort order ascend largest smallest rank alphabetical median arrange"),
        block("sorted({0}, reverse=True)", "list[O] -> list[O]", lambda s: sorted(s, reverse=True), "descend largest sort reverse rank top highest", cost=3),
        block("sorted({0})", "str -> list[str]", sorted, "sort letter anagram same order alphabetical character", cost=2),
        block("set({0})", "list[K] -> set[K]", set, "unique distinct different duplicate once set repeat"),
        block("set({0})", "str -> set[str]", set, "unique distinct different duplicate letter character set pangram", cost=3),
        block("sorted({0})", "set[O] -> list[O]", sorted, "sort order unique distinct largest smallest"),
        block("list(dict.fromkeys({0}))", "list[K] -> list[K]", lambda s: list(dict.fromkeys(s)), "duplicate unique distinct repeat order once keep drop remove", cost=3),
        block('"".join(dict.fromkeys({0}))', "str -> str", lambda s: "".join(dict.fromkeys(s)), "duplicate unique distinct repeat once remove character", cost=4),
        block("{0} + {1}", "list[T],list[T] -> list[T]", operator.add, "concatenate append extend merge combine join rotate both", grows=True),
        block("[{0}]", "T -> list[T]", lambda x: [x], "append wrap single", cost=3),
        block("{0} * {1}", "list[T],int -> list[T]", _repeat, "repeat times copy", cost=4, grows=True),
        block("({0}, {1})", "T,U -> tuple[T,U]", lambda a, b: (a, b), "pair both tuple", cost=3),
        block("[{0}, {1}]", "T,T -> list[T]", lambda a, b: [a, b], "pair both", cost=4),
        block("{0}[0]", "tuple[T,U] -> T", lambda t: t[0], "first key name"),
        block("{0}[1]", "tuple[T,U] -> U", lambda t: t[1], "second value count"),
    )  # fmt: skip


def _pairings() -> tuple[Operator, ...]:
    return (
        block("list(zip({0}, {1}))", "seq[T],seq[U] -> list[tuple[T,U]]", lambda a, b: list(zip(a, b, strict=False)), "pair zip together dot corresponding both two interleave differ hamming position", cost=3),
        block("list(itertools.pairwise({0}))", "seq[T] -> list[tuple[T,T]]", lambda s: list(itertools.pairwise(s)), "adjacent consecutive neighbour neighbor next difference increase sort ascend pair between", cost=3, imports="import itertools"),
        block("list(enumerate({0}))", "seq[T] -> list[tuple[int,T]]", lambda s: list(enumerate(s)), "index position number enumerate place every weight", cost=3),
        block("list(enumerate({0}, 1))", "seq[T] -> list[tuple[int,T]]", lambda s: list(enumerate(s, 1)), "number line position enumerate list", cost=4),
        block("list(itertools.chain.from_iterable({0}))", "list[list[T]] -> list[T]", lambda s: list(itertools.chain.from_iterable(s)), "flat flatten nest merge concatenate level combine chain", cost=3, imports="import itertools", grows=True),
        block("list(itertools.combinations({0}, 2))", "list[T] -> list[tuple[T,T]]", _pairs, "pair combination every two distinct", cost=4, imports="import itertools", grows=True),
        block("list(itertools.product({0}, {1}))", "list[T],list[U] -> list[tuple[T,U]]", _product, "product cartesian every pair cross combination", cost=4, imports="import itertools", grows=True),
        block("[list(column) for column in zip(*{0})]", "list[list[T]] -> list[list[T]]", lambda m: [list(c) for c in zip(*m, strict=False)], "transpose column row matrix rotate swap", cost=4),
        block("[(key, len(list(group))) for key, group in itertools.groupby({0})]", "seq[K] -> list[tuple[K,int]]", lambda s: [(k, len(list(g))) for k, g in itertools.groupby(s)], "run consecutive encode compress group length", cost=4, imports="import itertools"),
        block("[key for key, _ in itertools.groupby({0})]", "list[K] -> list[K]", lambda s: [k for k, _ in itertools.groupby(s)], "consecutive adjacent duplicate repeat collapse squeeze", cost=4, imports="import itertools"),
    )  # fmt: skip


def _library() -> tuple[Operator, ...]:
    numbers: dict[str, Any] = {"imports": "import statistics", "grows": True}
    return (
        block("statistics.mean({0})", "list[num] -> float", statistics.mean, "mean average arithmetic", cost=4, **numbers),
        block("statistics.median({0})", "list[num] -> float", statistics.median, "median middle", cost=4, **numbers),
        block("statistics.mode({0})", "list[K] -> K", statistics.mode, "mode common frequent most", cost=4, imports="import statistics"),
        block("statistics.pstdev({0})", "list[num] -> float", statistics.pstdev, "standard deviation spread population", cost=5, **numbers),
        block("statistics.stdev({0})", "list[num] -> float", statistics.stdev, "standard deviation spread sample", cost=5, **numbers),
        block("math.prod({0})", "list[num] -> num", _prod, "product multiply factorial", cost=3, imports="import math", grows=True),
        block("list(itertools.accumulate({0}))", "list[num] -> list[num]", lambda s: list(itertools.accumulate(s)), "running cumulative total accumulate prefix sum", cost=4, imports="import itertools", grows=True),
        block("list(itertools.accumulate({0}, max))", "list[O] -> list[O]", lambda s: list(itertools.accumulate(s, max)), "running cumulative maximum rolling prefix so far", cost=4, imports="import itertools"),
    )  # fmt: skip


def _prod(numbers: Any) -> Any:
    import math

    return math.prod(_few(numbers, 200))
