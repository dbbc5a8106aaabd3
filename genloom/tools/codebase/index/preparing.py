"""Preparing: from a file's path to the rows that the index keeps of it. It touches no database, so any process can do it."""

from __future__ import annotations

import bisect
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from genloom.tools.codebase.files.source import Source, read_source
from genloom.tools.codebase.index.occurrences import count_occurrences
from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.outlines.languages import MissingGrammarError, outline_source
from genloom.tools.codebase.outlines.outline import Definition, Outline
from genloom.tools.security import Redactor, SecretSpan, find_secrets

__all__ = ["NO_GRAMMAR", "Asked", "Prepared", "prepare"]

NO_GRAMMAR = "no-grammar"
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
Row = tuple[object, ...]


class Asked(NamedTuple):
    """A file to read, and the hash of the content that the index has of it, if any."""

    path: str
    sha256: str = ""


class Prepared(NamedTuple):
    """What the index keeps of a file, the file's id left out of each row. `same` says that the content is what the index
    has already; `skipped` why the file is left out."""

    path: str
    checked_ns: int
    same: bool = False
    skipped: str = ""
    sha256: str = ""
    language: str = ""
    has_errors: bool = False
    lines: int = 0
    path_length: int = 0
    lengths: bytes = b""
    terms: Sequence[tuple[str, int, bytes]] = ()
    symbols: Sequence[Row] = ()
    imports: Sequence[Row] = ()
    mentions: Sequence[Row] = ()
    exports: Sequence[Row] = ()


def prepare(root: Path, asked: Asked, stemmer: Stemmer) -> Prepared:
    """Read and outline one file. Whatever is wrong with it is told in `skipped`."""
    now = time.time_ns()
    source = read_source(root, asked.path)
    if not isinstance(source, Source):
        return Prepared(asked.path, now, skipped=source)
    if source.sha256 == asked.sha256:
        return Prepared(asked.path, now, same=True)
    data = source.utf8
    try:
        outline = outline_source(asked.path, data)
    except MissingGrammarError as error:
        return Prepared(asked.path, now, skipped=NO_GRAMMAR, language=error.language.name)
    secrets = find_secrets(source.text)
    found = count_occurrences(asked.path, _blanked(data, source.text, secrets), outline, stemmer)
    return Prepared(
        asked.path,
        now,
        sha256=source.sha256,
        language=outline.language,
        has_errors=outline.has_errors,
        lines=source.text.count("\n") + 1,
        path_length=found.path_length,
        lengths=found.lengths.tobytes(),
        terms=[(term, in_path, places) for term, (in_path, places) in found.by_term.items()],
        symbols=_symbol_rows(outline, _lines_of(secrets, source.text)),
        imports=[(i.ordinal, i.module, i.name, i.alias, i.line) for i in outline.imports],
        mentions=[(m.name, m.qualifier, m.ordinal, m.kind, m.times) for m in outline.mentions],
        exports=[] if outline.exports is None else [("",), *((name,) for name in outline.exports)],  # "": it says so
    )


def _lines_of(secrets: Iterable[SecretSpan], text: str) -> list[int]:
    """Return every line, 1-based and in order, in which a text of the secrets stands."""
    found: set[int] = set()
    for hidden in {text[span.start : span.end] for span in secrets}:
        start = text.find(hidden)
        while start >= 0:
            first = text.count("\n", 0, start) + 1
            found.update(range(first, first + hidden.count("\n") + 1))
            start = text.find(hidden, start + len(hidden))
    return sorted(found)


def _blanked(data: bytes, text: str, secrets: Iterable[SecretSpan]) -> bytes:
    """Return the file's bytes with every occurrence of its secrets blanked: none of their text becomes a term."""
    for hidden in {text[span.start : span.end].encode("utf-8", "replace") for span in secrets}:
        data = data.replace(hidden, b" " * len(hidden))
    return data


def _symbol_rows(outline: Outline, secret_lines: Sequence[int]) -> list[Row]:
    return [_symbol_row(n, d, _redactor(d, secret_lines)) for n, d in enumerate(outline.definitions)]


def _redactor(definition: Definition, secret_lines: Sequence[int]) -> Redactor | None:
    """Return what redacts a definition's texts if a secret stands in its lines; to look for one anew takes long."""
    following = bisect.bisect_left(secret_lines, definition.start_line)
    holds = following < len(secret_lines) and secret_lines[following] <= definition.end_line
    return Redactor() if holds or (secret_lines and definition.kind == "module") else None


def _symbol_row(ordinal: int, definition: Definition, redactor: Redactor | None) -> Row:
    details = _details(definition)
    texts = [definition.signature, definition.doc]
    if redactor is not None:
        details, texts = redactor.data(details), [redactor.text(text) for text in texts]
    lines = (definition.start_line, definition.end_line, definition.head_line)
    names = (definition.kind, definition.name, definition.qualified)
    return (ordinal, definition.parent, *names, *lines, *texts, _ENCODE(details) if details else "{}")


def _details(definition: Definition) -> dict[str, object]:
    """Return what else is known of a definition; what is empty is left out."""
    if definition.kind == "variable":
        return {}
    details: dict[str, object] = {
        "decorators": definition.decorators,
        "bases": definition.bases,
        "parameters": [tuple(parameter) for parameter in definition.parameters],
        "returns": definition.returns,
        "async": definition.is_async,
        "pure": definition.pure,
        "return_count": definition.return_count,
        "call_count": definition.call_count,
        "attribute_count": definition.attribute_count,
    }
    return {key: value for key, value in details.items() if value}
