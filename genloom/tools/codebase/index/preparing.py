"""Preparing: from a file's path to the rows that the index keeps of it. It touches no database, so any process can do it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from genloom.tools.codebase.files.source import Source, read_source
from genloom.tools.codebase.index.occurrences import count_occurrences
from genloom.tools.codebase.index.postings import TermPosting, term_postings
from genloom.tools.codebase.index.words import Stemmer
from genloom.tools.codebase.outlines.languages import MissingGrammarError, outline_source
from genloom.tools.codebase.outlines.outline import Definition, Outline
from genloom.tools.security import SecretSpan, find_secrets

__all__ = ["NO_GRAMMAR", "Asked", "Prepared", "prepare"]

NO_GRAMMAR = "no-grammar"
MOST_REPLACING = 1_000_000_000
"""So many characters are gone through to find the places of a file's secrets besides those that show them to be secret."""
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_SEEN = re.compile(r"[^\r\n]")
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
    terms: Sequence[TermPosting] = ()
    symbols: Sequence[Row] = ()
    imports: Sequence[Row] = ()
    mentions: Sequence[Row] = ()
    exports: Sequence[Row] = ()


def prepare(root: Path, asked: Asked, stemmer: Stemmer) -> Prepared:
    """Read and outline one file. Whatever is wrong with it is told in `skipped`. No secret of its text is in the rows."""
    now = time.time_ns()
    source = read_source(root, asked.path)
    if not isinstance(source, Source):
        return Prepared(asked.path, now, skipped=source)
    if source.sha256 == asked.sha256:
        return Prepared(asked.path, now, same=True)
    text = _without_secrets(source.text, find_secrets(source.text))
    data = text.encode("utf-8", "replace")
    try:
        outline = outline_source(asked.path, data)
    except MissingGrammarError as error:
        return Prepared(asked.path, now, skipped=NO_GRAMMAR, language=error.language.name)
    found = count_occurrences(asked.path, data, outline, stemmer)
    return Prepared(
        asked.path,
        now,
        sha256=source.sha256,
        language=outline.language,
        has_errors=outline.has_errors,
        lines=text.count("\n") + bool(text and text[-1] != "\n"),
        path_length=sum(found.in_path.values()),
        lengths=found.lengths.tobytes(),
        terms=term_postings(found.in_path, found.places),
        symbols=[_symbol_row(ordinal, definition) for ordinal, definition in enumerate(outline.definitions)],
        imports=[(i.ordinal, i.module, i.name, i.alias, i.line) for i in outline.imports],
        mentions=[(n, m.name, m.qualifier, m.ordinal, m.kind, m.times) for n, m in enumerate(outline.mentions)],
        exports=_export_rows(outline),
    )


def _without_secrets(text: str, secrets: Sequence[SecretSpan]) -> str:
    """Return the text with every secret overwritten by as many letters, lines kept: it reads like the code that it was.

    A secret is overwritten wherever it stands. In a file with so many that this would take long, only where it is found.
    """
    if not secrets:
        return text
    pieces, position = [], 0
    for span in secrets:
        pieces += [text[position : span.start], _SEEN.sub("x", text[span.start : span.end])]
        position = span.end
    hidden = "".join((*pieces, text[position:]))
    known = sorted({text[span.start : span.end] for span in secrets}, key=len, reverse=True)
    for secret in known if len(known) * len(text) <= MOST_REPLACING else ():
        hidden = hidden.replace(secret, _SEEN.sub("x", secret))
    return hidden


def _export_rows(outline: Outline) -> list[Row]:
    """Return the names of `__all__`; an empty one says that there is one."""
    return [] if outline.exports is None else [("",), *((name,) for name in outline.exports)]


def _symbol_row(ordinal: int, definition: Definition) -> Row:
    details = _details(definition)
    lines = (definition.start_line, definition.end_line, definition.head_line)
    names = (definition.kind, definition.name, definition.qualified)
    texts = (definition.signature, definition.doc, _ENCODE(details) if details else "{}")
    return (ordinal, definition.parent, *names, *lines, *texts)


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
