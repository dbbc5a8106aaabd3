"""The codebase: an index of a repository's source, and what can be asked of it."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from genloom.errors import RepositoryError, UsageError
from genloom.events import EventEmitter, ignore_events
from genloom.state import CodeContext, GenerationRequest
from genloom.tools.codebase.context.caller_context import assemble
from genloom.tools.codebase.context.packing import pack
from genloom.tools.codebase.context.rendering import are_current, render_references
from genloom.tools.codebase.context.rules import ProjectRules, read_rules
from genloom.tools.codebase.context.tokens import TokenCounter, estimate_tokens
from genloom.tools.codebase.files.source import Source, read_source, text_lines
from genloom.tools.codebase.fingerprint import tree_fingerprint
from genloom.tools.codebase.functions import FunctionSignature, best_functions, component_functions
from genloom.tools.codebase.history.history import refresh_history
from genloom.tools.codebase.in_thread import in_thread
from genloom.tools.codebase.index.index_file import index_path, open_index, reading
from genloom.tools.codebase.index.indexing import IndexReport, refresh_index
from genloom.tools.codebase.ranking.further_retrievers import FurtherRetriever, ask
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import Ranking
from genloom.tools.codebase.ranking.search import rank_query
from genloom.tools.codebase.ranking.statistics import StatisticsCache
from genloom.tools.codebase.ranking.weights import RankingWeights
from genloom.tools.codebase.records import IndexedSymbol, SourceFile
from genloom.tools.codebase.relations.modules import relative_stems
from genloom.tools.codebase.relations.queries import RelationQueries
from genloom.tools.codebase.relations.snapshot import Snapshot

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

    from genloom.tools.codebase.ranking.retriever import CodebaseRetriever
    from genloom.tools.codebase.summaries.summary import Summary, SummaryKind

__all__ = ["CONTEXT_LIMIT", "Codebase"]

DEFAULT_LIMIT = 50
CONTEXT_LIMIT = 100
"""How many files and symbols a context is chosen from."""
UNREAD = "files that the index does not have: the last refresh ended early, or the repository is beyond its bounds"


class Codebase(RelationQueries):
    """A repository's source, indexed. Safe to use from several threads; several processes can share one cache folder.

    `root` is the repository's folder (a git repository or not); `cache` the folder for the index, in memory without one.
    Reading anything indexes first, if that was never done; call `refresh` to see later changes. `arefresh`, `arank` and the
    like are the same methods for an event loop: they run in a thread. Raises `RepositoryError`
    when the root is missing, no folder or unreadable, `StorageError` when the index cannot be kept.
    """

    def __init__(self, root: str | Path, *, cache: Path | None = None) -> None:
        self.root = _checked_root(root)
        self.name = str(root)
        file = index_path(cache, self.root) if cache is not None else None
        self._index = open_index(file)
        self._close = weakref.finalize(self, self._index.close)
        self._statistics = StatisticsCache(self.root.name)
        self._further: tuple[FurtherRetriever, ...] = ()
        self._lock = threading.RLock()
        self._snapshot = Snapshot(file)
        self._fresh = False
        self._complete = True
        self._unreadable: tuple[str, ...] = ()

    def close(self) -> None:
        """Close the index file; the codebase cannot be used afterwards. One that nobody holds any more closes by itself."""
        self._snapshot.close()
        with self._lock:
            self._close()

    def refresh(
        self, *, emit: EventEmitter = ignore_events, deadline: float | None = None, processes: int | None = None
    ) -> IndexReport:
        """Bring the index up to date, reading only files whose time stamp, size and then content changed.

        `deadline` is a `time.monotonic()` value, such as `time.monotonic() + 5`: past it, what was read so far is kept, the
        report says `complete=False`, and so does `Ranking.left_out`.
        `processes` read at once: by default one for fewer than 300 changed files, else one for each core, four at most.
        """
        with self._lock:
            self._demand_open()
            if self._index.in_transaction:
                raise UsageError("A refresh is under way.", hint="What listens to its events may ask, but not refresh.")
            self._refreshing = threading.get_ident()
            try:
                report = refresh_index(self._index, self.root, emit=emit, deadline=deadline, processes=processes)
                history = refresh_history(self._index, self.root, deadline)
            except BaseException:
                self._statistics = StatisticsCache(self.root.name)  # who listened may have ranked what is not there now
                raise
            finally:
                self._refreshing = None
            self._fresh, self._complete, self._unreadable = True, report.complete, report.unreadable
            complete = report.complete and history.on_time
            return replace(report, complete=complete, commits=history.commits, no_history=history.trouble)

    def files(self) -> tuple[SourceFile, ...]:
        """Return the indexed files in the order of their paths."""
        with self._reading() as index:
            rows = index.execute(
                "SELECT path, sha256, lines, has_errors, language FROM files WHERE skipped = '' ORDER BY path"
            )
            return tuple(
                SourceFile(path=p, sha256=s, lines=n, has_errors=bool(e), language=name) for p, s, n, e, name in rows
            )

    def left_out(self, *, limit: int = 1_000) -> tuple[tuple[str, str], ...]:
        """Return the first `limit` source files that were left out, in the order of their paths, each with the reason
        (see `IndexReport.skipped`)."""
        with self._reading() as index:
            rows = index.execute("SELECT path, skipped FROM files WHERE skipped <> '' ORDER BY path LIMIT ?", (limit,))
            found = [*rows, *((path, "unreadable") for path in self._unreadable)]
        return tuple(sorted(found)[:limit])

    def importing(self, module: str, path: str) -> tuple[str, ...]:
        """Return the paths of the files that import a module, or names of it, in order; `path` is its own file, which need
        not be there, and by which relative imports are resolved."""
        parent, _, last = module.rpartition(".")
        stem = path.removesuffix(".py").removesuffix("/__init__")
        with self._reading() as index:
            rows = index.execute(
                "SELECT DISTINCT path, module, imports.name FROM imports JOIN files ON files.id = file_id"
                " WHERE module = :module OR (module = :parent AND imports.name = :last) OR substr(module, 1, 1) = '.'",
                {"module": module, "parent": parent, "last": last},
            )
            found = {p for p, named, name in rows if named[:1] != "." or stem in relative_stems(p, named, name)}
        return tuple(sorted(found - {path}))

    def tree_fingerprint(self, *, leave_out: Iterable[Path] = ()) -> str:
        """Return a hash that changes with whatever code that runs inside the repository could import or read from it.

        It covers all its files, also generated, ignored and data files: indexed ones by their content, others by size and
        time of change. Not covered are version control's own folders, caches, virtual environments, and the folders to
        `leave_out`. Refresh first. A repository of more than 200,000 files has another fingerprint every time: no result
        may be kept for it. Raises `RepositoryError` when the root can no longer be read.
        """
        with self._reading() as index:
            rows = index.execute("SELECT path, size, mtime_ns, sha256 FROM files WHERE skipped = ''")
            known = {path: (size, mtime_ns, sha256) for path, size, mtime_ns, sha256 in rows}
        return tree_fingerprint(self.root, known, leave_out)

    def symbols(self, path: str | None = None, *, name: str | None = None) -> tuple[IndexedSymbol, ...]:
        """Return the definitions of one file, or of all, in the order of path and place; with a `name` (`total_due` or
        `Invoice.total_due`) those that are called so."""
        with self._reading() as index:
            rows = index.execute(
                "SELECT path, name, qualified, kind, start_line, end_line, signature, doc, sha256 FROM symbols"
                " JOIN files ON files.id = file_id WHERE ordinal > 0 AND (:path IS NULL OR path = :path)"
                " AND (:name IS NULL OR name = :last) ORDER BY path, ordinal",
                {"path": path, "name": name, "last": (name or "").rpartition(".")[2]},
            )
            names = ("path", "name", "qualified", "kind", "start_line", "end_line", "signature", "doc", "sha256")
            found = tuple(IndexedSymbol(**dict(zip(names, row, strict=True))) for row in rows)
        return found if name is None else tuple(s for s in found if f".{s.qualified}".endswith(f".{name}"))

    def functions(self) -> tuple[FunctionSignature, ...]:
        """Return the public top-level functions whose own text shows no side effect: a search's building blocks."""
        with self._reading() as index:
            return tuple(function for _, function in component_functions(index))

    def component_functions(
        self, query: Query | str, limit: int, *, accept: Callable[[FunctionSignature], bool] | None = None
    ) -> tuple[FunctionSignature, ...]:
        """Return the `limit` typed functions of `functions()` that the query points at first, best first.

        The order is the ranking's; functions that it does not reach follow in the order of path and place. `accept` leaves
        out what cannot be used before the cut.
        """
        with self._reading() as index:
            return best_functions(index, _query(query), limit, accept, self._statistics.current(index))

    def rank(self, query: Query | str, *, limit: int = DEFAULT_LIMIT, weights: RankingWeights | None = None) -> Ranking:
        """Rank files and symbols for a query, the `limit` best of each, with reasons and one relevance.

        `weights` say how much each signal counts; the default is the same for every repository. `Ranking.left_out` says what
        of the query was not looked at, which further retrievers failed, and where the index is not complete.
        """
        query = _query(query)
        retrieved, failed = ask(self._further, query.text, self.root)
        with self._reading() as index:
            ranking = rank_query(index, query, limit, self._statistics.current(index), weights, retrieved)
        unread = () if self._complete else (UNREAD,)
        return replace(ranking, left_out=(*ranking.left_out, *failed, *unread))

    def as_retriever(
        self, *, limit: int = 10, max_tokens: int = 1500, secrets: Sequence[str] = ()
    ) -> CodebaseRetriever:
        """Return a LangChain retriever over this codebase, sync and async: the `limit` best definitions as documents.

        A definition of more than `max_tokens` estimated tokens is cut after a line and says so. `secrets` are values that no
        document may show. See `CodebaseRetriever` for the metadata.
        """
        from genloom.tools.codebase.ranking.retriever import CodebaseRetriever  # imports LangChain

        return CodebaseRetriever(codebase=self, limit=limit, max_tokens=max_tokens, secrets=tuple(secrets))

    def add_retriever(self, name: str, retriever: BaseRetriever, *, weight: float = 0.3) -> None:
        """Let a LangChain retriever take part in the ranking; the same name again replaces it.

        Its first document adds `weight` to the score of its place, the n-th an n-th of it; a place is the `path` (or
        `source`) in a document's metadata, and its `symbol`, if any. Each such item has the reason "found by the retriever
        `name`". One that fails is left out of a ranking, which says so. Raises `UsageError` for a retriever over this very
        codebase, one without `invoke`, an empty name, and a weight that is no number from 0 on.
        """
        if not (isinstance(name, str) and name.strip() and callable(getattr(retriever, "invoke", None))):
            raise UsageError("That is no retriever with a name.", hint="Give a name and a LangChain retriever.")
        if not (isinstance(weight, int | float) and 0 <= weight < math.inf):
            raise UsageError("A retriever's weight is a number from 0 on.", hint="Its default is 0.3.")
        if getattr(retriever, "codebase", None) is self:
            raise UsageError(
                "A codebase's own retriever cannot take part in its ranking.", hint="Register another retriever."
            )
        others = [further for further in self._further if further.name != name]
        self._further = (*others, FurtherRetriever(name, retriever, weight))

    def context(
        self,
        request: GenerationRequest,
        *,
        budget_tokens: int,
        limit: int = CONTEXT_LIMIT,
        ranking: Ranking | None = None,
        count_tokens: TokenCounter = estimate_tokens,
        secrets: Sequence[str] = (),
    ) -> CodeContext:
        """Choose what a model should see for a request within a budget of tokens: references, never text.

        The caller's own context is counted in `tokens` and `fingerprint`, on top of the budget. `ranking` is what to choose
        from, where it is known already: by default the `limit` best for the request. `count_tokens` is a model's own
        counter, where one is at hand; the default is an estimate (`estimate_tokens`). `secrets` are the values that `render`
        will be told to take out: they are counted as what stands for them. Raises `RepositoryError` when the root can no
        longer be read.
        """
        if budget_tokens < 0:
            raise UsageError("A budget is a number of tokens from 0 on.", hint="An answer for a model needs hundreds.")
        _checked_root(self.root)  # it may be gone by now
        ranking = ranking or self.rank(Query.from_request(request), limit=limit)
        hashes = {symbol.path: symbol.sha256 for symbol in ranking.symbols}

        @cache
        def read(path: str) -> list[str] | None:
            source = read_source(self.root, path)
            same = isinstance(source, Source) and source.sha256 == hashes.get(path)
            return text_lines(source.text) if isinstance(source, Source) and same else None

        return assemble(
            request.codebase_context,
            references=pack(ranking, self.rules(), read, budget_tokens, count_tokens, secrets),
            relevance=ranking.relevance,
            repository=self.name,
            count=count_tokens,
            secrets=secrets,
        )

    def render(self, context: CodeContext, *, secrets: Sequence[str] = ()) -> str:
        """Return the text behind a context's references, read from disk anew, redacted and delimited.

        What changed since it was chosen is left out, and a line says so: ask `is_current` first to choose again.
        """
        return render_references(self.root, context.references, secrets=secrets)

    def is_current(self, context: CodeContext) -> bool:
        """Whether every file behind the context still has the bytes that it was chosen by."""
        return are_current(self.root, context.references)

    def rules(self) -> tuple[ProjectRules, ...]:
        """Return what the project tells those who write code for it (`AGENTS.md` and the like, at the root)."""
        return read_rules(self.root)

    def summary(self, target: str | None = None, *, kind: SummaryKind | None = None) -> Summary:
        """Summarise the repository, a file (`path`) or a symbol (`path::Class.method`, or a name), as what it is; with a
        `kind`, the first of that kind that the name has, `kind="symbol"` being the usages of any definition alone.

        Raises `UsageError` when there is no such file or symbol, or none of that kind.
        """
        from genloom.tools.codebase.summaries.summary import summarise  # here, as all that works on relations

        with self._relations() as graph:
            return summarise(graph, target, kind)

    arefresh = in_thread(refresh)
    arank = in_thread(rank)
    acontext = in_thread(context)
    arender = in_thread(render)
    asymbols = in_thread(symbols)
    asummary = in_thread(summary)

    def _demand_open(self) -> None:
        if not self._close.alive:
            raise UsageError("The codebase is closed.", hint="Make another `Codebase` of the folder.")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._demand_open()
            if not self._fresh and not self._index.in_transaction:  # asked by what listens to a refresh
                self.refresh()
            with reading(self._index):
                yield self._index


def _query(query: Query | str) -> Query:
    return Query.from_text(query) if isinstance(query, str) else query


def _checked_root(root: str | Path) -> Path:
    """Return the repository's real path. Raises `RepositoryError` when it is no folder that can be listed."""
    hint = "Give the folder that holds the project's code."
    try:
        path = Path(root).expanduser().resolve(strict=True)
        if not path.is_dir():
            raise RepositoryError(f"The repository {str(root)!r} is a file, not a folder.", hint=hint)
        with os.scandir(path) as listing:
            next(listing, None)
    except FileNotFoundError as error:
        raise RepositoryError(f"There is no folder {str(root)!r}.", hint=hint) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise RepositoryError(f"The repository {str(root)!r} cannot be read: {error}.", hint=hint) from error
    return path
