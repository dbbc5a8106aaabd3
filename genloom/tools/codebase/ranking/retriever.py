"""The retriever: a codebase's ranking as LangChain documents.

Importing this imports LangChain; `Codebase.as_retriever` does so where it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

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
    """Finds a repository's code for a query: one document for each of the best `limit` definitions, best first.

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
        own = lines[symbol.start_line - 1 : symbol.end_line]
        shown = self._that_fit(own)
        text = "\n".join(own[:shown])
        if shown < len(own):
            text += f"\n[cut after line {symbol.start_line + shown - 1} of {symbol.end_line}]"
        return Document(
            page_content=present(symbol.address, text, secrets=self.secrets),
            metadata={
                "path": symbol.path,
                "symbol": symbol.qualified,
                "start_line": symbol.start_line,
                "end_line": symbol.start_line + shown - 1,
                "score": round(symbol.score, 4),
                "reasons": [clean(reason, secrets=self.secrets).text for reason in symbol.reasons],
            },
        )

    def _that_fit(self, lines: list[str]) -> int:
        """Return how many of the first lines fit; one at least."""
        left = self.max_tokens
        for number, line in enumerate(lines):
            left -= estimate_tokens(line + "\n")
            if left < 0 and number:
                return number
        return len(lines)


def _holds(outer: RankedSymbol, inner: RankedSymbol) -> bool:
    return outer.path == inner.path and outer.start_line <= inner.start_line and inner.end_line <= outer.end_line
