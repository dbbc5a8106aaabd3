"""Reveal: a symbol's text with what it uses and what uses it, within a budget of tokens."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from genloom.tools.codebase.context.tokens import FENCE_TOKENS, estimate_tokens
from genloom.tools.codebase.files.source import Source, read_source, text_lines
from genloom.tools.codebase.relations.addresses import Place, find_place
from genloom.tools.codebase.relations.graph import RelationGraph
from genloom.tools.codebase.relations.relation import Relation
from genloom.tools.security import present

__all__ = ["LEAST_TOKENS", "Revealed", "reveal"]

LEAST_TOKENS = 100
"""The smallest budget: less has no room for a fence, an address and a line of the body."""

MAX_DEGREE = 5
MAX_NEIGHBOURS = 200
MAX_SECONDS = 5.0
LEAST_CONFIDENCE = 0.2
NOTE_TOKENS = 40
"""What a line that tells of something left out costs, at most."""


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """`text` is redacted, screened and delimited; `tokens` its estimate. `dependencies` and `usages` are the symbol's own
    relations, all of them; `truncated` says that the text lacks some of its body, or of what lies within the degree."""

    text: str
    tokens: int
    dependencies: tuple[Relation, ...]
    usages: tuple[Relation, ...]
    truncated: bool


def reveal(
    graph: RelationGraph, root: Path, symbol: str, degree: int, max_tokens: int, secrets: Sequence[str]
) -> Revealed:
    """Tell the symbol's body, then the signatures of what it uses and of what uses it, breadth first up to `degree` steps.

    The same index gives the same text. A body that is longer than the budget is cut after a whole line; a signature that
    does not fit is left out, and a line says how many. Relations of a confidence under .2 are not followed.
    """
    place = find_place(graph.tables, symbol)
    texts = _Texts(graph, root)
    own = {"uses": graph.dependencies(place), "is used by": graph.usages(place)}
    deadline = time.monotonic() + MAX_SECONDS
    near = {
        direction: _neighbours(graph, place, direction, relations, min(degree, MAX_DEGREE), deadline)
        for direction, relations in own.items()
    }
    budget = max_tokens
    while True:
        page = _Page(texts, secrets, graph.address(place), budget)
        page.add_body(place)
        for direction, (found, complete) in near.items():
            page.add_neighbours(direction, found, complete=complete)
        text = page.text()
        tokens = estimate_tokens(text)
        if tokens <= max_tokens or budget <= 0:
            break
        budget -= tokens - max_tokens  # markers in the place of secrets or hidden text took more room
    return Revealed(
        text=text,
        tokens=tokens,
        dependencies=own["uses"],
        usages=own["is used by"],
        truncated=page.truncated,
    )


def _neighbours(
    graph: RelationGraph, place: Place, direction: str, relations: Sequence[Relation], degree: int, deadline: float
) -> tuple[list[tuple[int, Place, Relation]], bool]:
    """Return the distance, place and relation of what lies within `degree` steps, nearest first, surest first; and whether
    that is all: 200 are looked for, until the deadline."""
    found: list[tuple[int, Place, Relation]] = []
    seen = {graph.address(place)}
    further = graph.dependencies if direction == "uses" else graph.usages
    near: Iterable[Relation] = relations
    for distance in range(1, degree + 1):
        ring: list[Place] = []
        for relation in near:
            address = relation.target if direction == "uses" else relation.source
            if relation.confidence < LEAST_CONFIDENCE or address in seen:
                continue
            if len(seen) > MAX_NEIGHBOURS or time.monotonic() > deadline:
                return found, False
            seen.add(address)
            ring.append(find_place(graph.tables, address))
            found.append((distance, ring[-1], relation))
        near = (relation for each in ring for relation in further(each))  # worked out only as far as there is room
    return found, True


class _Texts:
    """Definitions as text, each file read once."""

    def __init__(self, graph: RelationGraph, root: Path) -> None:
        self._graph = graph
        self._root = root
        self._lines: dict[int, list[str]] = {}

    def bodies(self, place: Place) -> Iterator[tuple[str, int, list[str]]]:
        """Yield (heading, first line's number, lines) of each definition of the place's address."""
        file = self._graph.tables.file(place[0])
        address = file.address(place[1])
        for row in file.definitions:
            if file.address(row.ordinal) == address and bool(row.ordinal) == bool(place[1]):
                lines = self._read(place[0])[row.start_line - 1 : row.end_line]
                yield f"## {address} lines {row.start_line}-{row.end_line}", row.start_line, lines

    def signature(self, place: Place, relation: Relation, distance: int) -> str:
        """Return one neighbour's heading with its signature and the first line of its docstring."""
        file = self._graph.tables.file(place[0])
        row = file.definitions[place[1]]
        sure = "" if relation.confidence >= 1 else f", confidence {relation.confidence}"
        steps = "" if distance == 1 else f", {distance} steps away"
        where = f" of {relation.source}" if distance > 1 and relation.source != file.address(row.ordinal) else ""
        line = f" at line {relation.line}{where}" if relation.line else ""
        signature, doc = self._graph.tables.head(*place)
        doc = doc.strip().split("\n")[0]
        shown = [f"{file.address(row.ordinal)} ({relation.kind}{line}{sure}{steps})"]
        shown += [f"    {text}" for text in (signature, f'"""{doc}"""' if doc else "") if text]
        return "\n".join(shown)

    def _read(self, file_id: int) -> list[str]:
        if file_id not in self._lines:
            source = read_source(self._root, self._graph.tables.paths[file_id])
            self._lines[file_id] = text_lines(source.text) if isinstance(source, Source) else []
        return self._lines[file_id]


class _Page:
    """The lines chosen so far. The budget is of the text as it is shown: what security changes is counted as changed."""

    def __init__(self, texts: _Texts, secrets: Sequence[str], address: str, budget: int) -> None:
        self._texts = texts
        self._secrets = secrets
        self._title = f"symbol {address}"
        self._left = budget - FENCE_TOKENS - estimate_tokens(address) - NOTE_TOKENS
        self._parts: list[str] = []
        self.truncated = False

    def text(self) -> str:
        """Return the page as delimited data."""
        return present(self._title, "\n".join(self._parts), secrets=self._secrets)

    def add_body(self, place: Place) -> None:
        """Take the bodies of the symbol, cut after a whole line where they must be."""
        for heading, first, lines in self._texts.bodies(place):
            if not self._take(heading):
                self.truncated = True
                self._parts.append("[the body is left out, to fit]")
                self._left -= NOTE_TOKENS
                return
            taken = self._fitting(lines)
            self._take("\n".join(lines[:taken]))
            if taken < len(lines):
                self.truncated = True
                last = first + len(lines) - 1
                self._parts.append(f"[cut before line {first + taken}, to fit; the definition goes on to line {last}]")
                self._left -= NOTE_TOKENS
                return

    def add_neighbours(self, direction: str, found: Sequence[tuple[int, Place, Relation]], *, complete: bool) -> None:
        """Take signatures while they fit, and say how many did not, and where not all were looked for."""
        if not found:
            return
        if self._take(f"\n# {direction}"):
            left_out = sum(not self._take(self._texts.signature(place, each, steps)) for steps, place, each in found)
        else:
            self._parts.append(f"\n# {direction}")
            left_out = len(found)
        if left_out or not complete:
            self.truncated = True
            more = "" if complete else "; there are more, which were not looked for"
            self._parts.append(f"[{left_out} of {len(found)} left out, to fit{more}]")
            self._left -= NOTE_TOKENS

    def _fitting(self, lines: Sequence[str]) -> int:
        """Return how many of the first lines fit, found by halving."""
        low, high = 0, len(lines)
        while low < high:
            middle = (low + high + 1) // 2
            fits = estimate_tokens("\n".join(lines[:middle])) + 1 <= self._left
            low, high = (middle, high) if fits else (low, middle - 1)
        return low

    def _take(self, part: str) -> bool:
        tokens = estimate_tokens(part) + 1
        if tokens > self._left:
            return False
        self._parts.append(part)
        self._left -= tokens
        return True
