"""Building blocks on lists, and on texts as sequences of characters."""

from __future__ import annotations

import itertools
import operator
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
        block("len({0})", "seq[T] -> int", "length count number size many long amount short", call=len),
        block("sum({0})", "list[num] -> num", "sum total add mean average", call=sum, grows=True),
        block("min({0})", "list[O] -> O", "minimum smallest least lowest shortest first earliest", call=min),
        block("max({0})", "list[O] -> O", "maximum largest biggest greatest highest longest latest most", call=max),
        block("min({0}, default=None)", "list[O] -> O", "minimum smallest least lowest shortest", cost=3),
        block("max({0}, default=None)", "list[O] -> O", "maximum largest biggest greatest longest highest", cost=3),
        block("any({0})", "list[bool] -> bool", "any some", call=any, cost=3),
        block("all({0})", "list[bool] -> bool", "all every", call=all, cost=3),
        block("{0} in {1}", "T,list[T] -> bool", "contain include in member repeat"),
        block("{0}.count({1})", "list[T],T -> int", "count occur often many frequency time repeat", cost=3),
        block("{0}.index({1})", "list[T],T -> int", "index position where", call=list.index, cost=3),
        block("bool({0})", "seq[T] -> bool", "empty nonempty", call=bool, cost=3),
        block("not {0}", "seq[T] -> bool", "empty", call=operator.not_, cost=3),
    )


def _elements() -> tuple[Operator, ...]:
    return (
        block("{0}[0]", "seq[T] -> T", "first initial head begin start acronym", cost=3),
        block("{0}[-1]", "seq[T] -> T", "last end final tail", cost=3),
        block("{0}[{1}]", "seq[T],int -> T", "index position element nth place second third middle", cost=3),
        block(
            "{0}[-{1}]",
            "seq[T],int -> T",
            "last largest end nth second",
            call=lambda s, n: s[-n] if n > 0 else s[len(s)],
            cost=4,
        ),
        block("{0}[1:]", "seq[T] -> seq[T]", "rest tail drop without first skip"),
        block("{0}[:-1]", "seq[T] -> seq[T]", "drop without last except init"),
        block("{0}[::-1]", "seq[T] -> seq[T]", "reverse backward palindrome mirror order flip"),
        block(
            "{0}[:{1}]",
            "seq[T],int -> seq[T]",
            "first prefix take truncate limit start until head short cut before",
            cost=3,
        ),
        block("{0}[{1}:]", "seq[T],int -> seq[T]", "rest drop skip after from suffix rotate", cost=3),
        block(
            "{0}[-{1}:]",
            "seq[T],int -> seq[T]",
            "last end suffix take tail",
            call=lambda s, n: s[-n:] if n > 0 else s[len(s) + 1 :][0],
            cost=3,
        ),
        block(
            "{0}[:-{1}]",
            "seq[T],int -> seq[T]",
            "drop without last except",
            call=lambda s, n: s[:-n] if n > 0 else s[len(s) + 1 :][0],
            cost=4,
        ),
        block("{0}[::2]", "seq[T] -> seq[T]", "every other alternate second even position", cost=3),
        block("{0}[1::2]", "seq[T] -> seq[T]", "every other alternate second odd position", cost=4),
        block("{0}[::{1}]", "seq[T],int -> seq[T]", "every nth step", cost=4),
        block("{0}[{1}:{1} + {2}]", "seq[T],int,int -> seq[T]", "slice chunk window part block group size", cost=3),
        block("{0}[{1}:{2}]", "seq[T],int,int -> seq[T]", "slice between part from substring", cost=4),
    )


def _orders() -> tuple[Operator, ...]:
    return (
        block(
            "sorted({0})", "list[O] -> list[O]", "sort order ascend largest smallest rank alphabetical median arrange"
        ),
        block(
            "sorted({0}, reverse=True)", "list[O] -> list[O]", "descend largest sort reverse rank top highest", cost=3
        ),
        block("sorted({0})", "str -> list[str]", "sort letter anagram same order alphabetical character", cost=2),
        block("set({0})", "list[K] -> set[K]", "unique distinct different duplicate once set repeat", call=set),
        block(
            "set({0})", "str -> set[str]", "unique distinct different duplicate letter character set pangram", cost=3
        ),
        block("sorted({0})", "set[O] -> list[O]", "sort order unique distinct largest smallest", call=sorted),
        block(
            "list(dict.fromkeys({0}))",
            "list[K] -> list[K]",
            "duplicate unique distinct repeat order once keep drop remove",
            cost=3,
        ),
        block(
            '"".join(dict.fromkeys({0}))',
            "str -> str",
            "duplicate unique distinct repeat once remove character",
            cost=4,
        ),
        block(
            "{0} + {1}",
            "list[T],list[T] -> list[T]",
            "concatenate append extend merge combine join rotate both",
            grows=True,
        ),
        block("[{0}]", "T -> list[T]", "append wrap single", cost=3),
        block("{0} * {1}", "list[T],int -> list[T]", "repeat times copy", call=_repeat, cost=5, grows=True),
        block("({0}, {1})", "T,U -> tuple[T,U]", "pair both tuple tie then break", cost=3),
        block("[{0}, {1}]", "T,T -> list[T]", "pair both", cost=5),
        block("{0}[0]", "tuple[T,U] -> T", "first key name"),
        block("{0}[1]", "tuple[T,U] -> U", "second value count"),
    )


