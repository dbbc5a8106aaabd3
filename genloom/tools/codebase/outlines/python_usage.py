"""Usage: what each definition of a Python file calls, returns, inherits, is annotated with, and refers to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from genloom.tools.codebase.outlines.outline import Definition, Mention, MentionKind, Segment
from genloom.tools.codebase.outlines.python_tokens import chains_in, count_tokens

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
    words: Counter[str] = Counter()
    used: list[tuple[Used, str, int]] = []
    for token, times in count_tokens(text):
        use, name, qualifier, root, called, word, _ = token
        if use == "none":
            words[word] += times
            continue
        used.append(((use, name, qualifier), root, times))
        if called and use == "decorator":
            used.append((("call", name, qualifier), root, times))
        if root == SUPER:
            used.append((("call", "super", ""), root, times))
        elif qualifier and root:
            used.append((("reference", root, ""), root, times))
    calls = [(name, times) for (use, name, _), _, times in used if use == "call"]
    impure = sum(words[word] for word in IMPURE_WORDS) + sum(name in IMPURE_CALLS for name, _ in calls)
    return TextCounts(words["return"], sum(times for _, times in calls), impure, used)


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
        counted = Counter(_declared(definition))
        found += [Mention(ordinal, name, kind, n, qualifier) for (kind, name, qualifier), n in counted.items()]
        declared = Counter({(name, qualifier): n for (_, name, qualifier), n in counted.items()})
        local = {parameter.name.lstrip("*") for parameter in definition.parameters}
        used: Counter[Used] = Counter()
        for key, root, times in texts[ordinal].used if ordinal in texts else ():
            if key[0] != "reference" or (root in names and root not in local):
                used[key] += times
        for (name, qualifier), times in declared.items():
            used["reference", name, qualifier] -= times
        for name, times in assigned.items() if ordinal == 0 else ():
            used["reference", name, ""] -= times
        found += [Mention(ordinal, name, kind, n, qualifier) for (kind, name, qualifier), n in used.items() if n > 0]
    return tuple(found)


def _declared(definition: Definition) -> Iterable[Used]:
    """Yield what a definition's head says that it inherits and is annotated with."""
    for base in definition.bases:
        for name, qualifier in chains_in(base.partition("[")[0].partition("(")[0]):
            yield "base", name, qualifier
    for annotation in (*(parameter.annotation for parameter in definition.parameters), definition.returns):
        for name, qualifier in chains_in(annotation) if annotation else ():
            yield "annotation", name, qualifier
