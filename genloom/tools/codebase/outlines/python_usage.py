"""Usage: what each definition of a Python file calls, returns, inherits, is annotated with, and refers to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from genloom.tools.codebase.outlines.outline import Definition, Mention, MentionKind, Segment
from genloom.tools.codebase.outlines.python_tokens import Token, chains_in, count_tokens

__all__ = ["TextCounts", "count_texts", "mentions"]

IMPURE_CALLS = frozenset(
    "open print input exec eval compile __import__ breakpoint exit quit system popen run Popen urlopen connect socket "
    "random randint choice shuffle sleep time now today utcnow urandom token_hex uuid4 write write_text write_bytes "
    "unlink mkdir rmdir remove rename setattr delattr".split()
)
SUPER = "super()"
IMPURE_WORDS = frozenset(["yield", "await", "global", "nonlocal"])
Used = tuple[MentionKind, str, str]
"""Kind, name and qualifier."""


class TextCounts(NamedTuple):
    """How often a definition's own text returns, calls, and shows an effect; and its chains of names with their roots."""

    returns: int
    calls: int
    impure: int
    used: list[tuple[Used, str, int]]


def count_texts(source: bytes, segments: Iterable[Segment]) -> dict[int, TextCounts]:
    """Count the own text of each definition, by its ordinal: the bytes of its segments."""
    pieces: dict[int, list[bytes]] = defaultdict(list)
    for start, end, ordinal, _ in segments:
        pieces[ordinal].append(source[start:end])
    return {ordinal: _counted(b"\n".join(found)) for ordinal, found in pieces.items()}


def _counted(text: bytes) -> TextCounts:
    returns = calls = impure = 0
    used: list[tuple[Used, str, int]] = []
    for token, times in count_tokens(text):
        use, name, qualifier, root, called, word, _ = token
        if use == "none":
            returns += times * (word == "return")
            impure += word in IMPURE_WORDS
            continue
        used.append(((use, name, qualifier), root, times))
        if called or root == SUPER:
            calls += times * (called + (root == SUPER))
            impure += called and name in IMPURE_CALLS
            used += _called_too(token, times)
        if qualifier and root and root != SUPER:
            used.append((("reference", root, ""), root, times))
    return TextCounts(returns, calls, impure, used)


def _called_too(token: Token, times: int) -> Iterator[tuple[Used, str, int]]:
    """Yield the further calls in a token: that of a decorator, and that of `super`."""
    if token.called and token.use == "decorator":
        yield ("call", token.name, token.qualifier), token.root, times
    if token.root == SUPER:
        yield ("call", "super", ""), token.root, times


def mentions(
    texts: Mapping[int, TextCounts],
    definitions: Sequence[Definition],
    names: Collection[str],
    assigned: Mapping[str, int],
) -> tuple[Mention, ...]:
    """Return the mentions of each definition in turn; references are those to `names`, and to what they have. A use of
    `a.b` is also one of `a`.

    `assigned` counts the module's own variables where they are bound and not used.
    """
    found: list[Mention] = []
    for ordinal, definition in enumerate(definitions):
        if definition.kind == "variable":
            break
        local = {parameter.name.lstrip("*") for parameter in definition.parameters}
        used: dict[Used, int] = {}
        for key, root, times in texts[ordinal].used if ordinal in texts else ():
            if key[0] != "reference" or (root in names and root not in local):
                used[key] = used.get(key, 0) + times
        for key in _declared(definition):
            used[key] = used.get(key, 0) + 1
            _take(used, key[1], key[2], 1)
        for name, times in assigned.items() if ordinal == 0 else ():
            _take(used, name, "", times)
        found += [Mention(ordinal, name, kind, n, qualifier) for (kind, name, qualifier), n in used.items() if n > 0]
    return tuple(found)


def _take(used: dict[Used, int], name: str, qualifier: str, times: int) -> None:
    """Take off references that are something else."""
    key: Used = ("reference", name, qualifier)
    if key in used:
        used[key] -= times


def _declared(definition: Definition) -> Iterable[Used]:
    """Yield what a definition's head says that it inherits and is annotated with."""
    for base in definition.bases:
        for name, qualifier in chains_in(base.partition("[")[0].partition("(")[0]):
            yield "base", name, qualifier
    for annotation in (*(parameter.annotation for parameter in definition.parameters), definition.returns):
        for name, qualifier in chains_in(annotation) if annotation else ():
            yield "annotation", name, qualifier