def _pairings() -> tuple[Operator, ...]:
    return (
        block(
            "list(zip({0}, {1}))",
            "seq[T],seq[U] -> list[tuple[T,U]]",
            "pair zip together dot corresponding both two interleave differ hamming position",
            cost=3,
        ),
        block(
            "list(itertools.pairwise({0}))",
            "seq[T] -> list[tuple[T,T]]",
            "adjacent consecutive neighbour neighbor next difference increase sort ascend pair between",
            cost=3,
        ),
        block(
            "list(enumerate({0}))",
            "seq[T] -> list[tuple[int,T]]",
            "index position number enumerate place every weight",
            cost=3,
        ),
        block("list(enumerate({0}, 1))", "seq[T] -> list[tuple[int,T]]", "number line position enumerate list", cost=4),
        block(
            "list(itertools.chain.from_iterable({0}))",
            "list[list[T]] -> list[T]",
            "flat flatten nest merge concatenate level combine chain",
            cost=3,
            grows=True,
        ),
        block(
            "list(itertools.combinations({0}, 2))",
            "list[T] -> list[tuple[T,T]]",
            "pair combination every two distinct",
            call=_pairs,
            cost=5,
            grows=True,
        ),
        block(
            "list(itertools.product({0}, {1}))",
            "list[T],list[U] -> list[tuple[T,U]]",
            "product cartesian every pair cross combination",
            call=_product,
            cost=5,
            grows=True,
        ),
        block(
            "[list(column) for column in zip(*{0})]",
            "list[list[T]] -> list[list[T]]",
            "transpose column row matrix rotate swap",
            cost=4,
        ),
        block(
            "[(key, len(list(group))) for key, group in itertools.groupby({0})]",
            "seq[K] -> list[tuple[K,int]]",
            "run consecutive encode compress group length",
            cost=5,
        ),
        block(
            "[key for key, _ in itertools.groupby({0})]",
            "list[K] -> list[K]",
            "consecutive adjacent duplicate repeat collapse squeeze",
            cost=5,
        ),
    )


def _library() -> tuple[Operator, ...]:
    return (
        *_windows(),
        *_arrangements(),
        block("statistics.mean({0})", "list[num] -> float", "mean average arithmetic", cost=4, grows=True),
        block("statistics.median({0})", "list[num] -> float", "median middle", cost=4, grows=True),
        block("statistics.mode({0})", "list[K] -> K", "mode common frequent most", cost=4),
        block("statistics.median_low({0})", "list[num] -> num", "median lower middle", cost=5),
        block("statistics.multimode({0})", "list[K] -> list[K]", "mode common frequent most all tie", cost=5),
        block("statistics.harmonic_mean({0})", "list[num] -> float", "harmonic mean", cost=5, grows=True),
        block("statistics.geometric_mean({0})", "list[num] -> float", "geometric mean", cost=5, grows=True),
        block("statistics.pvariance({0})", "list[num] -> float", "variance spread population", cost=5, grows=True),
        block(
            "statistics.pstdev({0})", "list[num] -> float", "standard deviation spread population", cost=5, grows=True
        ),
        block("statistics.stdev({0})", "list[num] -> float", "standard deviation spread sample", cost=5, grows=True),
        block("math.prod({0})", "list[num] -> num", "product multiply factorial", call=_prod, cost=3, grows=True),
        block(
            "list(itertools.accumulate({0}))",
            "list[num] -> list[num]",
            "running cumulative total accumulate prefix sum",
            cost=4,
            grows=True,
        ),
        block(
            "list(itertools.accumulate({0}, max))",
            "list[O] -> list[O]",
            "running cumulative maximum rolling prefix so far",
            cost=5,
        ),
    )


def _windows() -> tuple[Operator, ...]:
    return (
        block(
            "[{0}[i : i + {1}] for i in range(len({0}) - {1} + 1)]",
            "str,int -> list[str]",
            "window slide substring consecutive ngram gram length",
            call=_slid,
            cost=5,
            grows=True,
        ),
        block(
            "[{0}[i : i + {1}] for i in range(len({0}) - {1} + 1)]",
            "list[T],int -> list[list[T]]",
            "window slide consecutive size moving",
            call=_slid,
            cost=5,
            grows=True,
        ),
        block(
            "[{0}[: i + 1] for i in range(len({0}))]",
            "str -> list[str]",
            "prefix start substring grow",
            call=lambda text: [text[: i + 1] for i in range(len(_few(text, 60)))],
            cost=5,
            grows=True,
        ),
        block(
            "[{0}[i:] for i in range(len({0}))]",
            "str -> list[str]",
            "suffix end tail",
            call=lambda text: [text[i:] for i in range(len(_few(text, 60)))],
            cost=5,
            grows=True,
        ),
        block(
            '["".join(group) for _, group in itertools.groupby({0})]',
            "str -> list[str]",
            "run consecutive group same split adjacent",
            cost=5,
        ),
        block(
            "[list(group) for _, group in itertools.groupby({0})]",
            "list[K] -> list[list[K]]",
            "run consecutive group same adjacent",
            cost=5,
        ),
    )


def _slid(items: Any, width: int) -> list[Any]:
    if width < 1:
        raise TooLargeError
    return [items[i : i + width] for i in range(len(_few(items, 200)) - width + 1)]


def _arrangements() -> tuple[Operator, ...]:
    return (
        block(
            '["".join(letters) for letters in itertools.permutations({0})]',
            "str -> list[str]",
            "permutation arrange anagram order",
            call=lambda text: ["".join(letters) for letters in itertools.permutations(_few(text, 5))],
            cost=5,
            grows=True,
        ),
        block("list(reversed({0}))", "list[T] -> list[T]", "reverse backward", cost=5),
    )


def _prod(numbers: Any) -> Any:
    import math

    return math.prod(_few(numbers, 200))
