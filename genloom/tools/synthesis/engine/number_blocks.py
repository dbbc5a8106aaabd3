"""Building blocks on numbers and truth values."""

from __future__ import annotations

import math
import operator
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import MAX_ITEMS, TooLargeError
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks", "span"]


MAX_DIVIDED = 5_000
"""Up to this number divisors are looked for one by one."""


def span(start: int, stop: int, step: int = 1) -> list[int]:
    """`range` as a list, refused when it is longer than any answer needs."""
    numbers = range(start, stop, step)
    if len(numbers) > MAX_ITEMS:
        raise TooLargeError
    return list(numbers)


def _power(base: Any, exponent: Any) -> Any:
    if abs(exponent) > 64 or abs(base) > 10**6:
        raise TooLargeError
    value = base**exponent
    if isinstance(value, complex):
        raise TypeError
    return value


def _shifted_up(number: int, places: int) -> int:
    if places > 64:
        raise TooLargeError
    return number << places


def _shifted_down(number: int, places: int) -> int:
    return number >> places


def _factorial(number: int) -> int:
    if number > 100:
        raise TooLargeError
    return math.factorial(number)


def _combinations(total: int, chosen: int) -> int:
    if total > 200:
        raise TooLargeError
    return math.comb(total, chosen)


def _permutations(total: int, chosen: int) -> int:
    if total > 200:
        raise TooLargeError
    return math.perm(total, chosen)


def blocks() -> tuple[Operator, ...]:
    """The blocks, cheapest and commonest first."""
    return _arithmetic() + _comparisons() + _functions() + _conversions()


def _arithmetic() -> tuple[Operator, ...]:
    return (
        block("{0} + {1}", "num,num -> num", "add sum plus total increase", grows=True, symmetric=True),
        block("{0} - {1}", "num,num -> num", "subtract minus difference less decrease between fewer", grows=True),
        block("{0} * {1}", "num,num -> num", "multiply product times area volume scale", grows=True, symmetric=True),
        block("{0} / {1}", "num,num -> float", "divide ratio mean average per half percent fraction", grows=True),
        block("{0} // {1}", "int,int -> int", "quotient divide whole half floor integer middle", cost=3),
        block("{0} % {1}", "num,num -> num", "remainder modulo mod wrap rest fraction decimal", cost=3, grows=True),
        block("{0} ** {1}", "num,num -> num", "power square cube raise exponent", call=_power, cost=3, grows=True),
        block("{0} ** 2", "num -> num", "square area", cost=3, grows=True),
        block("{0} ** 3", "num -> num", "cube volume", cost=4, grows=True),
        block("-{0}", "num -> num", "negate negative opposite sign invert", call=operator.neg),
        block("abs({0})", "num -> num", "absolute distance magnitude difference gap", call=abs),
        block(
            "min({0}, {1})",
            "num,num -> num",
            "minimum smaller smallest least limit clamp cap lower most",
            cost=3,
            symmetric=True,
        ),
        block(
            "max({0}, {1})",
            "num,num -> num",
            "maximum larger largest bigger greatest limit clamp least floor",
            cost=3,
            symmetric=True,
        ),
        block("{0} & {1}", "int,int -> int", "bit bitwise mask", call=operator.and_, cost=5, symmetric=True),
        block("{0} | {1}", "int,int -> int", "bit bitwise set", call=operator.or_, cost=5, symmetric=True),
        block("{0} >> {1}", "int,int -> int", "shift bit right", call=_shifted_down, cost=5),
        block("{0} << {1}", "int,int -> int", "shift bit left", call=_shifted_up, cost=5, grows=True),
        block("divmod({0}, {1})", "int,int -> tuple[int,int]", "quotient remainder divide both", call=divmod, cost=5),
        block("{0} ^ {1}", "int,int -> int", "xor bit bitwise toggle", call=operator.xor, cost=5, symmetric=True),
    )


def _comparisons() -> tuple[Operator, ...]:
    return (
        block("{0} == {1}", "T,T -> bool", "equal same identical match", call=operator.eq, cost=2, symmetric=True),
        block("{0} != {1}", "T,T -> bool", "differ unequal different except change", cost=3, symmetric=True),
        block(
            "{0} < {1}",
            "num,num -> bool",
            "less below smaller under before negative increase ascend sort short more greater exceed over above",
        ),
        block(
            "{0} <= {1}",
            "num,num -> bool",
            "most least more within ascend sort order minimum maximum between inclusive",
            call=operator.le,
            cost=3,
        ),
        block("{0} < {1}", "str,str -> bool", "before alphabetical order", call=operator.lt, cost=3),
        block("{0} % 2 == 0", "int -> bool", "even", cost=3),
        block("{0} % 2 == 1", "int -> bool", "odd", cost=3),
        block("{0} % {1} == 0", "int,int -> bool", "multiple divisible divide divisor factor", cost=3),
        block("{0} > 0", "num -> bool", "positive above greater", cost=3),
        block("{0} < 0", "num -> bool", "negative below", cost=3),
        block("not {0}", "bool -> bool", "without exclude neither opposite drop remove except", call=operator.not_),
    )


