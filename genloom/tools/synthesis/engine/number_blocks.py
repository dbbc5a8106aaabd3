"""Building blocks on numbers and truth values."""

from __future__ import annotations

import math
import operator
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import MAX_ITEMS, TooLargeError
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks", "span"]


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


def _factorial(number: int) -> int:
    if number > 100:
        raise TooLargeError
    return math.factorial(number)


def _combinations(total: int, chosen: int) -> int:
    if total > 200:
        raise TooLargeError
    return math.comb(total, chosen)


def blocks() -> tuple[Operator, ...]:
    """The blocks, cheapest and commonest first."""
    return _arithmetic() + _comparisons() + _functions() + _conversions()


def _arithmetic() -> tuple[Operator, ...]:
    return (
        block("{0} + {1}", "num,num -> num", operator.add, "add sum plus total increase more", grows=True, symmetric=True),
        block("{0} - {1}", "num,num -> num", operator.sub, "subtract minus difference less decrease between range fewer", grows=True),
        block("{0} * {1}", "num,num -> num", operator.mul, "multiply product times area volume scale", grows=True, symmetric=True),
        block("{0} / {1}", "num,num -> float", operator.truediv, "divide ratio mean average per half percent fraction", grows=True),
        block("{0} // {1}", "int,int -> int", operator.floordiv, "quotient divide whole half floor integer middle", cost=3),
        block("{0} % {1}", "num,num -> num", operator.mod, "remainder modulo mod wrap rest fraction decimal", cost=3, grows=True),
        block("{0} ** {1}", "num,num -> num", _power, "power square cube raise exponent", cost=3, grows=True),
        block("-{0}", "num -> num", operator.neg, "negate negative opposite sign invert"),
        block("abs({0})", "num -> num", abs, "absolute distance magnitude difference gap"),
        block("min({0}, {1})", "num,num -> num", min, "minimum smaller smallest least limit clamp cap lower most", cost=3, symmetric=True),
        block("max({0}, {1})", "num,num -> num", max, "maximum larger largest bigger greatest limit clamp least floor", cost=3, symmetric=True),
        block("{0} & {1}", "int,int -> int", operator.and_, "bit bitwise mask", cost=5, symmetric=True),
        block("{0} ^ {1}", "int,int -> int", operator.xor, "xor bit bitwise toggle", cost=5, symmetric=True),
    )  # fmt: skip


def _comparisons() -> tuple[Operator, ...]:
    return (
        block("{0} == {1}", "T,T -> bool", operator.eq, "equal same identical match", cost=2, symmetric=True),
        block("{0} != {1}", "T,T -> bool", operator.ne, "differ unequal different except change", cost=3, symmetric=True),
        block("{0} < {1}", "num,num -> bool", operator.lt, "less below smaller under before negative increase ascend sort short"),
        block("{0} <= {1}", "num,num -> bool", operator.le, "most within ascend sort order", cost=3),
        block("{0} < {1}", "str,str -> bool", operator.lt, "before alphabetical order", cost=3),
        block("{0} % 2 == 0", "int -> bool", lambda n: n % 2 == 0, "even", cost=3),
        block("{0} % 2 == 1", "int -> bool", lambda n: n % 2 == 1, "odd", cost=3),
        block("{0} % {1} == 0", "int,int -> bool", lambda n, d: n % d == 0, "multiple divisible divide divisor factor", cost=3),
        block("{0} > 0", "num -> bool", lambda n: n > 0, "positive above greater", cost=3),
        block("{0} < 0", "num -> bool", lambda n: n < 0, "negative below", cost=3),
        block("not {0}", "bool -> bool", operator.not_, "without exclude neither opposite drop remove except"),
    )


