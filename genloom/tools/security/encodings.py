"""Encoded instructions: runs that decode to a text which gives an order. Other encoded data is left alone."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import itertools
import re
from collections.abc import Iterator
from urllib.parse import unquote

from genloom.tools.security.hidden_characters import Replacement
from genloom.tools.security.instructions import commands, instructions

__all__ = ["encoded_instructions"]

MAX_DEPTH = 3
"""An encoding within an encoding within an encoding is still looked into."""
MAX_RUN = 1_000_000
MAX_STRETCHES = 50
MIN_PIECE = 16

_RUN = re.compile(
    r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,}+={0,6}"
    r"(?>(?:(?:\\r)?(?:\\n|[\"']?[,+]?[ \t]{0,4}\r?\n)[ \t#*/\"'+;>-]{0,40}[A-Za-z0-9+/_-]{20,}+={0,6}){0,20000})"
)
_BETWEEN_LINES = re.compile(r"(?:\\r)?(?:\\n|[\"']?[,+]?[ \t]{0,4}\r?\n)[ \t#*/\"'+;>-]{0,40}")
_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2}){10,})\Z")
_BITS = re.compile(r"(?:[01]{8}){10,}\Z")
_BASE32 = re.compile(r"[A-Z2-7]{20,}={0,6}\Z")
_CODES = re.compile(
    r"\d(?<![\w.]\d)[0-9a-fA-Fx]{1,7}"
    r"(?>(?:(?:, {0,2}|,?\n[ \t]{0,8}|[ :-])(?:0x[0-9a-fA-F]{2}|[01]{8}|[0-9a-fA-F]{2,3})(?![\w.])){9,100000})"
)
_ESCAPES = re.compile(
    r"\\(?:x|u00)[0-9a-fA-F]{2}[A-Za-z ]{0,3}(?>(?:\\(?:x|u00)[0-9a-fA-F]{2}[A-Za-z ]{0,3}){5,100000})"
)
_ENTITIES = re.compile(
    r"&#(?:x[0-9a-fA-F]{2,4}|\d{2,4});[A-Za-z ]{0,3}(?>(?:&#(?:x[0-9a-fA-F]{2,4}|\d{2,4});[A-Za-z ]{0,3}){5,100000})"
)
_PERCENT = re.compile(
    r"%[0-9A-Fa-f]{2}(?>(?:[A-Za-z0-9_.~+!'-]{0,30}+%[0-9A-Fa-f]{2}){2,100000})[A-Za-z0-9_.~+!-]{0,30}"
)
_SPACED = re.compile(r"(?<![A-Za-z])(?:[A-Za-z](?:[ \t]{1,3}|[.\-_*|/])){7,2000}[A-Za-z](?![A-Za-z])")
_SPACED_SIGNS = (b"a a a a", b"a  a  a  a", b"a   a   a   a")
_SHAPE = bytes(97 if chr(c).isalpha() and c < 128 else 32 if chr(c) in " \t.-_*|/" else 63 for c in range(256))
_READABLE = re.compile(rb"[\x20-\x7e\t\r\n]{12,}")
_COMPACT = re.compile(
    r"(?:ignore|disregard|forget)(?:all|the|your|any|every)*(?:previous|prior|above|earlier|instructions|rules)|systemprompt|"
    r"(?:reveal|print|send|show|upload|leak)(?:the|your|all|me)*(?:api|access|secret|token|key|password|env|system|prompt|credential)|"
    r"approvethis|donottell|skipthe(?:review|security)|youarenow"
)
_TURNED = (
    "instruction",
    "ignore",
    "prompt",
    "disregard",
    "reveal",
    "assistant",
    "password",
    "secret",
    "approve",
    "token",
)
_ROT13 = tuple(codecs.encode(word, "rot13") for word in _TURNED)
_BACKWARDS = tuple(word[::-1] for word in _TURNED)
_PROSE = re.compile(r"[A-Za-z](?>(?:[A-Za-z]|[ ,.'!?:;/@-](?=[A-Za-z ,.'!?:;/@-]))*)[.!?]?")


def encoded_instructions(text: str, depth: int = MAX_DEPTH) -> Iterator[Replacement]:
    """Yield the runs of base64, base32, hex, bits, character codes, escapes, percent signs, rot13, letters backwards or
    spaced out, that decode to a text which gives an order, also through another encoding. Linear."""
    for match in _RUN.finditer(text):
        kind = _kind_of_run(match.group()[:MAX_RUN], depth)
        if kind:
            yield *match.span(), f"{kind} instructions", len(match.group())
    for pattern, sign in ((_CODES, ""), (_ESCAPES, "\\"), (_ENTITIES, "&#"), (_PERCENT, "%")):
        for match in pattern.finditer(text) if sign in text else ():
            hides = _orders if _is_mostly_escaped(match.group(), sign) else _phrased
            if any(hides(decoded, depth) for decoded in _decoded(match.group(), sign)):
                yield *match.span(), "escaped instructions" if sign else "coded instructions", len(match.group())
    yield from _turned(text)
    yield from _spaced(text)


def _orders(text: str, depth: int) -> bool:
    """Whether a decoded text gives an order, or holds what decodes to one."""
    if commands(text):
        return True
    return depth > 1 and next(encoded_instructions(text, depth - 1), None) is not None


def _phrased(text: str, depth: int) -> bool:
    """Whether a text reads like an instruction by a common phrase: what is asked of one that can be read as it stands."""
    return bool(instructions(text))


def _is_mostly_escaped(run: str, sign: str) -> bool:
    """Whether a run cannot be read as it stands. An address with a few percent signs can."""
    return sign != "%" or run.count("%") * 6 > len(run)


def _kind_of_run(run: str, depth: int) -> str:
    """Return the encoding by which a run gives an order; empty without one."""
    run = _BETWEEN_LINES.sub("", run) if "\n" in run or "\\" in run else run
    if run.islower() and "_" in run:  # a name
        return ""
    if _BITS.match(run):
        return "binary" if _any_orders(_bits(run), depth) else ""
    digits = _HEX.match(run)
    if digits and _any_orders(bytes.fromhex(digits[1]), depth):
        return "hex"
    if _BASE32.match(run):
        padded = run.rstrip("=")
        padded += "=" * (-len(padded) % 8)
        try:
            if _any_orders(base64.b32decode(padded), depth):
                return "base32"
        except binascii.Error:
            pass
    return "base64" if _is_base64_order(run, depth) else ""


def _is_base64_order(run: str, depth: int) -> bool:
    """Whether a run gives an order as base64, wherever its groups of four begin: something may stand in front. What is
    padded in the middle is several."""
    for piece in re.split("=+", run.replace("-", "+").replace("_", "/")):
        for offset in range(4 if len(piece) > MIN_PIECE else 0):
            part = piece[offset:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            if _any_orders(base64.b64decode(part + "=" * (-len(part) % 4)), depth):
                return True
    return False


def _any_orders(data: bytes, depth: int) -> bool:
    """Whether decoded bytes are text that gives an order, or hold a stretch of it."""
    if data.count(0) * 3 > len(data):
        data = data.replace(b"\0", b"")  # two bytes a letter
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        whole = ""
    if whole and not whole.isascii() and sum(map(str.isprintable, whole)) * 20 > len(whole) * 19:
        return _orders(whole, depth)
    stretches = itertools.islice(_READABLE.finditer(data), MAX_STRETCHES)
    return any(_orders(stretch.group().decode("ascii"), depth) for stretch in stretches)


def _bits(run: str) -> bytes:
    return bytes(int(run[place : place + 8], 2) for place in range(0, len(run) - 7, 8))


def _decoded(run: str, sign: str) -> Iterator[str]:
    """Yield what a run of codes or escapes can stand for."""
    if sign == "%":
        yield unquote(run).replace("+", " ")
    elif sign == "&#":
        yield html.unescape(run)
    elif sign == "\\":
        yield re.sub(r"\\(?:x|u00)([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), run)
    else:
        codes = re.findall(r"[0-9a-fA-F]+", run.replace("0x", ""))
        for radix, longest in ((16, 2), (10, 3), (2, 8)):
            yield from _characters(codes, radix, longest)


def _characters(codes: list[str], radix: int, longest: int) -> Iterator[str]:
    if max(map(len, codes)) > longest:
        return
    try:
        numbers = [int(code, radix) for code in codes]
    except ValueError:
        return
    if all(31 < number < 127 or number in (9, 10, 13) for number in numbers):
        yield "".join(map(chr, numbers))


def _turned(text: str) -> Iterator[Replacement]:
    """Yield the sentences that give an order by rot13 or backwards."""
    lowered = text.lower()
    for kind, words in (("rot13", _ROT13), ("backwards", _BACKWARDS)):
        if any(word in lowered for word in words):
            for match in _PROSE.finditer(text):
                sentence = match.group()
                if any(word in sentence.lower() for word in words):
                    turned = codecs.encode(sentence, "rot13") if kind == "rot13" else sentence[::-1]
                    if commands(turned) and not instructions(sentence):
                        yield *match.span(), f"{kind} instructions", len(sentence)


def _spaced(text: str) -> Iterator[Replacement]:
    """Yield the letters with something between each that spell an order. The shape of the text is looked at first: that is
    ten times as fast as the expression."""
    shape = text.encode("ascii", "replace").translate(_SHAPE)
    if any(sign in shape for sign in _SPACED_SIGNS):
        for match in _SPACED.finditer(text):
            if _spells_orders(match.group()):
                yield *match.span(), "spaced-out instructions", len(match.group())


def _spells_orders(run: str) -> bool:
    """Whether letters with something between each give an order. Wider gaps part words; there may be none."""
    marks = any(mark in run for mark in ".-_*|/")
    wide = r"[ \t]+" if marks else r"[ \t]{2,}"
    words = [re.sub(r"[^A-Za-z]", "", word) for word in re.split(wide, run)]
    joined = "".join(words).lower()
    return bool(_COMPACT.search(joined)) or (len(words) > 1 and commands(" ".join(words)))
