"""Look-alikes: letters of another script that pass for Latin ones, so that people read what a machine does not.

The tables hold what Unicode's list of confusable characters says of Cyrillic, Greek, Armenian and small capital letters;
styled forms of Latin letters (mathematical, full-width, circled) are found by compatibility decomposition. Words of one
other script, and the signs of mathematics, are no look-alikes by themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from genloom.tools.security.hidden_characters import Replacement
from genloom.tools.security.instructions import instructions

__all__ = ["lookalikes"]

_SAME_PAIRS = (
    "АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ХX Ьb аa еe іi јj оo рp сc уy хx ѕs һh ԁd ԛq ԝw ӏl ҮY ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN "
    "ΟO ΡP ΤT ΥY ΧX οo ϲc ϳj ՕO օo ցg ոn սu հh"
)
_LIKE_PAIRS = (
    "вb гr зz кk мm нh пn тt иu яr ґr єe ёe ъb ьb αa βb γy εe ζz ηn θo ιi κk λl μu νv ρp σo τt υu χx ωw ßb ʀr ɪi ɴn ɢg ᴏo ᴇe ᴀa ʟl ʙb "
    "ᴄc ᴅd ʜh ᴊj ᴋk ᴍm ᴘp ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz ɑa ɡg ıi łl øo đd ħh ŧt ɩi ӨO өo ʋv ʌa"
)
_SAME = {ord(pair[0]): pair[1] for pair in _SAME_PAIRS.split()}
"""Letters that most typefaces draw as they draw a Latin one."""
_LIKE = _SAME | {ord(pair[0]): pair[1] for pair in _LIKE_PAIRS.split()}
"""And those that readers take for one in a sentence."""

_FOREIGN = re.compile("[\u0370-\u058f]")
_MIXED_WORD = re.compile(
    r"(?:(?<=[^\w])|(?<=_)|\A)(?=[A-Za-z]*[\u0370-\u058f])(?=[\u0370-\u058f]*[A-Za-z])[A-Za-z\u0370-\u058f]{2,80}+"
)
_FOREIGN_WORD = re.compile("[\u0370-\u058f]{2,}+")
_OTHER = re.compile(r"[^\x00-\x7f][^\n]*")
_ONLY_LATIN = frozenset("DFGLNQRUVWZbdfghklmnqrtuvwz")
"""Latin letters that no letter of the other scripts' ordinary text is drawn like: a word with one of them reads as Latin."""
_WORDS = re.compile(r"\S+")
MAX_LINE = 4_000


def lookalikes(text: str) -> Iterator[Replacement]:
    """Yield the words that read as Latin and are not, and the phrases that give an order only when read so. Linear."""
    if text.isascii():
        return
    for match in _OTHER.finditer(text):
        begin = text.rfind("\n", 0, match.start()) + 1
        line = text[begin : match.end()]
        if _FOREIGN.search(line):
            yield from _mixed_words(line, begin)
        for start in range(0, len(line), MAX_LINE):
            yield from _disguised(line[start : start + MAX_LINE], begin + start)


def _mixed_words(line: str, start: int) -> Iterator[Replacement]:
    """Yield a line's words of two scripts that read as Latin, where they outnumber the words that are truly foreign: a
    slip of the keyboard in a Russian sentence is none."""
    mixed = [match for match in _MIXED_WORD.finditer(line) if _reads_as_latin(match.group())]
    if not mixed:
        return
    foreign = sum(any(ord(letter) not in _SAME for letter in word) for word in _FOREIGN_WORD.findall(line))
    if len(mixed) > foreign:
        for match in mixed:
            yield start + match.start(), start + match.end(), "look-alike letters", len(match.group())


def _reads_as_latin(word: str) -> bool:
    foreign = [letter for letter in word if not letter.isascii()]
    return all(ord(letter) in _SAME for letter in foreign) and any(letter in _ONLY_LATIN for letter in word)


def _disguised(line: str, start: int) -> Iterator[Replacement]:
    """Yield the words other than ASCII of a line that reads like an instruction only when look-alikes are taken for what
    they look like."""
    if sum(not letter.isascii() and letter.isalpha() for letter in line) < 2:
        return
    folded = "".join(map(_folded, line))
    if folded == line or len(instructions(folded)) <= len(instructions(line)):
        return
    for match in _WORDS.finditer(line):
        word = match.group()
        if not word.isascii() and _is_disguise(word):
            yield start + match.start(), start + match.end(), "look-alike letters", len(word)


def _is_disguise(word: str) -> bool:
    """Whether a word is all ASCII once folded: letters of another language's alphabet are not."""
    return all(_folded(letter).isascii() for letter in word if letter.isalnum())


@cache
def _folded(letter: str) -> str:
    """Return the Latin letter that a character is taken for, else the character. Always one character."""
    if letter.isascii():
        return letter
    if ord(letter) in _LIKE:
        return _LIKE[ord(letter)]
    plain = unicodedata.normalize("NFKD", letter)[:1]
    plain = _LIKE.get(ord(plain), plain)
    return plain if plain.isascii() and plain.isalnum() else letter
