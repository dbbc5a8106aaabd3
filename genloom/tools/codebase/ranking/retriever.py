"""The retriever: a codebase's ranking as LangChain documents.

Importing this imports LangChain; `Codebase.as_retriever` does so where it is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from genloom.tools.codebase.context.stretches import stretches
from genloom.tools.codebase.context.tokens import estimate_tokens
from genloom.tools.codebase.files.source import Source, read_source, text_lines
from genloom.tools.codebase.ranking.ranking import RankedSymbol
from genloom.tools.security import clean, present

if TYPE_CHECKING:
    from genloom.tools.codebase.codebase import Codebase

__all__ = ["CodebaseRetriever"]

CONSIDERED = 4
"""How many symbols are ranked for each that is returned: those inside of one that is returned already are passed over."""


class CodebaseRetriever(BaseRetriever):
    """Finds a repository's code for a query: one document for each of the best `limit` definitions, best first. A module's
    own text (`symbol` is empty) is one as well, with an ellipsis for the classes and functions in it.

    A document's text is the whole definition as delimited data: without secrets, hidden text blocked. One of more than
    `max_tokens` is cut after a line and says so. Metadata: `path`, `symbol`, `start_line`, `end_line` (of what is shown,
    1-based and inclusive), `score`, `reasons`. Code that changed since it was indexed is left out.
    """

    codebase: Any  # a Codebase: pydantic would look into it
    limit: int = 10
    max_tokens: int = 1500
    secrets: tuple[str, ...] = ()

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        codebase: Codebase = self.codebase
        documents: list[Document] = []
        taken: list[RankedSymbol] = []
        for symbol in codebase.rank(query, limit=self.limit * CONSIDERED).symbols:
            if len(documents) >= self.limit:
                break
            if any(_holds(outer, symbol) for outer in taken):
                continue
            source = read_source(codebase.root, symbol.path)
            if isinstance(source, Source) and source.sha256 == symbol.sha256:
                taken.append(symbol)
                documents.append(self._document(symbol, text_lines(source.text)))
        return documents

    def _document(self, symbol: RankedSymbol, lines: list[str]) -> Document:
        numbers = [n for first, last in stretches(symbol, lines) for n in range(first, last + 1)] or [1]
        shown = self._that_fit(numbers, lines)
        text = "\n".join(_with_gaps(shown, lines))
        if len(shown) < len(numbers):
            text += f"\n[cut after line {shown[-1]} of {numbers[-1]}]"
        return Document(
            page_content=present(symbol.address, text, secrets=self.secrets),
            metadata={
                "path": symbol.path,
                "symbol": symbol.qualified,
                "start_line": shown[0],
                "end_line": shown[-1],
                "score": round(symbol.score, 4),
                "reasons": [clean(reason, secrets=self.secrets).text for reason in symbol.reasons],
            },
        )

    def _that_fit(self, numbers: list[int], lines: list[str]) -> list[int]:
        """Return the first line numbers whose lines fit; one at least."""
        left = self.max_tokens
        for count, number in enumerate(numbers):
            left -= estimate_tokens(lines[number - 1] + "\n")
            if left < 0 and count:
                return numbers[:count]
        return numbers


def _with_gaps(numbers: list[int], lines: list[str]) -> Iterator[str]:
    """Yield the lines of these numbers, with an ellipsis for what lies between."""
    for before, number in zip([numbers[0] - 1, *numbers], numbers, strict=False):
        if number > before + 1:
            yield "[...]"
        yield lines[number - 1]


def _holds(outer: RankedSymbol, inner: RankedSymbol) -> bool:
    """Whether the lines of a symbol stand in another's: a module's are those of no class or function."""
    return outer.path == inner.path and any(
        first <= inner.start_line and inner.end_line <= last
        for first, last in outer.parts or ((outer.start_line, outer.end_line),)
    )
