"""Looking something up in the index: what matters to a query, and a definition's text."""

from __future__ import annotations

from collections.abc import Sequence

from genloom.errors import UsageError
from genloom.tools.codebase.agent_tools.answer import FOOT_CHARACTERS, NOTE_CHARACTERS, CodeAnswer
from genloom.tools.codebase.codebase import Codebase
from genloom.tools.codebase.context.tokens import BYTES_PER_TOKEN
from genloom.tools.codebase.files.source import Source, read_source
from genloom.tools.codebase.ranking.ranking import RankedFile, RankedSymbol
from genloom.tools.codebase.records import IndexedSymbol
from genloom.tools.codebase.relations.reveal import LEAST_TOKENS

__all__ = ["read_symbol", "reveal_symbol", "search_code"]

MAX_PLACES = 20


def search_code(codebase: Codebase, answer: CodeAnswer, query: str, limit: int, skip: int) -> str:
    """Tell the files and definitions that a query is about, best first, each with its reasons."""
    found = codebase.rank(query, limit=skip + limit)
    files, symbols = found.files[skip:], found.symbols[skip:]
    left = f" Left out: {answer.cleaned('; '.join(found.left_out))}." if found.left_out else ""
    if not files and not symbols:
        nothing = "Nothing more is found." if skip else "Nothing in the repository matches. Try other words or names."
        return f"{nothing}{left}"
    rows = ["files, best first:"] if files else []
    rows += [_file_row(file) for file in files]
    rows += ["definitions, best first:"] if symbols else []
    rows += [_symbol_row(symbol) for symbol in symbols]
    told, count = answer.of_rows("what was found", rows)
    cut = f" {len(rows) - count} rows had no room: ask with a smaller limit." if count < len(rows) else ""
    more = f" More with skip={skip + limit}." if max(len(files), len(symbols)) == limit else ""
    return f"{told}relevance {found.relevance:.2f} of 1. read_symbol reads a definition.{more}{cut}{left}"


def read_symbol(
    codebase: Codebase, answer: CodeAnswer, symbol: str, skip: int, lines: int, *, look_again: bool = True
) -> str:
    """Tell a definition's text with the lines' numbers, and where to go on; of several, where they stand. A file that
    changed since it was indexed is indexed first."""
    found = _definitions(codebase, symbol)
    if len(found) > 1:
        return _places(answer, symbol, found)
    definition = found[0]
    source = read_source(codebase.root, definition.path)
    if not isinstance(source, Source):
        raise UsageError(f"{definition.path!r} cannot be read any more: {source}.")
    if source.sha256 != definition.sha256 and look_again:
        codebase.refresh()
        return read_symbol(codebase, answer, symbol, skip, lines, look_again=False)
    first = definition.start_line + skip
    if first > definition.end_line:
        raise UsageError(f"The definition has {definition.end_line - definition.start_line + 1} lines.")
    title = f"{definition.path}::{definition.qualified}"
    told, last = answer.of_lines(title, source.text, first, min(first + lines - 1, definition.end_line))
    after = f" Go on with skip={last + 1 - definition.start_line}." if last < definition.end_line else ""
    return (
        f"{told}lines {first} to {last} of {definition.kind} at {definition.start_line}-{definition.end_line}.{after}"
    )


def reveal_symbol(codebase: Codebase, answer: CodeAnswer, symbol: str, degree: int, max_tokens: int) -> str:
    """Tell a definition with what it uses and what uses it, within a budget of tokens."""
    found = _definitions(codebase, symbol)
    if len(found) > 1:
        return _places(answer, symbol, found)
    address = f"{found[0].path}::{found[0].qualified}"
    room = int((answer.most - NOTE_CHARACTERS) / BYTES_PER_TOKEN)
    revealed = codebase.reveal_symbol(address, degree=degree, max_tokens=min(max_tokens, room), secrets=answer.secrets)
    while room > LEAST_TOKENS and len(revealed.text) > answer.most - FOOT_CHARACTERS:  # labels, markers for hidden text
        room = max(room // 2, LEAST_TOKENS)
        revealed = codebase.reveal_symbol(
            address, degree=degree, max_tokens=min(max_tokens, room), secrets=answer.secrets
        )  # its text is screened and delimited already
    uses, used = len(revealed.dependencies), len(revealed.usages)
    cut = " Cut to the budget: ask with more max_tokens." if revealed.truncated else ""
    return f"{revealed.text.rstrip()}\n{uses} dependencies, {used} usages.{cut}"


def _definitions(codebase: Codebase, symbol: str) -> Sequence[IndexedSymbol]:
    """Return the definitions that an address or a name means, at least one. Raises `UsageError` for none."""
    path, separator, name = symbol.strip().rpartition("::")
    if separator and "::" in path:  # pytest's way to name a method
        path, _, owner = path.partition("::")
        name = f"{owner.replace('::', '.')}.{name}"
    path = path.removeprefix("./").removeprefix(f"{codebase.root.as_posix()}/")
    found = codebase.symbols(path or None, name=name)
    exact = [definition for definition in found if definition.qualified == name]
    if separator and exact:
        return exact[-1:]  # of one name defined twice in a file the last one holds
    if not found:
        raise UsageError(
            f"There is no definition {symbol.strip()!r}.",
            hint="search_code finds definitions by words; list_directory shows what there is.",
        )
    return found


def _places(answer: CodeAnswer, symbol: str, found: Sequence[IndexedSymbol]) -> str:
    rows = [
        f"{definition.path}::{definition.qualified}  line {definition.start_line}  {definition.signature}".rstrip()
        for definition in found[:MAX_PLACES]
    ]
    told, _ = answer.of_rows("definitions of that name", rows)
    more = f" (the first {MAX_PLACES})" if len(found) > MAX_PLACES else ""
    return f"{told}{len(found)} definitions have that name{more}: ask for one of them as `path::name`."


def _file_row(file: RankedFile) -> str:
    return f"  {file.path}  {file.lines} lines  ({'; '.join(file.reasons)})"


def _symbol_row(symbol: RankedSymbol) -> str:
    place = f"lines {symbol.start_line}-{symbol.end_line}"
    return f"  {symbol.address}  {place}  {symbol.signature}  ({'; '.join(symbol.reasons)})"
