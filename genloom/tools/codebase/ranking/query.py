"""The query: what a prompt says about where to look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from genloom.state import GenerationRequest
from genloom.tools.codebase.index.words import names_in
from genloom.tools.codebase.ranking.pointers import find_pointers

__all__ = ["CALLER_CODE", "USES_IN", "Query", "both_ends"]

T = TypeVar("T")

MAX_CHARACTERS = 40_000
"""Of a longer text the two ends count, half of these each."""
MOST_CUT = 500
"""So much at an end's border is left out, so that whole lines count, or at least whole words."""
MAX_NAMES = 200
MAX_PATHS = 50
MAX_CODE = 12_000

_FAILED = re.compile(
    r"^(?:E\s|FAIL(?:ED)?\b|--- FAIL|Traceback\b|Caused by:|Fatal error|panic:|thread '.{0,80}' .{0,20}panicked"
    r"|Exception in thread|Failures:|[ \t]{0,20}\u25cf |[\w.\\]{0,200}(?:Error|Exception)\b)",
    re.MULTILINE,
)
_ABOUT_TESTS = re.compile(
    r"\b(?:add|write|extend|improve|complete|create|generate|refactor|simplify|parametri[sz]e|speed up|de-?flake)\b"
    r"[^.;:\n]{0,40}\b(?:unit |regression |integration )?tests?\b(?! (?:\w+ )?(?:command|runner|client|mode|case class))",
    re.IGNORECASE,
)
CALLER_CODE = "the code that imports it"
USES_IN = "uses of it in"
"""How the titles begin under which an import request holds the code that asks for it."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for.

    `text` is the prose and code; `identifiers` are names that it marks as code (in back-ticks, called, in snake or camel
    case, dotted, in a stack trace or a test's id); `paths` are file names in it; `places` are (path, line) pairs;
    `left_out` says what of a long text is not looked at.
    """

    text: str
    identifiers: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    left_out: tuple[str, ...] = ()

    @classmethod
    def from_text(cls, text: str, *, dropped: int = 0) -> Query:
        """Read the hints out of a text. Of one over 40,000 characters the first and the last 20,000 count, of its hints
        the first and last, too: a log says what failed at its start or at its end. `dropped` characters of a text that is
        longer than that were taken out of its middle before."""
        read, left_out = _read(text, dropped)
        found = find_pointers(read)
        for name, count, most in (
            ("names", len(found.identifiers), MAX_NAMES),
            ("files", len(found.paths), MAX_PATHS),
            ("lines", len(found.places), MAX_PATHS),
        ):
            if count > most:
                left_out = (*left_out, f"{count - most} of {count} {name} that it points at")
        return cls(
            text=read,
            identifiers=both_ends(found.identifiers, MAX_NAMES),
            paths=both_ends(found.paths, MAX_PATHS),
            places=both_ends(found.places, MAX_PATHS),
            left_out=left_out,
        )

    @classmethod
    def from_code(cls, code: str, *, names: Iterable[str] = (), text: str = "") -> Query:
        """Read the query out of code that uses what is looked for: all its names count, none as one that the code marks.

        `names` are those that are asked for, `text` what is said besides. The first 12,000 characters of the code count.
        """
        said = cls.from_text(text)
        names = tuple(dict.fromkeys(names))
        whole, cut = _read("\n".join(part for part in (" ".join(names), said.text, code[:MAX_CODE]) if part))
        more = (f"{len(code) - MAX_CODE:,} characters of the code",) if len(code) > MAX_CODE else ()
        return cls(
            text=whole,
            identifiers=tuple(dict.fromkeys((*names, *said.identifiers)))[:MAX_NAMES],
            paths=said.paths,
            places=said.places,
            left_out=(*said.left_out, *cut, *more),
        )

    @classmethod
    def from_request(cls, request: GenerationRequest) -> Query:
        """Read the query out of a request: its prompt, signature, constraints and target, not its examples' values.

        For an import, where nobody wrote a prompt, the code of those who import is the query.
        """
        parts = [request.prompt, request.signature or "", *request.constraints, request.target or ""]
        if request.name:
            parts.append(f"`{request.name}`")
        text = "\n".join(part for part in parts if part)
        code = [code for title, code in request.codebase_context.items() if title.startswith((CALLER_CODE, USES_IN))]
        return cls.from_code("\n".join(code), names=request.asked_names, text=text) if code else cls.from_text(text)

    @property
    def about_tests(self) -> bool:
        """Whether tests are asked for, rather than what a failing one is about."""
        return bool(_ABOUT_TESTS.search(self.text)) and not _FAILED.search(self.text)

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct names and words, in the order in which they come."""
        return tuple(names_in(self.text))


def both_ends(items: Sequence[T], most: int) -> tuple[T, ...]:
    """Return at most so many items: half from the start, half from the end."""
    half = most // 2
    return tuple(items) if len(items) <= most else (*items[:half], *items[len(items) - (most - half) :])


def _read(text: str, dropped: int = 0) -> tuple[str, tuple[str, ...]]:
    """Return a text, of a long one its two ends, and what that leaves out."""
    if len(text) <= MAX_CHARACTERS:
        return text, ()
    half = MAX_CHARACTERS // 2
    start, end = text[:half], text[-half:]
    first = half - MOST_CUT
    start = start[: start.rfind("\n", first) + 1 or start.rfind(" ", first) + 1 or half]
    end = end[end.find("\n", 0, MOST_CUT) + 1 or end.find(" ", 0, MOST_CUT) + 1 :]
    return f"{start}\n{end}", (f"{dropped + len(text) - len(start) - len(end):,} characters in the middle of the text",)
