"""Turns a value into JSON text, reading exact plain types only.

No method of a candidate's class is called on the way: types are taken with `type`, and contents with the plain base
class's own functions. What is of no plain type becomes its type's name and a shortened `repr`.

    null true false 12 "text"          None, booleans, integers below 2**53, strings
    ["i", hex]  ["f", hex]             larger integers; floats (`float.hex`, inf, nan)
    ["c", hex, hex]  ["b", hex]        complex; bytes and bytearray
    ["l", …] ["t", …] ["s", …] ["z", …]  list, tuple, set, frozenset
    ["d", [key, value], …]             dict, in its order
    ["D", text]  ["F", hex, hex]       Decimal; Fraction
    ["o", type, text]                  anything else
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    from _json import encode_basestring_ascii
except ImportError:  # an interpreter without the C part
    from json.encoder import encode_basestring_ascii

__all__ = ["encode", "quote", "shorten", "shorten_middle", "type_name", "type_names"]

MOST_DEPTH = 60
MOST_NODES = 200_000
MOST_TEXT = 300

# taken now: the candidate may replace what the builtins module holds
_type, _len, _repr, _id, _hex, _str = type, len, repr, id, hex, str
_bases: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_quote: Callable[[str], str] = encode_basestring_ascii
_type_name: Callable[[type], str] = type.__dict__["__name__"].__get__
_modules = sys.modules
_all = slice(None)


class _TooMuchError(Exception):
    """The value is too deep, too large or contains itself."""


def quote(text: str) -> str:
    """Return a string as JSON, in ASCII; lone surrogates survive."""
    return _quote(text)


def shorten(text: str, limit: int = MOST_TEXT) -> str:
    """Return a text cut to a length, saying how much is missing."""
    return text if _len(text) <= limit else text[:limit] + f"… ({_len(text)} characters)"


def shorten_middle(text: str, limit: int) -> str:
    """Return a text of which, where it is too long, the middle is left out: its end may say what its beginning leads to."""
    half = limit // 2
    return text if _len(text) <= limit else text[:half] + f"\n… ({_len(text)} characters)\n" + text[-half:]


def type_names(kind: type) -> list[str]:
    """Return the names of a class and of all its bases, most derived first, without asking the class."""
    return [_type_name(base) for base in _bases(kind)]


def type_name(value: object) -> str:
    """Return the name of a value's true type."""
    return _type_name(_type(value))


def encode(value: object) -> str:
    """Return a value as JSON text; it never raises for what a value is or does."""
    try:
        return _Encoder().encode(value, 0)
    except BaseException:  # noqa: BLE001 - whatever a strange value causes, there is something to say about it
        return _opaque(value)


def _opaque(value: object) -> str:
    try:
        text = _repr(value)
        text = shorten(text) if _type(text) is _str else ""
    except BaseException:  # noqa: BLE001 - the candidate's own code
        text = ""
    return f'["o",{_quote(type_name(value))},{_quote(text)}]'


class _Encoder:
    def __init__(self) -> None:
        self.nodes = 0
        self.path: set[int] = set()

    def encode(self, value: Any, depth: int) -> str:  # Any: whatever the candidate returned
        self.nodes += 1
        if depth > MOST_DEPTH or self.nodes > MOST_NODES:
            raise _TooMuchError
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        kind = _type(value)
        for base in _bases(kind):
            if base in _SCALARS:
                return _SCALARS[base](value)
            if base in _CONTAINERS:
                return self._container(base, value, depth)
        return _number_class(value, kind) or _opaque(value)

    def _container(self, base: type, value: Any, depth: int) -> str:
        here = _id(value)
        if here in self.path:
            raise _TooMuchError
        self.path.add(here)
        tag, contents = _CONTAINERS[base]
        parts = [tag]
        for item in contents(value):
            if base is dict:
                parts.append(f"[{self.encode(item[0], depth + 1)},{self.encode(item[1], depth + 1)}]")
            else:
                parts.append(self.encode(item, depth + 1))
        self.path.discard(here)
        return "[" + ",".join(parts) + "]"


def _integer(value: Any) -> str:
    plain = int.__add__(value, 0)
    return _str(plain) if -(2**53) < plain < 2**53 else f'["i","{_hex(plain)}"]'


def _float(value: Any) -> str:
    return f'["f","{float.hex(value)}"]'


def _complex(value: Any) -> str:
    real, imaginary = _complex_real(value), _complex_imaginary(value)
    return f'["c","{float.hex(real)}","{float.hex(imaginary)}"]'


_complex_real = complex.__dict__["real"].__get__
_complex_imaginary = complex.__dict__["imag"].__get__


def _string(value: Any) -> str:
    return quote(_str.__str__(value))


def _bytes(value: Any) -> str:
    return f'["b","{bytes.hex(value)}"]'


def _bytearray(value: Any) -> str:
    return f'["b","{bytearray.hex(value)}"]'


def _list_items(value: Any) -> Any:
    return list.__getitem__(value, _all)


def _tuple_items(value: Any) -> Any:
    return tuple.__getitem__(value, _all)


_SCALARS: dict[type, Callable[[Any], str]] = {
    int: _integer,
    float: _float,
    complex: _complex,
    str: _string,
    bytes: _bytes,
    bytearray: _bytearray,
}

_CONTAINERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    list: ('"l"', _list_items),
    tuple: ('"t"', _tuple_items),
    set: ('"s"', set.__iter__),
    frozenset: ('"z"', frozenset.__iter__),
    dict: ('"d"', dict.items),
}


def _number_class(value: Any, kind: type) -> str:
    """Encode a Decimal or a Fraction; their modules are looked at only when somebody has loaded them."""
    for base in _bases(kind):
        name = _type_name(base)
        if name == "Decimal" and base is _class_of("decimal", name):
            number: Any = base
            return f'["D",{quote(number.__str__(value))}]'
        if name == "Fraction" and base is _class_of("fractions", name):
            top, bottom = base._numerator.__get__(value), base._denominator.__get__(value)  # type: ignore[attr-defined]  # a slot
            return f'["F","{_hex(int.__add__(top, 0))}","{_hex(int.__add__(bottom, 0))}"]'
    return ""


def _class_of(module: str, name: str) -> object:
    loaded = _modules.get(module)
    return None if loaded is None else loaded.__dict__.get(name)
