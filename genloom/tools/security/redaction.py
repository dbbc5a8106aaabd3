"""Redaction: what stands between any text and a prompt, an event, a trace, a cache or an error message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genloom.tools.security.assignments import is_secret_name
from genloom.tools.security.detection import MARKER, secret_spans

__all__ = ["Redactor", "holds_secret", "redact"]

MAX_PASSES = 8
SHORTEST_KNOWN_SECRET = 8
MAX_DEPTH = 64
MAX_VALUES = 200_000


def redact(text: str, *, secrets: Sequence[str] = ()) -> str:
    """Replace each secret by a marker that names its kind, such as `[redacted: github-token]`.

    `secrets` are values to remove wherever they stand; those shorter than 8 characters are taken for dummies and left.
    Deterministic and idempotent, linear in the text's length; each secret lengthens the text by 35 characters at most. A
    text without secrets comes back unchanged. See `find_secrets` for what counts.
    """
    known = _long_enough(secrets)
    for _ in range(MAX_PASSES):
        spans = secret_spans(text, known)
        if not spans:
            return text
        pieces, position = [], 0
        for span in spans:
            pieces += [text[position : span.start], f"[redacted: {span.kind}]"]
            position = span.end
        text = "".join((*pieces, text[position:]))
    # a text in which each replacement uncovers another secret was made to be one: nothing of it passes
    return "[redacted: unstable-text]"


def holds_secret(value: Any, *, secrets: Sequence[str] = ()) -> bool:  # Any: JSON of any shape
    """Whether `Redactor(secrets=secrets).data` would change the value; ends at the first secret and copies nothing.

    A value beyond that method's bounds (64 levels, 200,000 values) counts as holding one.
    """
    known = _long_enough(secrets)
    try:
        return any(_is_named_secret(name, text) or secret_spans(text, known) for name, text in _texts(value))
    except _TooLargeError:
        return True


class _TooLargeError(Exception):
    """The value is beyond the bounds of a walk."""


def _texts(value: Any) -> Iterator[tuple[str, str]]:  # Any: JSON of any shape
    """Yield every text of a value with the name that it stands under, dictionary keys too."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    count = 1
    while waiting:
        name, item, depth = waiting.pop()
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, bytes):
            yield "", item.decode("latin-1")
        elif isinstance(item, Mapping | list | tuple):
            count += len(item)
            if depth >= MAX_DEPTH or count > MAX_VALUES:
                raise _TooLargeError
            named = item.items() if isinstance(item, Mapping) else (("", inner) for inner in item)
            for key, inner in named:
                text = key if isinstance(key, str) else ""
                yield "", text
                waiting.append((text, inner, depth + 1))


def _long_enough(secrets: Sequence[str]) -> tuple[str, ...]:
    """Return the values that are no dummies, the longest first."""
    return tuple(sorted({s for s in secrets if len(s) >= SHORTEST_KNOWN_SECRET}, key=lambda s: (-len(s), s)))


def _is_named_secret(name: Any, item: Any) -> bool:  # Any: a dictionary's key and value
    """Whether the name alone says that the text under it is secret."""
    if not (isinstance(name, str) and isinstance(item, str) and item):
        return False
    return is_secret_name(name) and MARKER.fullmatch(item) is None


@dataclass(frozen=True, kw_only=True)
class Redactor:
    """Redaction of JSON-like data, for events, traces and caches. `secrets` are values to remove wherever they stand."""

    secrets: tuple[str, ...] = field(default=(), repr=False)

    def text(self, text: str) -> str:
        """Return the text without its secrets."""
        return redact(text, secrets=self.secrets)

    def data(self, value: Any) -> Any:  # Any: JSON of any shape in, the same shape out
        """Return a copy without secrets: of every string, dictionary key, and every string under a secret's name.

        Dictionaries, lists and tuples are walked; other values come back as they are, bytes redacted as Latin-1. Deeper
        than 64 levels, or after 200,000 values, a marker stands for the rest, so that a cycle ends too.
        """
        return _Walk(self).value(value, 0)


class _Walk:
    """One walk over one value, with its count."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.left = MAX_VALUES

    def value(self, value: Any, depth: int) -> Any:  # Any: as in `Redactor.data`
        self.left -= 1
        if isinstance(value, str):
            return self.redactor.text(value)
        if isinstance(value, bytes):
            return self.redactor.text(value.decode("latin-1")).encode("latin-1")
        if not isinstance(value, Mapping | list | tuple):
            return value
        if depth >= MAX_DEPTH or self.left <= 0:
            return "[redacted: too-large]"
        if isinstance(value, Mapping):
            return {self._key(key): self._under(key, item, depth + 1) for key, item in value.items()}
        items = [self.value(item, depth + 1) for item in value]
        return items if isinstance(value, list) else tuple(items)

    def _key(self, key: Any) -> Any:  # Any: a dictionary's key
        return self.redactor.text(key) if isinstance(key, str) else key

    def _under(self, key: Any, item: Any, depth: int) -> Any:  # Any: a dictionary's key and value
        if not _is_named_secret(key, item):
            return self.value(item, depth)
        self.left -= 1
        return "[redacted: named-secret]"