def _functions() -> tuple[Operator, ...]:
    return (
        block("round({0})", "float -> int", "round nearest", call=round, cost=3),
        block(
            "round({0}, {1})",
            "float,int -> float",
            "round decimal place digit precision",
            call=lambda x, n: round(x, n if -9 < n < 15 else 1 // 0),
            cost=3,
        ),
        block("int({0})", "float -> int", "integer truncate whole decimal", call=int, cost=3),
        block("math.floor({0})", "float -> int", "floor down whole", call=math.floor, cost=4, grows=True),
        block("math.ceil({0})", "float -> int", "ceil up", call=math.ceil, cost=4, grows=True),
        block("math.sqrt({0})", "num -> float", "square root distance length", call=math.sqrt, cost=4, grows=True),
        block("math.isqrt({0})", "int -> int", "square root integer perfect", call=math.isqrt, cost=4, grows=True),
        block(
            "math.gcd({0}, {1})",
            "int,int -> int",
            "greatest common divisor gcd factor denominator",
            cost=4,
            symmetric=True,
            grows=True,
        ),
        block("math.lcm({0}, {1})", "int,int -> int", "least common multiple lcm", cost=4, symmetric=True, grows=True),
        block(
            "math.factorial({0})", "int -> int", "factorial permutation arrange", call=_factorial, cost=4, grows=True
        ),
        block(
            "math.comb({0}, {1})", "int,int -> int", "choose combination way", call=_combinations, cost=5, grows=True
        ),
        block("math.hypot({0}, {1})", "num,num -> float", "hypotenuse distance length triangle", cost=5, grows=True),
        block(
            "math.perm({0}, {1})", "int,int -> int", "permutation arrange way", call=_permutations, cost=5, grows=True
        ),
        block("math.exp({0})", "num -> float", "exponential exp growth", call=math.exp, cost=5, grows=True),
        block("math.log({0})", "num -> float", "natural log logarithm", call=math.log, cost=5, grows=True),
        block("math.sin({0})", "num -> float", "sine angle", call=math.sin, cost=5, grows=True),
        block("math.cos({0})", "num -> float", "cosine angle", call=math.cos, cost=5, grows=True),
        block("math.log2({0})", "num -> float", "log logarithm bit", call=math.log2, cost=5, grows=True),
        block("math.log10({0})", "num -> float", "log logarithm digit", call=math.log10, cost=5, grows=True),
        block("math.radians({0})", "num -> float", "radian degree angle", call=math.radians, cost=5, grows=True),
        block("math.degrees({0})", "num -> float", "radian degree angle", call=math.degrees, cost=5, grows=True),
        block("math.pi * {0}", "num -> float", "circle circumference area radius", cost=5, grows=True),
        block("{0}.bit_count()", "int -> int", "bit binary one set popcount", call=int.bit_count, cost=5),
        block("{0}.bit_length()", "int -> int", "bit binary length", call=int.bit_length, cost=5),
    )


def _divisors(number: int) -> list[int]:
    if number > MAX_DIVIDED:
        raise TooLargeError
    return [d for d in range(1, number + 1) if number % d == 0]


def _conversions() -> tuple[Operator, ...]:
    return (
        block(
            "[d for d in range(1, {0} + 1) if {0} % d == 0]",
            "int -> list[int]",
            "divisor factor divide divisible perfect",
            call=_divisors,
            cost=5,
            grows=True,
        ),
        block("[int(digit) for digit in str({0})]", "int -> list[int]", "digit", cost=5),
        block("list(range({0}))", "int -> list[int]", "range upto below first count number", call=span, cost=3),
        block(
            "list(range(1, {0} + 1))",
            "int -> list[int]",
            "number first upto series sum factor divisor",
            call=lambda n: span(1, n + 1),
            cost=3,
        ),
        block("list(range({0}, {1}))", "int,int -> list[int]", "range between number", call=span, cost=3),
        block(
            "list(range({0}, {1} + 1))",
            "int,int -> list[int]",
            "range between inclusive number",
            call=lambda a, b: span(a, b + 1),
            cost=4,
        ),
        block(
            "list(range(0, {0}, {1}))",
            "int,int -> list[int]",
            "step every chunk group batch slice block",
            call=lambda n, k: span(0, n, k),
            cost=4,
        ),
        block("str({0})", "num -> str", "text string digit decimal", call=str, cost=3),
        block("int({0})", "str -> int", "number integer digit parse convert", call=int, cost=2, grows=True),
        block("float({0})", "str -> float", "number decimal parse convert float", call=float, cost=3, grows=True),
        block("int({0}, {1})", "str,int -> int", "binary base hexadecimal octal parse", cost=5, grows=True),
        block('format({0}, "b")', "int -> str", "binary bit", cost=5),
        block('format({0}, "x")', "int -> str", "hexadecimal hex", cost=5),
        block('format({0}, "o")', "int -> str", "octal", cost=5),
        block('format({0}, ",")', "num -> str", "thousand separator comma group format", cost=5),
        block('format({0}, ".2f")', "num -> str", "decimal cent price money currency place two format", cost=5),
        block('format({0}, ".1f")', "num -> str", "decimal place one format", cost=5),
        block("float({0})", "int -> float", "float decimal", call=float, cost=4),
    )
