"""Reasons: why a file or symbol was chosen, in words."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping

from genloom.tools.codebase.index.postings import Postings
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import Scores, Symbol, file_role, named_path
from genloom.tools.codebase.relations.modules import ModuleMap

__all__ = ["Explanation", "importers"]

MAX_WORDS = 3


class Explanation:
    """Puts scores into words. `words` gives, for each term, the word of the query that it came from."""

    def __init__(
        self, postings: Postings, scores: Scores, query: Query, words: Mapping[str, str], named: Mapping[Symbol, str]
    ) -> None:
        self._postings = postings
        self._scores = scores
        self._query = query
        self._words = words
        self._named = named
        self._at = {(term, found.file_id): found for term, places in postings.by_term.items() for found in places}
        self._file_terms: dict[int, set[str]] = defaultdict(set)
        for term, file_id in self._at:
            self._file_terms[file_id].add(term)

    def file(self, file_id: int, importing: Iterable[str]) -> tuple[str, ...]:
        """Return the reasons for a file; `importing` are the paths that import it."""
        path = self._postings.files[file_id].path
        reasons = [f"the request names `{path}`"] if named_path(self._query, path) else []
        matched = self._ticked(self._scores.path_terms.get(file_id, set()))
        reasons += [f"path matches {matched}"] if matched else []
        defined = sorted({name for symbol, name in self._named.items() if symbol[0] == file_id})[:MAX_WORDS]
        reasons += [f"defines {', '.join(f'`{name}`' for name in defined)}"] if defined else []
        if not reasons:
            found = self._ticked(self._file_terms.get(file_id, set()))
            reasons.append(f"text matches {found}" if found else "its symbols match")
        importing = sorted(importing, key=lambda importer: (file_role(importer) != "source", importer))
        reasons += [f"imported by `{importing[0]}`"] if importing else []
        role = file_role(path)
        return (*reasons, f"{role}, ranked lower") if role in ("test", "documentation") else tuple(reasons)

    def symbol(self, symbol: Symbol, place: int | None) -> tuple[str, ...]:
        """Return the reasons for a symbol; `place` is the line that the request points at, if it lies in it."""
        reasons = [f"the request names `{self._named[symbol]}`"] if symbol in self._named else []
        reasons += [f"the request points at line {place}"] if place else []
        in_name, in_text = self._fields(symbol)
        if in_name and symbol not in self._named:
            reasons.append(f"name matches {self._ticked(in_name)}")
        if in_text - in_name:
            reasons.append(f"text matches {self._ticked(in_text - in_name)}")
        return tuple(reasons) or ("its file matches",)

    def _fields(self, symbol: Symbol) -> tuple[set[str], set[str]]:
        in_name: set[str] = set()
        in_text: set[str] = set()
        for term in self._scores.symbol_terms.get(symbol, ()):
            for ordinal, name, head, body in self._at[term, symbol[0]].symbols():
                if ordinal == symbol[1]:
                    in_name |= {term} if name else set()
                    in_text |= {term} if head or body else set()
        return in_name, in_text

    def _ticked(self, terms: Iterable[str]) -> str:
        """Return the rarest few of the terms as the query's words."""
        ordered = sorted(terms, key=lambda term: (-self._scores.idf.get(term, 0.0), term))
        words = dict.fromkeys(self._words[term] for term in ordered if term in self._words)
        return ", ".join(f"`{word}`" for word in list(words)[:MAX_WORDS])


def importers(connection: sqlite3.Connection, modules: ModuleMap, targets: Iterable[str]) -> dict[str, set[str]]:
    """Return, for each target file, the paths of the files that import it."""
    wanted = set(targets)
    found: dict[str, set[str]] = defaultdict(set)
    rows = connection.execute("SELECT DISTINCT path, module, name FROM imports JOIN files ON files.id = file_id")
    for importer, module, name in rows:
        target = modules.resolve(module, "" if name == "*" else name, importer)
        if target in wanted and target != importer:
            found[target].add(importer)
    return found
