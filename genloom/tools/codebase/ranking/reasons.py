"""Reasons: why a file or symbol was chosen, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from genloom.tools.codebase.index.postings import Occurrence
from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.ranking.hints import Hints, Symbol
from genloom.tools.codebase.ranking.scoring import Scores
from genloom.tools.codebase.ranking.statistics import Statistics

__all__ = ["Explanation"]

MAX_WORDS = 3


class Explanation:
    """Puts scores into words. `words` gives, for each term, the word of the query that it came from."""

    def __init__(
        self,
        statistics: Statistics,
        occurrences: Mapping[str, Iterable[Occurrence]],
        scores: Scores,
        words: Mapping[str, str],
        hints: Hints,
    ) -> None:
        self._statistics = statistics
        self._scores = scores
        self._words = words
        self._hints = hints
        self._stemmer = Stemmer()
        self._in_file: dict[int, dict[str, Occurrence]] = defaultdict(dict)
        for term, found in occurrences.items():
            for occurrence in found:
                self._in_file[occurrence.file_id][term] = occurrence
        self._fields = cache(self._read_fields)
        self.names: dict[Symbol, Collection[str]] = {}
        """Terms in the names of variables, which the index counts as their module's."""

    def own_terms(self, symbol: Symbol) -> set[str]:
        """Return the query's terms that stand in a definition."""
        fields = self._fields(symbol[0]).get(symbol[1], ({}, {}))
        return {*fields[0], *fields[1], *self.names.get(symbol, ())}

    def terms(self, symbol: Symbol) -> set[str]:
        """Return the query's terms that stand in a definition, or in its file's path."""
        return self.own_terms(symbol) | self._scores.path_terms.get(symbol[0], set())

    def file(self, file_id: int, importing: Iterable[str]) -> tuple[str, ...]:
        """Return the reasons for a file; `importing` are the paths that import it."""
        path = self._statistics.files[file_id].path
        reasons = [f"the request names `{path}`"] if file_id in self._hints.named_files else []
        reasons += [f"`{self._hints.tested[file_id]}` tests it"] if file_id in self._hints.tested else []
        matched = self._ticked(self._scores.path_terms.get(file_id, set()))
        reasons += [f"path matches {matched}"] if matched else []
        defined = sorted({name for symbol, name in self._hints.named.items() if symbol[0] == file_id})[:MAX_WORDS]
        reasons += [f"defines {', '.join(f'`{name}`' for name in defined)}"] if defined else []
        if not reasons:
            found = self._ticked(self._in_file.get(file_id, ()))
            reasons += [f"text matches {found}"] if found else []
        touched = self._hints.touched.get(file_id)
        if touched:
            reasons.append(f"commit {touched.sha[:7]} touched it with these words: {self._ticked(touched.terms)}")
        roles = self._statistics.roles
        reasons += self._retrievers(file_id)
        importing = sorted(importing, key=lambda path: (roles[self._statistics.ids[path]] != "source", path))
        reasons += [f"imported by `{importing[0]}`"] if importing else []
        demoted = roles[file_id] in ("test", "documentation") and not self._hints.asked(file_id)
        return (*reasons, f"{roles[file_id]}, ranked lower") if demoted else tuple(reasons)

    def symbol(self, symbol: Symbol) -> tuple[str, ...]:
        """Return the reasons for a symbol."""
        named, line = self._hints.named.get(symbol), self._hints.placed.get(symbol)
        reasons = [f"the request names `{named}`"] if named else []
        reasons += [f"the request points at line {line}"] if line else []
        in_name, in_text = self._fields(symbol[0]).get(symbol[1], ({}, {}))
        in_name = in_name or dict.fromkeys(self.names.get(symbol, ()))
        if in_name and not named:
            reasons.append(f"name matches {self._ticked(in_name)}")
        text = [term for term in in_text if term not in in_name]
        if text:
            reasons.append(f"text matches {self._ticked(text)}")
        reasons += self._retrievers(symbol)
        return tuple(reasons) or ("its file matches",)

    def _retrievers(self, place: int | Symbol) -> list[str]:
        names = dict.fromkeys(found.by for found in self._hints.retrieved.get(place, ()))
        return [f"found by the retriever `{name}`" for name in names]

    def _read_fields(self, file_id: int) -> dict[int, tuple[dict[str, None], dict[str, None]]]:
        """Return, for each definition of a file, the terms in its name and those in its text."""
        found: dict[int, tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
        for term, occurrence in self._in_file.get(file_id, {}).items():
            for ordinal, name, head, body in occurrence.symbols():
                in_name, in_text = found[ordinal]
                if name:
                    in_name[term] = None
                if head or body:
                    in_text[term] = None
        return dict(found)

    def _ticked(self, terms: Iterable[str]) -> str:
        """Return the rarest few of the terms as the query's words; where a part of one alone matched, as that part."""
        ordered = sorted(terms, key=lambda term: (-self._scores.idf.get(term, 0.0), term))
        words = [(self._words[term], term) for term in ordered if term in self._words]
        matched = [(word, self._stemmer.written_part(word, term)) for word, term in words]
        whole = {word for word, part in matched if part == word}
        parts: dict[str, list[str]] = defaultdict(list)
        for word, part in list(dict.fromkeys((w, w if w in whole else part) for w, part in matched))[:MAX_WORDS]:
            parts[word].append(f"`{part}`")
        told = [f"{', '.join(found)} of `{word}`" for word, found in parts.items() if word not in whole]
        return ", ".join([*told, *(f"`{word}`" for word in parts if word in whole)])
