"""Indexing: bringing the index file up to the state of the repository, reading only what changed."""

from __future__ import annotations

import bisect
import json
import sqlite3
import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from genloom.events import EventEmitter, IndexProgress
from genloom.tools.codebase.files.source import Source, read_source
from genloom.tools.codebase.files.tree import Found, SourceTree
from genloom.tools.codebase.index.index_file import writing
from genloom.tools.codebase.index.occurrences import count_occurrences
from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.outlines.languages import (
    LANGUAGES,
    MissingGrammarError,
    is_available,
    outline_source,
    source_suffixes,
)
from genloom.tools.codebase.outlines.outline import Definition, Outline
from genloom.tools.security import Redactor, SecretSpan, find_secrets

__all__ = ["IndexReport", "refresh_index"]

FLUSH_POSTINGS = 200_000
REPORT_EVERY = 50
NO_GRAMMAR = "no-grammar"
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
RACY_NS = 2_000_000_000
"""A file touched within two seconds of its check may have changed again with the same time stamp."""


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What a refresh did. `files` are those in the index now; `indexed` were read and parsed, `removed` are gone.

    `skipped` counts the source files left out, by reason (`binary`, `large`, `generated`, `minified`, `unreadable`,
    `link`, `no-grammar`); `missing_grammars` the files by language that wait for `pip install 'genloom[languages]'`, and
    are indexed once it is done; `syntax_errors` the files that were indexed although they do not parse whole. `complete` is
    false when the deadline came first or the tree is beyond its bounds: the next refresh goes on from there.
    """

    files: int
    indexed: int
    removed: int
    syntax_errors: int
    skipped: dict[str, int] = field(default_factory=dict)
    missing_grammars: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    seconds: float = 0.0


@dataclass(frozen=True)
class _Known:
    id: int
    mtime_ns: int
    size: int
    checked_ns: int
    sha256: str
    language: str
    skipped: str

    def fits(self, found: Found) -> bool:
        """Whether the file is surely the one that was read."""
        same = (self.mtime_ns, self.size) == (found.mtime_ns, found.size)
        return same and self.checked_ns - self.mtime_ns > RACY_NS


def refresh_index(
    connection: sqlite3.Connection, root: Path, *, emit: EventEmitter, deadline: float | None = None
) -> IndexReport:
    """Make the index agree with the tree. `deadline` is a `time.monotonic()` value after which it stops early."""
    started = time.monotonic()
    tree = SourceTree(root, source_suffixes())
    found = {file.path: file for file in tree.files()}
    indexed = removed = 0
    complete = not tree.truncated
    if _differs(found, _known_files(connection)):
        with writing(connection):
            known = _known_files(connection)  # again: another process may have been first
            gone = [known[path].id for path in known.keys() - found.keys()]
            changed = [file for path, file in sorted(found.items()) if path not in known or not known[path].fits(file)]
            removed = len(gone)
            _remove_files(connection, gone)
            indexed, on_time = _Indexing(connection, root, known).run(changed, emit, deadline)
            complete = complete and on_time
    return _report(connection, tree, indexed, removed, complete, time.monotonic() - started)


def _known_files(connection: sqlite3.Connection) -> dict[str, _Known]:
    rows = connection.execute("SELECT path, id, mtime_ns, size, checked_ns, sha256, language, skipped FROM files")
    known = {path: _Known(*rest) for path, *rest in rows}
    waiting = {file.language for file in known.values() if file.skipped == NO_GRAMMAR}
    arrived = {language.name for language in LANGUAGES if language.name in waiting and is_available(language)}
    for path in [path for path, file in known.items() if file.skipped == NO_GRAMMAR and file.language in arrived]:
        known[path] = replace(known[path], checked_ns=0)
    return known


def _differs(found: dict[str, Found], known: dict[str, _Known]) -> bool:
    return found.keys() != known.keys() or any(not known[path].fits(file) for path, file in found.items())


def _remove_files(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    for file_id in ids:
        row = connection.execute("SELECT term_ids FROM files WHERE id = ?", (file_id,)).fetchone()
        terms = array("I")
        terms.frombytes(row[0])
        connection.executemany("DELETE FROM postings WHERE term_id = ? AND file_id = ?", ((t, file_id) for t in terms))
        for table in ("symbols", "imports", "mentions", "exports"):
            connection.execute(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))  # noqa: S608 # names of our own
        connection.execute("DELETE FROM files WHERE id = ?", (file_id,))


class _Indexing:
    """One run over the changed files, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, root: Path, known: dict[str, _Known]) -> None:
        self.connection = connection
        self.root = root
        self.known = known
        self.stemmer = Stemmer(dict(connection.execute("SELECT word, stem FROM stems")))
        self.terms: dict[str, int] = dict(connection.execute("SELECT term, id FROM terms"))
        self.saved_terms = len(self.terms)
        self.postings: list[tuple[int, int, int, bytes]] = []

    def run(self, changed: list[Found], emit: EventEmitter, deadline: float | None) -> tuple[int, bool]:
        """Index the files in order; return how many were read anew, and whether all were reached."""
        indexed = 0
        for count, file in enumerate(changed):
            if deadline is not None and time.monotonic() > deadline:
                self._save()
                return indexed, False
            if count % REPORT_EVERY == 0:
                emit(IndexProgress(done=count, total=len(changed)))
            indexed += self._file(file)
        self._save()
        if indexed:
            emit(IndexProgress(done=len(changed), total=len(changed)))
        return indexed, True

    def _file(self, file: Found) -> bool:
        """Bring one file up to date; return whether its content was new."""
        now = time.time_ns()
        source = read_source(self.root, file.path)
        before = self.known.get(file.path)
        if before is not None:
            if isinstance(source, Source) and source.sha256 == before.sha256:
                self.connection.execute(
                    "UPDATE files SET mtime_ns = ?, size = ?, checked_ns = ? WHERE id = ?",
                    (file.mtime_ns, file.size, now, before.id),
                )
                return False
            _remove_files(self.connection, [before.id])
        if not isinstance(source, Source):
            self._insert_file(file, now, skipped=source)
            return True
        try:
            outline = outline_source(file.path, source.utf8)
        except MissingGrammarError as error:
            self._insert_file(file, now, skipped=NO_GRAMMAR, language=error.language.name)
        else:
            self._add(file, source, outline, now)
        return True

    def _add(self, file: Found, source: Source, outline: Outline, now: int) -> None:
        data = source.utf8
        secrets = find_secrets(source.text)
        found = count_occurrences(file.path, _blanked(data, source.text, secrets), outline, self.stemmer)
        term_ids = array("I", sorted(self._term_id(term) for term in found.by_term))
        file_id = self._insert_file(
            file,
            now,
            sha256=source.sha256,
            language=outline.language,
            has_errors=outline.has_errors,
            lines=source.text.count("\n") + 1,
            path_length=found.path_length,
            lengths=found.lengths.tobytes(),
            term_ids=term_ids.tobytes(),
        )
        self.postings += [
            (self.terms[term], file_id, in_path, places) for term, (in_path, places) in found.by_term.items()
        ]
        self._insert_outline(file_id, outline, _lines_of(secrets, source.text))
        if len(self.postings) > FLUSH_POSTINGS:
            self._save()

    def _term_id(self, term: str) -> int:
        return self.terms.setdefault(term, len(self.terms) + 1)

    def _insert_file(  # the columns of one row
        self,
        file: Found,
        now: int,
        *,
        sha256: str = "",
        language: str = "",
        skipped: str = "",
        has_errors: bool = False,
        lines: int = 0,
        path_length: int = 0,
        lengths: bytes = b"",
        term_ids: bytes = b"",
    ) -> int:
        row = (
            file.path,
            file.mtime_ns,
            file.size,
            now,
            sha256,
            language,
            skipped,
            has_errors,
            lines,
            path_length,
            lengths,
            term_ids,
        )
        cursor = self.connection.execute(
            "INSERT INTO files (path, mtime_ns, size, checked_ns, sha256, language, skipped, has_errors, lines, path_length,"
            " lengths, term_ids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        return cursor.lastrowid or 0

    def _insert_outline(self, file_id: int, outline: Outline, secret_lines: Sequence[int]) -> None:
        self.connection.executemany(
            "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                _symbol_row(file_id, ordinal, definition, _redactor(definition, secret_lines))
                for ordinal, definition in enumerate(outline.definitions)
            ),
        )
        self.connection.executemany(
            "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?)",
            ((file_id, i.ordinal, i.module, i.name, i.alias, i.line) for i in outline.imports),
        )
        self.connection.executemany(
            "INSERT INTO mentions VALUES (?, ?, ?, ?, ?, ?)",
            ((file_id, m.name, m.qualifier, m.ordinal, m.kind, m.times) for m in outline.mentions),
        )
        self.connection.executemany(
            "INSERT OR IGNORE INTO exports VALUES (?, ?)", ((file_id, name) for name in outline.exports or ())
        )

    def _save(self) -> None:
        """Write the postings gathered so far, in the order of their table, and the new terms and stems."""
        new = [(number, term) for term, number in self.terms.items() if number > self.saved_terms]
        self.connection.executemany("INSERT INTO terms (id, term) VALUES (?, ?)", new)
        self.saved_terms = len(self.terms)
        self.postings.sort()
        self.connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?)", self.postings)
        self.postings = []
        stems = sorted(self.stemmer.new.items())
        self.connection.executemany("INSERT OR IGNORE INTO stems VALUES (?, ?)", stems)
        self.stemmer.new.clear()


