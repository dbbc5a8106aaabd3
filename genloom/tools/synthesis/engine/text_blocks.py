"""Building blocks on texts."""

from __future__ import annotations

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
        block("{0}.lower()", "str -> str", "lower lowercase case insensitive ignore slug small letter"),
        block("{0}.upper()", "str -> str", "upper uppercase case capital shout initial letter acronym loud"),
        block("{0}.title()", "str -> str", "title capitalize case every word initial", call=str.title, cost=3),
        block("{0}.capitalize()", "str -> str", "capitalize capital sentence first case", call=str.capitalize, cost=3),
        block("{0}.casefold()", "str -> str", "casefold caseless ignore", call=str.casefold, cost=5),
        block(
            "{0}.expandtabs({1})",
            "str,int -> str",
            "tab expand",
            call=lambda s, n: s.expandtabs(_width(n)),
            cost=5,
            grows=True,
        ),
        block("{0}.swapcase()", "str -> str", "swap invert toggle flip case", call=str.swapcase, cost=5),
        block("{0}.strip()", "str -> str", "strip trim surround white space clean blank", call=str.strip),
        block("{0}.lstrip()", "str -> str", "lead left trim strip", call=str.lstrip, cost=4),
        block("{0}.rstrip()", "str -> str", "trail right trim strip end", call=str.rstrip, cost=4),
        block("{0}.strip({1})", "str,str -> str", "strip trim surround", call=str.strip, cost=3),
        block("{0}.lstrip({1})", "str,str -> str", "lead left strip zero", call=str.lstrip, cost=4),
        block("{0}.rstrip({1})", "str,str -> str", "trail right strip end", call=str.rstrip, cost=4),
        block("chr({0})", "int -> str", "character letter code shift caesar ascii", call=chr, cost=3),
        block("ord({0})", "str -> int", "character code shift caesar ascii position alphabet", call=ord, cost=3),
    )


def _pieces() -> tuple[Operator, ...]:
    return (
        block("{0}.split()", "str -> list[str]", "word split space token sentence", call=str.split),
        block("{0}.split({1})", "str,str -> list[str]", "split separate part field comma parse delimiter", cost=3),
        block("{0}.splitlines()", "str -> list[str]", "line row split", call=str.splitlines, cost=3),
        block("list({0})", "str -> list[str]", "character letter digit list", call=list, cost=2),
        block(
            "{1}.join({0})",
            "list[str],str -> str",
            "join text word sentence glue concatenate separate comma",
            grows=True,
        ),
        block('"".join({0})', "list[str] -> str", "join text concatenate letter character acronym", grows=True),
        block("{0} + {1}", "str,str -> str", "concatenate append prefix suffix prepend add greet join", grows=True),
        block("{0} * {1}", "str,int -> str", "repeat times mask hide pad line", call=_repeat, cost=3, grows=True),
        block(
            "{0}.replace({1}, {2})",
            "str,str,str -> str",
            "replace substitute change swap turn",
            call=_replace,
            cost=3,
            grows=True,
        ),
        block(
            '{0}.replace({1}, "")',
            "str,str -> str",
            "remove delete drop without strip",
            call=lambda s, old: _replace(s, old, ""),
            cost=3,
        ),
        block("{0}.removeprefix({1})", "str,str -> str", "prefix remove", call=str.removeprefix, cost=4),
        block("{0}.removesuffix({1})", "str,str -> str", "suffix remove extension", call=str.removesuffix, cost=4),
        block("{0}.partition({1})[0]", "str,str -> str", "before first part local user key", cost=4),
        block("{0}.partition({1})[2]", "str,str -> str", "after rest domain value", cost=4),
        block("{0}.rpartition({1})[2]", "str,str -> str", "extension last after file name base", cost=4),
        block("{0}.rpartition({1})[0]", "str,str -> str", "before last directory parent folder", cost=4),
    )


def _tests() -> tuple[Operator, ...]:
    return (
        block(
            "{0} in {1}",
            "str,str -> bool",
            "contain include in vowel consonant substring one letter punctuation",
            cost=2,
        ),
        block("{0}.count({1})", "str,str -> int", "count occur often many number frequency", call=str.count, cost=3),
        block("{0}.find({1})", "str,str -> int", "find position index where first", call=str.find, cost=3),
        block("{0}.rfind({1})", "str,str -> int", "last find position", call=str.rfind, cost=5),
        block("{0}.istitle()", "str -> bool", "title case capital word", call=str.istitle, cost=5),
        block("{0}.isnumeric()", "str -> bool", "numeric number", call=str.isnumeric, cost=5),
        block("{0}.index({1})", "str,str -> int", "index position", call=str.index, cost=4),
        block("{0}.startswith({1})", "str,str -> bool", "start begin prefix", call=str.startswith, cost=3),
        block("{0}.endswith({1})", "str,str -> bool", "end suffix extension", call=str.endswith, cost=3),
        block("{0}.isdigit()", "str -> bool", "digit number numeric", call=str.isdigit, cost=3),
        block("{0}.isalpha()", "str -> bool", "letter alphabetic alpha", call=str.isalpha, cost=3),
        block("{0}.isalnum()", "str -> bool", "alphanumeric letter digit punctuation", call=str.isalnum, cost=3),
        block("{0}.isupper()", "str -> bool", "uppercase upper capital", call=str.isupper, cost=3),
        block("{0}.islower()", "str -> bool", "lowercase lower small", call=str.islower, cost=3),
        block("{0}.isspace()", "str -> bool", "space blank white", call=str.isspace, cost=4),
        block("{0}.isidentifier()", "str -> bool", "identifier name valid", call=str.isidentifier, cost=5),
        block("{0}.isascii()", "str -> bool", "ascii", call=str.isascii, cost=5),
    )


def _layout() -> tuple[Operator, ...]:
    return (
        block(
            "{0}.zfill({1})",
            "str,int -> str",
            "zero pad fill digit lead width",
            call=lambda s, n: s.zfill(_width(n)),
            cost=3,
        ),
        block(
            "{0}.ljust({1})",
            "str,int -> str",
            "pad left justify column width",
            call=lambda s, n: s.ljust(_width(n)),
            cost=5,
        ),
        block(
            "{0}.rjust({1})",
            "str,int -> str",
            "pad right justify column width",
            call=lambda s, n: s.rjust(_width(n)),
            cost=4,
        ),
        block("{0}.center({1})", "str,int -> str", "center pad width", call=lambda s, n: s.center(_width(n)), cost=5),
        block(
            "{0}.rjust({1}, {2})",
            "str,int,str -> str",
            "pad right mask fill width",
            call=lambda s, n, c: s.rjust(_width(n), c),
            cost=4,
        ),
        block(
            "{0}.ljust({1}, {2})",
            "str,int,str -> str",
            "pad left fill width",
            call=lambda s, n, c: s.ljust(_width(n), c),
            cost=5,
        ),
        block(
            "{0}.center({1}, {2})",
            "str,int,str -> str",
            "center pad fill width banner",
            call=lambda s, n, c: s.center(_width(n), c),
            cost=5,
        ),
    )
