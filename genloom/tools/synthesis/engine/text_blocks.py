"""Building blocks on texts."""

from __future__ import annotations

import operator

from genloom.tools.synthesis.engine.equivalence import MAX_TEXT, TooLargeError
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks"]


def _width(width: int) -> int:
    if width > MAX_TEXT:
        raise TooLargeError
    return width


def _repeat(text: str, count: int) -> str:
    _width(len(text) * max(count, 0))
    return text * count


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise ValueError("nothing to replace")
    return text.replace(old, new)


def blocks() -> tuple[Operator, ...]:
    """The blocks, cheapest and commonest first."""
    return _cases() + _pieces() + _tests() + _layout()


def _cases() -> tuple[Operator, ...]:
    return (
        block("{0}.lower()", "str -> str", str.lower, "lower lowercase case insensitive ignore slug small letter"),
        block("{0}.upper()", "str -> str", str.upper, "upper uppercase case capital shout initial letter acronym loud"),
        block("{0}.title()", "str -> str", str.title, "title capitalize case every word initial", cost=3),
        block("{0}.capitalize()", "str -> str", str.capitalize, "capitalize capital sentence first case", cost=3),
        block("{0}.swapcase()", "str -> str", str.swapcase, "swap invert toggle flip case", cost=3),
        block("{0}.strip()", "str -> str", str.strip, "strip trim surround white space clean blank"),
        block("{0}.lstrip()", "str -> str", str.lstrip, "lead left trim strip", cost=4),
        block("{0}.rstrip()", "str -> str", str.rstrip, "trail right trim strip end", cost=4),
        block("{0}.strip({1})", "str,str -> str", str.strip, "strip trim surround", cost=3),
        block("{0}.lstrip({1})", "str,str -> str", str.lstrip, "lead left strip zero", cost=4),
        block("{0}.rstrip({1})", "str,str -> str", str.rstrip, "trail right strip end", cost=4),
        block("chr({0})", "int -> str", chr, "character letter code shift caesar ascii", cost=3),
        block("ord({0})", "str -> int", ord, "character code shift caesar ascii position alphabet", cost=3),
    )


def _pieces() -> tuple[Operator, ...]:
    return (
        block("{0}.split()", "str -> list[str]", str.split, "word split space token sentence name"),
        block("{0}.split({1})", "str,str -> list[str]", str.split, "split separate part field comma parse delimiter", cost=3),
        block("{0}.splitlines()", "str -> list[str]", str.splitlines, "line row split", cost=3),
        block("list({0})", "str -> list[str]", list, "character letter digit list", cost=2),
        block("{1}.join({0})", "list[str],str -> str", lambda xs, sep: sep.join(xs), "join text word sentence glue concatenate separate comma", grows=True),
        block('"".join({0})', "list[str] -> str", "".join, "join text concatenate letter character acronym", grows=True),
        block("{0} + {1}", "str,str -> str", operator.add, "concatenate append prefix suffix prepend add greet join", grows=True),
        block("{0} * {1}", "str,int -> str", _repeat, "repeat times mask hide pad line", cost=3, grows=True),
        block("{0}.replace({1}, {2})", "str,str,str -> str", _replace, "replace substitute change swap turn", cost=3, grows=True),
        block('{0}.replace({1}, "")', "str,str -> str", lambda s, old: _replace(s, old, ""), "remove delete drop without strip", cost=3),
        block("{0}.removeprefix({1})", "str,str -> str", str.removeprefix, "prefix remove", cost=4),
        block("{0}.removesuffix({1})", "str,str -> str", str.removesuffix, "suffix remove extension", cost=4),
        block("{0}.partition({1})[0]", "str,str -> str", lambda s, sep: s.partition(sep)[0], "before first part local user key", cost=4),
        block("{0}.partition({1})[2]", "str,str -> str", lambda s, sep: s.partition(sep)[2], "after rest domain value", cost=4),
        block("{0}.rpartition({1})[2]", "str,str -> str", lambda s, sep: s.rpartition(sep)[2], "extension last after file name base", cost=4),
        block("{0}.rpartition({1})[0]", "str,str -> str", lambda s, sep: s.rpartition(sep)[0], "before last directory parent folder", cost=4),
    )  # fmt: skip


def _tests() -> tuple[Operator, ...]:
    return (
        block("{0} in {1}", "str,str -> bool", lambda part, whole: part in whole, "contain include in vowel consonant substring one letter punctuation", cost=2),
        block("{0}.count({1})", "str,str -> int", str.count, "count occur often many number frequency", cost=3),
        block("{0}.find({1})", "str,str -> int", str.find, "find position index where first", cost=3),
        block("{0}.index({1})", "str,str -> int", str.index, "index position", cost=4),
        block("{0}.startswith({1})", "str,str -> bool", str.startswith, "start begin prefix", cost=3),
        block("{0}.endswith({1})", "str,str -> bool", str.endswith, "end suffix extension", cost=3),
        block("{0}.isdigit()", "str -> bool", str.isdigit, "digit number numeric", cost=3),
        block("{0}.isalpha()", "str -> bool", str.isalpha, "letter alphabetic alpha", cost=3),
        block("{0}.isalnum()", "str -> bool", str.isalnum, "alphanumeric letter digit punctuation", cost=3),
        block("{0}.isupper()", "str -> bool", str.isupper, "uppercase upper capital", cost=3),
        block("{0}.islower()", "str -> bool", str.islower, "lowercase lower small", cost=3),
        block("{0}.isspace()", "str -> bool", str.isspace, "space blank white", cost=4),
        block("{0}.isidentifier()", "str -> bool", str.isidentifier, "identifier name valid", cost=5),
        block("{0}.isascii()", "str -> bool", str.isascii, "ascii", cost=5),
    )  # fmt: skip


def _layout() -> tuple[Operator, ...]:
    return (
        block("{0}.zfill({1})", "str,int -> str", lambda s, n: s.zfill(_width(n)), "zero pad fill digit lead width", cost=3),
        block("{0}.ljust({1})", "str,int -> str", lambda s, n: s.ljust(_width(n)), "pad left justify column width", cost=4),
        block("{0}.rjust({1})", "str,int -> str", lambda s, n: s.rjust(_width(n)), "pad right justify column width", cost=4),
        block("{0}.center({1})", "str,int -> str", lambda s, n: s.center(_width(n)), "center pad width", cost=4),
        block("{0}.rjust({1}, {2})", "str,int,str -> str", lambda s, n, c: s.rjust(_width(n), c), "pad right mask fill width", cost=4),
        block("{0}.ljust({1}, {2})", "str,int,str -> str", lambda s, n, c: s.ljust(_width(n), c), "pad left fill width", cost=4),
        block("{0}.center({1}, {2})", "str,int,str -> str", lambda s, n, c: s.center(_width(n), c), "center pad fill width banner", cost=4),
    )  # fmt: skip
