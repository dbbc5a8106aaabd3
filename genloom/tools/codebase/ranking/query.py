"""The query: what a prompt says about where to look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from genloom.state import GenerationRequest
from genloom.tools.codebase.index.words import names_in

__all__ = ["CALLER_CODE", "USES_IN", "Query"]

T = TypeVar("T")

MAX_CHARACTERS = 40_000
MAX_HINTS = 200

_FRAME = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})(?:, in ([\w<>.]{1,200}))?')
_PLACE = re.compile(r"(?<![\w./-])((?:[\w.-]{1,80}/){0,12}[\w.-]{1,80}\.pyi?)(?::{1,2}(\d{1,7})?)?(?![\w/])")
_TEST_ID = re.compile(r"\.py::([\w.:]{1,200})")
_TICKED = re.compile(r"`([^`\n]{1,200})`")
_DOTTED = re.compile(r"[^\W\d]\w*+(?>(?:\.[^\W\d]\w*+)*)(\()?")
_FAILED = re.compile(r"^(?:E\s|FAILED\s|Traceback\b|[\w.]*(?:Error|Exception)\b)", re.MULTILINE)
_ABOUT_TESTS = re.compile(
    r"\b(?:add|write|extend|improve|complete|create|generate|refactor|simplify|parametri[sz]e|speed up|de-?flake)\b"
    r"[^.;:\n]{0,40}\b(?:unit |regression |integration )?tests?\b(?! (?:\w+ )?(?:command|runner|client|mode|case class))",
    re.IGNORECASE,
)
CALLER_CODE = "the code that imports it"
USES_IN = "uses of it in"
"""How the titles begin under which an import request holds the code that asks for it."""
MAX_CODE = 12_000
_CODE_CASE = re.compile(r"\w_\w|^_\w|[a-z][A-Z]|[A-Z][A-Z][a-z]")


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for.

    `text` is the prose and code; `identifiers` are names that it marks as code (in back-ticks, called, in snake or camel
    case, dotted, in a stack trace or a test's id); `paths` are file names in it; `places` are (path, line) pairs.
    """

    text: str
    identifiers: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    places: tuple[tuple[str, int], ...] = ()

    @classmethod
    def from_text(cls, text: str) -> Query:
        """Read the hints out of a text, of which the first 40,000 characters count."""
        text = text[:MAX_CHARACTERS]
        frames = [(path.replace("\\", "/"), int(line), name or "") for path, line, name in _FRAME.findall(text)]
        named = [(path.removeprefix("./"), int(line or 0)) for path, line in _PLACE.findall(text)]
        places = [(path, line) for path, line, _ in frames] + named
        names = [name for _, _, name in frames]
        for ticked in _TICKED.findall(text):
            names += re.findall(r"[A-Za-z_][\w.]*", ticked)
        for test in _TEST_ID.findall(text):
            names += test.split("::")
        names += _code_names(text)
        return cls(
            text=text,
            identifiers=_once(part for name in names for part in (name, name.rpartition(".")[2])),
            paths=_once(path for path, _ in places),
            places=_once(place for place in places if place[1]),
        )

    @classmethod
    def from_code(cls, code: str, *, names: Iterable[str] = (), text: str = "") -> Query:
        """Read the query out of code that uses what is looked for: all its names count, none as one that the code marks.

        `names` are those that are asked for, `text` what is said besides. The first 12,000 characters of the code count.
        """
        said = cls.from_text(text)
        names = _once(names)
        whole = "\n".join(part for part in (" ".join(names), text, code[:MAX_CODE]) if part)
        hints = _once((*names, *said.identifiers))
        return cls(text=whole[:MAX_CHARACTERS], identifiers=hints, paths=said.paths, places=said.places)

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


def _code_names(text: str) -> Iterator[str]:
    """Yield the names that only code has: called, dotted, in snake or camel case."""
    for match in _DOTTED.finditer(text):
        name = match.group().removesuffix("(")
        if match[1] or "." in name or _CODE_CASE.search(name):
            yield name


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for item in items if item))[:MAX_HINTS]
