"""Building blocks from the rest of the standard library: pure functions only. What a search does not need is not
imported, so a block imports its module when it is first called."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import MAX_TEXT, TooLargeError
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import block

__all__ = ["blocks"]


def _lazy(module: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose first argument will be the module, imported when first called."""

    def call(*arguments: Any) -> Any:
        return function(import_module(module), *arguments)

    return call


def _digest(name: str) -> Operator:
    words = f"{name} {name[:3]} hash digest hexadecimal hex checksum" + (" md5" if name == "md5" else "")
    return block(
        f"hashlib.{name}({{0}}.encode()).hexdigest()",
        "str -> str",
        _lazy("hashlib", lambda module, text: getattr(module, name)(text.encode()).hexdigest()),
        words,
        cost=4,
        imports="import hashlib",
    )


def _width(width: int) -> int:
    if not 0 < width <= MAX_TEXT:
        raise TooLargeError
    return width


def blocks() -> tuple[Operator, ...]:
    """The blocks: hashes, encodings, JSON, layout of text, dates."""
    return tuple(map(_digest, ("md5", "sha1", "sha256", "sha512"))) + _encodings() + _layout() + _dates()


def _encodings() -> tuple[Operator, ...]:
    return (
        block("base64.b64encode({0}.encode()).decode()", "str -> str", _lazy("base64", lambda m, s: m.b64encode(s.encode()).decode()), "base encode base64", cost=4, imports="import base64"),
        block("base64.b64decode({0}).decode()", "str -> str", _lazy("base64", lambda m, s: m.b64decode(s).decode()), "base decode base64", cost=4, imports="import base64"),
        block("{0}.encode()", "str -> bytes", str.encode, "byte encode utf", cost=4),
        block("{0}.decode()", "bytes -> str", bytes.decode, "byte decode utf", cost=3),
        block("{0}.hex()", "bytes -> str", bytes.hex, "hex hexadecimal", cost=3),
        block("len({0})", "bytes -> int", len, "byte length size", cost=3),
        block("json.dumps({0})", "T -> str", _lazy("json", lambda m, x: m.dumps(x)), "json serialize dump", cost=5, imports="import json", grows=True),
        block("html.escape({0})", "str -> str", _lazy("html", lambda m, s: m.escape(s)), "html escape", cost=4, imports="import html"),
        block("html.unescape({0})", "str -> str", _lazy("html", lambda m, s: m.unescape(s)), "html unescape", cost=4, imports="import html"),
        block("urllib.parse.quote({0})", "str -> str", _lazy("urllib.parse", lambda m, s: m.quote(s)), "url quote percent encode", cost=4, imports="import urllib.parse"),
        block("urllib.parse.unquote({0})", "str -> str", _lazy("urllib.parse", lambda m, s: m.unquote(s)), "url unquote percent decode", cost=4, imports="import urllib.parse"),
    )  # fmt: skip


def _layout() -> tuple[Operator, ...]:
    text = "import textwrap"
    return (
        block("textwrap.wrap({0}, {1})", "str,int -> list[str]", _lazy("textwrap", lambda m, s, n: m.wrap(s, _width(n))), "wrap line width column", cost=4, imports=text),
        block("textwrap.fill({0}, {1})", "str,int -> str", _lazy("textwrap", lambda m, s, n: m.fill(s, _width(n))), "wrap fill line width column", cost=4, imports=text),
        block("textwrap.dedent({0})", "str -> str", _lazy("textwrap", lambda m, s: m.dedent(s)), "dedent indent", cost=4, imports=text),
        block("textwrap.indent({0}, {1})", "str,str -> str", _lazy("textwrap", lambda m, s, p: m.indent(s, p)), "indent prefix line", cost=4, imports=text),
        block("textwrap.shorten({0}, {1})", "str,int -> str", _lazy("textwrap", lambda m, s, n: m.shorten(s, _width(n))), "shorten truncate width", cost=5, imports=text),
    )  # fmt: skip


def _dates() -> tuple[Operator, ...]:
    day = "import datetime"
    return (
        block("datetime.date.fromisoformat({0})", "str -> date", _lazy("datetime", lambda m, s: m.date.fromisoformat(s)), "date day month year weekday iso calendar", cost=4, imports=day),
        block("datetime.date({0}, {1}, {2})", "int,int,int -> date", _lazy("datetime", lambda m, *ymd: m.date(*ymd)), "date day month year weekday", cost=4, imports=day),
        block("({0} - {1}).days", "date,date -> int", lambda a, b: (a - b).days, "day between difference since until"),
        block("{0} + datetime.timedelta(days={1})", "date,int -> date", _lazy("datetime", lambda m, d, n: d + m.timedelta(days=n)), "day after add later next", cost=3, imports=day),
        block("{0}.isoformat()", "date -> str", lambda d: d.isoformat(), "iso date"),
        block("{0}.weekday()", "date -> int", lambda d: d.weekday(), "weekday weekend day"),
        block("{0}.isoweekday()", "date -> int", lambda d: d.isoweekday(), "weekday day", cost=3),
        block("{0}.year", "date -> int", lambda d: d.year, "year"),
        block("{0}.month", "date -> int", lambda d: d.month, "month"),
        block("{0}.day", "date -> int", lambda d: d.day, "day"),
        block('{0}.strftime("%A")', "date -> str", lambda d: d.strftime("%A"), "weekday name day", cost=3),
        block('{0}.strftime("%B")', "date -> str", lambda d: d.strftime("%B"), "month name", cost=3),
        block('{0}.strftime("%d.%m.%Y")', "date -> str", lambda d: d.strftime("%d.%m.%Y"), "format date german european", cost=4),
        block('{0}.strftime("%d/%m/%Y")', "date -> str", lambda d: d.strftime("%d/%m/%Y"), "format date british european", cost=4),
        block('{0}.strftime("%m/%d/%Y")', "date -> str", lambda d: d.strftime("%m/%d/%Y"), "format date american", cost=4),
        block("calendar.isleap({0})", "int -> bool", _lazy("calendar", lambda m, y: m.isleap(y)), "leap year", cost=4, imports="import calendar"),
        block("calendar.monthrange({0}, {1})[1]", "int,int -> int", _lazy("calendar", lambda m, y, n: m.monthrange(y, n)[1]), "day month", cost=4, imports="import calendar"),
    )  # fmt: skip
