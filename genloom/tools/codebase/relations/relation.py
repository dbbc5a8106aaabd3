"""Relation: one place in the code that means a definition elsewhere, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CallGraph", "DeadSymbol", "DeadSymbols", "Relation", "RelationKind"]

RelationKind = Literal["call", "base", "decorator", "annotation", "reference", "import"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """`source` uses `target`; both are addresses: `path::Class.method`, or `path` for a module's own text.

    `confidence` is 1 where imports and scopes leave one meaning, .9 where a parameter's annotation gave the class, .8 where
    several bindings of one scope are left, and less where the name alone says so: it falls with the number of definitions
    of that name. `line` (1-based) is that of an import statement, else the first line of the source's text in which the
    name stands; `None` where that is not known.
    """

    source: str
    target: str
    kind: RelationKind
    confidence: float
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class CallGraph:
    """Who calls whom: the addresses of all callers and callees in order, and the calls between them.

    `truncated` says that there were more calls than are kept, or that the time ran out.
    """

    nodes: tuple[str, ...]
    edges: tuple[Relation, ...]
    truncated: bool = False

    def callers(self, address: str) -> tuple[str, ...]:
        """Return the addresses that call this one, in order: those among the symbols that the graph was asked for."""
        return tuple(sorted({edge.source for edge in self.edges if edge.target == address}))

    def callees(self, address: str) -> tuple[str, ...]:
        """Return the addresses that this one calls, in order."""
        return tuple(sorted({edge.target for edge in self.edges if edge.source == address}))


@dataclass(frozen=True, kw_only=True)
class DeadSymbol:
    """A definition that nothing in the repository was found to use; `reason` says why it is held dead.

    `confidence` is .9 for a private name, .6 for a public one, which another repository may use, .3 in languages other
    than Python, where names alone are compared.
    """

    address: str
    kind: str
    line: int
    reason: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class DeadSymbols:
    """Dead symbols in the order of path and place. `truncated` says that the time ran out: there may be more."""

    symbols: tuple[DeadSymbol, ...]
    truncated: bool = False