def _functions() -> tuple[Operator, ...]:
    maths: dict[str, Any] = {"imports": "import math", "grows": True}
    return (
        block("round({0})", "float -> int", round, "round nearest", cost=3),
        block("round({0}, {1})", "float,int -> float", lambda x, n: round(x, n if -9 < n < 15 else 1 // 0), "round decimal place digit precision", cost=3),
        block("int({0})", "float -> int", int, "integer truncate whole decimal", cost=3),
        block("math.floor({0})", "float -> int", math.floor, "floor down whole", cost=4, **maths),
        block("math.ceil({0})", "float -> int", math.ceil, "ceil up", cost=4, **maths),
        block("math.sqrt({0})", "num -> float", math.sqrt, "square root distance length", cost=4, **maths),
        block("math.isqrt({0})", "int -> int", math.isqrt, "square root integer perfect", cost=4, **maths),
        block("math.gcd({0}, {1})", "int,int -> int", math.gcd, "greatest common divisor gcd factor denominator", cost=4, symmetric=True, **maths),
        block("math.lcm({0}, {1})", "int,int -> int", math.lcm, "least common multiple lcm", cost=4, symmetric=True, **maths),
        block("math.factorial({0})", "int -> int", _factorial, "factorial permutation arrange", cost=4, **maths),
        block("math.comb({0}, {1})", "int,int -> int", _combinations, "choose combination way", cost=4, **maths),
        block("math.hypot({0}, {1})", "num,num -> float", math.hypot, "hypotenuse distance length triangle", cost=4, **maths),
        block("math.log2({0})", "num -> float", math.log2, "log logarithm bit", cost=5, **maths),
        block("math.log10({0})", "num -> float", math.log10, "log logarithm digit", cost=5, **maths),
        block("math.radians({0})", "num -> float", math.radians, "radian degree angle", cost=5, **maths),
        block("math.degrees({0})", "num -> float", math.degrees, "radian degree angle", cost=5, **maths),
        block("math.pi * {0}", "num -> float", lambda x: math.pi * x, "circle circumference area radius", cost=4, **maths),
        block("{0}.bit_count()", "int -> int", int.bit_count, "bit binary one set popcount", cost=4),
        block("{0}.bit_length()", "int -> int", int.bit_length, "bit binary length", cost=5),
    )  # fmt: skip


def _conversions() -> tuple[Operator, ...]:
    return (
        block("list(range({0}))", "int -> list[int]", span, "range upto below first count number", cost=3),
        block("list(range(1, {0} + 1))", "int -> list[int]", lambda n: span(1, n + 1), "number first upto series sum factor divisor", cost=3),
        block("list(range({0}, {1}))", "int,int -> list[int]", span, "range between number", cost=3),
        block("list(range({0}, {1} + 1))", "int,int -> list[int]", lambda a, b: span(a, b + 1), "range between inclusive number", cost=4),
        block("list(range(0, {0}, {1}))", "int,int -> list[int]", lambda n, k: span(0, n, k), "step every chunk group batch slice block", cost=4),
        block("str({0})", "num -> str", str, "text string digit number decimal", cost=2),
        block("int({0})", "str -> int", int, "number integer digit parse convert", cost=2, grows=True),
        block("float({0})", "str -> float", float, "number decimal parse convert float", cost=3, grows=True),
        block("int({0}, {1})", "str,int -> int", lambda s, b: int(s, b), "binary base hexadecimal octal parse", cost=4, grows=True),
        block('f"{{{0}:b}}"', "int -> str", lambda n: f"{n:b}", "binary bit", cost=4),
        block('f"{{{0}:x}}"', "int -> str", lambda n: f"{n:x}", "hexadecimal hex", cost=4),
        block('f"{{{0}:o}}"', "int -> str", lambda n: f"{n:o}", "octal", cost=4),
        block('f"{{{0}:,}}"', "num -> str", lambda n: f"{n:,}", "thousand separator comma group format", cost=4),
        block('f"{{{0}:.2f}}"', "num -> str", lambda n: f"{n:.2f}", "decimal cent price money currency place two format", cost=4),
        block('f"{{{0}:.1f}}"', "num -> str", lambda n: f"{n:.1f}", "decimal place one format", cost=5),
        block("float({0})", "int -> float", float, "float decimal", cost=4),
    )  # fmt: skip
