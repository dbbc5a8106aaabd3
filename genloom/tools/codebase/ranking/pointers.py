"""Pointers: what a text points at by name: files, lines in them, and definitions.

Read are paths with a line in the forms that compilers, test runners and stack traces of the indexed languages write, the
functions of stack frames, ids of tests, and names that a text marks as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genloom.tools.codebase.outlines.languages import source_suffixes

__all__ = ["Pointers", "find_pointers"]

_SUFFIX = "|".join(sorted((suffix[1:] for suffix in source_suffixes()), key=len, reverse=True))
_LINE = r"""(?:::?|\(|:line |["']?,? (?:on )?line )(\d{1,7})\b"""
_PATH = re.compile(
    rf"(?<![\w./\\$@+~-])((?:[A-Za-z]:)?[\w./\\$@+~-]{{1,400}}?\.(?:{_SUFFIX}))(?![\w/\\-])(?!\.\w)(?:{_LINE})?"
)
"""A file of an indexed language, and its line: `a.py:12`, `a.ts(12,5)`, `a.php on line 12`, `File "a.py", line 12`."""

_FRAMES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r'", line \d{1,7}, in ([\w.<>]{1,200})',  # Python
        r"\bat (?:async |new )?([\w.$/<>]{1,300}) ?\(",  # JavaScript, Java, C#
        r"\d:in [`']([\w:#.?! ]{1,200})'",  # Ruby
        r"\bin [`']([\w:#.]{1,200}[!?])'",  # Ruby, without the line before it
        r"\.php(?:\(\d{1,7}\))?: ([\w\\:>-]{1,200})\(",  # PHP
        r"^ {1,9}\d{1,4}: (?:0x\w{1,16} - )?([\w:<>]{1,300})$",  # Rust
        r"^([\w./-]{1,200}\.(?:\(\*?\w{1,80}\)\.)?\w{1,80})\(.{0,400}\)\n\t",  # Go
        r"\.\w{1,4}::([\w:.]{1,200})",  # pytest
        r"^test ([\w:]{1,200}) \.\.\. ",  # Cargo
        r"^--- FAIL: ([\w/]{1,200})",  # Go
        r"\b((?:\w{1,80}[.\\]){0,9}\w{1,80}(?:#|::)\w{1,80})",  # JUnit's `FooTest#adds`, PHPUnit's `FooTest::adds`
    )
)
_JAVA = re.compile(r"\bat (?:[\w.]{1,80}/)?((?:[\w$]{1,80}\.){2,20})[\w$<>]{1,80}\((\w{1,80}\.java)\b")
"""A frame of Java has a package and a file without its folder."""

_TICKED = re.compile(r"`([^`\n]{1,200})`")
_DOTTED = re.compile(r"[^\W\d]\w*+(?>(?:\.[^\W\d]\w*+)*)(\()?")
_CODE_CASE = re.compile(r"\w_\w|^_\w|[a-z][A-Z]|[A-Z][A-Z][a-z]")
_NAME = re.compile(r"[^\W\d]\w*[!?]?")
_TICKED_NAME = re.compile(r"[A-Za-z_][\w.]*[!?]?")
"""In Ruby `!` and `?` belong to the name."""


@dataclass(frozen=True)
class Pointers:
    """Names of definitions, paths, and (path, line) pairs, each once, in the order in which the text has them."""

    identifiers: tuple[str, ...]
    paths: tuple[str, ...]
    places: tuple[tuple[str, int], ...]


def find_pointers(text: str) -> Pointers:
    """Return what a text points at. Takes time in proportion to its length, whatever it holds."""
    classes = {frame.start(2): frame[1].replace(".", "/").removesuffix("/") for frame in _JAVA.finditer(text)}
    found: dict[tuple[str, int], None] = {}
    for match in _PATH.finditer(text):
        path = match[1].replace("\\", "/").removeprefix("./")
        if match.start(1) in classes:
            path = f"{classes[match.start(1)].rpartition('/')[0]}/{path}".lstrip("/")
        found[path, int(match[2] or 0)] = None
    return Pointers(
        identifiers=tuple(dict.fromkeys(name for name in _names(text) if name)),
        paths=tuple(dict.fromkeys(path for path, _ in found)),
        places=tuple(place for place in found if place[1]),
    )


def _names(text: str) -> Iterator[str]:
    """Yield the names that a text marks as code, dotted ones as a whole and by their last two parts."""
    for ticked in _TICKED.findall(text):
        for name in _TICKED_NAME.findall(ticked):
            yield from _with_and_without_mark((name, *name.split(".")[-2:]))
    for frame in _FRAMES:
        for found in frame.findall(text):
            yield from _with_and_without_mark(_NAME.findall(found)[-2:])  # a method and its class
    for match in _DOTTED.finditer(text):
        name = match.group().removesuffix("(")
        if match[1] or "." in name or _CODE_CASE.search(name):
            yield from (name, *name.split(".")[-2:])


def _with_and_without_mark(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from (name, name.rstrip("!?"))
