"""References: the other uses, in code, of the names that a Python file imports or defines at its top level.

Found with one regular expression for each definition's own text, which steps over strings and comments: far cheaper than
to ask the tree for every identifier. What is found there of imports, calls, bases, decorators and annotations is taken off.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from genloom.tools.codebase.outlines.outline import Mention, Segment

__all__ = ["chain", "names_in_import", "own_texts", "references"]

_STRING = "|".join(
    f"{quote}(?:[^{quote[0]}\\\\{newline}]++|\\\\.{other})*+{quote}"
    for quote, newline, other in (
        ('"""', "", '|"(?!"")'),
        ("'''", "", "|'(?!'')"),
        ('"', "\\n", ""),
        ("'", "\\n", ""),
    )
)
_NAMES = r"[^\W\d]\w*+(?:\.[^\W\d]\w*+)*+"
_PATTERN = (
    rf"#[^\n]*|[rRbBuU]{{0,2}}(?:{_STRING})|(?<![\w.])((?:[fF][rR]?|[rR][fF])(?:{_STRING})|{_NAMES}(?!\s*=(?!=)))"
)
_TOKEN = re.compile(_PATTERN, re.DOTALL)
_TOKEN_BYTES = re.compile(_PATTERN.encode(), re.DOTALL)
_CHAIN = re.compile(_NAMES)
_BRACES = re.compile(r"\{([^{}]*)\}")
_LONGEST = 200
Uses = Mapping[tuple[int, str], int]


def own_texts(source: bytes, segments: Iterable[Segment]) -> dict[int, bytes]:
    """Return each definition's own text by its ordinal: the bytes of its segments, one after the other."""
    pieces: dict[int, list[bytes]] = defaultdict(list)
    for start, end, ordinal, _ in segments:
        pieces[ordinal].append(source[start:end])
    return {ordinal: b"\n".join(found) for ordinal, found in pieces.items()}


def references(
    texts: Mapping[int, bytes], names: Collection[str], known: Uses, hidden: Mapping[int, Collection[str]]
) -> Iterator[Mention]:
    """Yield the references to `names` in the texts, definition by definition.

    `known` counts, by ordinal and chain of names, the uses and definitions that are no references; `hidden` are the names
    that mean something else inside a definition.
    """
    for ordinal, text in sorted(texts.items()):
        counted = {token: times for token, times in _chains(text).items() if _root(token) in names}
        for token, times in sorted(counted.items()):
            left = times - known.get((ordinal, token), 0)
            if left > 0 and _root(token) not in hidden.get(ordinal, ()):
                qualifier, _, name = token.rpartition(".")
                yield Mention(ordinal, name, "reference", left, qualifier)


def chain(text: str) -> tuple[str, str]:
    """Split `os.path.join` as written, perhaps over several lines, into name and qualifier; `?` where the qualifier is no
    chain of names."""
    if "." not in text:
        return text, ""
    qualifier, _, name = text.rpartition(".")
    qualifier = "".join(qualifier.split())
    return name.strip(), qualifier if len(text) <= _LONGEST and _CHAIN.fullmatch(qualifier) else "?"


def names_in_import(text: str) -> list[str]:
    """Return the chains of names that `references` would see in the text of an import statement."""
    return _CHAIN.findall(text)


def _chains(text: bytes) -> Counter[str]:
    if text.isascii():
        found = Counter({token.decode(): times for token, times in Counter(_TOKEN_BYTES.findall(text)).items()})
    else:
        found = Counter(_TOKEN.findall(text.decode("utf-8", "replace")))
    for token in [token for token in found if token[-1:] in ("'", '"')]:  # an f-string: what stands in its braces
        for inner in _BRACES.findall(token):
            found.update(_CHAIN.findall(inner))
    return found


def _root(token: str) -> str:
    return token.partition(".")[0]
