"""Building blocks from the rest of the standard library: pure functions only."""

from __future__ import annotations

from dataclasses import replace

from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks"]


def _digest(name: str) -> Operator:
    words = f"{name} {name[:3]} hash digest hexadecimal hex checksum"
    return block(f"hashlib.{name}({{0}}.encode()).hexdigest()", "str -> str", words, cost=4)


def blocks() -> tuple[Operator, ...]:
    """The blocks: hashes, encodings, JSON, layout of text, dates."""
    found = (*map(_digest, ("md5", "sha1", "sha256", "sha512")), *_encodings(), *_layout(), *_dates())
    return tuple(replace(op, special=not {"date", "bytes"} & set(op.takes)) for op in found)


def _encodings() -> tuple[Operator, ...]:
    return (
        block("base64.b64encode({0}.encode()).decode()", "str -> str", "base encode base64", cost=4),
        block("base64.b64decode({0}).decode()", "str -> str", "base decode base64", cost=4),
        block("{0}.encode()", "str -> bytes", "byte encode utf", call=str.encode, cost=4),
        block("{0}.decode()", "bytes -> str", "byte decode utf", call=bytes.decode, cost=3),
        block("{0}.hex()", "bytes -> str", "hex hexadecimal", call=bytes.hex, cost=3),
        block("len({0})", "bytes -> int", "byte length size", call=len, cost=3),
        block("json.dumps({0})", "T -> str", "json serialize dump", cost=5, grows=True),
        block("base64.urlsafe_b64encode({0}.encode()).decode()", "str -> str", "base encode url safe base64", cost=5),
        block("base64.b32encode({0}.encode()).decode()", "str -> str", "base encode base32", cost=5),
        block("base64.b16encode({0}.encode()).decode()", "str -> str", "base encode base16 hexadecimal", cost=5),
        block("html.escape({0})", "str -> str", "html escape", cost=4),
        block("html.unescape({0})", "str -> str", "html unescape", cost=4),
        block("urllib.parse.quote({0})", "str -> str", "url quote percent encode", cost=4),
        block("urllib.parse.unquote({0})", "str -> str", "url unquote percent decode", cost=4),
    )


def _layout() -> tuple[Operator, ...]:
    return (
        block("string.capwords({0})", "str -> str", "capitalize word title", cost=4),
        block(
            '{0}.translate(str.maketrans("", "", string.punctuation))', "str -> str", "punctuation remove strip", cost=4
        ),
        block("{0} in string.punctuation", "str -> bool", "punctuation mark symbol", cost=4),
        block("string.ascii_lowercase.index({0})", "str -> int", "letter alphabet position index number", cost=4),
        block("string.ascii_lowercase[{0}]", "int -> str", "letter alphabet position nth", cost=4),
        block("textwrap.wrap({0}, {1})", "str,int -> list[str]", "wrap line width column", cost=4),
        block("textwrap.fill({0}, {1})", "str,int -> str", "wrap fill line width column", cost=4),
        block("textwrap.dedent({0})", "str -> str", "dedent indent", cost=4),
        block("textwrap.indent({0}, {1})", "str,str -> str", "indent prefix line", cost=4),
        block("textwrap.shorten({0}, {1})", "str,int -> str", "shorten truncate width", cost=5),
    )


def _dates() -> tuple[Operator, ...]:
    return (
        block("datetime.date.fromisoformat({0})", "str -> date", "date day month year weekday iso calendar", cost=4),
        block("datetime.date({0}, {1}, {2})", "int,int,int -> date", "date day month year weekday", cost=4),
        block("({0} - {1}).days", "date,date -> int", "day between difference since until"),
        block("{0} + datetime.timedelta(days={1})", "date,int -> date", "day after add later next", cost=3),
        block("{0}.isoformat()", "date -> str", "iso date"),
        block("{0}.weekday()", "date -> int", "weekday weekend day"),
        block("{0}.isoweekday()", "date -> int", "weekday day", cost=3),
        block("{0}.isocalendar()[1]", "date -> int", "week iso number calendar", cost=4),
        block("str(datetime.timedelta(seconds={0}))", "int -> str", "second duration time hour minute", cost=5),
        block("{0}.year", "date -> int", "year"),
        block("{0}.month", "date -> int", "month"),
        block("{0}.day", "date -> int", "day"),
        block('{0}.strftime("%A")', "date -> str", "weekday name day", cost=3),
        block('{0}.strftime("%B")', "date -> str", "month name", cost=3),
        block('{0}.strftime("%d.%m.%Y")', "date -> str", "format date german european", cost=4),
        block('{0}.strftime("%d/%m/%Y")', "date -> str", "format date british european", cost=4),
        block('{0}.strftime("%m/%d/%Y")', "date -> str", "format date american", cost=4),
        block("calendar.isleap({0})", "int -> bool", "leap year", cost=4),
        block("calendar.monthrange({0}, {1})[1]", "int,int -> int", "day month", cost=4),
    )
