"""Finding secrets in text: by their issuer's shape, by the URL they stand in, or by the name they are given to."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genloom.tools.security.assignments import assigned_secrets, url_passwords
from genloom.tools.security.findings import BLOCKED
from genloom.tools.security.patterns import PATTERNS, compiled

__all__ = ["MARKER", "SecretSpan", "find_secrets", "secret_spans"]

MARKER = re.compile(rf"\[redacted: [a-z-]{{1,24}}\]|{BLOCKED.pattern}")
"""What stands where a secret, or hidden text, stood."""

SHORTEST_TOKEN = 15
SPACED = tuple(pattern for pattern in PATTERNS if any(" " in start for start in pattern.starts))
"""What may stand in a text that has no long run."""
_RUNS = bytes(code if chr(code).isalnum() or chr(code) in "_.:~/+=@-" else 32 for code in range(128)) + b" " * 128


@dataclass(frozen=True, order=True)
class SecretSpan:
    """A secret at `text[start:end]`; `kind` says what it is, such as `github-token` or `password`."""

    start: int
    end: int
    kind: str


def find_secrets(text: str) -> tuple[SecretSpan, ...]:
    """Return the secrets in a text, in order and without overlaps. Takes time linear in the text's length.

    Placeholders (`changeme`, `<token>`, `${TOKEN}`), look-ups (`os.environ["TOKEN"]`), plain words, and hashes and UUIDs
    under a name as weak as `token` are left alone; so is what `redact` put in. The rules by name are a heuristic: a
    password that is a dictionary word is not found.
    """
    return secret_spans(text, ())


def secret_spans(text: str, known: Iterable[str]) -> tuple[SecretSpan, ...]:
    """Return the secrets in a text, together with every occurrence of the `known` values."""
    found = sorted(_candidates(text, known), key=lambda span: (span.start, -span.end))
    markers = [match.span() for match in MARKER.finditer(text)] if found else []
    return tuple(piece for span in _merged(found) for piece in _outside(span, markers))


def _candidates(text: str, known: Iterable[str]) -> Iterator[SecretSpan]:
    runs = _long_runs(text)
    for pattern in PATTERNS if runs else SPACED:
        if any(start in (text if " " in start else runs) for start in pattern.starts):
            for match in compiled(pattern).finditer(text):
                yield SecretSpan(*match.span(match.lastindex or 0), pattern.kind)
    for value in known:
        for match in re.finditer(re.escape(value), text):
            yield SecretSpan(*match.span(), "configured-secret")
    if "://" in text:
        yield from (SecretSpan(*found) for found in url_passwords(text))
    yield from (SecretSpan(*found) for found in assigned_secrets(text))


def _long_runs(text: str) -> str:
    """Return the runs of a text that are long enough for a token: a hundredth of most code, so that looking for the starts
    of tokens costs nothing."""
    words = text.encode("ascii", "replace").translate(_RUNS).split()
    return b" ".join([word for word in words if len(word) >= SHORTEST_TOKEN]).decode("ascii")


def _merged(spans: Iterable[SecretSpan]) -> Iterator[SecretSpan]:
    """Join overlapping spans; the one that starts first, and among those the longest, gives the kind."""
    current: SecretSpan | None = None
    for span in spans:
        if current is not None and span.start < current.end:
            current = SecretSpan(current.start, max(current.end, span.end), current.kind)
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def _outside(span: SecretSpan, markers: list[tuple[int, int]]) -> Iterator[SecretSpan]:
    """Yield the parts of a span that are not already a marker. Markers are in order and do not overlap."""
    start = span.start
    first = bisect.bisect_right(markers, start, key=lambda marker: marker[1])
    for marker_start, marker_end in itertools.takewhile(
        lambda m: m[0] < span.end, itertools.islice(markers, first, None)
    ):
        if marker_start > start:
            yield SecretSpan(start, marker_start, span.kind)
        start = marker_end
    if start < span.end:
        yield SecretSpan(start, span.end, span.kind)
