"""Further retrievers: what LangChain retrievers that a caller registered find for a query, as places in the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from genloom.tools.security import clean

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

__all__ = ["FurtherRetriever", "Retrieved", "ask"]

MAX_DOCUMENTS = 100
MAX_WHY = 300


@dataclass(frozen=True)
class FurtherRetriever:
    """A retriever, by the name that its reasons bear, and the most that it adds to a score."""

    name: str
    retriever: BaseRetriever
    weight: float


@dataclass(frozen=True)
class Retrieved:
    """A document's place: a file's path, its symbol's qualified name (or empty), what it adds, and who found it."""

    path: str
    symbol: str
    value: float
    by: str


def ask(retrievers: Iterable[FurtherRetriever], text: str, root: Path) -> tuple[tuple[Retrieved, ...], tuple[str, ...]]:
    """Return what the retrievers find for a query's text, the n-th document of each with an n-th of its weight; and those
    that failed, with why.

    A document counts when its metadata has `path` or `source` inside the repository; `symbol` may name a definition there.
    """
    found: list[Retrieved] = []
    failed: list[str] = []
    for further in retrievers:
        try:
            found += _found(further, text, root)
        except Exception as error:  # noqa: BLE001 # somebody else's code: whatever it raises, the ranking goes on without it
            why = " ".join(clean(str(error)).text.split())[:MAX_WHY]
            failed.append(
                f"the retriever `{further.name}`, which failed: {type(error).__name__}{f': {why}' if why else ''}"
            )
    return tuple(found), tuple(failed)


def _found(further: FurtherRetriever, text: str, root: Path) -> Iterator[Retrieved]:
    for position, document in enumerate(further.retriever.invoke(text)[:MAX_DOCUMENTS], 1):
        metadata: dict[str, Any] = document.metadata  # Any: whatever the retriever tells
        path = _inside(metadata.get("path") or metadata.get("source"), root)
        if path:
            symbol = str(metadata.get("symbol") or "").rpartition("::")[2]
            yield Retrieved(path, symbol, further.weight / position, further.name)


def _inside(path: object, root: Path) -> str:
    """Return a path relative to the repository; empty for one that is none of its own."""
    if not isinstance(path, str) or "\0" in path:
        return ""
    found = PurePosixPath(path)
    if found.is_absolute():
        return str(found.relative_to(root)) if found.is_relative_to(root) else ""
    return "" if ".." in found.parts else str(found)
