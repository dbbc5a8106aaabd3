"""Queries: what can be asked of a codebase's relations. `Codebase` has these methods."""

from __future__ import annotations

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from genloom.errors import UsageError
from genloom.tools.codebase.in_thread import in_thread
from genloom.tools.codebase.relations.snapshot import Snapshot

if TYPE_CHECKING:  # imported where relations are asked for: most commands ask for none
    from genloom.tools.codebase.relations.addresses import Place
    from genloom.tools.codebase.relations.graph import RelationGraph
    from genloom.tools.codebase.relations.relation import CallGraph, DeadSymbols, Relation
    from genloom.tools.codebase.relations.reveal import Revealed
    from genloom.tools.codebase.relations.tables import Tables

__all__ = ["RelationQueries"]

MAX_SECONDS = 60.0


class RelationQueries(ABC):
    """Relations between definitions, worked out where they are asked for.

    A symbol is an address (`path::Class.method`), a path, or a name. Raises `UsageError` where there is none, and where a
    name has several definitions: its hint lists their addresses.
    """

    root: Path
    _snapshot: Snapshot
    _graph: tuple[tuple[int, int], RelationGraph] | None = None
    _refreshing: int | None = None
    """The thread that refreshes the index."""

    def dependencies(self, symbol: str) -> tuple[Relation, ...]:
        """Return what a symbol, with all that is defined in it, uses elsewhere in the repository; surest first."""
        with self._relations() as graph:
            return graph.dependencies(_place(graph.tables, symbol))

    def usages(self, symbol: str) -> tuple[Relation, ...]:
        """Return what uses a symbol, or imports a file, from outside its own text; surest first."""
        with self._relations() as graph:
            return graph.usages(_place(graph.tables, symbol))

    def importers(self, path: str) -> tuple[str, ...]:
        """Return the paths of the files that import a Python file, or a name from it as their module, in order."""
        with self._relations() as graph:
            return graph.importers(_place(graph.tables, path)[0])

    def call_graph(self, symbols: Iterable[str] | None = None, *, deadline: float | None = None) -> CallGraph:
        """Return the calls that some symbols make, with all that is defined in them, or those of the whole repository: who
        calls a symbol from elsewhere is in the latter alone.

        `deadline` is a `time.monotonic()` value, a minute from now by default; past it, `truncated` says so.
        """
        with self._relations() as graph:
            places = None if symbols is None else [_place(graph.tables, symbol) for symbol in symbols]
            return graph.call_graph(places, _bounded(deadline))

    def dead_symbols(self, *, deadline: float | None = None) -> DeadSymbols:
        """Return the definitions that nothing was found to use, with why, in the order of path and place.

        Evidence, not proof: see `docs/codebase.md` for what is never called dead, and for the limits. Reads every source.
        `deadline` is a `time.monotonic()` value, a minute from now by default; past it, those decided by then are told.
        """
        from genloom.tools.codebase.relations.dead import find_dead

        with self._relations() as graph:
            return find_dead(graph, self.root, _bounded(deadline))

    def reveal_symbol(
        self, symbol: str, *, degree: int = 1, max_tokens: int = 2000, secrets: Sequence[str] = ()
    ) -> Revealed:
        """Tell a symbol's body, then the signatures of what it uses and of what uses it, up to `degree` steps away.

        The text is redacted, screened and delimited; it takes `max_tokens` estimated tokens at most, which are 100 or
        more. `secrets` are further values to remove.
        """
        from genloom.tools.codebase.relations.reveal import LEAST_TOKENS, reveal

        if max_tokens < LEAST_TOKENS or degree < 0:
            raise UsageError(
                f"Nothing can be revealed in {max_tokens} tokens, {degree} steps away.",
                hint=f"Give {LEAST_TOKENS} tokens or more, and 0 steps or more.",
            )

        with self._relations() as graph:
            return reveal(graph, self.root, symbol, degree, max_tokens, secrets)

    adependencies = in_thread(dependencies)
    ausages = in_thread(usages)
    aimporters = in_thread(importers)
    acall_graph = in_thread(call_graph)
    adead_symbols = in_thread(dead_symbols)
    areveal_symbol = in_thread(reveal_symbol)

    @abstractmethod
    def _reading(self) -> AbstractContextManager[sqlite3.Connection]: ...

    @contextmanager
    def _relations(self) -> Iterator[RelationGraph]:
        """Give the graph of the index as it is now; it is kept until the index changes. Other questions go on meanwhile."""
        from genloom.tools.codebase.relations.graph import RelationGraph
        from genloom.tools.codebase.relations.tables import Tables

        if self._refreshing == threading.get_ident():  # who listens is told what was read so far
            with self._reading() as index:
                yield RelationGraph(Tables(index, self.root.name), self.root)
            return
        with self._snapshot.lock:
            with self._reading() as index:
                self._snapshot.follow(index)
            with self._snapshot.held() as (own, state):
                if self._graph is None or self._graph[0] != state:
                    self._graph = (state, RelationGraph(Tables(own, self.root.name), self.root))
                yield self._graph[1]


def _place(tables: Tables, symbol: str) -> Place:
    from genloom.tools.codebase.relations.addresses import find_place

    return find_place(tables, symbol)


def _bounded(deadline: float | None) -> float:
    latest = time.monotonic() + MAX_SECONDS
    return latest if deadline is None else min(deadline, latest)
