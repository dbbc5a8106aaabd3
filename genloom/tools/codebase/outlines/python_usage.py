"""Usage: what each definition of a Python file calls, returns, inherits and is annotated with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from genloom.tools.codebase.outlines.outline import Mention, MentionKind
from genloom.tools.codebase.outlines.python_references import chain
from genloom.tools.codebase.outlines.segments import OwnerMap

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Counts", "Usage"]

MENTIONS: tuple[MentionKind, ...] = ("call", "base", "decorator", "annotation")
LONGEST_CHAIN = 400
"""How many bytes before its end a chain of names is read from; one of thousands of calls would be read again for each."""
IMPURE_CALLS = frozenset(
    "open print input exec eval compile __import__ breakpoint exit quit system popen run Popen urlopen connect socket "
    "random randint choice shuffle sleep time now today utcnow urandom token_hex uuid4 write write_text write_bytes "
    "unlink mkdir rmdir remove rename setattr delattr".split()
)


class Counts(NamedTuple):
    """How often a definition's own text returns, calls, sets a class attribute, and shows an effect."""

    returns: int
    calls: int
    attributes: int
    impure: int


class Usage:
    """What the captures of `queries/python.scm` tell, by the definitions that `owners` says they belong to."""

    def __init__(self, captures: Mapping[str, Sequence[Node]], source: bytes, owners: OwnerMap) -> None:
        # one pass over the nodes of each kind: crossing into the tree is what costs
        self._named = {kind: list(_named(captures.get(kind, ()), source, owners)) for kind in MENTIONS}
        self._returns, self._attributes, self._impure = (
            Counter(owners.ordinals(node.start_byte for node in captures.get(name, ())))
            for name in ("return", "attribute", "impure")
        )
        self._calls = Counter(ordinal for ordinal, _, _ in self._named["call"])
        self._impure.update(ordinal for ordinal, name, _ in self._named["call"] if name in IMPURE_CALLS)

    def counts(self, ordinal: int) -> Counts:
        """Return the counts of one definition."""
        return Counts(self._returns[ordinal], self._calls[ordinal], self._attributes[ordinal], self._impure[ordinal])

    def mentions(self) -> Iterator[Mention]:
        """Yield the mentions, those of one kind together, in the order of definitions and names."""
        for kind, named in self._named.items():
            for (ordinal, name, qualifier), count in sorted(Counter(named).items()):
                yield Mention(ordinal, name, kind, count, qualifier)


def _named(nodes: Iterable[Node], source: bytes, owners: OwnerMap) -> Iterator[tuple[int, str, str]]:
    """Yield the ordinal, name and qualifier of each chain of names."""
    spans = [node.byte_range for node in nodes]
    for ordinal, (start, end) in zip(owners.ordinals(start for start, _ in spans), spans, strict=True):
        yield ordinal, *chain(source[max(start, end - LONGEST_CHAIN) : end].decode("utf-8", "replace"))