def _lines_of(secrets: Iterable[SecretSpan], text: str) -> list[int]:
    """Return every line, 1-based and in order, that a text of the secrets stands in or that one of several lines touches."""
    found: set[int] = set()
    for hidden in {text[span.start : span.end] for span in secrets}:
        start = text.find(hidden)
        while start >= 0:
            first = text.count("\n", 0, start) + 1
            found.update(range(first, first + hidden.count("\n") + 1))
            start = text.find(hidden, start + len(hidden))
    return sorted(found)


def _redactor(definition: Definition, secret_lines: Sequence[int]) -> Redactor | None:
    """Return what redacts a definition's texts if a secret stands in its lines; to look for one anew takes long."""
    following = bisect.bisect_left(secret_lines, definition.start_line)
    holds = following < len(secret_lines) and secret_lines[following] <= definition.end_line
    return Redactor() if holds or (secret_lines and definition.kind == "module") else None


def _blanked(data: bytes, text: str, secrets: Iterable[SecretSpan]) -> bytes:
    """Return the file's bytes with every occurrence of its secrets blanked: none of their text becomes a term."""
    for hidden in {text[span.start : span.end].encode("utf-8", "replace") for span in secrets}:
        data = data.replace(hidden, b" " * len(hidden))
    return data


def _symbol_row(file_id: int, ordinal: int, definition: Definition, redactor: Redactor | None) -> tuple[object, ...]:
    """Return the definition's row; the redactor is given where it holds secrets."""
    details: dict[str, object] = {
        "decorators": definition.decorators,
        "bases": definition.bases,
        "parameters": [(p.name, p.annotation, p.has_default) for p in definition.parameters],
        "returns": definition.returns,
        "async": definition.is_async,
        "pure": definition.pure,
        "return_count": definition.return_count,
        "call_count": definition.call_count,
        "attribute_count": definition.attribute_count,
    }
    texts = [definition.signature, definition.doc]
    if redactor is not None:
        details, texts = redactor.data(details), [redactor.text(text) for text in texts]
    given = {key: value for key, value in details.items() if value}
    lines = (definition.start_line, definition.end_line, definition.head_line)
    names = (definition.kind, definition.name, definition.qualified)
    return (file_id, ordinal, definition.parent, *names, *lines, *texts, _ENCODE(given))


def _report(
    connection: sqlite3.Connection, tree: SourceTree, indexed: int, removed: int, complete: bool, seconds: float
) -> IndexReport:
    rows = connection.execute(
        "SELECT skipped, COUNT(*), SUM(has_errors) FROM files GROUP BY skipped ORDER BY skipped"
    ).fetchall()
    skipped = {reason: count for reason, count, _ in rows if reason}
    if tree.unreadable:
        skipped["unreadable"] = skipped.get("unreadable", 0) + tree.unreadable
    return IndexReport(
        files=sum(count for reason, count, _ in rows if not reason),
        indexed=indexed,
        removed=removed,
        syntax_errors=sum(errors or 0 for _, _, errors in rows),
        skipped=skipped,
        missing_grammars=dict(
            connection.execute(
                "SELECT language, COUNT(*) FROM files WHERE skipped = ? GROUP BY language ORDER BY language",
                (NO_GRAMMAR,),
            )
        ),
        complete=complete,
        seconds=seconds,
    )
